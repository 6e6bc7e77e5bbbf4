"""Fixtures every level shares: one PostgreSQL and one broker per session, a fresh database per module."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from deploy.embedded import EmbeddedBroker, EmbeddedPostgres, create_database, fresh_name
from shared.postgres import migrate
from tests.brokers import KafkaProcess, kafka_jars

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController


@dataclass(frozen=True)
class Broker:
    bootstrap_servers: str
    kind: str  # "Apache Kafka (…)" or "in-memory"
    partitions: int
    process: KafkaProcess | None = None

    @property
    def real(self) -> bool:
        return self.kind != "in-memory"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a running PostgreSQL: `UCC_TEST_DATABASE_URL`, else the wheel's."""
    if url := os.environ.get("UCC_TEST_DATABASE_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="ucc-pg-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data")
        yield server.url
        server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> str:
    """Name of a migrated database that others are cloned from."""
    name = fresh_name("ucc_template")
    migrate(create_database(postgres_server, name))
    return name


@pytest.fixture
def database_url(postgres_server: str, migrated_template: str) -> str:
    """A fresh migrated database for one test."""
    return create_database(postgres_server, fresh_name("ucc_test"), template=migrated_template)


@pytest.fixture(scope="module")
def module_database_url(postgres_server: str, migrated_template: str) -> str:
    """A fresh migrated database for one module."""
    return create_database(postgres_server, fresh_name("ucc_test"), template=migrated_template)


def _choose_broker() -> Iterator[Broker]:
    if servers := os.environ.get("UCC_TEST_KAFKA"):
        yield Broker(servers, "Apache Kafka (UCC_TEST_KAFKA)", 8)
        return
    if os.environ.get("UCC_TEST_BROKER") != "memory":
        try:
            import docker

            docker.from_env(timeout=2).ping()
        except Exception:  # noqa: BLE001  any failure means: no Docker engine here
            pass
        else:
            from testcontainers.kafka import KafkaContainer

            with KafkaContainer("apache/kafka:3.9.1").with_kraft() as container:
                yield Broker(container.get_bootstrap_server(), "Apache Kafka (container)", 8)
                return
        if (jars := kafka_jars()) is not None:
            kafka = KafkaProcess(jars)
            kafka.start()
            yield Broker(kafka.bootstrap_servers, "Apache Kafka (jars)", kafka.partitions, kafka)
            kafka.stop()
            return
    embedded = EmbeddedBroker()
    yield Broker(embedded.bootstrap_servers, "in-memory", 4)


_broker_kinds: set[str] = set()
"""What this process, and the workers it had run tests side by side, used."""


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The session's broker; see `tests/brokers.py` for the order."""
    for chosen in _choose_broker():
        _broker_kinds.add(chosen.kind)
        if os.environ.get("UCC_TEST_BROKER") == "kafka" and not chosen.real:
            pytest.exit(
                "UCC_TEST_BROKER=kafka, and no Apache Kafka is at hand (UCC_TEST_KAFKA, Docker, Java with Maven)", 2
            )
        yield chosen


@pytest.fixture
def real_kafka(broker: Broker) -> Broker:
    """Skips where only the in-memory broker is at hand."""
    if not broker.real:
        pytest.skip("needs Apache Kafka: no UCC_TEST_KAFKA, Docker engine, or Java with Maven here")
    return broker


# Tests are silent about time unless time is the subject: a busy machine is no fault.
hypothesis.settings.register_profile("ucc", deadline=None, print_blob=True)
hypothesis.settings.load_profile("ucc")

LEVELS = {"integration", "simulation", "browser", "faults", "telephony"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test carries the marker of the folder it stands in, and of the real broker it asks for."""
    for item in items:
        for level in LEVELS.intersection(item.path.relative_to(item.config.rootpath).parts):
            item.add_marker(level)
        if "real_kafka" in getattr(item, "fixturenames", ()):
            item.add_marker("real_kafka")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if (told := getattr(session.config, "workeroutput", None)) is not None:
        told["brokers"] = sorted(_broker_kinds)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    _broker_kinds.update(getattr(node, "workeroutput", {}).get("brokers", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"broker: {', '.join(sorted(_broker_kinds)) or 'not used'}")
