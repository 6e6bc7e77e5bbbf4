"""What an agent does about a call of ours: reads why it is made, books the next one, keeps a refusal, says how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from services.outbound.domain.attempts import AttemptState
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.windows import zone_of
from services.outbound.handlers.refusals import cancel, withdraw
from services.outbound.numbers import number_key, person_key
from services.outbound.parts import Parts
from services.outbound.store import attempts, campaigns, desk
from services.outbound.store.attempts import SOURCE, AttemptRow
from services.outbound.zones import place_of_number
from shared.contracts.consents import ConsentWithdrawn
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import Channel
from shared.contracts.masking import masked
from shared.contracts.wire import CONSENTS, EPOCH
from shared.errors import Forbidden, NotFound, Refused
from shared.postgres import Connection, enqueue, worker_transaction
from shared.security import Principal, Role

FURTHEST = timedelta(days=92)
"""How far ahead a callback may be booked."""
LOOKED_BACK = 10
"""Earlier attempts shown with a record."""


@dataclass(frozen=True, slots=True)
class Booking:
    """`at`: a wall clock of `time_zone`; `agent_id` None: whoever is free then."""

    at: datetime
    time_zone: str
    agent_id: str | None
    note: str


async def card_of(
    connection: Connection, tenant: str, attempt_id: str, contact_id: str | None = None
) -> dict[str, Any]:
    """Why somebody is called, as the agent reads it. Raises NotFound."""
    row = await desk.card(connection, tenant, attempt_id, contact_id)
    if row is None:
        raise NotFound("no such attempt")
    earlier = await connection.fetch(
        attempts.SQL["attempts_of_record"], tenant, row["campaign_id"], row["record_id"]
    )  # fmt: skip
    payload: dict[str, Any] = row["payload"] or {}
    document: dict[str, Any] = row["document"]
    return {
        "attempt_id": row["attempt_id"], "campaign_id": row["campaign_id"], "title": row["title"], "purpose": row["purpose"],
        "subject": row["subject"] or None,
        "record_id": row["record_id"], "number_masked": _masked(row), "zones": _zones(row), "language": row["record_language"],
        **{name: payload.get(name) for name in ("name", "reason", "promised", "suggestion", "evidence")},
        "fields": payload.get("fields", {}), "script": document.get("script", {}),
        "dispositions": list(document.get("dispositions", ())), "disposition": row["disposition"],
        "preview_seconds": document.get("preview_seconds"), "rang_back": row["rang_back"] is not None,
        "doubtful": row["answered_by"] == "machine", "said_machine": row["said_machine"],
        "earlier": [
            {"at": e["placed_at"] or e["authorised_at"], "outcome": e["outcome"]}
            for e in earlier
            if e["attempt_id"] != row["attempt_id"] and e["outcome"]
        ][:LOOKED_BACK],
    }  # fmt: skip


def _number(row: asyncpg.Record) -> str | None:
    numbers = row["numbers"] or []
    return numbers[row["number_index"]]["number"] if row["number_index"] < len(numbers) else None


def _masked(row: asyncpg.Record) -> str | None:
    number = _number(row)
    return None if number is None else masked("phone", number)


def _zones(row: asyncpg.Record) -> list[str]:
    number = _number(row)
    of_number = place_of_number(number).zones if number else ()
    return list(dict.fromkeys([*([row["address_zone"]] if row["address_zone"] else []), *of_number]))


async def card_of_contact(connection: Connection, tenant: str, contact_id: str) -> dict[str, Any]:
    """Of the call a contact is, or rings back. Raises NotFound."""
    attempt_id = await desk.attempt_of_contact(connection, tenant, contact_id)
    if attempt_id is None:
        raise NotFound("no call of ours")
    return await card_of(connection, tenant, attempt_id, contact_id)


async def own_attempt(connection: Connection, asker: Principal, attempt_id: str) -> AttemptRow:
    """The attempt, if the asker may speak of it: its agent, or somebody who steers. Raises NotFound, Forbidden."""
    attempt = await attempts.lock(connection, asker.tenant, attempt_id)
    if attempt is None:
        raise NotFound("no such attempt")
    steers = asker.has(Role.SUPERVISOR, Role.CAMPAIGN_MANAGER, Role.ADMIN)
    if not steers and attempt.agent_id not in (None, asker.agent_id):
        raise Forbidden("another agent's call")
    return attempt


def moment_of(booking: Booking, now: datetime) -> int:
    """When a booking is due, µs. Raises Refused with what is wrong with it."""
    zone = zone_of(booking.time_zone)
    if zone is None:
        raise Refused("unknown_time_zone", f"{booking.time_zone!r} is no time zone; write it like Asia/Shanghai")
    local = booking.at.replace(tzinfo=None).replace(tzinfo=ZoneInfo(booking.time_zone))
    if local <= now:
        raise Refused("in_the_past", "the time is past where the customer is; choose a later one")
    if local > now + FURTHEST:
        raise Refused("too_far_ahead", f"at most {FURTHEST.days} days ahead")
    return int((local - EPOCH).total_seconds()) * 1_000_000


async def book_callback(parts: Parts, asker: Principal, attempt_id: str, booking: Booking) -> int:
    """The record is called again at the customer's wish; when, µs. Booked anew, the later booking holds.

    Raises NotFound, Forbidden, Refused.
    """
    now = parts.clock.now()
    at = moment_of(booking, EPOCH + timedelta(microseconds=now))
    async with worker_transaction(parts.workers) as connection:
        attempt = await own_attempt(connection, asker, attempt_id)
        payload = {"promised": booking.note} if booking.note else {}
        if not attempt.record_id or not await desk.book(connection, attempt, at, booking.agent_id, now, payload):
            raise Refused(
                "no_record", "a call by hand has no record to call again; ask for a callback on the contact's page"
            )
        await campaigns.audit(
            connection, asker.tenant, now, asker.subject, "callback_booked", attempt.campaign_id, {"attempt": attempt_id, "at": at}
        )  # fmt: skip
        await campaigns.wake(connection, asker.tenant, attempt.pool)
    return at


async def skip(parts: Parts, asker: Principal, attempt_id: str) -> None:
    """The agent passes over a record before it is dialled: the attempt is given up, for everybody.

    Raises NotFound, Forbidden; Refused once the number rings.
    """
    async with worker_transaction(parts.workers) as connection:
        attempt = await own_attempt(connection, asker, attempt_id)
        if attempt.placed_at is not None or attempt.state is not AttemptState.AUTHORISED:
            raise Refused("too_late", f"the attempt is {attempt.state}")
        await cancel(connection, asker.tenant, [attempt], "skipped", parts.clock.now())


async def keep_disposition(parts: Parts, asker: Principal, attempt_id: str, disposition: str) -> None:
    """How the conversation ended, in the operator's own codes. Raises NotFound, Forbidden."""
    async with worker_transaction(parts.workers) as connection:
        await own_attempt(connection, asker, attempt_id)
        await desk.keep_disposition(connection, asker.tenant, attempt_id, disposition)


async def keep_refusal(parts: Parts, asker: Principal, attempt_id: str, purpose: Purpose | None) -> None:
    """The customer refuses: nothing they did not ask for is dialled from here on, and the profile hears of it.

    `purpose` None: of everything. Said twice it is one refusal. Raises NotFound, Forbidden.
    """
    now, secret = parts.clock.now(), parts.settings.person_key_secret.get_secret_value()
    async with worker_transaction(parts.workers) as connection:
        attempt = await own_attempt(connection, asker, attempt_id)
        row = await desk.card(connection, asker.tenant, attempt_id)
        number = None if row is None else _number(row)
        refusal = ConsentWithdrawn(
            stable_id("refusal", asker.tenant, attempt_id, purpose or ""), Channel.PHONE, "agent", now, purpose,
            attempt.campaign_id or None, attempt_id, None if row is None else row["customer_id"], None, number,
        )  # fmt: skip
        keys = {attempt.person_key, attempt.number_key}
        keys |= {number_key(secret, asker.tenant, number)} if number else set()
        keys |= {person_key(secret, asker.tenant, refusal.customer_id, "")} if refusal.customer_id else set()
        await withdraw(connection, asker.tenant, refusal, sorted(keys), now)
        await desk.refused(connection, asker.tenant, attempt_id)
        envelope = Envelope(refusal.refusal_id, SOURCE, now, asker.tenant, attempt.person_key, refusal)
        await enqueue(connection, CONSENTS, envelope, partition=None, key=attempt.person_key)
