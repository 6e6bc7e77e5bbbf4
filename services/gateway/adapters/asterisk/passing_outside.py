"""What becomes of a call that is passed on to an outside number, which rings once an attempt.

Blind, it has the customer on answering; until then they wait with comfort, and who of the two hangs up afterwards ends the
contact. Asked first, it talks with the agent, who keeps the customer until handing them over or leaving. Pure, like
`deciding`.
"""

from __future__ import annotations

from dataclasses import replace

from services.gateway.adapters.asterisk.calls import (
    Call,
    Decided,
    DialOutside,
    HangUp,
    OutsideLeg,
    Phase,
    Report,
    moved,
)
from services.gateway.adapters.asterisk.facts import OutsideGone, OutsideUp
from shared.contracts.routing_decisions import DialRequested


def dial(call: Call, wanted: DialRequested) -> Decided:
    """Once: the same request again finds it ringing. A customer who has left meanwhile has nobody to be connected to."""
    awaited = Phase.WAITING if wanted.transfer_id is None else Phase.TALKING
    if call.phase is not awaited or call.outside is not None:
        return call, ()
    party = OutsideLeg(wanted.attempt_id, transfer_id=wanted.transfer_id, joined=wanted.joined)
    return replace(call, outside=party), [DialOutside(wanted)]


def answered(call: Call, up: OutsideUp) -> Decided:
    """The customer is theirs, or the agent who asked is; one who was given up meanwhile never hears anybody."""
    outside = call.outside
    if outside is None or outside.channel != up.channel:
        return call, [HangUp(up.channel)]
    if outside.up or call.phase is not (Phase.WAITING if outside.transfer_id is None else Phase.TALKING):
        return call, ()
    said = Report("DialAnswered", f"{up.channel}/answered", {"attempt_id": up.channel})
    return replace(moved(call, Phase.TALKING), outside=replace(outside, up=True), held=False), [said]


def gone(call: Call, left: OutsideGone) -> Decided:
    """Nobody answered: UCC takes the customer back to their place, or they are with their agent all the while. After a
    conversation with the customer it is the end of the contact, after one with the agent the customer is the agent's."""
    outside = call.outside
    if outside is None or outside.channel != left.channel:
        return call, ()
    without = replace(call, outside=None)
    if not outside.up:
        said = {"attempt_id": left.channel, "outcome": left.outcome}
        return without, [Report("DialFailed", f"{left.channel}/failed", said)]
    if outside.transfer_id is not None:
        return without, [Report("OutsideLeft", f"{left.channel}/left", {"attempt_id": left.channel})]
    ended = Report("ContactEnded", f"{left.channel}/hung_up", {"by": "system", "reason": "outside_hung_up"})
    others = [HangUp(one.channel) for _, one in sorted(call.listeners.items())]
    return replace(moved(without, Phase.OVER), listeners={}), [*others, HangUp(call.subject), ended]


def handed_over(call: Call, transfer_id: str) -> Call | None:
    """The party who was asked first has the customer; None: there is none of this transfer on the line."""
    outside = call.outside
    if outside is None or not outside.up or outside.transfer_id != transfer_id:
        return None
    return replace(call, outside=replace(outside, transfer_id=None, joined=False), held=False)


def given_up(call: Call, transfer_id: str) -> Decided:
    """The agent keeps the customer: a party that rings or talks is let go."""
    outside = call.outside
    if outside is None or outside.transfer_id != transfer_id:
        return call, ()
    return replace(call, outside=None), [HangUp(outside.channel)]
