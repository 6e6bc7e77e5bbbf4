"""What the gateway keeps of visitors: their contacts, whether a page of theirs is open, what they may read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic_core import from_json

from services.gateway.store import StoredFile, rating
from shared.postgres import Connection, named_statements

SQL: Final = named_statements(Path(__file__).parents[2] / "sql" / "web.sql")
SHOWN_MESSAGES: Final = 300
"""So much of an old conversation is shown again; the transcript of a contact is whole."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A contact of a visitor. `open`: it goes on, or its arrival is not yet acknowledged."""

    contact_id: str
    subject: str | None
    business_line: str
    language: str | None
    started_at: datetime
    open: bool
    agent_id: str | None


@dataclass(frozen=True, slots=True)
class NewVisit:
    """`answer_to`: e-mail or telephone the answer to a message left goes to; None: a conversation."""

    contact_id: str
    visitor_id: str
    business_line: str
    language: str | None
    continues: str | None = None
    answer_to: str | None = None


async def open_visit(connection: Connection, tenant: str, site: str, visit: NewVisit) -> None:
    """Written before the arrival is published, so that nothing of the contact can be missed; twice is once."""
    await connection.execute(
        SQL["open_visit"], tenant, visit.contact_id, site, visit.visitor_id, visit.continues, visit.business_line,
        visit.language, visit.answer_to,
    )  # fmt: skip


async def latest_visit(connection: Connection, site: str, visitor_id: str) -> Visit | None:
    row = await connection.fetchrow(SQL["latest_visit"], site, visitor_id)
    if row is None:
        return None
    is_open = row["open"] is not False or not row["arrived"]
    return Visit(
        row["contact_id"],
        row["subject"],
        row["business_line"],
        row["language"],
        row["started_at"],
        is_open,
        row["agent_id"],
    )


async def visit_of_contact(connection: Connection, site: str, contact_id: str) -> Mapping[str, Any] | None:
    """visitor_id, answer_to and language of a contact of this site."""
    row = await connection.fetchrow(SQL["visit_of_contact"], contact_id, site)
    return None if row is None else dict(row)


async def seen(connection: Connection, site: str, visitor_id: str) -> None:
    await connection.execute(SQL["seen"], site, visitor_id)


async def page_viewed(connection: Connection, contact_id: str, url: str | None, title: str | None, at: int) -> None:
    await connection.execute(SQL["page_viewed"], contact_id, url, title, at)


async def silent_visits(connection: Connection, site: str, seconds: float) -> Sequence[Mapping[str, Any]]:
    """contact_id, subject, visitor_id and language of conversations whose visitor is gone."""
    return [dict(row) for row in await connection.fetch(SQL["silent_visits"], site, seconds)]


async def give_up_visit(connection: Connection, contact_id: str, seconds: float) -> bool:
    """False when the visitor came back, or another instance was quicker."""
    return await connection.execute(SQL["give_up_visit"], contact_id, seconds) == "UPDATE 1"


async def stream_position(connection: Connection, site: str) -> tuple[int, int]:
    """(number of the newest event, number up to which events are gone)."""
    row = await connection.fetchrow(SQL["stream_position"], site)
    return (0, 0) if row is None else (row["last_event"], row["pruned_to"])


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the site's stream, as it is kept."""

    number: int
    type: str
    contact_id: str
    body: Mapping[str, Any]


async def visitor_events(
    connection: Connection, site: str, visitor_id: str, after: int, through: int
) -> Sequence[Happened]:
    rows = await connection.fetch(SQL["visitor_events"], site, visitor_id, after, through)
    return [Happened(row["number"], row["type"], row["contact_id"], from_json(row["body"])) for row in rows]


async def visitor_messages(
    connection: Connection, site: str, visitor_id: str, days: int, limit: int = SHOWN_MESSAGES
) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in await connection.fetch(SQL["visitor_messages"], site, visitor_id, days, limit)]


async def pending_prompt(connection: Connection, site: str, contact_id: str) -> Mapping[str, Any] | None:
    """The `PlayPrompt` the visitor has not answered."""
    body = await connection.fetchval(SQL["pending_prompt"], contact_id, site)
    return None if body is None else from_json(body)


async def last_state(connection: Connection, site: str, contact_id: str) -> tuple[str, Mapping[str, Any]] | None:
    """Type and body of the newest decision that says how the contact stands."""
    row = await connection.fetchrow(SQL["last_state"], contact_id, site)
    return None if row is None else (row["type"], from_json(row["body"]))


async def is_rated(connection: Connection, contact_id: str) -> bool:
    """Whether the visitor has said how it was."""
    known = await rating(connection, contact_id)
    return known is not None and known.score is not None


async def file_of_visitor(connection: Connection, site: str, visitor_id: str, file_id: str) -> StoredFile | None:
    row = await connection.fetchrow(SQL["file_of_visitor"], file_id, site, visitor_id)
    return None if row is None else StoredFile(*row)


async def files_of_contact(connection: Connection, contact_id: str) -> int:
    """How many files lie with a contact."""
    return await connection.fetchval(SQL["files_of_contact"], contact_id)
