"""What becomes of a call when something happens to it. Pure: `decide(call, what happened)` → (call, what to do).

What does not fit (a repeat, a crossing, a late word) changes nothing: UCC's journal is where refusals are explained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from services.gateway.adapters.asterisk import calling_back, passing_outside, placing, rating
from services.gateway.adapters.asterisk.attempt_actions import ZipTone
from services.gateway.adapters.asterisk.calls import (
    AskToBeCalled,
    Call,
    Consultation,
    Decided,
    HangUp,
    Leg,
    Listener,
    PassOn,
    Phase,
    Report,
    Ring,
    RingListener,
    TakeMessage,
    moved,
)
from services.gateway.adapters.asterisk.facts import (
    AnnouncementOver,
    CallAnswered,
    CallbackWished,
    ConnectFailed,
    ConsentPlayed,
    CustomerGone,
    CustomerReached,
    CustomerRings,
    CustomerScreened,
    CustomerUnreached,
    KeyPressed,
    LegGone,
    LegUp,
    NobodyInTime,
    OutsideGone,
    OutsideUp,
    RangOut,
    RatingOver,
    RungAnew,
    SoundBegan,
    TonesHeard,
)
from shared.contracts.channel_commands import (
    EndContact,
    HoldContact,
    JoinConsultation,
    PlayPrompt,
    SuperviseContact,
)
from shared.contracts.dial_requests import CancelCall, PlaceCall
from shared.contracts.routing_decisions import (
    CallbackOffered,
    CallbackRetryScheduled,
    ConsultationEnded,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    ContactTransferred,
    DialRequested,
    OfferMade,
    OfferWithdrawn,
)

UNSERVED: Final = frozenset({ContactEnd.REJECTED, ContactEnd.OVERFLOWED, ContactEnd.FAILED})


def decide(call: Call, happened: object) -> Decided:
    """What is true after `happened`, and what is to be done."""
    handler = _HANDLERS.get(type(happened))
    if handler is None or call.phase is Phase.OVER:
        return call, ()
    return handler(call, happened)


# --- the customer ---------------------------------------------------------------------------------------------------


def _answered(call: Call, _: CallAnswered) -> Decided:
    return replace(call, answered=True), ()


def _consented(call: Call, _: ConsentPlayed) -> Decided:
    return replace(call, consented=True), ()


def _customer_gone(call: Call, gone: CustomerGone) -> Decided:
    """They hung up. Before an agent was connected that is an abandonment, afterwards the customer's end."""
    if call.phase is Phase.RATING:
        return _over(call), ()
    if call.placed is not None:
        return placing.customer_gone(call, gone)
    key = f"{call.subject}/gone"
    if gone.failed is not None:
        said = Report("ContactEnded", key, {"by": "system", "failed": True, "reason": gone.failed})
    elif call.phase is Phase.TALKING:
        said = Report("ContactEnded", key, {"by": "customer"})
    else:
        said = Report("ContactAbandoned", key)
    return _over(call), [*_hang_up(call, but_customer=True), said]


def _guided(call: Call, _: PlayPrompt) -> Decided:
    return (moved(replace(call, placed=None), Phase.GUIDED), ()) if call.phase is Phase.ARRIVED else (call, ())


def _reached(call: Call, _: CustomerReached) -> Decided:
    if call.placed is not None and call.phase is Phase.ABSENT:
        return placing.reached(call, call.placed)
    return calling_back.reached(call)


def _unreached(call: Call, gone: CustomerUnreached) -> Decided:
    if call.phase is not Phase.ABSENT:
        return _customer_gone(call, CustomerGone())  # they answered, and left at once
    if call.placed is not None:
        return placing.unreached(call, gone)
    return calling_back.failed(call, gone.outcome)


def _may_call_back(call: Call, _: CallbackOffered) -> Decided:
    return replace(call, may_call_back=True), ()


def _wished(call: Call, _: CallbackWished) -> Decided:
    """Once; the call ends when UCC has the callback."""
    if not call.may_call_back or call.phase is not Phase.WAITING:
        return call, ()
    return replace(call, may_call_back=False), [AskToBeCalled()]


def _dial(call: Call, wanted: DialRequested) -> Decided:
    return (calling_back if wanted.outside is None else passing_outside).dial(call, wanted)


def _put_off(call: Call, _: CallbackRetryScheduled) -> Decided:
    return _over(call), calling_back.put_off(call)


def _end(call: Call, command: EndContact) -> Decided:
    if call.phase is Phase.ABSENT:
        return calling_back.ended_by_agent(call)
    reason = {} if command.reason is None else {"reason": command.reason}
    said = Report("ContactEnded", command.command_id, {"by": command.by, **reason})
    if command.by == "agent" and rating.stays(call):
        return rating.agent_left(call, _hang_up(call, but_customer=True), said)
    return _over(call), [*_hang_up(call), said]


def _closed(call: Call, closed: ContactClosed) -> Decided:
    """UCC is done with the contact, whatever we think; one that flowed out to a number goes on there."""
    asked = rating.closed(call, closed)
    if asked is not None:
        return asked
    if call.placed is not None and call.phase is not Phase.ABSENT:
        return placing.closed(call, call.placed, closed)
    if closed.number is not None and call.phase not in (Phase.TALKING, Phase.ABSENT):
        passed_on = PassOn(closed.number, closed.caller_id)
        return _over(call), [*_hang_up(call, but_customer=True), passed_on]
    if closed.to_kind == "message" and call.phase not in (Phase.TALKING, Phase.ABSENT):
        return _over(call), [*_hang_up(call, but_customer=True), TakeMessage()]
    return _over(call), _hang_up(call, sorry=closed.end in UNSERVED and call.answered)


def _over(call: Call) -> Call:
    return replace(
        moved(call, Phase.OVER), legs={}, listeners={}, agent=None, consultation=None, held=False,
        outside=None,
    )  # fmt: skip


def _hang_up(call: Call, *, but_customer: bool = False, sorry: bool = False) -> list[HangUp]:
    others = sorted(call.channels - {call.subject})
    return [*(HangUp(channel) for channel in others), *([] if but_customer else [HangUp(call.subject, sorry)])]


# --- offers ---------------------------------------------------------------------------------------------------------


def _queued(call: Call, _: ContactQueued) -> Decided:
    """Waiting (again): whoever had the customer has them no longer."""
    had = [leg for leg in call.legs.values() if leg.accepted]
    legs = {offer_id: leg for offer_id, leg in call.legs.items() if not leg.accepted}
    if call.phase is Phase.ANNOUNCED:
        return call, ()
    if call.phase is Phase.ARRIVED:  # the dialogue they were called for does not come: they wait like any
        call = replace(call, placed=None)
    waits = call if call.phase is Phase.ABSENT else moved(call, Phase.WAITING)
    after = replace(waits, legs=legs, agent=None, consultation=None, held=False, outside=None)
    left = [] if call.outside is None else [HangUp(call.outside.channel)]
    return after, [*(HangUp(leg.channel) for leg in had if not leg.gone), *left]


def _offered(call: Call, offer: OfferMade) -> Decided:
    if offer.offer_id in call.legs:
        return call, ()
    leg = Leg(offer.offer_id, offer.offer_id, offer.agent_id, consult_of=offer.consult_of)
    return _with(call, leg), [Ring(leg)]


def _withdrawn(call: Call, offer: OfferWithdrawn) -> Decided:
    leg = call.legs.get(offer.offer_id)
    if leg is None or leg.accepted:
        return call, ()
    return _without(call, leg), [] if leg.gone else [HangUp(leg.channel)]


def _assigned(call: Call, assigned: ContactAssigned) -> Decided:
    """Somebody accepted, on the phone or on the page: connect as soon as the phone is up."""
    leg = call.legs.get(assigned.offer_id)
    if leg is not None and leg.accepted:
        return call, ()
    known, leg = leg is not None, leg or Leg(assigned.offer_id, assigned.offer_id, assigned.agent_id)
    if leg.gone:
        return _without(call, leg), [_connect_failed(leg, "hung_up")]
    leg = replace(leg, accepted=True)
    call = _with(call, leg)
    if leg.up:
        return (call, ()) if call.phase is Phase.ABSENT else _connected(call, leg)
    return call, [Ring(leg, now=True)] if known else [Ring(leg)]


def _rung_anew(call: Call, rung: RungAnew) -> Decided:
    leg = call.legs.get(rung.offer_id)
    if leg is None or leg.up:
        return call, [HangUp(rung.channel)]
    return _with(call, replace(leg, channel=rung.channel)), [HangUp(leg.channel)]


def _connected(call: Call, leg: Leg) -> Decided:
    if call.phase is Phase.ANNOUNCED:
        return _without(call, leg), [HangUp(leg.channel)]
    after = replace(moved(call, Phase.TALKING), agent=leg.offer_id, held=False, placed=None)
    said = Report("ContactConnected", f"{leg.offer_id}/connected", {"offer_id": leg.offer_id})
    return after, [said] if call.placed is None else [said, ZipTone(leg.channel)]


def _connect_failed(leg: Leg, reason: str) -> Report:
    key = f"{leg.offer_id}/connect_failed"
    return Report("ContactConnectFailed", key, {"offer_id": leg.offer_id, "reason": reason})


def _could_not_connect(call: Call, failed: ConnectFailed) -> Decided:
    """The bridge did not come about; UCC puts the contact back to its place."""
    leg = call.legs.get(failed.offer_id)
    if leg is None:
        return call, ()
    after = _without(call, leg)
    if call.agent == leg.offer_id:
        after = moved(replace(after, agent=None), Phase.WAITING)
    return after, [HangUp(leg.channel), _connect_failed(leg, failed.reason)]


def _leg_up(call: Call, up: LegUp) -> Decided:
    listener = call.listener_of(up.channel)
    if listener is not None:
        return replace(call, listeners={**call.listeners, listener.supervisor: replace(listener, up=True)}), ()
    leg = call.leg_of(up.channel)
    if leg is None:
        return call, [HangUp(up.channel)]  # withdrawn while it was answered: the losing side never hears media
    if leg.up:
        return call, ()
    leg = replace(leg, up=True)
    call = _with(call, leg)
    if not leg.accepted:
        said = {"agent_id": leg.agent_id, "offer_id": leg.offer_id, "via": "phone"}
        return call, [Report("OfferAccepted", f"{leg.offer_id}/accepted", said)]
    waits = leg.consult_of is not None or call.phase is Phase.ABSENT
    return (call, ()) if waits else _connected(call, leg)


def _leg_gone(call: Call, gone: LegGone) -> Decided:
    listener = call.listener_of(gone.channel)
    if listener is not None:
        rest = {who: one for who, one in call.listeners.items() if who != listener.supervisor}
        return replace(call, listeners=rest), ()
    leg = call.leg_of(gone.channel)
    if leg is None or leg.gone:
        return call, ()
    if not leg.up and not leg.accepted:
        reason = {} if gone.reason is None else {"reason": gone.reason}
        said = {"agent_id": leg.agent_id, "offer_id": leg.offer_id, "outcome": str(gone.why), **reason}
        return _without(call, leg), [Report("OfferRejected", f"{leg.offer_id}/rejected", said)]
    if not leg.accepted:
        return _with(call, replace(leg, gone=True)), ()  # the answer was reported: the assignment will find it gone
    if leg.offer_id == call.agent:
        return _agent_hung_up(call, leg)
    return _without(call, leg), [_connect_failed(leg, gone.reason or str(gone.why) if not leg.up else "hung_up")]


def _agent_hung_up(call: Call, leg: Leg) -> Decided:
    """The agent's end of the conversation; in a consultation the customer is the asked agent's now, and waits for it, or the
    outside party's, and hears them."""
    said = Report("ContactEnded", f"{leg.channel}/hung_up", {"by": "agent"})
    if call.consultation is not None and call.consultation.offer_id in call.legs:
        return replace(_without(call, leg), agent=None), [said]
    if call.outside is not None and call.outside.up:
        return replace(_without(call, leg), agent=None, held=False), [said]
    if rating.stays(call):
        return rating.agent_left(call, _hang_up(_without(call, leg), but_customer=True), said)
    return _over(call), [*_hang_up(_without(call, leg)), said]


# --- the conversation -----------------------------------------------------------------------------------------------


def _held(call: Call, command: HoldContact) -> Decided:
    return (replace(call, held=command.held), ()) if call.phase is Phase.TALKING else (call, ())


def _transferred(call: Call, passed: ContactTransferred) -> Decided:
    """Blind: the sender leaves and the customer waits. Warm: the sender leaves and the asked agent stays."""
    asked = call.legs.get(call.consultation.offer_id) if call.consultation is not None else None
    had = call.legs.get(call.agent or "")
    if had is not None:
        call = _without(call, had)
    call = replace(call, consultation=None, held=False, agent=None)
    leaves = [] if had is None or had.gone else [HangUp(had.channel)]
    if passed.to_agent is None and (theirs := passing_outside.handed_over(call, passed.transfer_id)) is not None:
        return theirs, leaves
    if passed.to_agent is None or asked is None:
        return (moved(call, Phase.WAITING) if call.phase is Phase.TALKING else call), leaves
    stays = replace(asked, consult_of=None)
    return replace(_with(call, stays), agent=stays.offer_id), leaves


def _consulting(call: Call, started: ConsultationStarted) -> Decided:
    leg = call.legs.get(started.offer_id)
    if leg is not None and leg.accepted:
        return call, ()
    known = leg is not None
    leg = leg or Leg(started.offer_id, started.offer_id, started.agent_id, consult_of=started.transfer_id)
    if leg.gone:
        return _without(call, leg), [_connect_failed(leg, "hung_up")]
    leg = replace(leg, accepted=True)
    call = replace(
        _with(call, leg), consultation=Consultation(started.transfer_id, started.offer_id, started.joined), held=False
    )
    return call, [] if leg.up else [Ring(leg, now=known)]


def _consulted(call: Call, ended: ConsultationEnded) -> Decided:
    asked = [leg for leg in call.legs.values() if leg.consult_of == ended.transfer_id]
    for leg in asked:
        call = _without(call, leg)
    if call.consultation is not None and call.consultation.transfer_id == ended.transfer_id:
        call = replace(call, consultation=None)
    call, given_up = passing_outside.given_up(call, ended.transfer_id)
    return call, [*(HangUp(leg.channel) for leg in asked if not leg.gone), *given_up]


def _joined(call: Call, command: JoinConsultation) -> Decided:
    talk, party = call.consultation, call.outside
    if party is not None and party.transfer_id == command.transfer_id:
        return replace(call, outside=replace(party, joined=command.joined)), ()
    if talk is None or talk.transfer_id != command.transfer_id:
        return call, ()
    return replace(call, consultation=replace(talk, joined=command.joined)), ()


def _supervised(call: Call, command: SuperviseContact) -> Decided:
    """The supervisor's own phone rings first; from then on a change of mode is a change of who hears whom."""
    here = call.listeners.get(command.requested_by)
    rest = {who: one for who, one in call.listeners.items() if who != command.requested_by}
    if command.mode == "stop":
        return replace(call, listeners=rest), [] if here is None else [HangUp(here.channel)]
    if here is not None:
        return replace(call, listeners={**rest, here.supervisor: replace(here, mode=command.mode)}), ()
    if call.phase is not Phase.TALKING:
        return call, ()
    new = Listener(f"listen.{command.command_id}", command.requested_by, command.mode)
    return replace(call, listeners={**rest, new.supervisor: new}), [RingListener(new)]


def _with(call: Call, leg: Leg) -> Call:
    return replace(call, legs={**call.legs, leg.offer_id: leg})


def _without(call: Call, leg: Leg) -> Call:
    return replace(call, legs={offer_id: one for offer_id, one in call.legs.items() if offer_id != leg.offer_id})


_HANDLERS: Final[Mapping[type[Any], Callable[[Call, Any], Decided]]] = MappingProxyType(
    {
        CallAnswered: _answered,
        ConsentPlayed: _consented,
        CustomerGone: _customer_gone,
        CustomerReached: _reached,
        CallbackOffered: _may_call_back,
        CallbackWished: _wished,
        CustomerUnreached: _unreached,
        DialRequested: _dial,
        PlaceCall: placing.place,
        CancelCall: placing.given_up,
        CustomerRings: placing.rings,
        CustomerScreened: placing.screened,
        RangOut: placing.rang_out,
        SoundBegan: placing.sounds,
        TonesHeard: placing.tones_heard,
        NobodyInTime: placing.nobody_in_time,
        AnnouncementOver: placing.announced,
        KeyPressed: placing.pressed,
        OutsideUp: passing_outside.answered,
        OutsideGone: passing_outside.gone,
        CallbackRetryScheduled: _put_off,
        LegUp: _leg_up,
        LegGone: _leg_gone,
        RungAnew: _rung_anew,
        RatingOver: rating.over,
        ConnectFailed: _could_not_connect,
        PlayPrompt: _guided,
        EndContact: _end,
        ContactClosed: _closed,
        ContactQueued: _queued,
        OfferMade: _offered,
        OfferWithdrawn: _withdrawn,
        ContactAssigned: _assigned,
        HoldContact: _held,
        ContactTransferred: _transferred,
        ConsultationStarted: _consulting,
        ConsultationEnded: _consulted,
        JoinConsultation: _joined,
        SuperviseContact: _supervised,
    }
)
