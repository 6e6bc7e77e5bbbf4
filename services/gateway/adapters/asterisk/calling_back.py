"""What becomes of a call that we place: the customer of a callback is dialled once an attempt, and then is a caller like any.

Agent first, an agent who accepted is on the line already and waits; customer first, nobody is. Pure, like `deciding`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.gateway.adapters.asterisk.calls import Call, Decided, DialCustomer, HangUp, Leg, Phase, Report, moved
from services.gateway.adapters.asterisk.dialling import CallOutcome, outcome_of
from shared.contracts.routing_decisions import DialRequested

_WORDS: Final = {
    CallOutcome.BUSY: "busy",
    CallOutcome.REJECTED: "busy",
    CallOutcome.NO_ANSWER: "no_answer",
    CallOutcome.UNREACHABLE: "no_answer",
    CallOutcome.UNOBTAINABLE: "sit",
}


def unreached(cause: int) -> str:
    """The outcome of `DialFailed` for the cause (Q.850) with which a channel that was never answered went away."""
    return _WORDS.get(outcome_of(cause), "failed")


def dial(call: Call, wanted: DialRequested) -> Decided:
    """Once: the same request again finds its attempt under way."""
    if call.phase is not Phase.ABSENT or call.attempt_id == wanted.attempt_id:
        return call, ()
    return replace(call, attempt_id=wanted.attempt_id), [DialCustomer(wanted)]


def reached(call: Call) -> Decided:
    """On the line: to whoever waits for them, else waiting themselves."""
    if call.phase is not Phase.ABSENT:
        return call, ()
    attempt = {"attempt_id": call.attempt_id}
    said = Report("DialAnswered", f"{call.attempt_id}/answered", attempt)
    call = replace(call, answered=True)
    ready = next((leg for leg in call.legs.values() if leg.up and leg.accepted and not leg.gone), None)
    if ready is None:
        return moved(call, Phase.WAITING), [said]
    after = replace(moved(call, Phase.TALKING), agent=ready.offer_id, held=False)
    return after, [said, Report("ContactConnected", f"{ready.offer_id}/connected", {"offer_id": ready.offer_id})]


def failed(call: Call, outcome: str) -> Decided:
    """Nobody was reached; UCC says what becomes of the callback."""
    said = Report("DialFailed", f"{call.attempt_id}/failed", {"attempt_id": call.attempt_id, "outcome": outcome})
    return call, [said]


def ended_by_agent(call: Call) -> Decided:
    """The agent gives up while it rings."""
    waits: list[Leg] = [leg for leg in call.legs.values() if leg.accepted]
    given_up = {"reason": "hung_up"}
    return call, [
        Report("ContactConnectFailed", f"{leg.offer_id}/connect_failed", {"offer_id": leg.offer_id, **given_up})
        for leg in waits
    ]


def put_off(call: Call) -> list[HangUp]:
    """The attempt is over: whoever rings or waits is let go."""
    return [HangUp(channel) for channel in sorted(call.channels)]
