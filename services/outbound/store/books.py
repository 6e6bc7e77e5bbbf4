"""The abandonment figures of campaigns, kept up from the attempts' rows: read once, then only what was answered lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from services.outbound.domain.abandonment import (
    DAY_WINDOW,
    MONTH_WINDOW,
    AbandonmentFact,
    AbandonmentFigures,
    AbandonmentLedger,
    WhoAnswered,
)
from services.outbound.domain.contact_ledger import HOUR
from services.outbound.store.statements import SQL
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded
from shared.postgres import Connection

SETTLES_WITHIN = 2 * HOUR
"""An answered attempt older than this changes no more; younger rows are read again."""


@dataclass(slots=True)
class _Book:
    ledger: AbandonmentLedger
    read_up_to: int  # answered, or said who answered, before this: all read, and settled


@dataclass(slots=True)
class AbandonmentBooks:
    """One book a campaign, of the last 30 days."""

    _books: dict[tuple[str, str], _Book] = field(default_factory=dict[tuple[str, str], _Book])

    async def figures(
        self, connection: Connection, tenant: str, campaign_id: str, now: int
    ) -> Mapping[int, AbandonmentFigures]:
        """By window: 24 hours, 30 days."""
        book = self._books.get((tenant, campaign_id))
        if book is None:
            book = self._books[tenant, campaign_id] = _Book(AbandonmentLedger(campaign_id), now - MONTH_WINDOW)
        first = now - MONTH_WINDOW
        rows = await connection.fetch(SQL["answered_since"], tenant, campaign_id, book.read_up_to, first)
        for row in rows:
            for fact in facts_of_row(campaign_id, row):
                book.ledger.absorb(fact)
        book.read_up_to = max(book.read_up_to, now - SETTLES_WITHIN)
        book.ledger.forget(first)
        return {window: book.ledger.figures(now, window) for window in (DAY_WINDOW, MONTH_WINDOW)}


def facts_of_row(campaign_id: str, row: asyncpg.Record) -> list[AbandonmentFact]:
    """The facts a row was made of."""
    attempt_id: str = row["attempt_id"]
    facts: list[AbandonmentFact] = [
        AttemptAnswered(
            attempt_id, campaign_id, "", row["answered_at"], row["answered_by"], row["greeting_began_at"], row["greeting_ended_at"]
        )
    ]  # fmt: skip
    if row["connected_at"] is not None:
        facts.append(AttemptConnected(attempt_id, campaign_id, "", row["connected_at"]))
    if row["ended_at"] is not None:
        facts.append(AttemptEnded(attempt_id, campaign_id, "", row["result"], row["ended_at"], row["reason"]))
    if row["said_machine"] is not None:
        facts.append(WhoAnswered(attempt_id, campaign_id, row["said_machine"], row["audited"]))
    return facts
