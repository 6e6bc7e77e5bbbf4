"""Checkpoints of the live projection: per journal partition the pictures of its pools, with the sequence they have seen."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from services.console.domain.live import PoolLive
from services.console.store.statements import SQL
from shared import telemetry
from shared.postgres import Pool

SHAPE = 1
"""Version of the picture's layout. A checkpoint of another one is not read: the journal rebuilds the picture."""

_PICTURES = TypeAdapter(list[PoolLive])


def encode_pictures(pools: Sequence[PoolLive]) -> bytes:
    """The pictures of one partition as they stand now."""
    return _PICTURES.dump_json(list(pools))


class Checkpoints:
    """Worker role: a journal partition carries pools of several tenants."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self) -> list[tuple[int, int, int, list[PoolLive]]]:
        """(partition, sequence, epoch, pictures) of every partition that can be read."""
        found: list[tuple[int, int, int, list[PoolLive]]] = []
        for row in await self._pool.fetch(SQL["read_checkpoints"], SHAPE):
            try:
                pictures = _PICTURES.validate_json(row["state"])
            except ValidationError:
                telemetry.logger("console").warning("a checkpoint does not fit; rebuilding", partition=row["partition"])
                continue
            found.append((row["partition"], row["sequence"], row["epoch"], pictures))
        return found

    async def write(self, partition: int, sequence: int, epoch: int, state: bytes) -> None:
        """Keep the newest: an instance that lags behind does not overwrite."""
        await self._pool.execute(SQL["write_checkpoint"], partition, sequence, epoch, SHAPE, state)

    async def drop(self) -> None:
        """Forget all: the next start rebuilds from the journal."""
        await self._pool.execute(SQL["drop_checkpoints"])
