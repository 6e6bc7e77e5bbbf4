"""Outbound's attempts: taken, begun once, followed, closed by exactly one outcome, and told again to whoever asks.

The row in `attempts` says what was asked for, the row in `dials` that it was begun. Both are committed before anything rings,
and a result travels in the transaction that writes it down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from services.gateway import attempt_store, callback_store, store
from services.gateway.credentials import Credential
from services.gateway.domain.attempts import (
    DIALOGUE,
    BegunAttempt,
    KeptAttempt,
    attempt_of,
    closing,
    ended,
    never_asked,
    result_of,
)
from services.gateway.domain.callbacks import KeptCallback
from services.gateway.domain.sessions import GatewayEvent
from services.gateway.kinds import KINDS
from services.gateway.parts import Parts
from shared import telemetry
from shared.contracts.contact_events import CallbackCancelled, CallbackRequested
from shared.contracts.dial_requests import CancelCall, DialRequest, PlaceCall, TellAttempt
from shared.contracts.dial_results import (
    AttemptAnswered,
    AttemptConnected,
    AttemptEnded,
    AttemptOutcome,
    AttemptRang,
    DialResult,
)
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactClosed, SelfServiceEngaged
from shared.contracts.wire import DIAL_RESULTS
from shared.postgres import Connection, enqueue, tenant_transaction, worker_transaction

log = telemetry.logger("gateway")

SOURCE: Final = "/gateway/attempts"
FORGET_SECONDS: Final = 3_600.0
FORGOTTEN_AT_ONCE: Final = 1_000
BREATH_SECONDS: Final = 0.05
"""Between two pieces: calls come first."""
DAY: Final = 86_400 * SECOND


# --- what outbound asks ---------------------------------------------------------------------------------------------


async def take(parts: Parts, envelope: Envelope[DialRequest]) -> None:
    """One request of `dial-requests`. Raises NotFound where the tenant has no pool: nothing could be dialled for it."""
    match envelope.data:
        case PlaceCall() as wanted:
            await place(parts, envelope.tenant, wanted)
        case CancelCall() as given_up:
            await cancel(parts, envelope.tenant, given_up)
        case TellAttempt() as asked:
            await tell_again(parts, envelope.tenant, asked)


async def place(parts: Parts, tenant: str, wanted: PlaceCall) -> None:
    """Kept and handed to the channel that dials; a stale request, or one nobody here can carry out, ends at once.

    Repeated it changes nothing: an attempt that has ended is told again.
    """
    now, attempt = parts.clock.now(), attempt_of(tenant, wanted)
    refused = _refused(parts, attempt, now)
    async with worker_transaction(parts.worker) as connection:
        if not await attempt_store.keep(connection, attempt, now):
            known = await attempt_store.find(connection, tenant, wanted.attempt_id)
            if known is not None and known.ended is not None:
                await _publish(connection, tenant, known.ended, now)
        elif refused is not None:
            await end(connection, tenant, refused, now)
        elif wanted.first == "agent":
            await _ask_for_agent(parts, connection, attempt, now)
        else:
            told = GatewayEvent(wanted.gateway_id, tenant, attempt.contact_id, attempt.wanted)
            await store.append_events(connection, [told])
    telemetry.count("ucc_attempts_total", first=wanted.first, taken="refused" if refused is not None else "taken")


def _refused(parts: Parts, attempt: KeptAttempt, now: int) -> AttemptEnded | None:
    wanted = attempt.wanted
    if now > wanted.not_after:
        return ended(attempt, "cancelled", now, "stale")
    row = parts.credentials.adapter(wanted.gateway_id)
    kind = None if row is None or row.tenant_id != attempt.tenant else KINDS.get(row.kind)
    if kind is None or not (kind.places if wanted.first == "customer" else kind.dials):
        return ended(attempt, "failed", now, "not_offered")
    return None if attempt.number is not None else ended(attempt, "failed", now, "no_number")


async def _ask_for_agent(parts: Parts, connection: Connection, attempt: KeptAttempt, now: int) -> None:
    """Agent first: a callback whose agent sees the record before anything rings."""
    wanted = attempt.wanted
    row = parts.credentials.adapter(wanted.gateway_id)
    assert row is not None
    assert attempt.number is not None
    sender, partition = await parts.sender(Credential(row.tenant_id, row.gateway_id, row.pool_id))
    kept = KeptCallback(
        attempt.tenant, attempt.contact_id, wanted.gateway_id, attempt.subject, attempt.number, None, now
    )
    await callback_store.keep(connection, kept)
    fact = CallbackRequested(
        callback_id=attempt.contact_id, mode="agent_first", not_before=wanted.not_before,
        window_until=wanted.window_until, by="agent", group=wanted.group, business_line=wanted.business_line,
        gateway_id=wanted.gateway_id, customer_id=wanted.customer_id, campaign=wanted.campaign,
        attempt=wanted.attempt_id, attempts=1, agent_id=wanted.agent_id, address=attempt.number,
    )  # fmt: skip
    event_id = stable_id("callback_requested", attempt.tenant, attempt.contact_id)
    envelope = Envelope(event_id, SOURCE, now, attempt.tenant, attempt.contact_id, fact, pool=sender.pool_id)
    await store.say(connection, envelope, partition)


async def cancel(parts: Parts, tenant: str, given_up: CancelCall) -> None:
    """From here on it cannot be begun: what rings is taken down by its channel, what waits for its agent by the router."""
    now = parts.clock.now()
    async with worker_transaction(parts.worker) as connection:
        known = await attempt_store.find(connection, tenant, given_up.attempt_id)
        if known is None:
            await _shut(connection, tenant, given_up, "cancelled", given_up.reason, now)
        elif known.ended is not None:
            await _publish(connection, tenant, known.ended, now)
        else:
            await attempt_store.withdraw(connection, known, given_up.reason)
            if known.wanted.first == "agent":
                await _cancel_callback(parts, connection, known, given_up.reason, now)
            await _ask_channel(connection, known, given_up)


async def tell_again(parts: Parts, tenant: str, asked: TellAttempt) -> None:
    """Its outcome, if it has one; else its channel looks, while there is one."""
    now = parts.clock.now()
    async with worker_transaction(parts.worker) as connection:
        known = await attempt_store.find(connection, tenant, asked.attempt_id)
        if known is None:
            await _shut(connection, tenant, asked, "unknown", "never_heard_of", now)
        elif known.ended is not None:
            await _publish(connection, tenant, known.ended, now)
        elif parts.credentials.adapter(known.wanted.gateway_id) is None:
            await end(connection, tenant, ended(known, "unknown", now, "gateway_gone"), now)
        else:
            await _ask_channel(connection, known, asked)


async def _cancel_callback(parts: Parts, connection: Connection, known: KeptAttempt, reason: str, now: int) -> None:
    """Nobody is offered it any more. Begun already, the router refuses: a conversation goes on."""
    row = parts.credentials.adapter(known.wanted.gateway_id)
    if row is not None and known.begun_at is None:
        sender, partition = await parts.sender(Credential(row.tenant_id, row.gateway_id, row.pool_id))
        fact = CallbackCancelled(known.contact_id, "outbound", reason)
        event_id = stable_id("callback_cancelled", known.tenant, known.contact_id)
        envelope = Envelope(event_id, SOURCE, now, known.tenant, known.contact_id, fact, pool=sender.pool_id)
        await store.say(connection, envelope, partition)


async def _ask_channel(connection: Connection, known: KeptAttempt, request: CancelCall | TellAttempt) -> None:
    if known.wanted.first == "customer":
        told = GatewayEvent(known.wanted.gateway_id, known.tenant, known.contact_id, request)
        await store.append_events(connection, [told])


async def _shut(
    connection: Connection, tenant: str, about: CancelCall | TellAttempt, outcome: AttemptOutcome, reason: str, now: int
) -> None:
    """An attempt never heard of ends here: should its request still come, it is not dialled."""
    attempt = attempt_of(tenant, never_asked(about.attempt_id, about.campaign, about.gateway_id))
    await attempt_store.keep(connection, attempt, now)
    await end(connection, tenant, ended(attempt, outcome, now, reason), now)


async def forget(parts: Parts) -> None:
    """Those that ended long ago, for ever; what is under way stays. Longer than any topic keeps the requests they answer."""
    while True:
        before = parts.clock.now() - round(parts.settings.gateway_attempts_kept_days * DAY)
        async with worker_transaction(parts.worker) as connection:
            gone = await attempt_store.forget(connection, before, FORGOTTEN_AT_ONCE)
        telemetry.count("ucc_attempts_forgotten_total", gone)
        await asyncio.sleep(BREATH_SECONDS if gone >= FORGOTTEN_AT_ONCE else FORGET_SECONDS)


# --- what channels do and say ---------------------------------------------------------------------------------------


async def begin(parts: Parts, credential: Credential, attempt_id: str) -> BegunAttempt | None:
    """Commit the intent to dial. None: it must not be dialled, and that was said."""
    now = parts.clock.now()
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        attempt = await attempt_store.find(connection, credential.tenant, attempt_id)
        if attempt is None or attempt.ended is not None or attempt.wanted.gateway_id != credential.gateway_id:
            return None
        if attempt.begun_at is not None:
            return BegunAttempt(attempt, fresh=False)
        why = attempt.withdrawn or ("stale" if now > attempt.wanted.not_after else None)
        if why is not None:
            await end(connection, credential.tenant, ended(attempt, "cancelled", now, why), now)
            return None
        await callback_store.begin_dial(
            connection, credential.tenant, attempt_id, attempt.contact_id, credential.gateway_id, now
        )
        await say_placed(connection, attempt, now)
    return BegunAttempt(replace(attempt, begun_at=now), fresh=True)


async def say_placed(connection: Connection, attempt: KeptAttempt, now: int) -> None:
    """In the transaction that begins it."""
    wanted = attempt.wanted
    rang = AttemptRang(wanted.attempt_id, wanted.campaign, wanted.gateway_id, now)
    await _publish(connection, attempt.tenant, rang, now)


async def tell(parts: Parts, credential: Credential, result: DialResult) -> None:
    """What became of an attempt, as its channel knows it."""
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        await _tell(connection, credential.tenant, result, parts.clock.now())


async def heard(
    parts: Parts, credential: Credential, contact_id: str, kind: str, said: Mapping[str, Any], at: int
) -> None:
    """A fact a channel reported about the contact of an attempt."""
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        for attempt in await attempt_store.of_contacts(connection, [contact_id]):
            held = (await store.contacts_held(connection, [contact_id])).get(contact_id)
            agent_id = None if held is None else held.agent_id
            result = result_of(attempt, kind, said, agent_id, at)
            if result is not None:
                await _tell(connection, credential.tenant, result, parts.clock.now())


async def under_way(parts: Parts, credential: Credential) -> Sequence[KeptAttempt]:
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        return await attempt_store.under_way(connection, credential.gateway_id)


# --- what the router decides ----------------------------------------------------------------------------------------


async def follow(connection: Connection, decisions: Sequence[Envelope[Any]], now: int) -> None:
    """Contacts of attempts that a dialogue took, or that have ended."""
    about = {e.data.contact_id: e.data for e in decisions if isinstance(e.data, SelfServiceEngaged)}
    over = {e.data.contact_id: e.data for e in decisions if isinstance(e.data, ContactClosed)}
    if not about and not over:
        return
    for attempt in await attempt_store.of_contacts(connection, {*about, *over}):
        wanted, contact_id = attempt.wanted, attempt.contact_id
        if contact_id in about:
            began = AttemptConnected(wanted.attempt_id, wanted.campaign, wanted.gateway_id, now)
            await _tell(connection, attempt.tenant, began, now)
            attempt = replace(attempt, connected_by=attempt.connected_by or DIALOGUE)
        if contact_id in over and (result := closing(attempt, over[contact_id])) is not None:
            await _tell(connection, attempt.tenant, result, now)


# --- results --------------------------------------------------------------------------------------------------------


async def _tell(connection: Connection, tenant: str, result: DialResult, now: int) -> None:
    """Facts are told in the order they happened: the router hears of a person before outbound does, and may have connected them
    when their channel says that they answered."""
    match result:
        case AttemptEnded():
            await end(connection, tenant, result, now)
        case AttemptAnswered():
            already = await attempt_store.answered(connection, tenant, result.attempt_id, result.connected_at)
            await _publish(connection, tenant, result, now)
            if already is not None:
                at, by = already
                agent_id = None if by == DIALOGUE else by
                connected = AttemptConnected(result.attempt_id, result.campaign, result.gateway_id, at, agent_id)
                await _publish(connection, tenant, connected, now)
        case AttemptConnected():
            by = result.agent_id or DIALOGUE
            if await attempt_store.connected(connection, tenant, result.attempt_id, result.at, by):
                await _publish(connection, tenant, result, now)
        case AttemptRang():
            await _publish(connection, tenant, result, now)


async def end(connection: Connection, tenant: str, result: AttemptEnded, now: int) -> None:
    """The first outcome stays, and is the only one told."""
    if await attempt_store.end(connection, tenant, result):
        await _publish(connection, tenant, result, now)
        telemetry.count("ucc_attempts_ended_total", outcome=result.outcome)


async def _publish(connection: Connection, tenant: str, result: DialResult, now: int) -> None:
    """A fact has one id: being dialled and ringing are two, and so are a dialogue and each agent."""
    which = ""
    if isinstance(result, AttemptRang) and result.rang_at is not None:
        which = "rings"
    elif isinstance(result, AttemptConnected):
        which = result.agent_id or DIALOGUE
    event_id = stable_id(type(result).__name__, tenant, result.attempt_id, which)
    envelope = Envelope(event_id, SOURCE, now, tenant, result.attempt_id, result)
    await enqueue(connection, DIAL_RESULTS, envelope, partition=None, key=result.attempt_id)
