"""`make bench`: measure, print the table, write build/bench.json.

python -m tests.benchmarks [core] [sim] [path] [pop] [push] [start] [matcher] [lists] [pacing]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from deploy.embedded import EmbeddedBroker, EmbeddedPostgres, create_database, fresh_name
from shared.postgres import migrate
from tests.benchmarks.core_bench import core_figures
from tests.benchmarks.growth_bench import growth_figures
from tests.benchmarks.lists_bench import list_figures
from tests.benchmarks.matcher_bench import matcher_figures
from tests.benchmarks.pacing_bench import pacing_figures
from tests.benchmarks.path_bench import path_figures
from tests.benchmarks.pop_bench import pop_figures
from tests.benchmarks.push_bench import push_figures
from tests.benchmarks.replies_bench import reply_figures
from tests.benchmarks.report import Figure, tell
from tests.benchmarks.sim_bench import sim_figures
from tests.benchmarks.start_bench import start_figures
from tests.brokers import KafkaProcess, kafka_jars

PARTS = ("core", "sim", "path", "pop", "push", "start", "matcher", "lists", "pacing")

LIST_ROWS = 100_000


def _on_services(parts: list[str]) -> list[Figure]:
    """The parts that need PostgreSQL and a broker: Apache Kafka itself where Java and Maven are at hand."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="ucc-bench-") as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder / "postgres")
        jars = kafka_jars()
        kafka = KafkaProcess(jars, partitions=4) if jars else None
        if kafka is not None:
            kafka.start()
        embedded = None if kafka else EmbeddedBroker()
        servers = kafka.bootstrap_servers if kafka else embedded.bootstrap_servers if embedded else ""
        broker = "Apache Kafka" if kafka else "in-memory broker"

        def fresh() -> str:
            url = create_database(postgres.url, fresh_name("bench"))
            migrate(url)
            return url

        measures: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
            "path": lambda: path_figures(servers, fresh(), folder, broker),
            "pop": lambda: pop_figures(servers, fresh(), folder),
        }
        try:
            for part, measure in measures.items():
                if part in parts:
                    figures += asyncio.run(_awaited(measure))
        finally:
            if kafka is not None:
                kafka.stop()
            postgres.stop()
    return figures


async def _awaited(measure: Callable[[], Awaitable[list[Figure]]]) -> list[Figure]:
    return await measure()


def main(parts: list[str]) -> int:
    started = time.monotonic()
    figures: list[Figure] = []
    try:
        if "core" in parts:
            figures += core_figures() + growth_figures()
        if "sim" in parts:
            figures += sim_figures()
        if {"path", "pop"} & set(parts):
            figures += _on_services(parts)
        if "lists" in parts:
            figures += asyncio.run(list_figures(LIST_ROWS))
        if "push" in parts:
            figures += asyncio.run(push_figures())
        if "start" in parts:
            figures += start_figures()
        if "matcher" in parts:
            figures += matcher_figures() + reply_figures()
        if "pacing" in parts:
            figures += pacing_figures()
    finally:  # what was measured is told, also where a later part fails
        tell(figures, time.monotonic() - started, Path("build/bench.json"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(PARTS)))
