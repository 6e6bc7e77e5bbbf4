"""What becomes of a call placed for outbound, from dialling until somebody has the customer. Pure, like `deciding`.

Whoever answers hears nobody for a moment: an agent at once, or after it the message that says who called. `Call.placed` stands
as long as nobody has them; from then on they are a customer like any.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.gateway.adapters.asterisk.attempt_actions import (
    Listen,
    PlaceAttempt,
    RefuseCalls,
    SayAnswered,
    SayRinging,
    Screen,
    TellOutcome,
)
from services.gateway.adapters.asterisk.calls import Call, Decided, HangUp, Phase, Report, moved
from services.gateway.adapters.asterisk.dialling import CallOutcome, outcome_of
from services.gateway.adapters.asterisk.facts import (
    AnnouncementOver,
    CustomerGone,
    CustomerRings,
    CustomerScreened,
    CustomerUnreached,
    KeyPressed,
    NobodyInTime,
    RangOut,
    SoundBegan,
    TonesHeard,
)
from services.gateway.domain.special_tones import SpecialTones
from shared.contracts.dial_requests import CancelCall, PlaceCall
from shared.contracts.dial_results import AttemptOutcome
from shared.contracts.routing_decisions import ContactClosed

HUNG_UP: Final = "hung_up_by_customer"
_OUTCOMES: Final[dict[CallOutcome, AttemptOutcome]] = {
    CallOutcome.BUSY: "busy",
    CallOutcome.REJECTED: "busy",
    CallOutcome.NO_ANSWER: "no_answer",
    CallOutcome.UNOBTAINABLE: "sit_vacant",
}
_FINER: Final[dict[int, AttemptOutcome]] = {
    2: "sit_reorder", 3: "sit_reorder", 20: "no_answer", 22: "sit_intercept", 27: "sit_reorder",
}  # fmt: skip
_BY_TONES: Final[dict[SpecialTones, AttemptOutcome]] = {
    SpecialTones.VACANT: "sit_vacant",
    SpecialTones.INTERCEPT: "sit_intercept",
    SpecialTones.REORDER: "sit_reorder",
    SpecialTones.NO_CIRCUIT: "failed",  # as its cause (34): the lines, not the number
    SpecialTones.UNCODED: "sit_reorder",  # says only that it was not reached: the mildest, which is tried again
}
_REASONS: Final = {
    1: "unallocated_number", 3: "no_route", 17: "user_busy", 20: "subscriber_absent", 21: "rejected", 22: "number_changed",
    27: "out_of_order", 28: "invalid_number", 34: "no_circuit", 38: "network_out_of_order", 41: "temporary_failure",
    42: "congestion",
}  # fmt: skip


def outcome_for(cause: int) -> AttemptOutcome:
    """For the cause (ITU-T Q.850) a call that nobody took went away with. Special information tones are told by their cause:
    vacant (1, 28), intercept (22: the number has changed), reorder (2, 3, 27: it cannot be reached)."""
    return _FINER.get(cause) or _OUTCOMES.get(outcome_of(cause), "failed")


def place(call: Call, wanted: PlaceCall) -> Decided:
    """Once: the same request again finds its attempt under way."""
    if call.phase is not Phase.ABSENT or call.placed is not None:
        return call, ()
    return replace(call, placed=wanted, attempt_id=wanted.attempt_id), [PlaceAttempt(wanted)]


def rings(call: Call, _: CustomerRings) -> Decided:
    return call, [SayRinging()] if call.placed is not None and call.phase is Phase.ABSENT else ()


def rang_out(call: Call, _: RangOut) -> Decided:
    if call.placed is None or call.phase is not Phase.ABSENT or call.screening:
        return call, ()
    return moved(call, Phase.OVER), [HangUp(call.subject), TellOutcome("no_answer")]


def sounds(call: Call, _: SoundBegan) -> Decided:
    """Ringing mostly; or the tones of a network that has no number to ring."""
    return call, [Listen()] if call.placed is not None and call.phase is Phase.ABSENT else ()


def tones_heard(call: Call, heard: TonesHeard) -> Decided:
    """Nobody is there, whether the line was opened for the announcement or not."""
    if call.placed is None or call.phase is not Phase.ABSENT:
        return call, ()
    outcome = _BY_TONES[heard.tones]
    return moved(call, Phase.OVER), [HangUp(call.subject), TellOutcome(outcome, f"tones_{heard.tones}")]


def reached(call: Call, placed: PlaceCall) -> Decided:
    if placed.detect_machine and not call.screening:
        return replace(call, screening=True), [Listen(), Screen()]
    return _person(call, placed)


def screened(call: Call, heard: CustomerScreened) -> Decided:
    if call.placed is None or call.phase is not Phase.ABSENT:
        return call, ()
    if heard.machine and not call.placed.audit_machine:
        over = [SayAnswered(by_machine=True, screened=True), HangUp(call.subject), TellOutcome("machine")]
        return moved(call, Phase.OVER), over
    return _person(call, call.placed, doubtful=heard.machine)


def _person(call: Call, placed: PlaceCall, *, doubtful: bool = False) -> Decided:
    """For an agent, who is to have them at once; or for the dialogue. `doubtful`: taken for a machine, and to be audited."""
    call = replace(call, answered=True, screening=False)
    phase = Phase.ARRIVED if placed.self_service else Phase.WAITING
    return moved(call, phase), [SayAnswered(screened=placed.detect_machine, doubtful=doubtful)]


def unreached(call: Call, gone: CustomerUnreached) -> Decided:
    over = moved(call, Phase.OVER)
    if call.screening:  # they hung up while it was listened who they are
        return over, [SayAnswered(by_machine=True), TellOutcome("abandoned", HUNG_UP)]
    if gone.outcome in ("cancelled", "unknown") or gone.cause is None:
        outcome: AttemptOutcome = gone.outcome if gone.outcome in ("cancelled", "unknown") else "failed"
        return over, [TellOutcome(outcome)]
    return over, [TellOutcome(outcome_for(gone.cause), _REASONS.get(gone.cause), gone.cause)]


def given_up(call: Call, cancelled: CancelCall) -> Decided:
    """Only who has not answered; a conversation goes on."""
    if call.phase is not Phase.ABSENT or call.screening:
        return call, ()
    return moved(call, Phase.OVER), [HangUp(call.subject), TellOutcome("cancelled", cancelled.reason)]


def nobody_in_time(call: Call, _: NobodyInTime) -> Decided:
    """UCC did not say a word about who answered: the message is heard all the same."""
    if call.placed is None or call.phase is not Phase.WAITING or any(leg.accepted for leg in call.legs.values()):
        return call, ()
    after, actions = _give_up(call, call.placed)
    return after, [*actions, Report("ContactAbandoned", f"{call.subject}/gone")]


def closed(call: Call, placed: PlaceCall, _: ContactClosed) -> Decided:
    """Nobody came: the message, where there is one, and the end."""
    if call.phase is Phase.ANNOUNCED:
        return call, ()
    return _give_up(call, placed)


def _give_up(call: Call, placed: PlaceCall) -> Decided:
    others = [HangUp(channel) for channel in sorted(call.channels - {call.subject})]
    alone = replace(call, legs={}, listeners={}, agent=None)
    if placed.announcement is None:
        return moved(alone, Phase.OVER), [*others, HangUp(call.subject), TellOutcome("abandoned")]
    return moved(alone, Phase.ANNOUNCED), others


def announced(call: Call, over: AnnouncementOver) -> Decided:
    if call.phase is not Phase.ANNOUNCED:
        return call, ()
    return moved(call, Phase.OVER), [HangUp(call.subject), TellOutcome("abandoned", announced=over.whole)]


def pressed(call: Call, key: KeyPressed) -> Decided:
    """The key of the message, once."""
    announcement = None if call.placed is None else call.placed.announcement
    if call.phase is not Phase.ANNOUNCED or announcement is None or call.refused or key.key != announcement.refusal_key:
        return call, ()
    return replace(call, refused=True), [RefuseCalls()]


def customer_gone(call: Call, gone: CustomerGone) -> Decided:
    """They hung up before anybody had them."""
    others = [HangUp(channel) for channel in sorted(call.channels - {call.subject})]
    after = moved(replace(call, legs={}, listeners={}, agent=None), Phase.OVER)
    told = TellOutcome("abandoned", gone.failed or HUNG_UP)
    if call.phase is Phase.ANNOUNCED:  # of its contact everything was said
        return after, [*others, told]
    key = f"{call.subject}/gone"
    said = Report("ContactAbandoned", key)
    if gone.failed is not None:
        said = Report("ContactEnded", key, {"by": "system", "failed": True, "reason": gone.failed})
    return after, [*others, said, told]
