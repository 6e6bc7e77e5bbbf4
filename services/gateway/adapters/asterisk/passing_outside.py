"""What becomes of a call that is passed on to an outside number: it rings once an attempt, and has the customer on answering.

Until then the customer waits with comfort. Who of the two hangs up afterwards ends the contact. Pure, like `deciding`.
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
    if call.phase is not Phase.WAITING or call.outside is not None:
        return call, ()
    return replace(call, outside=OutsideLeg(wanted.attempt_id)), [DialOutside(wanted)]


def answered(call: Call, up: OutsideUp) -> Decided:
    """The customer is theirs; one who was given up meanwhile never hears them."""
    outside = call.outside
    if outside is None or outside.channel != up.channel:
        return call, [HangUp(up.channel)]
    if outside.up or call.phase is not Phase.WAITING:
        return call, ()
    said = Report("DialAnswered", f"{up.channel}/answered", {"attempt_id": up.channel})
    return replace(moved(call, Phase.TALKING), outside=OutsideLeg(up.channel, up=True), held=False), [said]


def gone(call: Call, left: OutsideGone) -> Decided:
    """Nobody answered: UCC takes the customer back to their place. After a conversation it is the end of the contact."""
    outside = call.outside
    if outside is None or outside.channel != left.channel:
        return call, ()
    without = replace(call, outside=None)
    if not outside.up:
        said = {"attempt_id": left.channel, "outcome": left.outcome}
        return without, [Report("DialFailed", f"{left.channel}/failed", said)]
    ended = Report("ContactEnded", f"{left.channel}/hung_up", {"by": "system", "reason": "outside_hung_up"})
    others = [HangUp(one.channel) for _, one in sorted(call.listeners.items())]
    return replace(moved(without, Phase.OVER), listeners={}), [*others, HangUp(call.subject), ended]
