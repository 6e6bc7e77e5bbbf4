"""Whom to call first by what a campaign's own endings say of its records: used only where replaying the endings shows a gain.

Once an hour everything is worked out anew from the endings agents gave (`choices.successes` names the good ones), so nothing is kept
that could go stale. What is known of a record are its own columns, language, region, the size of its list and which dial it would be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.outbound.domain.answering import DAY_MICROSECONDS
from services.outbound.domain.replay import Ending, Replay, replayed, without_rare
from services.outbound.domain.shrinkage import Vector
from services.outbound.domain.success import Attributes
from services.outbound.parts import Parts
from services.outbound.store import campaigns, ordering
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.errors import Backpressure
from shared.postgres import worker_transaction

JUDGE_SECONDS: Final = 3_600.0
MOST_ENDINGS: Final = 10_000
PIECE: Final = 5_000
NEAR: Final = 0.05
"""A record whose success moved by less stays as it is: every change is written."""
RANGE: Final = (0.1, 10.0)
"""No record is held less or more likely than this against the usual one: the estimate orders, it does not bury."""
log = telemetry.logger("outbound")


def attributes_of(row: Mapping[str, Any], sizes: Mapping[str, int]) -> Attributes:
    """What is known of a record. A column of the list that reads as a number is one."""
    known: dict[str, str | float] = {"dial": float(row["dial"]), "list_size": float(sizes.get(row["list_id"], 0))}
    for name in ("language", "region"):
        if row[name]:
            known[name] = row[name]
    for name, text in (row["fields"] or {}).items():
        number = _number(text)
        known[f"field.{name}"] = text if number is None else number
    return known


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < 1e15 else None


@dataclass(frozen=True, slots=True)
class _Judge:
    """What one hour's replay found."""

    replay: Replay
    categories: frozenset[tuple[str, str]]
    sizes: Mapping[str, int]
    usual: float

    def successes(self, rows: list[Any]) -> dict[str, float]:
        """Record → how much likelier than usual, of those whose figure moved."""
        known = [without_rare(attributes_of(row, self.sizes), self.categories) for row in rows]
        found: Vector = (self.replay.chances.chances(known) / self.usual).clip(*RANGE)
        return {
            row["record_id"]: float(now)
            for row, now in zip(rows, found, strict=True)
            if abs(now - row["success"]) > NEAR * row["success"]
        }


def _judge(rows: list[Any], sizes: Mapping[str, int]) -> _Judge:
    endings = [
        Ending(attributes_of(row, sizes), row["succeeded"], row["closed_at"] // DAY_MICROSECONDS) for row in rows
    ]
    replay, categories = replayed(endings)
    usual = float(replay.chances.chances([without_rare(one.known, categories) for one in endings]).mean())
    return _Judge(replay, categories, sizes, usual)


@dataclass(frozen=True, slots=True)
class JudgeSuccess:
    """Keeps `records.success` of every running campaign that says which endings are good."""

    parts: Parts

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                with errors_by_consequence():
                    await self.judge_all()
            except Backpressure as error:
                log.warning("judging success waits for the database", cause=str(error))
            await asyncio.sleep(JUDGE_SECONDS)

    async def judge_all(self) -> None:
        async with worker_transaction(self.parts.workers) as connection:
            running = await ordering.campaigns_to_rank(connection)
        for tenant, campaign_id in running:
            await self.judge(tenant, campaign_id)

    async def judge(self, tenant: str, campaign_id: str) -> Replay | None:
        """Work one campaign out. None: it does not say which endings are good, or has none."""
        async with worker_transaction(self.parts.workers) as connection:
            campaign = await campaigns.read(connection, tenant, campaign_id)
            good = campaign.choices.successes
            rows = await ordering.endings(connection, tenant, campaign_id, good, MOST_ENDINGS) if good else []
            sizes = await ordering.list_sizes(connection, tenant, campaign_id) if rows else {}
        if not rows:
            return None
        judge = await asyncio.to_thread(_judge, rows, sizes)
        if judge.replay.gains:
            await self._write(tenant, campaign_id, judge)
        else:
            async with worker_transaction(self.parts.workers) as connection:
                await ordering.forget_success(connection, tenant, campaign_id)
        log.info(
            "success judged", campaign=campaign_id, used=judge.replay.gains, area=round(judge.replay.area, 4),
            error=round(judge.replay.error, 4), endings=judge.replay.endings,
        )  # fmt: skip
        return judge.replay

    async def _write(self, tenant: str, campaign_id: str, judge: _Judge) -> None:
        after = ""
        while True:
            async with worker_transaction(self.parts.workers) as connection:
                rows = await ordering.records_to_judge(connection, tenant, campaign_id, after, PIECE)
            if not rows:
                return
            moved = await asyncio.to_thread(judge.successes, rows)
            async with worker_transaction(self.parts.workers) as connection:
                await ordering.set_success(connection, tenant, campaign_id, moved)
            after = rows[-1]["record_id"]
