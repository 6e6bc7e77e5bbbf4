"""What routing decisions mean to the gateway: contacts opened and closed, sessions to connect, and what gateways are told.

The session of a chat, a fax, a message or mail is kept by this service itself: an assignment connects it at once. A telephone
call is kept by the gateway it came from, which hears of the assignment on its stream and reports the connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.contracts.channel_commands import ChannelCommand, EndContact, HoldContact
from shared.contracts.contact_events import (
    ContactConnected,
    ContactEnded,
    ContactEvent,
    ContactHeld,
    ConversationTurned,
)
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import (
    CallbackOffered,
    CallbackQueued,
    CallbackRetryScheduled,
    ConsultationEnded,
    ConsultationRequested,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactDeferred,
    ContactQueued,
    ContactTransferred,
    DialRequested,
    DialSettled,
    EnrichmentAwaited,
    OfferMade,
    OfferWithdrawn,
    SelfServiceAwaited,
    SelfServiceEngaged,
    TransferSettled,
)

SOURCE = "/gateway"
NO_ANSWER_FROM_CUSTOMER = "no_answer_from_customer"
"""Why the router closes a chat whose customer stayed silent; they are told."""
KEPT_HERE = frozenset({Channel.WEB, Channel.FAX, Channel.SMS, Channel.EMAIL})
"""Channels whose sessions this service keeps itself."""
TAKES_TURNS = frozenset({Channel.WEB, Channel.SMS})
"""Channels whose two sides write in turn, within minutes."""
WHOLE_CONVERSATION = frozenset({"web"})
"""Adapters that show their customers the conversation as it happens: their own words in every tab, the choices of a
question, what became of messages. The streams of all others carry what the customer must be told, and no more."""


@dataclass(frozen=True, slots=True)
class HeldContact:
    """A contact as the gateway knows it. `partition` and `pool_id`: where what we say about it goes."""

    tenant: str
    contact_id: str
    channel: Channel
    partition: int
    pool_id: str | None = None
    gateway_id: str | None = None
    subject: str | None = None
    opened_at: int = 0
    open: bool = True
    agent_id: str | None = None
    offer_id: str | None = None
    callback: bool = False  # no session holds it until its customer is dialled


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """One event of a gateway's stream; `data` is a contract."""

    gateway_id: str
    tenant: str
    contact_id: str
    data: object


@dataclass(slots=True)
class Effects:
    """What a batch of decisions changes here, in the order decided."""

    opened: dict[str, HeldContact] = field(default_factory=dict[str, HeldContact])
    assigned: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])  # contact → agent, offer
    passed_on: dict[str, str] = field(default_factory=dict[str, str])  # contact → agent of a completed warm transfer
    closed: dict[str, int] = field(default_factory=dict[str, int])  # contact → µs
    to_rate: list[tuple[HeldContact, int]] = field(default_factory=list[tuple[HeldContact, int]])  # on this scale
    silent: list[HeldContact] = field(default_factory=list[HeldContact])  # closed, for their customer did not answer
    told: list[GatewayEvent] = field(default_factory=list[GatewayEvent])
    said: list[tuple[int, Envelope[ContactEvent]]] = field(default_factory=list[tuple[int, Envelope[ContactEvent]]])


def effects_of(decisions: Sequence[Envelope[Any]], held: Mapping[str, HeldContact], now: int) -> Effects:
    """Effects of `decisions` (of one partition), given the contacts among them already `held`."""
    effects = Effects()
    known = dict(held)
    for envelope in decisions:
        decision = envelope.data
        match decision:
            case EnrichmentAwaited() | SelfServiceAwaited() | ContactQueued() | CallbackQueued() | ContactClosed():
                if decision.contact_id not in known:
                    contact = _opened(envelope, decision, now)
                    known[contact.contact_id] = effects.opened[contact.contact_id] = contact
                if isinstance(decision, ContactClosed):
                    effects.closed[decision.contact_id] = decision.at
                    if decision.rating_scale is not None:
                        effects.to_rate.append((known[decision.contact_id], decision.rating_scale))
                    if decision.reason == NO_ANSWER_FROM_CUSTOMER:
                        effects.silent.append(known[decision.contact_id])
                if not isinstance(decision, EnrichmentAwaited):
                    _tell(effects, envelope, known)
            case (
                SelfServiceEngaged() | OfferMade() | OfferWithdrawn()
                | CallbackOffered() | ContactDeferred() | DialRequested() | CallbackRetryScheduled()
                | ConsultationRequested() | ConsultationStarted() | ConsultationEnded()
            ):  # fmt: skip
                _tell(effects, envelope, known)
            case ContactTransferred():
                if decision.to_agent is not None:  # a warm transfer completed: the customer is theirs now
                    effects.passed_on[decision.contact_id] = decision.to_agent
                _tell(effects, envelope, known)
            case (
                TransferSettled(outcome="answered", agent_id=None) | DialSettled(transfer_id=str())
            ):  # an outside party's
                _tell(effects, envelope, known)
            case ContactAssigned():
                effects.assigned[decision.contact_id] = (decision.agent_id, decision.offer_id)
                _tell(effects, envelope, known)
                if decision.channel in KEPT_HERE:
                    effects.said.append((envelope.partition or 0, _connected(envelope, decision, now)))
            case _:
                continue
    return effects


def _opened(
    envelope: Envelope[Any],
    decision: EnrichmentAwaited | SelfServiceAwaited | ContactQueued | CallbackQueued | ContactClosed,
    now: int,
) -> HeldContact:
    return HeldContact(
        tenant=envelope.tenant,
        contact_id=decision.contact_id,
        channel=decision.channel,
        partition=envelope.partition or 0,
        pool_id=envelope.pool,
        gateway_id=decision.gateway_id,
        opened_at=now,
        callback=isinstance(decision, CallbackQueued),
    )


def _tell(effects: Effects, envelope: Envelope[Any], known: Mapping[str, HeldContact]) -> None:
    contact = known.get(envelope.data.contact_id)
    if contact is not None and contact.gateway_id is not None:
        effects.told.append(GatewayEvent(contact.gateway_id, contact.tenant, contact.contact_id, envelope.data))


def _connected(envelope: Envelope[Any], decision: ContactAssigned, now: int) -> Envelope[ContactEvent]:
    return Envelope(
        id=stable_id("connected", envelope.tenant, decision.offer_id),
        source=SOURCE,
        time=now,
        tenant=envelope.tenant,
        subject=decision.contact_id,
        data=ContactConnected(decision.contact_id, decision.offer_id),
        pool=envelope.pool,
    )


def turned(
    contact: HeldContact, message_id: str, side: Literal["agent", "customer"], now: int
) -> Envelope[ContactEvent]:
    """With that message it became this side's turn to write."""
    return Envelope(
        id=stable_id("turned", contact.tenant, message_id),
        source=SOURCE,
        time=now,
        tenant=contact.tenant,
        subject=contact.contact_id,
        data=ConversationTurned(contact.contact_id, side),
        pool=contact.pool_id,
    )


CommandOutcome = Literal["done", "passed_on", "stale", "contact_closed"]


def outcome_of(command: ChannelCommand, contact: HeldContact, now: int) -> CommandOutcome:
    """What becomes of a command: refused when it comes too late, else done here or passed on to the contact's gateway."""
    if now > command.not_after:
        return "stale"
    if not contact.open:
        return "contact_closed"
    return "done" if contact.channel in KEPT_HERE else "passed_on"


def held_by_command(command: HoldContact, contact: HeldContact, now: int) -> Envelope[ContactEvent]:
    """A hold under way: it counts from the moment the command goes to the session, here or on its gateway's stream."""
    return Envelope(
        id=stable_id("held", contact.tenant, command.command_id),
        source=SOURCE,
        time=now,
        tenant=contact.tenant,
        subject=contact.contact_id,
        data=ContactHeld(contact.contact_id, command.requested_by, command.held),
        pool=contact.pool_id,
    )


def ended_by_command(command: EndContact, contact: HeldContact, now: int) -> Envelope[ContactEvent]:
    """The end of a session kept here, as the command asked for it."""
    return Envelope(
        id=stable_id("ended", contact.tenant, command.command_id),
        source=SOURCE,
        time=now,
        tenant=contact.tenant,
        subject=contact.contact_id,
        data=ContactEnded(contact.contact_id, command.by, reason=command.reason),
        pool=contact.pool_id,
    )


LostReason = Literal["gateway_reconciled", "gateway_lost"]


def failed_with_gateway(contact: HeldContact, reason: LostReason, now: int) -> Envelope[ContactEvent]:
    """The end of a contact whose gateway no longer holds it. The same id whoever notices, so it ends once."""
    return Envelope(
        id=stable_id("lost", contact.tenant, contact.contact_id),
        source=SOURCE,
        time=now,
        tenant=contact.tenant,
        subject=contact.contact_id,
        data=ContactEnded(contact.contact_id, "system", failed=True, reason=reason),
        pool=contact.pool_id,
    )
