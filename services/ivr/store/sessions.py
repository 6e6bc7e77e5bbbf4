"""Sessions of contacts in self-service: one row each, locked while a step is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.ivr.domain.visit import Visit, note_of, visit_from
from services.ivr.store.statements import SQL
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class ContactPlace:
    """Where what we say about a contact goes."""

    tenant: str
    contact_id: str
    pool_id: str | None
    partition: int


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that waits for the answer to `step`."""

    place: ContactPlace
    dialogue_id: str
    dialogue_version: int
    step: str
    visit: Visit


@dataclass(frozen=True, slots=True)
class Advance:
    """What becomes of a session with a step."""

    step: str | None
    visit: Visit
    deadline: datetime | None
    outcome: str | None
    heard_text: str | None
    now: datetime

    def columns(self) -> tuple[object, ...]:
        """step, state, deadline, outcome, ended_at, heard_text, note, note_due."""
        ended = self.outcome is not None
        note = note_of(self.visit) if ended else None
        due = bool(note) and self.outcome == "to_person"
        state = None if ended else self.visit.to_mapping()
        return (
            None if ended else self.step, state, self.deadline, self.outcome, self.now if ended else None, self.heard_text,
            note or None, due,
        )  # fmt: skip


async def begin(
    connection: Connection, place: ContactPlace, channel: str, dialogue: tuple[str, int] | None, advance: Advance
) -> bool:
    """Create the session. False: this arrival was heard before."""
    step, state, deadline, outcome, ended_at, heard_text, note, due = advance.columns()
    row = await connection.fetchval(
        SQL["begin_session"], place.tenant, place.contact_id, place.pool_id, place.partition, channel,
        *(dialogue or (None, None)), step, state, advance.now, deadline, outcome, ended_at, heard_text, note, due,
    )  # fmt: skip
    return row is not None


async def read(connection: Connection, tenant: str, contact_id: str) -> OpenSession | None:
    """The contact's session while it waits for an answer."""
    row = await connection.fetchrow(SQL["read_session"], tenant, contact_id)
    if row is None or row["outcome"] is not None:
        return None
    place = ContactPlace(tenant, contact_id, row["pool_id"], row["partition"])
    return OpenSession(place, row["dialogue_id"], row["dialogue_version"], row["step"], visit_from(row["state"]))


async def still_waits(connection: Connection, session: OpenSession) -> bool:
    """Lock the session. False: somebody else took the step meanwhile."""
    row = await connection.fetchrow(SQL["lock_session"], session.place.tenant, session.place.contact_id)
    return row is not None and row["outcome"] is None and row["step"] == session.step


async def advance(connection: Connection, place: ContactPlace, moved: Advance) -> None:
    """Write a step into a locked session."""
    await connection.execute(SQL["advance_session"], place.tenant, place.contact_id, *moved.columns())


async def end(connection: Connection, tenant: str, contact_id: str, outcome: str, now: datetime) -> ContactPlace | None:
    """End a session that still waits; None where none does."""
    row = await connection.fetchrow(SQL["end_session"], tenant, contact_id, outcome, now)
    return None if row is None else ContactPlace(tenant, contact_id, row["pool_id"], row["partition"])


async def end_all(connection: Connection, ended: Sequence[tuple[str, str, str, datetime]]) -> None:
    """End sessions (tenant, contact, outcome, when) that still wait."""
    await connection.execute(SQL["end_sessions"], *map(list, zip(*ended, strict=True)))


@dataclass(frozen=True, slots=True)
class Overdue:
    tenant: str
    contact_id: str
    channel: str
    step: str


async def overdue(connection: Connection, now: datetime) -> list[Overdue]:
    """Sessions whose answer is later than it can be."""
    rows = await connection.fetch(SQL["sessions_overdue"], now)
    return [Overdue(row["tenant_id"], row["contact_id"], row["channel"], row["step"]) for row in rows]


async def notes_due(connection: Connection) -> list[tuple[str, str, str]]:
    """(tenant, contact, note) profile has not taken yet."""
    return [(row["tenant_id"], row["contact_id"], row["note"]) for row in await connection.fetch(SQL["notes_due"])]


async def note_taken(connection: Connection, tenant: str, contact_id: str) -> None:
    await connection.execute(SQL["note_taken"], tenant, contact_id)


async def heard_text(connection: Connection, tenant: str, contact_id: str) -> str | None:
    """What the customer typed last, while it is remembered."""
    return await connection.fetchval(SQL["heard_text"], tenant, contact_id)


async def prune(connection: Connection, texts_before: datetime, sessions_before: datetime) -> None:
    """Forget what customers typed, later the sessions themselves."""
    await connection.execute(SQL["forget_texts"], texts_before)
    await connection.execute(SQL["delete_sessions"], sessions_before)
