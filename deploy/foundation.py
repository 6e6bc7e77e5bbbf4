"""PostgreSQL and the broker an installation stands on: one's own where `UCC_*` names them, else from the wheels."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass

from deploy.data_directory import DataDirectory
from deploy.embedded import BROKER_PARTITIONS, EmbeddedBroker, EmbeddedPostgres
from shared.postgres import migrate

DATABASE = "ucc"
EMBEDDED_FETCH_WAIT_MS = "30"
"""What one hop through the in-memory broker may cost; see `shared.kafka.make_consumer`."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """Addresses of the record and the nervous system, and in words where they come from."""

    database_url: str
    kafka_bootstrap_servers: str
    kafka_partitions: int
    described: str


@contextmanager
def foundation(data: DataDirectory) -> Iterator[Foundation]:
    """Both up while the block runs; embedded ones are stopped afterwards, PostgreSQL's data stays."""
    with database(data) as (database_url, which_database), _broker() as (servers, partitions, which_broker):
        yield Foundation(database_url, servers, partitions, f"{which_database}, {which_broker}")


@contextmanager
def database(data: DataDirectory) -> Iterator[tuple[str, str]]:
    """URL of the installation's database and where it is, in words; an embedded one runs while the block does."""
    if own := os.environ.get("UCC_DATABASE_URL"):
        yield own, "PostgreSQL of UCC_DATABASE_URL"
        return
    postgres = EmbeddedPostgres(data.postgres)
    try:
        yield postgres.database(DATABASE), f"PostgreSQL in {data.postgres}"
    finally:
        postgres.stop()


def migrated(database_url: str) -> list[str]:
    """Bring the database to the newest schema without the migration library's chatter. Returns the ids applied now."""
    with redirect_stdout(io.StringIO()):
        return migrate(database_url)


@contextmanager
def _broker() -> Iterator[tuple[str, int, str]]:
    if own := os.environ.get("UCC_KAFKA_BOOTSTRAP_SERVERS"):
        yield own, int(os.environ.get("UCC_KAFKA_PARTITIONS", "8")), "Kafka of UCC_KAFKA_BOOTSTRAP_SERVERS"
        return
    os.environ.setdefault("UCC_KAFKA_FETCH_WAIT_MS", EMBEDDED_FETCH_WAIT_MS)
    broker = EmbeddedBroker()
    yield broker.bootstrap_servers, BROKER_PARTITIONS, "broker in memory"
