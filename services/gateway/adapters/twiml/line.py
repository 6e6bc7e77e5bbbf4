"""The adapter's loop: what the stream asks of calls is remembered and carried out on the gateway, many calls at a time.

A caller in the middle of something is called away from it by the gateway's API; should that be lost, they ask again by
themselves after a round of music. Nobody is rung twice for one offer: it is written down before it is asked for.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import cast
from urllib.parse import quote

from services.gateway.adapters.port import ChannelEvent, ChannelPort, Endpoint
from services.gateway.adapters.twiml import memory
from services.gateway.adapters.twiml.call import Call, Leg, after, party_in, supervisor_key, unneeded
from services.gateway.adapters.twiml.calls import Calls
from services.gateway.adapters.twiml.documents import Writer
from services.gateway.adapters.twiml.settings import TwimlSettings
from shared import telemetry
from shared.contracts.channel_commands import (
    EndContact,
    HoldContact,
    JoinConsultation,
    PlayPrompt,
    RecordContact,
    SuperviseContact,
)
from shared.contracts.contact_events import TransferTarget
from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    ContactTransferred,
    DialRequested,
)

log = telemetry.logger("gateway")

VOICEMAIL = {"by": "customer", "reason": "voicemail"}
"""The end of a contact that left a message instead of waiting on."""


async def run(port: ChannelPort, settings: TwimlSettings) -> None:
    """Carry out the gateway's stream, for ever."""
    async with Calls.client(settings) as client, asyncio.TaskGroup() as effects:
        line = Line(port, settings, Calls(settings, client), Writer(settings, port.gateway_id, port.secret))
        await line.reconcile()
        async with aclosing(port.events(await port.read_to())) as events:
            async for event in events:
                if event.subject is not None:
                    moved = await memory.change(port, event.subject, lambda call, event=event: after(call, event))
                    if isinstance(event.data, EndContact):
                        said = {"by": event.data.by, "reason": event.data.reason}
                        await port.report("ContactEnded", event.subject, f"ended {event.data.command_id}", said)
                    elif moved is not None and moved[1].number == event.number:
                        effects.create_task(line.carry_out(event.subject, event, *moved))
                await port.carried_out(event.number)


async def report_left(port: ChannelPort, sid: str, call: Call) -> None:
    """The customer's leg is no more. Said twice it counts once."""
    if call.stage == "talking":
        await port.report("ContactEnded", sid, f"left {sid}", {"by": "customer"})
    elif call.stage == "message":
        await port.report("ContactEnded", sid, f"left {sid}", VOICEMAIL)
    else:
        await port.report("ContactAbandoned", sid, f"left {sid}", {})


async def report_not_connected(port: ChannelPort, sid: str, key: str, reason: str) -> None:
    """An agent's phone was not answered."""
    await port.report("ContactConnectFailed", sid, f"failed {key}", {"offer_id": key, "reason": reason})


async def report_party_failed(port: ChannelPort, sid: str, attempt_id: str, outcome: str) -> None:
    """An outside party did not answer."""
    said = {"attempt_id": attempt_id, "outcome": outcome}
    await port.report("DialFailed", sid, f"failed {attempt_id}", said)


@dataclass(frozen=True, slots=True)
class Line:
    port: ChannelPort
    settings: TwimlSettings
    calls: Calls
    writer: Writer

    async def reconcile(self) -> None:
        """After a start: calls that ended unheard are said to have ended; a phone that perhaps rings is given up."""
        for contact in await self.port.open_contacts():
            call = await memory.recall(self.port, contact.subject) if contact.subject else None
            if call is None or contact.subject is None or call.stage == "over":
                continue
            if not call.gone and await self.calls.alive(contact.subject) is False:
                await report_left(self.port, contact.subject, call)
            elif call.stage == "connecting" and call.offer_id is not None:
                await self._resume(contact.subject, call.offer_id, call)
            elif call.party is not None and (asked := call.unheard_of) is not None:
                await self._not_rung(contact.subject, call.party.attempt_id, asked, "unknown")

    async def _resume(self, sid: str, offer_id: str, call: Call) -> None:
        """A phone that was to ring rings now; one that may have been rung, nobody knows, is given up."""
        leg = call.legs[offer_id]
        if leg.state == "wanted":
            await asyncio.gather(self._call_away(sid, call), self._ring(sid, offer_id, call))
        elif leg.state == "ringing" and leg.sid is None:
            await self._not_rung(sid, offer_id, leg, "unknown")

    async def carry_out(self, sid: str, event: ChannelEvent, before: Call, call: Call) -> None:
        """What one event asks for, once it is remembered: `before` and `call` are the states it lies between."""
        match event.data:
            case PlayPrompt() | ContactQueued():
                if not before.quiet and call.stage != "message":
                    await self._call_away(sid, call)
            case ContactAssigned() | ConsultationStarted():
                await asyncio.gather(self._call_away(sid, call), self._ring(sid, event.data.offer_id, call))
            case DialRequested(outside=str(), transfer_id=str()):
                await self._ask_outside(sid, event.data, call)
            case ConsultationEnded() if before.apart == call.apart:
                pass  # the customer stays where they are
            case DialRequested(outside=str()):
                await self._dial_outside(sid, event.data, call)
            case ContactTransferred(target_kind=TransferTarget.OUTSIDE) if before.consulted is None:
                pass  # what is dialled follows
            case HoldContact() | JoinConsultation() | ConsultationEnded() | ContactTransferred():
                await self._call_away(sid, call)
            case SuperviseContact():
                await self._supervise(sid, event.data, call)
            case RecordContact() if self.settings.record:
                told = self.writer.url(f"recording?contact={call.contact_id}")
                await self.calls.record(sid, event.data.action, told)
            case ContactClosed() if before.stage != call.stage and call.stage in ("outside", "message"):
                await self._call_away(sid, call)
            case ContactClosed() if not call.gone:
                await self.calls.end(sid)
            case _:
                pass
        for key, leg in unneeded(call):
            await memory.change(self.port, sid, lambda held, key=key: held.leg(key, state="over"))
            if leg.sid is not None:
                await self.calls.end(leg.sid)

    async def _call_away(self, sid: str, call: Call) -> None:
        if not call.gone:
            await self.calls.send(sid, self.writer.url("next"))

    async def _dial_outside(self, sid: str, wanted: DialRequested, call: Call) -> None:
        """Once: the intent is written first, and one request of the caller's leg is answered with the dialling. What was
        begun before stands in the call's note: not yet cleared, nothing rang; later, the provider says what became of it."""
        if await self.port.begin_dial(wanted) is None:
            await report_party_failed(self.port, sid, wanted.attempt_id, "cancelled")
            return
        step = partial(party_in, attempt_id=wanted.attempt_id, before="wanted", state="cleared")
        moved = await memory.change(self.port, sid, step)
        if moved is not None and moved[0] != moved[1]:
            await self._call_away(sid, call)

    async def _ask_outside(self, sid: str, wanted: DialRequested, call: Call) -> None:
        """Ring the party whom the agent asks first, once: the intent is written first, then that they are rung."""
        key, party = wanted.attempt_id, call.party
        if party is None or key not in call.legs:
            await report_party_failed(self.port, sid, key, "cancelled")
        elif await self.port.begin_dial(wanted) is None:
            await self._not_rung(sid, key, call.legs[key], "cancelled")
        elif await self._to_ring(sid, key):
            await self._make(sid, key, party.number, party.seconds, party.shown)

    async def _to_ring(self, sid: str, key: str) -> bool:
        """Whether this leg is to be rung now, by us: it is written down."""
        moved = await memory.change(self.port, sid, lambda held: _ringing(held, key))
        return moved is not None and moved[0] != moved[1]

    async def _ring(self, sid: str, key: str, call: Call) -> None:
        """Ring somebody of ours, at most once for an offer."""
        leg = call.legs[key]
        endpoint = await self.port.endpoint(leg.person)
        to = None if endpoint is None else address_of(endpoint, self.settings)
        if to is None:
            log.warning("nowhere to ring", agent_id=leg.person)
            await self._not_rung(sid, key, leg, "no_phone")
            return
        if await self._to_ring(sid, key):
            await self._make(sid, key, to, self.settings.ring_seconds)

    async def _make(self, sid: str, key: str, to: str, seconds: int, shown: str | None = None) -> None:
        about = f"call={quote(sid)}&key={quote(key)}"
        picked_up, told = self.writer.url(f"leg?{about}"), self.writer.url(f"dial?{about}")
        made = await self.calls.make(to, picked_up, told, seconds, caller_id=shown)
        if made is None:
            call = await memory.recall(self.port, sid)
            if call is not None and key in call.legs:
                await self._not_rung(sid, key, call.legs[key], "gateway_refused")
            return
        held = await memory.change(self.port, sid, lambda call: call.leg(key, sid=made))
        if held is not None and (held[1].legs[key].state == "over" or key in dict(unneeded(held[1]))):
            await self.calls.end(made)

    async def _not_rung(self, sid: str, key: str, leg: Leg, reason: str) -> None:
        await memory.change(self.port, sid, lambda call: call.leg(key, state="over"))
        if leg.role in ("agent", "consulted"):
            await report_not_connected(self.port, sid, key, reason)
        elif leg.role == "party":
            outcome = reason if reason in ("cancelled", "unknown") else "failed"
            await report_party_failed(self.port, sid, key, outcome)

    async def _supervise(self, sid: str, command: SuperviseContact, call: Call) -> None:
        key = supervisor_key(command.requested_by)
        leg = call.legs.get(key)
        if command.mode == "stop":
            if leg is not None and leg.sid is not None and leg.state != "over":
                await self.calls.end(leg.sid)
        elif leg is not None and leg.state == "up":
            await self.calls.send(cast(str, leg.sid), self.writer.url(f"leg?call={quote(sid)}&key={quote(key)}"))
        else:
            await self._ring(sid, key, call)


def _ringing(call: Call, key: str) -> Call:
    return call.leg(key, state="ringing") if call.legs[key].state == "wanted" else call


def address_of(endpoint: Endpoint, settings: TwimlSettings) -> str | None:
    """What the gateway's API calls an agent's phone; None for one it cannot reach."""
    if endpoint.kind == "outside":
        return endpoint.address
    if endpoint.kind == "softphone" and settings.softphones:
        return f"client:{endpoint.address}"
    return f"sip:{endpoint.address}@{settings.sip_domain}" if settings.sip_domain else None
