"""`python -m services.router.replay`: asks `decide` again over a recorded journal and compares its answers to the byte.

Verification, not recovery: recovery folds what was recorded. The digest of a replay is the same on any machine and under
any hash seed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from services.router.domain.core import PartitionState, apply, decide, decisions_to_json, input_from_json
from services.router.journal import Row, Store
from services.router.settings import RouterSettings
from shared.postgres import open_pool

PAGE = 1000
SHOWN = 20
"""Differing positions listed at most."""


@dataclass
class Replay:
    """A replay in progress: feed it rows from position 1 on."""

    partition: int
    inputs: int = 0
    decisions: int = 0
    differing: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._state = PartitionState.empty(self.partition)
        self._digest = hashlib.sha256()

    def feed(self, rows: Iterable[Row]) -> None:
        """Decide each input anew; the state goes on with the new decisions."""
        for row in rows:
            given = input_from_json(row.input)
            decisions = decide(self._state, given)
            self._state = apply(self._state, given, decisions)
            text = decisions_to_json(decisions)
            self.inputs += 1
            self.decisions += len(decisions)
            self._digest.update(text.encode())
            self._digest.update(b"\n")
            if text != row.decisions and len(self.differing) < SHOWN:
                self.differing.append(row.position)

    def report(self) -> dict[str, object]:
        """Counts, the digest of all decisions in order, the hash of the last state, and where the journal says otherwise."""
        return {
            "partition": self.partition,
            "inputs": self.inputs,
            "decisions": self.decisions,
            "digest": self._digest.hexdigest(),
            "state": self._state.hash(),
            "differing": self.differing,
        }


async def pages(store: Store, partition: int) -> AsyncIterator[list[Row]]:
    """The whole journal of a partition as committed when asked, in order."""
    head = await store.head(partition)
    position, until = 0, head.position if head else 0
    while position < until:
        rows = await store.rows_after(partition, position, until, PAGE)
        yield list(rows)
        position = rows[-1].position


async def replay(database_url: str, partition: int) -> dict[str, object]:
    """Replay one partition's journal. See `Replay.report`."""
    pool = await open_pool(database_url, "router", "worker", maximum=1)
    try:
        going = Replay(partition)
        async for rows in pages(Store(pool), partition):
            going.feed(rows)
        return going.report()
    finally:
        await pool.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Replay a partition's journal and compare to the byte.")
    arguments.add_argument("--partition", type=int, required=True)
    found = asyncio.run(replay(RouterSettings().database_url, arguments.parse_args().partition))
    sys.stdout.write(json.dumps(found) + "\n")
    sys.exit(1 if found["differing"] else 0)
