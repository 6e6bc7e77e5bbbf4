"""A call placed for outbound until somebody has the customer: what each happening makes of it, and that nothing counts twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.gateway.adapters.asterisk.attempt_actions import (
    Listen,
    PlaceAttempt,
    RefuseCalls,
    SayAnswered,
    SayRinging,
    Screen,
    TellOutcome,
    ZipTone,
)
from services.gateway.adapters.asterisk.calls import Call, Hears, Phase, Ring, media
from services.gateway.adapters.asterisk.facts import (
    AnnouncementOver,
    CustomerGone,
    CustomerReached,
    CustomerRings,
    CustomerScreened,
    CustomerUnreached,
    KeyPressed,
    LegUp,
    NobodyInTime,
    RangOut,
    SoundBegan,
    TonesHeard,
)
from services.gateway.adapters.asterisk.placing import outcome_for
from services.gateway.adapters.simulator.fates import Network, fate_of
from services.gateway.domain.special_tones import SpecialTones
from shared.contracts.channel_commands import PlayPrompt
from shared.contracts.dial_requests import Announcement, CancelCall, PlaceCall
from shared.contracts.routing_decisions import ContactAssigned, ContactClosed, ContactQueued
from tests.unit.gateway.test_asterisk_calls import ended, made, reports, through

ABSENT = Call("attempt-1", "c1", "zh", Phase.ABSENT)
WANTED = PlaceCall(
    "c1.r1.1",
    "c1",
    "r1",
    "g1",
    2**50,
    "care",
    "rental",
    "marketing",
    announcement=Announcement("来电", refusal_key="9"),
)
CANCEL = CancelCall(WANTED.attempt_id, "c1", "g1", "opted_out")


def tells(done: list[Any]) -> list[TellOutcome]:
    return [one for one in done if isinstance(one, TellOutcome)]


def waiting(**changes: Any) -> Call:
    """Answered, and for an agent."""
    return through(ABSENT, replace(WANTED, **changes), CustomerReached())[0]


def test_it_is_dialled_once() -> None:
    call, done = through(ABSENT, WANTED)
    assert done == [PlaceAttempt(WANTED)]
    assert through(call, WANTED)[1] == []
    assert through(call, CustomerRings())[1] == [SayRinging()]
    assert through(call, CustomerReached(), WANTED)[1] == []


def test_who_answers_hears_nobody_for_a_moment_then_the_agent() -> None:
    call, done = through(ABSENT, WANTED, CustomerReached())
    assert done == [SayAnswered()]
    assert media(call).customer is Hears.SILENCE
    call, done = through(call, made(ContactQueued), made(ContactAssigned, unoffered=True))
    assert [type(one) for one in done] == [Ring]
    assert done[0].leg.accepted
    call, done = through(call, LegUp("o1"))
    assert reports(done) == [("ContactConnected", {"offer_id": "o1"})]
    assert ZipTone("o1") in done
    assert media(call).bridge == {"o1", "attempt-1"}
    assert call.placed is None, "from here on a customer like any"
    assert through(call, CANCEL)[1] == [], "a conversation goes on"
    call, done = through(call, CustomerGone())
    assert reports(done) == [("ContactEnded", {"by": "customer"})]
    assert tells(done) == [], "talked is concluded from the contact's end"


def test_nobody_comes_and_the_message_is_heard() -> None:
    call, done = through(waiting(), made(ContactClosed, end="abandoned_in_queue", by="system"))
    assert (call.phase, tells(done), ended(done)) == (Phase.ANNOUNCED, [], set())
    assert through(call, KeyPressed("1"))[1] == []
    call, done = through(call, KeyPressed("9"))
    assert done == [RefuseCalls()]
    assert through(call, KeyPressed("9"))[1] == []
    call, done = through(call, AnnouncementOver(whole=True))
    assert (call.phase, ended(done)) == (Phase.OVER, {"attempt-1"})
    assert tells(done) == [TellOutcome("abandoned", announced=True)]


def test_without_a_message_it_ends_at_once() -> None:
    call, done = through(waiting(announcement=None), made(ContactClosed, end="abandoned_in_queue"))
    assert (call.phase, tells(done)) == (Phase.OVER, [TellOutcome("abandoned")])


def test_ucc_silent_gives_up_by_itself_unless_a_phone_rings() -> None:
    call, done = through(waiting(), NobodyInTime())
    assert (call.phase, reports(done)) == (Phase.ANNOUNCED, [("ContactAbandoned", {})])
    assert through(call, made(ContactClosed))[1] == []
    assert through(call, made(ContactQueued))[0] == call
    rung, _ = through(waiting(), made(ContactAssigned, unoffered=True))
    assert through(rung, NobodyInTime()) == (rung, [])


@pytest.mark.parametrize("announcing", [False, True])
def test_they_hang_up_before_anybody_came(announcing: bool) -> None:
    call = waiting()
    if announcing:
        call, _ = through(call, made(ContactClosed))
    call, done = through(call, CustomerGone())
    assert tells(done) == [TellOutcome("abandoned", "hung_up_by_customer")]
    assert reports(done) == ([] if announcing else [("ContactAbandoned", {})])


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(1, "sit_vacant"), (28, "sit_vacant"), (22, "sit_intercept"), (27, "sit_reorder"), (3, "sit_reorder"), (17, "busy"),
     (21, "busy"), (19, "no_answer"), (20, "no_answer"), (0, "no_answer"), (34, "failed"), (127, "failed")],
)  # fmt: skip
def test_why_nobody_was_reached(cause: int, outcome: str) -> None:
    assert outcome_for(cause) == outcome
    call, done = through(ABSENT, WANTED, CustomerUnreached("no_answer", cause))
    assert call.phase is Phase.OVER
    assert [(told.outcome, told.cause) for told in tells(done)] == [(outcome, cause)]


def test_it_rings_as_long_as_it_is_to_and_no_longer() -> None:
    call, done = through(ABSENT, WANTED, CustomerRings(), RangOut())
    assert (call.phase, ended(done), tells(done)) == (Phase.OVER, {"attempt-1"}, [TellOutcome("no_answer")])
    assert through(waiting(), RangOut())[1] == []
    assert through(ABSENT, replace(WANTED, detect_machine=True), CustomerReached(), RangOut())[1] == []


@pytest.mark.parametrize("word", ["cancelled", "unknown", "failed"])
def test_what_never_rang_or_fell(word: str) -> None:
    assert tells(through(ABSENT, WANTED, CustomerUnreached(word))[1]) == [TellOutcome(word)]  # type: ignore[arg-type]


def test_only_what_rings_is_given_up() -> None:
    call, done = through(ABSENT, WANTED, CANCEL)
    assert (call.phase, ended(done)) == (Phase.OVER, {"attempt-1"})
    assert tells(done) == [TellOutcome("cancelled", "opted_out")]
    assert through(waiting(), CANCEL)[1] == []


@pytest.mark.parametrize(
    ("tones", "outcome"),
    [(SpecialTones.VACANT, "sit_vacant"), (SpecialTones.INTERCEPT, "sit_intercept"), (SpecialTones.REORDER, "sit_reorder"),
     (SpecialTones.NO_CIRCUIT, "failed"), (SpecialTones.UNCODED, "sit_reorder")],
)  # fmt: skip
def test_what_a_network_says_by_tones(tones: SpecialTones, outcome: str) -> None:
    for before in ([WANTED, SoundBegan()], [replace(WANTED, detect_machine=True), CustomerReached()]):
        call, done = through(ABSENT, *before)
        assert Listen() in done
        over, done = through(call, TonesHeard(tones))
        assert (over.phase, ended(done)) == (Phase.OVER, {"attempt-1"})
        assert tells(done) == [TellOutcome(outcome, f"tones_{tones}")]  # type: ignore[arg-type]
        assert not [one for one in done if isinstance(one, SayAnswered)]


def test_whom_an_agent_has_is_listened_to_by_nobody_else() -> None:
    assert through(waiting(), TonesHeard(SpecialTones.VACANT))[1] == []
    assert through(waiting(), SoundBegan())[1] == []


def test_a_machine_never_reaches_the_router() -> None:
    wanted = replace(WANTED, detect_machine=True)
    call, done = through(ABSENT, wanted, CustomerReached())
    assert done == [Listen(), Screen()]
    over, done = through(call, CustomerScreened(machine=True))
    assert over.phase is Phase.OVER
    assert done[0] == SayAnswered(by_machine=True, screened=True)
    assert tells(done) == [TellOutcome("machine")]
    person, done = through(call, CustomerScreened(machine=False))
    assert (person.phase, done) == (Phase.WAITING, [SayAnswered(screened=True)])
    audited, done = through(
        ABSENT, replace(wanted, audit_machine=True), CustomerReached(), CustomerScreened(machine=True)
    )
    assert (audited.phase, done) == (Phase.WAITING, [SayAnswered(screened=True, doubtful=True)])
    gone, done = through(call, CustomerUnreached("no_answer", 16))
    assert (gone.phase, tells(done)) == (Phase.OVER, [TellOutcome("abandoned", "hung_up_by_customer")])


def test_a_dialogue_has_them_or_they_wait_like_any() -> None:
    call = waiting(self_service=True)
    assert media(call).customer is Hears.PROMPTS
    assert through(call, made(PlayPrompt))[0].placed is None
    queued, _ = through(call, made(ContactQueued))
    assert (queued.placed, media(queued).customer) == (None, Hears.COMFORT)


def test_fates_are_a_function_of_seed_and_attempt_and_keep_their_shares() -> None:
    network = Network()
    fates = [fate_of(network, f"c.{n}.1", 25) for n in range(8_000)]
    assert fates[:50] == [fate_of(network, f"c.{n}.1", 25) for n in range(50)]
    assert fate_of(Network(seed=2), "c.1.1", 25) != fates[1]
    people = [fate for fate in fates if fate.reached == "person"]
    assert abs(len(people) / len(fates) - 0.25) < 0.015
    assert abs(sum(fate.after for fate in people) / len(people) - 10) < 0.3
    assert abs(sum(fate.talks for fate in people) / len(people) - 120) < 7
    assert all(fate.after <= 25 for fate in fates)
    assert abs(sum(fate.reached == "machine" for fate in fates) / len(fates) - 0.225) < 0.015
    with pytest.raises(ValueError, match="more than all calls"):
        Network(person=0.9)
