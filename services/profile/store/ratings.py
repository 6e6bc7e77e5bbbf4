"""Writes what customers said of contacts, and the cases low ratings open."""

from __future__ import annotations

from services.profile.domain.history import Key
from services.profile.domain.ratings import CALL_BACK, RatingCase
from services.profile.store.statements import SQL
from shared.contracts.routing_decisions import ContactRated
from shared.postgres import Connection


async def write_ratings(connection: Connection, rated: dict[Key, ContactRated]) -> None:
    """In the transaction that moves the watermark."""
    if rated:
        columns = zip(*((*key, word.score, word.scale) for key, word in rated.items()), strict=True)
        await connection.execute(SQL["contacts_rated"], *map(list, columns))


async def open_case(connection: Connection, case: RatingCase) -> None:
    """Repeating it changes nothing."""
    await connection.execute(
        SQL["open_rating_case"], case.tenant, case.contact_id, case.case_id, case.promise_id, case.entry_id, case.owner,
        case.due_at, case.opened_at, case.subject, CALL_BACK,
    )  # fmt: skip
