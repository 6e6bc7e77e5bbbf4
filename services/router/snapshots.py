"""`python -m services.router.snapshots`: a process of its own that folds the journal and compares its state with the owner's.

A standing recovery test: only a fold whose hash equals the hash the owner wrote down becomes a snapshot. A difference is
alarmed and stays on record (`state_hashes.agrees = false`), and no snapshot is made there.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass

from services.router.journal import Store
from services.router.recovery import Fold
from services.router.settings import RouterSettings
from shared import telemetry
from shared.kafka import supervise
from shared.postgres import open_pool

REST = 4
"""The process rests at least this many times as long as it worked."""

log = telemetry.logger("router-snapshots")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did, summed over partitions."""

    compared: int = 0
    disagreed: int = 0
    saved: int = 0


class Snapshotter:
    """Follows every partition's journal in a state of its own."""

    def __init__(self, store: Store, partitions: int) -> None:
        self._store = store
        self._partitions = partitions
        self._folds: dict[int, Fold] = {}

    async def round(self) -> Round:
        """Fold every partition to the newest hash its owner wrote down; compare, save. Raises JournalBroken."""
        compared = disagreed = saved = 0
        for partition in range(self._partitions):
            fold = self._folds.pop(partition, None)  # kept only if the round ends well
            if fold is None:
                fold = await Fold.nearest(self._store, partition, 2**62)
            agreed = False
            for position, expected in await self._store.unverified_hashes(partition, fold.position):
                await fold.advance(position)
                agreed = fold.state.hash() == expected
                compared += 1
                disagreed += not agreed
                if not agreed:
                    log.error("the fold disagrees with the owner's state", partition=partition, position=position)
                await self._store.settle_hash(partition, position, agreed)
            if agreed:
                facts = json.dumps(fold.state.facts(), separators=(",", ":"), ensure_ascii=False).encode()
                await self._store.save_snapshot(partition, fold.position, fold.state.hash(), facts)
                saved += 1
            self._folds[partition] = fold
        return Round(compared, disagreed, saved)


async def serve(settings: RouterSettings) -> None:
    """Rounds until cancelled."""
    pool = await open_pool(settings.database_url, "router", "worker", maximum=2)
    try:
        snapshotter = Snapshotter(Store(pool), settings.kafka_partitions)

        async def rounds() -> None:
            while True:
                started = time.monotonic()
                done = await snapshotter.round()
                took = time.monotonic() - started
                log.info("round", compared=done.compared, disagreed=done.disagreed, saved=done.saved)
                await asyncio.sleep(max(settings.router_snapshot_seconds, REST * took))

        await supervise("snapshots", rounds)
    finally:
        await pool.close()


if __name__ == "__main__":
    router_settings = RouterSettings()
    telemetry.configure_logging(router_settings.log_level, json=router_settings.log_json)
    try:
        asyncio.run(serve(router_settings))
    except KeyboardInterrupt:
        log.info("stopped")
