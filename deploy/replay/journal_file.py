"""A journal written to a file, and `python -m deploy.replay.journal_file FILE`: asks `decide` over it again.

The digest it prints is that of `services.router.replay`, so two processes under different hash seeds can be compared
without the database the day was recorded in.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from services.router.journal import Row, Store
from services.router.replay import Replay, pages
from shared.postgres import open_pool


async def write_journal(database_url: str, partition: int, path: Path) -> int:
    """Write a partition's journal as gzipped JSON lines, its partition first. Returns the number of rows."""
    pool = await open_pool(database_url, "router", "worker", maximum=1)
    written = 0
    try:
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.write(json.dumps({"partition": partition}) + "\n")
            async for rows in pages(Store(pool), partition):
                for row in rows:
                    file.write(json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n")
                    written += 1
    finally:
        await pool.close()
    return written


def read_journal(path: Path) -> tuple[int, Iterator[Row]]:
    """(partition, rows in order) of a file written by `write_journal`."""
    lines = gzip.open(path, "rt", encoding="utf-8")  # noqa: SIM115  closed by the generator below
    partition = json.loads(lines.readline())["partition"]

    def rows() -> Iterator[Row]:
        with lines:
            for line in lines:
                yield Row(**json.loads(line))

    return partition, rows()


def main() -> None:
    """Replay the file named on the command line; exit code 1 when a decision differs from the recorded one."""
    partition, rows = read_journal(Path(sys.argv[1]))
    going = Replay(partition)
    going.feed(rows)
    report = going.report()
    sys.stdout.write(json.dumps(report) + "\n")
    sys.exit(1 if report["differing"] else 0)


if __name__ == "__main__":
    main()
