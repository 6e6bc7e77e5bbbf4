"""HTTP of a campaign's records and attempts: found, explained, and an unknown attempt settled by whoever found out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.outbound.api.access import (
    SEES_NUMBERS,
    Body,
    Cursor,
    Document,
    InRoom,
    Limit,
    Page,
    PathId,
    Planner,
    Reader,
    newest_first,
    of_tenant,
    tenant_of,
)
from services.outbound.domain.attempts import AttemptState
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.handlers import results, why
from services.outbound.numbers import UnusableNumber, normal_number, number_key
from services.outbound.parts import Parts
from services.outbound.store import attempts, campaigns, records
from services.outbound.store.records import Wanted
from services.outbound.store.statements import SQL
from shared.contracts.dial_results import AttemptEnded, AttemptOutcome
from shared.errors import NotFound, Refused
from shared.http import decode_cursor, encode_cursor
from shared.security import Principal

router = APIRouter(prefix="/v1", tags=["records"])

SHOWN_DIGITS = 4
_DIGITS = re.compile(r"\+?[\d\s().\-]{4,32}", re.ASCII)
SETTLED_AS: dict[str, AttemptOutcome] = {
    DialOutcome.ANSWERED_PERSON: "talked", DialOutcome.MACHINE: "machine", DialOutcome.FAX: "fax", DialOutcome.BUSY: "busy",
    DialOutcome.NO_ANSWER: "no_answer", DialOutcome.FAILED: "failed", DialOutcome.CANCELLED: "cancelled",
    DialOutcome.ABANDONED: "abandoned",
}  # fmt: skip


class Resolution(Body):
    """What a person found out of an attempt nothing was heard of; `why` goes into the audit."""

    outcome: Literal["answered_person", "machine", "fax", "busy", "no_answer", "failed", "cancelled", "abandoned"]
    why: Annotated[str, Field(max_length=256)] = ""


def masked(number: str) -> str:
    """All but the last digits hidden."""
    return f"•••{number[-SHOWN_DIGITS:]}"


def record_document(row: asyncpg.Record, principal: Principal) -> Document:
    numbers: list[dict[str, Any]] = row["numbers"]
    number = numbers[min(row["number_index"], len(numbers) - 1)]["number"] if numbers else ""
    shown: Document = {
        name: row[name]
        for name in ("record_id", "list_id", "state", "reason", "not_before", "attempts", "contacts", "last_outcome",
                     "last_attempt_at", "priority", "value", "turn", "agent_id", "language", "customer_id", "source_key", "subject")
    }  # fmt: skip
    shown |= {"name": row["payload"].get("name"), "number_masked": masked(number), "numbers": len(numbers)}
    if principal.has(*SEES_NUMBERS):
        shown["number"] = number
    return shown


async def attempt_documents(
    parts: Parts, connection: Any, tenant: str, rows: Sequence[asyncpg.Record]
) -> list[Document]:
    """Attempts as resources, with whose number it was."""
    people: dict[tuple[str, str], asyncpg.Record] = {}
    for campaign_id in {row["campaign_id"] for row in rows}:
        ids = [row["record_id"] for row in rows if row["campaign_id"] == campaign_id]
        for found in await connection.fetch(SQL["read_records"], tenant, campaign_id, ids):
            people[campaign_id, found["record_id"]] = found
    return [_attempt(row, people.get((row["campaign_id"], row["record_id"]))) for row in rows]


def _attempt(row: asyncpg.Record, person: asyncpg.Record | None) -> Document:
    numbers = person["numbers"] if person is not None else []
    dialled = next((n["number"] for n in numbers if n["key"] == row["number_key"]), None)
    names = (
        "attempt_id", "campaign_id", "record_id", "n", "purpose", "subject", "mode", "first", "state", "outcome", "result", "reason",
        "cause", "authorised_at", "not_after", "placed_at", "rang_at", "answered_at", "answered_by", "connected_at", "ended_at",
        "closed_at", "told_at", "agent_id", "contact_id", "caller_id", "announced", "disposition", "said_machine",
    )  # fmt: skip
    return {
        **{name: row[name] for name in names if name in row},
        "rules": row["authorisation"].get("rules", []),
        "name": person["payload"].get("name") if person is not None else None,
        "number_masked": masked(dialled) if dialled else None,
    }


@router.get(
    "/campaigns/{campaign_id}/records",
    response_model=Page[Document],
    summary="By state, name, last digits, key, subject or id",
)
async def found(
    campaign_id: PathId, parts: InRoom, principal: Reader, limit: Limit = 50, cursor: Cursor = None,
    state: Annotated[str, Query(max_length=32)] = "", query: Annotated[str, Query(max_length=64)] = "",
) -> Page[Document]:  # fmt: skip
    """`query`: how a name begins (its later words too), the last digits of a number (four at least), a whole number, the list's
    own key, a subject, or a record's id."""
    tenant = tenant_of(principal)
    wanted = await _wanted(parts, principal, query.replace("\x00", "").strip())
    after = decode_cursor(cursor, str)[0] if cursor else ""
    async with of_tenant(parts, tenant) as connection:
        await campaigns.row_of(connection, tenant, campaign_id)
        rows = await records.find(connection, tenant, campaign_id, state, wanted, after, limit + 1)
    more = encode_cursor(rows[limit - 1]["record_id"]) if len(rows) > limit else None
    return Page(items=[record_document(row, principal) for row in rows[:limit]], next=more)


async def _wanted(parts: Parts, principal: Principal, query: str) -> Wanted | None:
    """What was typed. Who may not see numbers finds by what they see: the last four digits, or a whole number they know."""
    if not query:
        return None
    tenant, ending = tenant_of(principal), ""
    if _DIGITS.fullmatch(query):
        digits = re.sub(r"\D", "", query)
        ending = digits if principal.has(*SEES_NUMBERS) else digits[-SHOWN_DIGITS:]
    country = (await parts.directory.tenant(tenant)).default_country
    try:
        number = normal_number(query, country)
    except UnusableNumber:
        return Wanted(query, ending if len(ending) >= SHOWN_DIGITS else "")
    person = number_key(parts.settings.person_key_secret.get_secret_value(), tenant, number)
    return Wanted(query, ending if len(ending) >= SHOWN_DIGITS else "", person)


@router.get("/campaigns/{campaign_id}/records/{record_id}", response_model=Document, summary="With its attempts")
async def one(campaign_id: PathId, record_id: PathId, parts: InRoom, principal: Reader) -> Document:
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        rows = await connection.fetch(SQL["read_records"], tenant, campaign_id, [record_id])
        if not rows:
            raise NotFound("no such record")
        tried = await connection.fetch(SQL["attempts_of_record"], tenant, campaign_id, record_id)
        told = await attempt_documents(parts, connection, tenant, tried)
    return {**record_document(rows[0], principal), "attempts_made": told}


@router.get(
    "/campaigns/{campaign_id}/records/{record_id}/why", response_model=Document, summary="Why (not) now, in words"
)
async def explain(
    request: Request, campaign_id: PathId, record_id: PathId, parts: InRoom, principal: Reader,
    lang: Literal["zh", "en"] = "en",
) -> Document:  # fmt: skip
    """The gate's own judgement of this moment."""
    tenant, now = tenant_of(principal), parts.clock.now()
    async with of_tenant(parts, tenant) as connection:
        campaign = await campaigns.read(connection, tenant, campaign_id)
        record = await records.read(connection, tenant, campaign_id, record_id)
        told = await why.tell(connection, request.app.state.gate, request.app.state.books, campaign, record, now)
        tried = await connection.fetch(SQL["attempts_of_record"], tenant, campaign_id, record_id)
        made = await attempt_documents(parts, connection, tenant, tried)
    return {
        "allowed": told.allowed, "verdict": "allowed" if told.allowed else told.reasons[0][0], "state": told.state,
        "until": told.until, "sentences": [words.zh if lang == "zh" else words.en for words in told.sentences],
        "reasons": [{"reason": reason, "rule": rule} for reason, rule in told.reasons],
        "rules": told.rules or list(dict.fromkeys(rule for _, rule in told.reasons)), "facts": told.facts, "order": told.order,
        "subject": record.subject or campaign.subject or None, "attempts": made,
    }  # fmt: skip


@router.get("/campaigns/{campaign_id}/attempts", response_model=Page[Document], summary="Newest first")
async def of_campaign(
    campaign_id: PathId, parts: InRoom, principal: Reader, limit: Limit = 50, cursor: Cursor = None,
    outcome: Annotated[str, Query(max_length=32)] = "", state: Annotated[str, Query(max_length=32)] = "",
) -> Page[Document]:  # fmt: skip
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        await campaigns.row_of(connection, tenant, campaign_id)
        rows = await connection.fetch(
            SQL["attempts_of_campaign"], tenant, campaign_id, *newest_first(cursor), outcome or state, limit + 1
        )
        shown = await attempt_documents(parts, connection, tenant, rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=shown, next=encode_cursor(last["authorised_at"], last["attempt_id"]) if last else None)


@router.get("/attempts/{attempt_id}", response_model=Document)
async def attempt(attempt_id: PathId, parts: InRoom, principal: Reader) -> Document:
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        row = await connection.fetchrow(SQL["read_attempt"], tenant, attempt_id)
        if row is None:
            raise NotFound("no such attempt")
        return (await attempt_documents(parts, connection, tenant, [row]))[0]


@router.post(
    "/attempts/{attempt_id}/resolve", response_model=Document, summary="An unknown attempt, settled by a person"
)
async def resolve(attempt_id: PathId, wanted: Resolution, parts: InRoom, principal: Planner) -> Document:
    """Only who is quarantined: what a gateway still tells of goes its own way."""
    tenant, now = tenant_of(principal), parts.clock.now()
    async with of_tenant(parts, tenant) as connection:
        found = await attempts.lock(connection, tenant, attempt_id)
        if found is None:
            raise NotFound("no such attempt")
        if found.state is not AttemptState.UNKNOWN:
            raise Refused("not_unknown", f"the attempt is {found.state}, not unknown")
        told = AttemptEnded(
            attempt_id, found.campaign_id, found.gateway_id, SETTLED_AS[wanted.outcome], now, "resolved_by_person"
        )
        await results.end(connection, found, told, now)
        await campaigns.audit(
            connection, tenant, now, principal.subject, "attempt_resolved", found.campaign_id,
            {"attempt_id": attempt_id, "outcome": wanted.outcome},
        )  # fmt: skip
        await campaigns.wake(connection, tenant, found.pool)
        row = await connection.fetchrow(SQL["read_attempt"], tenant, attempt_id)
        assert row is not None
        return (await attempt_documents(parts, connection, tenant, [row]))[0]
