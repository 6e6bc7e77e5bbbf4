"""Rows of faxes ↔ domain types: what was read, where it came from, what is on its way out (`sql/faxes.sql`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from services.gateway.domain.readings import PageReading
from shared.postgres import Connection, named_statements

SQL: Final = named_statements(Path(__file__).parent / "sql" / "faxes.sql")


async def add_readings(connection: Connection, tenant: str, file_id: str, readings: Sequence[PageReading]) -> None:
    """Remember what was read on the pages of a document; pages not read have no row."""
    rows = [(n, r.text, r.confidence, r.turned) for n, r in enumerate(readings, 1) if r.text is not None]
    if rows:
        numbers, texts, confidences, turned = map(list, zip(*rows, strict=True))
        storable = [text.replace("\x00", " ") for text in texts]
        await connection.execute(SQL["add_page_texts"], tenant, file_id, numbers, storable, confidences, turned)


async def readings(connection: Connection, file_id: str) -> list[PageReading]:
    """One for every page of a document, in order; empty for a document that is not here."""
    rows = await connection.fetch(SQL["page_texts"], file_id)
    return [PageReading(row["text"], row["confidence"], row["turned"]) for row in rows]


@dataclass(frozen=True, slots=True)
class FoundPage:
    file_id: str
    contact_id: str
    media_type: str
    pages: int
    received_at: datetime
    page: int
    text: str
    confidence: float | None


async def search(
    connection: Connection, sought: str, after: tuple[datetime, str, int] | None, limit: int
) -> list[FoundPage]:
    """Pages containing `sought` (case and blanks do not matter), newest first."""
    squeezed = "".join(sought.lower().split())
    rows = await connection.fetch(SQL["search_pages"], squeezed, *(after or (None, None, None)), limit)
    return [FoundPage(*row) for row in rows]


async def add_call(
    connection: Connection, tenant: str, contact_id: str, sender: str | None, called: str | None
) -> None:
    await connection.execute(SQL["add_fax_call"], tenant, contact_id, sender, called)


async def sender_of(connection: Connection, contact_id: str) -> str | None:
    """The number a contact's fax came from."""
    return await connection.fetchval(SQL["fax_sender"], contact_id)


@dataclass(frozen=True, slots=True)
class NewJob:
    """`reason`: why it failed before it began; then it has no file."""

    tenant: str
    job_id: str
    contact_id: str
    requested_by: str
    number: str | None
    title: str
    reference: str
    not_after: int
    file_id: str | None = None
    pages: int = 0
    reason: str | None = None


async def known(connection: Connection, tenant: str, job_id: str) -> bool:
    """Whether the command was decided before."""
    return await connection.fetchval(SQL["fax_job_known"], tenant, job_id)


async def add_job(connection: Connection, job: NewJob) -> None:
    await connection.execute(
        SQL["add_fax_job"], job.tenant, job.job_id, job.contact_id, job.requested_by, job.number, job.title, job.reference,
        job.file_id, job.pages, "failed" if job.reason else "queued", job.reason, job.not_after,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """`adopted`: its sender fell silent in the middle of the attempt."""

    tenant: str
    job_id: str
    contact_id: str
    number: str
    file_id: str
    pages: int
    attempt: int
    not_after: int
    adopted: bool


async def claim_job(connection: Connection, sender: str, silent_seconds: float) -> ClaimedJob | None:
    """The next one that is due, the attempt counted."""
    row = await connection.fetchrow(SQL["claim_fax_job"], sender, silent_seconds)
    return None if row is None else ClaimedJob(*row)


async def keep_job(connection: Connection, job: ClaimedJob, sender: str) -> None:
    await connection.execute(SQL["keep_fax_job"], job.tenant, job.job_id, sender)


async def finish_job(
    connection: Connection, job: ClaimedJob, sender: str,
    state: Literal["queued", "delivered", "failed"], reason: str | None, wait_seconds: float = 0.0,
) -> bool:  # fmt: skip
    """False when somebody else has taken the job over."""
    done = await connection.execute(
        SQL["finish_fax_job"], job.tenant, job.job_id, sender, state, reason, wait_seconds
    )  # fmt: skip
    return done == "UPDATE 1"


async def outgoing(
    connection: Connection, contact_id: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[dict[str, Any]]:
    """Letters sent and to be sent, newest first."""
    rows = await connection.fetch(SQL["outgoing_faxes"], contact_id, *(after or (None, None)), limit)
    return [dict(row) for row in rows]
