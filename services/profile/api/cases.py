"""Cases and promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query

from services.profile.api.access import InRoom, PathId, Staff, Worker, tenant_of
from services.profile.api.resources import (
    Code,
    Cursor,
    Document,
    Id,
    Limit,
    Line,
    Moment,
    Page,
    Prose,
    Request,
    rfc3339,
    time_cursor,
)
from services.profile.domain.cases import CaseState, NotMoved, keep, move, owe
from services.profile.store import cases, contacts, customers
from services.profile.store.cases import CaseEntry, CaseFields
from shared.errors import Conflict, Refused
from shared.http import encode_cursor
from shared.postgres import Connection
from shared.security import Principal

router = APIRouter(prefix="/v1", tags=["cases"])
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class CaseIn(Request):
    customer_id: Id
    kind: Code
    subject: Line
    reason: Code | None = None
    owner: Id | None = None
    department: Code | None = None
    due_at: Moment | None = None
    contact_id: Id | None = None
    note: Prose | None = None


class CaseChange(Request):
    """Only what is named changes; null empties. `version`: the one the change was made on."""

    kind: Code | None = None
    subject: Line | None = None
    reason: Code | None = None
    owner: Id | None = None
    department: Code | None = None
    due_at: Moment | None = None
    version: int | None = None


class Transition(Request):
    to: CaseState
    waiting_for: Line | None = None
    reason: Prose | None = None


class PromiseIn(Request):
    text: Line
    owner: Id
    due_at: Moment


class NoteIn(Request):
    text: Prose


class ContactIn(Request):
    contact_id: Id


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except NotMoved as error:
        raise Refused(error.refusal, error.detail) from error


def _summary(row: asyncpg.Record) -> Document:
    return {
        "case_id": row["case_id"], "customer_id": row["customer_id"], "customer_name": row["customer_name"],
        "kind": row["kind"], "subject": row["subject"], "reason": row["reason"], "state": row["state"],
        "waiting_for": row["waiting_for"], "owner": row["owner"], "department": row["department"],
        "due_at": rfc3339(row["due_at"]), "reopened": row["reopened"], "opened_at": rfc3339(row["opened_at"]),
        "opened_by": row["opened_by"], "answered_at": rfc3339(row["answered_at"]), "closed_at": rfc3339(row["closed_at"]),
        "version": row["version"],
    }  # fmt: skip


async def _document(connection: Connection, tenant: str, case_id: str) -> Document:
    row = await cases.read(connection, tenant, case_id)
    return {
        **_summary(row), "promises": row["promises"], "entries": row["entries"], "contacts": row["contacts"],
    }  # fmt: skip


@router.get("/cases", response_model=Page[Document], summary="Newest first; by customer, owner, state")
async def listed(
    room: InRoom, principal: Staff, customer_id: Annotated[Id | None, Query()] = None, owner: Annotated[Id | None, Query()] = None,
    state: CaseState | None = None, open_only: Annotated[bool, Query(alias="open")] = False, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Document]:  # fmt: skip
    filters = {"customer_id": customer_id, "owner": owner, "state": state, "open": open_only}
    async with room.of_tenant(principal) as connection:
        rows = await cases.listed(connection, tenant_of(principal), time_cursor(cursor), filters, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    more = encode_cursor(last["opened_at"].isoformat(), last["case_id"]) if last else None
    return Page(items=[_summary(row) for row in rows[:limit]], next=more)


@router.post("/cases", status_code=201, response_model=Document)
async def open_case(body: CaseIn, room: InRoom, principal: Worker) -> Document:
    """The owner is the asking agent unless somebody else is named. `contact_id` links the contact it came up in."""
    tenant, now = tenant_of(principal), room.now()
    fields = CaseFields(
        body.kind, body.subject, body.reason, body.owner or principal.agent_id, body.department, body.due_at
    )
    async with room.of_tenant(principal) as connection:
        await customers.require(connection, tenant, body.customer_id)
        case_id = await cases.open_case(connection, tenant, body.customer_id, fields, principal.subject, now)
        if body.contact_id is not None:
            await _link(connection, tenant, case_id, body.customer_id, body.contact_id, principal, now)
        if body.note:
            entry = CaseEntry("note", principal.subject, now, body.note)
            await cases.add_entry(connection, tenant, case_id, body.customer_id, entry)
        return await _document(connection, tenant, case_id)


@router.get("/cases/{case_id}", response_model=Document)
async def read(case_id: PathId, room: InRoom, principal: Staff) -> Document:
    async with room.of_tenant(principal) as connection:
        return await _document(connection, tenant_of(principal), case_id)


@router.patch("/cases/{case_id}", response_model=Document)
async def change(case_id: PathId, body: CaseChange, room: InRoom, principal: Worker) -> Document:
    """409 `version_conflict` when somebody was faster and `version` was given."""
    tenant = tenant_of(principal)
    changes = {name: getattr(body, name) for name in body.model_fields_set - {"version"}}
    for name in ("kind", "subject"):
        if changes.get(name, "") is None:
            del changes[name]  # these two are never empty: null leaves them
    async with room.of_tenant(principal) as connection:
        locked = await cases.lock(connection, tenant, case_id)
        if body.version not in (None, locked.version):
            raise Conflict("version_conflict", "somebody changed the case meanwhile; read it again")
        await cases.write_fields(connection, tenant, case_id, replace(locked.fields, **changes))
        if (owner := changes.get("owner", locked.fields.owner)) != locked.fields.owner:
            handed = CaseEntry("owner", principal.subject, room.now(), owner, locked.fields.owner, owner)
            await cases.add_entry(connection, tenant, case_id, locked.customer_id, handed)
        return await _document(connection, tenant, case_id)


@router.post("/cases/{case_id}/transitions", response_model=Document, summary="Move the case; refusals say why")
async def transition(case_id: PathId, body: Transition, room: InRoom, principal: Worker) -> Document:
    """409 with code illegal_transition, waiting_for_whom, no_owner, promise_owed or reason_missing."""
    tenant, now = tenant_of(principal), room.now()
    async with room.of_tenant(principal) as connection:
        locked = await cases.lock(connection, tenant, case_id)
        with _refusals():
            moved = move(locked.case, body.to, now, waiting_for=body.waiting_for, reason=body.reason)
        await cases.write_state(connection, tenant, case_id, moved)
        text = body.waiting_for if body.to is CaseState.WAITING else body.reason
        entry = CaseEntry("transition", principal.subject, now, text, locked.case.state, moved.state)
        await cases.add_entry(connection, tenant, case_id, locked.customer_id, entry)
        return await _document(connection, tenant, case_id)


@router.post(
    "/cases/{case_id}/promises", status_code=201, response_model=Document, summary="A reply owed, by whom, until when"
)
async def promise(case_id: PathId, body: PromiseIn, room: InRoom, principal: Worker) -> Document:
    tenant, now = tenant_of(principal), room.now()
    async with room.of_tenant(principal) as connection:
        locked = await cases.lock(connection, tenant, case_id)
        with _refusals():
            owe(locked.case)
        await cases.make_promise(connection, tenant, locked, body.text, body.owner, body.due_at, principal.subject, now)
        entry = CaseEntry("promise", principal.subject, now, body.text)
        await cases.add_entry(connection, tenant, case_id, locked.customer_id, entry)
        return await _document(connection, tenant, case_id)


@router.post("/promises/{promise_id}/keep", response_model=Document, summary="The promised reply was given")
async def keep_promise(promise_id: PathId, room: InRoom, principal: Worker) -> Document:
    tenant, now = tenant_of(principal), room.now()
    async with room.of_tenant(principal) as connection:
        row = await cases.lock_promise(connection, tenant, promise_id)
        with _refusals():
            keep(row["kept_at"])
        await cases.keep_promise(connection, tenant, promise_id, principal.subject, now)
        entry = CaseEntry("kept", principal.subject, now, row["text"])
        await cases.add_entry(connection, tenant, row["case_id"], row["customer_id"], entry)
        return await _document(connection, tenant, row["case_id"])


@router.get("/promises", response_model=Page[Document], summary="Promises still owed, soonest first")
async def promises_due(
    room: InRoom, principal: Staff, owner: Annotated[Id | None, Query()] = None, due_before: Annotated[Moment | None, Query()] = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[Document]:  # fmt: skip
    after = time_cursor(cursor) if cursor else (LONG_AGO, "")
    async with room.of_tenant(principal) as connection:
        rows = await cases.promises_due(connection, tenant_of(principal), after, owner, due_before, limit + 1)
    times = ("due_at", "made_at")
    items: list[dict[str, Any]] = [
        {name: rfc3339(row[name]) if name in times else row[name] for name in row.keys()}  # noqa: SIM118 Record iterates values
        for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=items, next=encode_cursor(last["due_at"].isoformat(), last["promise_id"]) if last else None)


@router.post("/cases/{case_id}/notes", status_code=201, response_model=Document)
async def note(case_id: PathId, body: NoteIn, room: InRoom, principal: Worker) -> Document:
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        locked = await cases.lock(connection, tenant, case_id)
        entry = CaseEntry("note", principal.subject, room.now(), body.text)
        await cases.add_entry(connection, tenant, case_id, locked.customer_id, entry)
        return await _document(connection, tenant, case_id)


@router.post("/cases/{case_id}/contacts", response_model=Document, summary="The contact is about this case")
async def link(case_id: PathId, body: ContactIn, room: InRoom, principal: Worker) -> Document:
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        locked = await cases.lock(connection, tenant, case_id)
        await _link(connection, tenant, case_id, locked.customer_id, body.contact_id, principal, room.now())
        return await _document(connection, tenant, case_id)


async def _link(
    connection: Connection, tenant: str, case_id: str, customer_id: str, contact_id: str, principal: Principal, now: datetime
) -> None:  # fmt: skip
    await contacts.lock(connection, tenant, contact_id)
    if await cases.link_contact(connection, tenant, case_id, contact_id):
        entry = CaseEntry("contact", principal.subject, now, contact_id)
        await cases.add_entry(connection, tenant, case_id, customer_id, entry)
