"""Customers who are to be called back: the number is kept here, the wish is told to the router. An attempt is begun once, also
to an outside party."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.gateway import attempt_store, callback_store
from services.gateway.credentials import Credential
from services.gateway.domain.callbacks import CALLED_BACK, Dial, KeptCallback
from services.gateway.domain.cloud_events import contact_id_of
from services.gateway.handlers import attempts
from services.gateway.handlers.authorising import REQUESTED_CALLBACK, AskedToDial, Gate
from services.gateway.parts import Parts
from shared import telemetry
from shared.contracts.contact_events import CallbackRequested
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.routing_decisions import DialRequested
from shared.contracts.wire import CONTACT_EVENTS
from shared.postgres import tenant_transaction

log = telemetry.logger("gateway")

SOURCE = "/gateway/callbacks"


@dataclass(frozen=True, slots=True)
class Wish:
    """`number` E.164; `key` of whoever asks: the same again is the same callback. Times in µs."""

    key: str
    number: str
    contact_id: str | None = None
    by: Literal["customer", "agent", "ivr"] = "customer"
    mode: Literal["agent_first", "customer_first"] | None = None
    not_before: int | None = None
    window_until: int | None = None
    group: str | None = None
    business_line: str | None = None


async def request(parts: Parts, dialler: Credential, wish: Wish) -> str:
    """The callback's contact id, once the router will hear of it. `dialler`: the gateway row that will dial.

    The number is committed before the wish is told: whoever is asked to dial finds it. Raises BrokerUnavailable.
    """
    sender, partition = await parts.sender(dialler)
    subject = f"{CALLED_BACK}{stable_id('callback', sender.tenant, wish.contact_id or '', wish.key)}"
    callback_id = contact_id_of(sender.tenant, dialler.gateway_id, subject)
    now = parts.clock.now()
    async with tenant_transaction(parts.api, sender.tenant) as connection:
        await callback_store.keep(
            connection,
            KeptCallback(sender.tenant, callback_id, dialler.gateway_id, subject, wish.number, wish.contact_id, now),
        )
    fact = CallbackRequested(
        callback_id=callback_id,
        contact_id=wish.contact_id,
        mode=wish.mode,
        not_before=wish.not_before,
        window_until=wish.window_until,
        by=wish.by,
        group=wish.group,
        business_line=wish.business_line,
        gateway_id=dialler.gateway_id,
        address=wish.number,
    )
    event_id = stable_id("callback_requested", sender.tenant, callback_id)
    about = wish.contact_id or callback_id
    envelope = Envelope(event_id, SOURCE, now, sender.tenant, about, fact, pool=sender.pool_id)
    await parts.producer.publish(CONTACT_EVENTS, envelope, partition=partition, key=sender.pool_id)
    return callback_id


async def begin(parts: Parts, credential: Credential, gate: Gate, wanted: DialRequested) -> Dial | None:
    """Commit the intent to dial. None: too late, nobody this gateway may call, or refused by the gate: it must not be dialled.

    A campaign's attempt is told of what becomes of it; its caller id is the campaign's.
    """
    tenant = credential.tenant
    async with tenant_transaction(parts.api, tenant) as connection:
        number = wanted.number or await callback_store.number_of(connection, wanted.contact_id, credential.gateway_id)
        begun = await callback_store.was_begun(connection, wanted.attempt_id)
        attempt = next(iter(await attempt_store.of_contacts(connection, [wanted.contact_id])), None)
    if number is None:
        return None
    if not begun and wanted.outside is None:
        purpose = REQUESTED_CALLBACK if attempt is None else attempt.wanted.purpose
        campaign = None if attempt is None else attempt.wanted.campaign
        asked = AskedToDial(wanted.attempt_id, wanted.contact_id, number, purpose, campaign)
        why = await gate.refusal(tenant, asked) or (None if attempt is None else attempt.withdrawn)
        if why is not None:
            if attempt is not None:
                async with tenant_transaction(parts.api, tenant) as connection:
                    await attempt_store.withdraw(connection, attempt, why)
            return None
    now = parts.clock.now()
    late = now > wanted.not_after
    async with tenant_transaction(parts.api, tenant) as connection:
        fresh = not late and await callback_store.begin_dial(
            connection, tenant, wanted.attempt_id, wanted.contact_id, credential.gateway_id, now
        )
        if fresh and attempt is not None:
            await attempts.say_placed(connection, attempt, now)
    if late:
        log.warning("asked too late to dial", contact_id=wanted.contact_id, attempt_id=wanted.attempt_id)
    return Dial(wanted.attempt_id, number, fresh, None if attempt is None else attempt.wanted.caller_id)
