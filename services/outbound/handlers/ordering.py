"""The order of campaigns: each closed attempt is counted by the clock of who was called, and every few minutes the scores of waiting
records follow what the counts say of this hour.

Only differences within a campaign matter, so a class of records (zone, how-manieth dial) is scored by how its chance compares with the
first dial in the campaign's commonest zone. That class, nearly always the most of a million records, is then never written.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.outbound.domain.answering import (
    DAY_MICROSECONDS,
    MEMORY_DAYS,
    MISSED,
    REACHED,
    UNREACHED,
    AnswerCell,
    AnswerChances,
    part_of_day,
)
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.records import DialRecord
from services.outbound.domain.windows import local_time, zone_of
from services.outbound.parts import Parts
from services.outbound.store import ordering
from services.outbound.store.attempts import AttemptRow
from services.outbound.store.ordering import WaitingClass
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.errors import Backpressure
from shared.postgres import Connection, worker_transaction

RANK_SECONDS: Final = 300.0
"""How often scores follow."""
ENOUGH_DIALS: Final = 100
"""Remembered, before further tries are put at the likeliest hour."""
PIECE: Final = 5_000
"""Records scored in one transaction."""
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
log = telemetry.logger("outbound")


async def learn_answer(connection: Connection, attempt: AttemptRow, record: DialRecord, outcome: DialOutcome) -> None:
    """Count a closed attempt, in the transaction that closes it. One whose hour is not known, or says nothing, is passed over."""
    number = record.numbers[attempt.number_index] if attempt.number_index < len(record.numbers) else None
    name = next(iter(number.zones if number else ()), record.address_zone)
    zone = zone_of(name) if name else None
    if attempt.placed_at is None or zone is None or outcome not in REACHED | UNREACHED:
        return
    tries = await ordering.tries_in_vain(
        connection, attempt.tenant, attempt.campaign_id, attempt.record_id, attempt.n
    )  # fmt: skip
    cell = AnswerCell.at(attempt.placed_at, zone, record.attempts - record.undialled)
    missed = sum(part_of_day(local_time(at, zone).hour) == part_of_day(cell.hour) for at in tries)
    day = local_time(attempt.placed_at, zone).toordinal() - EPOCH_DAY
    counted = cell.within()._replace(missed=min(missed, MISSED - 1))
    await ordering.count_answer(
        connection, attempt.tenant, attempt.campaign_id, day, counted, answered=outcome in REACHED
    )  # fmt: skip


async def answer_chances(connection: Connection, tenant: str, campaign_id: str, now: int) -> AnswerChances:
    """What the campaign's own attempts say of answering."""
    known = AnswerChances()
    since = int(now / DAY_MICROSECONDS - 4 * MEMORY_DAYS)
    for row in await ordering.answer_counts(connection, tenant, campaign_id, since):
        weekday = (row["day"] + EPOCH_DAY - 1) % 7
        cell = AnswerCell(row["hour"], weekday, row["attempt"], row["missed"])
        known.count(cell, row["dialled"], row["answered"], (row["day"] + 1) * DAY_MICROSECONDS)
    return known


def class_factors(known: AnswerChances, classes: list[WaitingClass], now: int) -> list[tuple[WaitingClass, float]]:
    """How the chance of each class compares with a first dial in the zone most records are in. A class whose zone nobody knows
    counts as that one: the gate says what becomes of it."""
    if not classes:
        return []
    in_zone: dict[str, int] = {}
    for one in classes:
        if one.zone is not None:
            in_zone[one.zone] = in_zone.get(one.zone, 0) + one.records
    commonest = min(in_zone, key=lambda name: (-in_zone[name], name), default=None)
    usual = zone_of(commonest) if commonest else None
    if usual is None:
        return [(one, 1.0) for one in classes]
    first = known.chance(AnswerCell.at(now, usual))
    zones = {one.zone: zone_of(one.zone or "") or usual for one in classes}
    return [(one, known.chance(AnswerCell.at(now, zones[one.zone], one.attempts + 1)) / first) for one in classes]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Keeps the scores of every running campaign. Several instances may: each campaign is ranked by one at a time."""

    parts: Parts

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                with errors_by_consequence():
                    await self.rank_all()
            except Backpressure as error:
                log.warning("ranking waits for the database", cause=str(error))
            await asyncio.sleep(RANK_SECONDS)

    async def rank_all(self) -> None:
        async with worker_transaction(self.parts.workers) as connection:
            running = await ordering.campaigns_to_rank(connection)
        for tenant, campaign_id in running:
            await self.rank(tenant, campaign_id)

    async def rank(self, tenant: str, campaign_id: str) -> None:
        """Score what waits by this hour's chances, a piece in each transaction."""
        now = self.parts.clock.now()
        async with worker_transaction(self.parts.workers) as connection:
            known = await answer_chances(connection, tenant, campaign_id, now)
            classes = await ordering.waiting_classes(connection, tenant, campaign_id)
        # working the effects out takes tens of milliseconds, too long for the loop everything else runs on
        factors = await asyncio.to_thread(class_factors, known, classes, now)
        if known.dialled >= ENOUGH_DIALS:
            table = await asyncio.to_thread(known.table)
            async with worker_transaction(self.parts.workers) as connection:
                await ordering.keep_answer_table(connection, tenant, campaign_id, table, now)
        for of, factor in factors:
            while await self._score(tenant, campaign_id, of, factor) == PIECE:
                continue

    async def _score(self, tenant: str, campaign_id: str, of: WaitingClass, factor: float) -> int:
        async with worker_transaction(self.parts.workers) as connection:
            if not await ordering.rank_alone(connection, tenant, campaign_id):
                return 0
            return await ordering.rescore(connection, tenant, campaign_id, of, factor, PIECE)
