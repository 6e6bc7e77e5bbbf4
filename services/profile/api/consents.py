"""Consent: given, withdrawn and looked up; and the dialler's question, for up to 500 numbers at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.profile.api.access import ForTenant, InRoom, PathId, Room, Staff, Worker, sees_numbers, tenant_of
from services.profile.api.resources import Code, Document, FieldFault, Id, Line, Moment, Request, rfc3339
from services.profile.domain.consents import ConsentStanding, ConsentState, calling_preferences, standing
from services.profile.handlers.consents import row_of, tell
from services.profile.store import consents, customers
from services.profile.store.consents import AtNumber
from services.profile.store.customers import new_id
from services.profile.store.records import MICROSECOND
from shared.contracts.consents import ConsentGiven, ConsentRecord, ConsentSource, ConsentWithdrawn
from shared.contracts.fields import AddressKind, Channel
from shared.contracts.masking import masked
from shared.contracts.wire import EPOCH
from shared.errors import NotFound
from shared.postgres import Connection
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1", tags=["consent"])

Service = Annotated[Principal, Depends(allow(Role.SERVICE))]
HISTORY_SHOWN = 200
E164 = Annotated[str, Field(pattern=r"^\+[1-9]\d{3,14}$")]


class ConsentIn(Request):
    """`consent_id`: the asker's own, so that asking again is the same consent."""

    identity_id: Id
    purpose: Code
    channel: Channel = Channel.PHONE
    source: ConsentSource = "agent"
    proof: Annotated[Line | None, Field(description="Where it can be looked up: recording, form, contract")] = None
    given_at: Moment | None = None
    expires_at: Moment | None = None
    contact_id: Id | None = None
    consent_id: Id | None = None


class WithdrawalIn(Request):
    """`purpose` null: everything but what they asked for themselves. `identity_id` null: every number the customer has."""

    identity_id: Id | None = None
    purpose: Code | None = None
    channel: Channel = Channel.PHONE
    source: ConsentSource = "agent"
    withdrawn_at: Moment | None = None
    contact_id: Id | None = None
    refusal_id: Id | None = None


class DiallingQuestion(Request):
    number: E164
    purpose: Code
    channel: Channel = Channel.PHONE


class DiallingIn(Request):
    entries: Annotated[list[DiallingQuestion], Field(min_length=1, max_length=500)]


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _not_ahead(field: str, at: datetime | None, now: datetime) -> datetime:
    if at is not None and at > now:
        raise FieldFault(field, "lies in the future")
    return at or now


def _standing(found: ConsentStanding) -> Document:
    said = found.said
    return {
        "consent": found.consent,
        "source": said and said.source,
        "proof": said and said.proof,
        "given_at": rfc3339(found.given_at),
        "withdrawn_at": rfc3339(found.withdrawn_at),
        "expires_at": rfc3339(said.expires_at) if said else None,
    }


async def _record(
    room: Room, connection: Connection, principal: Principal, customer_id: str, records: list[ConsentRecord]
) -> None:
    tenant, now = tenant_of(principal), room.now()
    for record in records:
        if await consents.keep(connection, tenant, row_of(record, record.number or "", now, principal.subject)):
            await tell(connection, tenant, record, now)
    kind = "consent_given" if isinstance(records[0], ConsentGiven) else "consent_withdrawn"
    detail = {"purpose": records[0].purpose or "", "channel": str(records[0].channel)}
    await customers.audit(connection, tenant, principal.subject, kind, customer_id=customer_id, detail=detail)


@router.post("/customers/{customer_id}/consents", status_code=201, response_model=Document)
async def give(customer_id: PathId, body: ConsentIn, room: InRoom, principal: Worker) -> Document:
    """The customer agrees to be called (or written to) at one of their numbers for a purpose. Answers what stands now."""
    given_at = _not_ahead("given_at", body.given_at, room.now())
    if body.expires_at is not None and body.expires_at <= given_at:
        raise FieldFault("expires_at", "lies before the consent")
    async with room.of_tenant(principal) as connection:
        number = await _number(connection, tenant_of(principal), customer_id, body.identity_id)
        record = ConsentGiven(
            body.consent_id or new_id("co"), body.purpose, body.channel, body.source, _microseconds(given_at),
            _microseconds(body.expires_at) if body.expires_at else None, body.proof, customer_id, body.contact_id, number,
        )  # fmt: skip
        await _record(room, connection, principal, customer_id, [record])
        return await _document(room, connection, principal, customer_id, room.now())


@router.post("/customers/{customer_id}/withdrawals", status_code=201, response_model=Document)
async def withdraw(customer_id: PathId, body: WithdrawalIn, room: InRoom, principal: Worker) -> Document:
    """The customer refuses: one purpose, or everything but requested callbacks and promised replies. Answers what stands now."""
    at = _microseconds(_not_ahead("withdrawn_at", body.withdrawn_at, room.now()))
    async with room.of_tenant(principal) as connection:
        tenant = tenant_of(principal)
        if body.identity_id is not None:
            numbers = {body.identity_id: await _number(connection, tenant, customer_id, body.identity_id)}
        else:
            await customers.require(connection, tenant, customer_id)
            numbers = await consents.numbers_of(connection, tenant, customer_id)
        if not numbers:
            raise NotFound("the customer has no number")
        asked = body.refusal_id or new_id("re")
        records: list[ConsentRecord] = [
            ConsentWithdrawn(
                asked if place == 0 else f"{asked[:60]}.{place}", body.channel, body.source, at, body.purpose,
                customer_id=customer_id, contact_id=body.contact_id, number=number,
            )
            for place, number in enumerate(dict.fromkeys(numbers.values()))
        ]  # fmt: skip
        await _record(room, connection, principal, customer_id, records)
        return await _document(room, connection, principal, customer_id, room.now())


async def _number(connection: Connection, tenant: str, customer_id: str, identity_id: str) -> str:
    kind, value = await customers.identity_value(connection, tenant, customer_id, identity_id)
    if kind not in (AddressKind.PHONE, AddressKind.FAX):
        raise FieldFault("identity_id", "is no number")
    return value


@router.get("/customers/{customer_id}/consents", response_model=Document, summary="What stands, and everything said")
async def read(
    customer_id: PathId, room: InRoom, principal: Staff,
    at: Annotated[Moment | None, Query(description="What held at that moment, as it was known then")] = None,
) -> Document:  # fmt: skip
    """`numbers`: what the customer has; `standing`: per number, channel and purpose ever spoken of;
    `history`: newest first (200 at most)."""
    async with room.of_tenant(principal) as connection:
        await customers.require(connection, tenant_of(principal), customer_id)
        return await _document(room, connection, principal, customer_id, at or room.now())


async def _document(
    room: Room, connection: Connection, principal: Principal, customer_id: str, at: datetime
) -> Document:
    tenant = tenant_of(principal)
    numbers = await consents.numbers_of(connection, tenant, customer_id)
    known = await consents.at_numbers(connection, tenant, list(numbers.values()))
    rows = await consents.history(connection, tenant, customer_id, HISTORY_SHOWN)
    return {
        "customer_id": customer_id,
        "at": rfc3339(at),
        "numbers": [{"identity_id": i, "number": _shown(number, principal)} for i, number in numbers.items()],
        "standing": [
            {"identity_id": identity_id, "number": _shown(number, principal), **line}
            for identity_id, number in numbers.items()
            for line in _lines(known[number], at)
        ],
        "history": [
            {
                **{name: row[name] for name in ("consent_id", "kind", "channel", "purpose", "source", "proof", "contact_id", "campaign",
                                                "recorded_by", "identity_id")},
                "number": _shown(row["number"], principal),
                **{name: rfc3339(row[name]) for name in ("said_at", "recorded_at", "expires_at")},
            }
            for row in rows if row["recorded_at"] <= at
        ],
    }  # fmt: skip


def _shown(number: str, principal: Principal) -> str:
    return number if sees_numbers(principal) else masked(AddressKind.PHONE, number)


def _lines(known: AtNumber, at: datetime) -> list[dict[str, Any]]:
    """What stands at a number, a line for each channel and purpose ever spoken of; purpose null: everything else."""
    holders = [holder.customer_id for holder in known.holders]
    lines: list[dict[str, Any]] = []
    for channel, said in sorted(known.said.items()):
        purposes = sorted({one.purpose for one in said if one.purpose is not None and one.recorded_at <= at})
        lines += [
            {"channel": channel, "purpose": purpose, **_standing(standing(said, purpose, holders, at))}
            for purpose in purposes
        ]
        everything = standing([one for one in said if one.purpose is None], "", holders, at)
        if everything.consent is ConsentState.WITHDRAWN:
            lines.append({"channel": channel, "purpose": None, **_standing(everything)})
    return lines


@router.post("/dialling", response_model=Document, summary="May these numbers be called? Up to 500 at once")
async def dialling(body: DiallingIn, room: InRoom, principal: Service, tenant: ForTenant = None) -> Document:
    """`items` in the order asked. `customer_id` only where one customer has the number; `candidates`: how many have it. Consent
    `none` with an `expires_at` has expired. Preferences are of everybody who has the number, the strictest of each."""
    now, of = room.now(), tenant_of(principal, tenant)
    async with room.of_tenant(principal, tenant) as connection:
        known = await consents.at_numbers(connection, of, [entry.number for entry in body.entries])
    return {"items": [_answer(entry, known[entry.number], now) for entry in body.entries]}


def _answer(asked: DiallingQuestion, known: AtNumber, now: datetime) -> Document:
    holders = [holder.customer_id for holder in known.holders]
    return {
        "customer_id": holders[0] if len(holders) == 1 else None,
        "candidates": len(holders),
        **_standing(standing(known.said.get(asked.channel, ()), asked.purpose, holders, now)),
        "preferences": calling_preferences([(holder.language, holder.preferences) for holder in known.holders]),
    }
