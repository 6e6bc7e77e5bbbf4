"""What becomes of a call, without Asterisk: each line of the story, and that what crosses or repeats changes nothing."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.gateway.adapters.asterisk.calls import (
    TRANSITIONS,
    Call,
    DialOutside,
    HangUp,
    Hears,
    Leg,
    Phase,
    Report,
    Ring,
    RingListener,
    media,
    moved,
)
from services.gateway.adapters.asterisk.deciding import decide
from services.gateway.adapters.asterisk.facts import (
    CallAnswered,
    ConnectFailed,
    CustomerGone,
    LegGone,
    LegUp,
    OutsideGone,
    OutsideUp,
    RungAnew,
)
from shared.contracts.channel_commands import EndContact, HoldContact, JoinConsultation, PlayPrompt, SuperviseContact
from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    ContactTransferred,
    DialRequested,
    OfferMade,
    OfferWithdrawn,
)
from shared.contracts.wire import adapter

CALL = Call("1700000000.1", "c1", answered=True)
LATER = 2**50


def made(kind: type[Any], **given: Any) -> Any:
    """A decision or command with what matters here; everything else as the contract allows."""
    filler: dict[str, Any] = {
        "contact_id": "c1", "command_id": "k1", "not_after": LATER, "requested_by": "boss", "channel": "phone",
        "business_line": "rental", "group": "care", "made_at": 0, "expires_at": LATER, "agent_id": "anna",
        "offer_id": "o1", "interaction_id": "i1", "connect_deadline": LATER, "waited": 0, "from_agent": "anna",
        "transfer_id": "t1", "target_kind": "agent", "target": "bo", "why": "cancelled", "outcome": "timed_out",
        "end": "served", "at": 0, "by": "customer", "requirement": (), "arrived_at": 0, "queued_at": 0,
        "entered_group_at": 0, "due_at": 0, "head_start": {}, "cause": "new", "policy_version": 1, "step": "s1",
        "reasons": {"trigger": "contact", "step": "group", "strategy": "longest_idle", "winner_key": (), "waited": 0,
                    "head_start": {}, "policy_version": 1},
    }  # fmt: skip
    if kind is EndContact:
        filler["by"] = "agent"
    known = {field.name for field in fields(kind)}
    return adapter(kind).validate_python({k: v for k, v in {**filler, **given}.items() if k in known})


def through(call: Call, *happened: object) -> tuple[Call, list[Any]]:
    """The call after all of it, and what the last was answered with."""
    done: Any = ()
    for one in happened:
        call, done = decide(call, one)
    return call, list(done)


def reports(done: list[Any]) -> list[tuple[str, Any]]:
    return [(one.kind, dict(one.data)) for one in done if isinstance(one, Report)]


def ended(done: list[Any]) -> set[str]:
    return {one.channel for one in done if isinstance(one, HangUp)}


def talking() -> Call:
    call, _ = through(CALL, made(ContactQueued), made(OfferMade), LegUp("o1"), made(ContactAssigned))
    return call


def consulting() -> Call:
    call, _ = through(
        talking(), made(OfferMade, offer_id="o2", agent_id="bo", consult_of="t1"), LegUp("o2"),
        made(ConsultationStarted, offer_id="o2", agent_id="bo"),
    )  # fmt: skip
    return call


def test_answering_the_phone_is_the_acceptance_and_media_waits_for_the_assignment() -> None:
    call, done = through(CALL, made(ContactQueued), made(OfferMade))
    assert done == [Ring(Leg("o1", "o1", "anna"))]
    call, done = through(call, LegUp("o1"))
    assert reports(done) == [("OfferAccepted", {"agent_id": "anna", "offer_id": "o1", "via": "phone"})]
    assert media(call).customer is Hears.COMFORT
    call, done = through(call, made(ContactAssigned))
    assert reports(done) == [("ContactConnected", {"offer_id": "o1"})]
    assert media(call).bridge == {"o1", CALL.subject}


def test_accepting_on_the_page_rings_the_phone_to_answer_by_itself() -> None:
    call, _ = through(CALL, made(ContactQueued), made(OfferMade))
    call, done = through(call, made(ContactAssigned))
    assert [type(one) for one in done] == [Ring]
    assert done[0].now
    call, done = through(call, RungAnew("o1", "o1.now"))
    assert ended(done) == {"o1"}
    assert through(call, LegGone("o1"))[1] == []
    call, done = through(call, LegUp("o1.now"))
    assert reports(done) == [("ContactConnected", {"offer_id": "o1"})]
    assert media(call).bridge == {"o1.now", CALL.subject}


@pytest.mark.parametrize(("cause", "outcome", "reason"), [(17, "busy", None), (21, "rejected", "phone"), (19, "no_answer", None),
                                                    (20, "no_answer", "unreachable")])  # fmt: skip
def test_why_a_phone_did_not_answer_is_the_offers_outcome(cause: int, outcome: str, reason: str | None) -> None:
    call, _ = through(CALL, made(ContactQueued), made(OfferMade))
    call, done = through(call, LegGone.by_cause("o1", cause))
    ((kind, said),) = reports(done)
    assert (kind, said["outcome"], said.get("reason")) == ("OfferRejected", outcome, reason)
    assert not call.legs


def test_a_withdrawn_offer_stops_ringing_and_its_late_answer_hears_nobody() -> None:
    call, _ = through(CALL, made(ContactQueued), made(OfferMade))
    call, done = through(call, made(OfferWithdrawn))
    assert ended(done) == {"o1"}
    _, done = through(call, LegUp("o1"))
    assert ended(done) == {"o1"}
    assert reports(done) == []


def test_who_hangs_up_between_answering_and_assignment_failed_to_connect() -> None:
    call, _ = through(CALL, made(ContactQueued), made(OfferMade), LegUp("o1"))
    call, done = through(call, LegGone("o1"))
    assert done == []
    _, done = through(call, made(ContactAssigned))
    assert reports(done) == [("ContactConnectFailed", {"offer_id": "o1", "reason": "hung_up"})]


def test_a_bridge_that_does_not_come_about_puts_the_customer_back() -> None:
    call, done = through(talking(), ConnectFailed("o1", "hung_up"))
    assert reports(done) == [("ContactConnectFailed", {"offer_id": "o1", "reason": "hung_up"})]
    assert call.phase is Phase.WAITING


def test_the_side_that_hung_up_is_recorded() -> None:
    assert reports(through(talking(), CustomerGone())[1]) == [("ContactEnded", {"by": "customer"})]
    over, done = through(talking(), LegGone("o1"))
    assert reports(done) == [("ContactEnded", {"by": "agent"})]
    assert ended(done) == {CALL.subject}
    assert over.phase is Phase.OVER
    _, done = through(CALL, made(ContactQueued), CustomerGone())
    assert reports(done) == [("ContactAbandoned", {})]
    _, done = through(CALL, made(ContactQueued), CustomerGone("failed_open"))
    assert reports(done) == [("ContactEnded", {"by": "system", "failed": True, "reason": "failed_open"})]


def test_hold_gives_music_and_keeps_the_agent() -> None:
    call, _ = through(talking(), made(HoldContact))
    assert media(call).bridge == {"o1"}
    assert media(call).customer is Hears.MUSIC
    call, _ = through(call, made(HoldContact, held=False))
    assert media(call).customer is Hears.BRIDGE


def test_a_blind_transfer_takes_the_agent_out_and_comforts_the_customer() -> None:
    call, done = through(talking(), made(ContactTransferred, to_agent=None))
    assert ended(done) == {"o1"}
    assert media(call).customer is Hears.COMFORT
    call, done = through(call, made(ContactQueued, cause="transferred"), made(OfferMade, offer_id="o3", agent_id="bo"))
    assert isinstance(done[0], Ring)


def test_a_warm_transfer_talks_first_joins_and_hands_over() -> None:
    call = consulting()
    assert media(call).bridge == {"o1", "o2"}
    assert media(call).customer is Hears.MUSIC
    call, _ = through(call, made(JoinConsultation))
    assert media(call).bridge == {"o1", "o2", CALL.subject}
    call, done = through(call, made(ContactTransferred, to_agent="bo", interaction_id="i2"))
    assert ended(done) == {"o1"}
    assert media(call).bridge == {"o2", CALL.subject}
    assert reports(through(call, LegGone("o1"))[1]) == []
    assert reports(through(call, LegGone("o2"))[1]) == [("ContactEnded", {"by": "agent"})]


def test_a_consultation_that_ends_gives_the_customer_back() -> None:
    call, done = through(consulting(), made(ConsultationEnded))
    assert ended(done) == {"o2"}
    assert media(call).bridge == {"o1", CALL.subject}


def test_a_sender_who_hangs_up_leaves_the_customer_to_the_asked_agent() -> None:
    call, done = through(consulting(), LegGone("o1"))
    assert reports(done) == [("ContactEnded", {"by": "agent"})]
    assert ended(done) == set()
    assert media(call).customer is Hears.MUSIC
    call, _ = through(call, made(ContactTransferred, to_agent="bo", interaction_id="i2"))
    assert media(call).bridge == {"o2", CALL.subject}


def test_a_supervisor_listens_whispers_barges_and_leaves() -> None:
    call, done = through(talking(), made(SuperviseContact, mode="listen"))
    (ring,) = done
    assert isinstance(ring, RingListener)
    channel = ring.listener.channel
    assert media(call).monitors == {}
    call, _ = through(call, LegUp(channel))
    assert media(call).monitors == {channel: ("listen", "o1")}
    call, _ = through(call, made(SuperviseContact, mode="whisper", command_id="k2"))
    assert media(call).monitors == {channel: ("whisper", "o1")}
    call, _ = through(call, made(SuperviseContact, mode="barge", command_id="k3"))
    assert media(call).bridge == {"o1", CALL.subject, channel}
    _, done = through(call, made(SuperviseContact, mode="stop", command_id="k4"))
    assert ended(done) == {channel}


def test_an_end_ends_every_leg_once() -> None:
    over, done = through(consulting(), made(EndContact))
    assert ended(done) == {"o1", "o2", CALL.subject}
    assert reports(done) == [("ContactEnded", {"by": "agent"})]
    for late in (CustomerGone(), LegGone("o1"), made(ContactClosed), made(ContactQueued)):
        assert decide(over, late) == (over, ())


def test_nobody_is_left_with_dead_air_when_nobody_can_serve() -> None:
    _, done = through(CALL, made(ContactQueued), made(ContactClosed, end="overflowed"))
    assert done == [HangUp(CALL.subject, sorry=True)]
    _, done = through(talking(), made(ContactClosed))
    assert HangUp(CALL.subject) in done


STORY = (CallAnswered(), made(ContactQueued), made(OfferMade), LegUp("o1"), made(ContactAssigned), made(HoldContact))


@pytest.mark.parametrize("twice", range(len(STORY)), ids=lambda n: type(STORY[n]).__name__)
def test_what_is_heard_again_at_once_changes_nothing(twice: int) -> None:
    once, _ = through(CALL, *STORY[: twice + 1])
    again, done = decide(once, STORY[twice])
    assert again == once
    assert list(done) == []


def test_a_call_survives_being_written_down() -> None:
    form = TypeAdapter(Call)
    for call in (CALL, talking(), consulting()):
        assert form.validate_json(form.dump_json(call)) == call


def test_the_table_is_the_only_way() -> None:
    for start, ends in TRANSITIONS.items():
        for end in Phase:
            call = Call("s", "c", phase=start)
            if end in ends or end is start:
                assert moved(call, end).phase is end
            else:
                with pytest.raises(ValueError, match="does not become"):
                    moved(call, end)


def test_a_prompt_begins_guidance_only_for_a_call_nobody_has_taken() -> None:
    assert through(CALL, made(PlayPrompt))[0].phase is Phase.GUIDED
    assert through(talking(), made(PlayPrompt))[0].phase is Phase.TALKING


def passed_on() -> tuple[Call, list[Any]]:
    wanted = DialRequested("c1", "d-1", 1, 30, LATER, outside="plumber", number="+862155550100")
    return through(talking(), made(ContactTransferred, to_agent=None), wanted)


def test_passed_on_outside_it_rings_once_and_then_has_the_customer() -> None:
    call, done = passed_on()
    assert [type(one) for one in done] == [DialOutside]
    assert (call.phase, media(call).customer) == (Phase.WAITING, Hears.COMFORT)
    assert "d-1" in call.channels
    again, done = through(call, DialRequested("c1", "d-1", 1, 30, LATER, outside="plumber", number="+862155550100"))
    assert (again, done) == (call, [])
    call, done = through(call, OutsideUp("d-1"))
    assert reports(done) == [("DialAnswered", {"attempt_id": "d-1"})]
    assert media(call).bridge == {call.subject, "d-1"}
    over, done = through(call, OutsideGone("d-1", "no_answer"))
    assert (over.phase, ended(done)) == (Phase.OVER, {call.subject})
    assert reports(done) == [("ContactEnded", {"by": "system", "reason": "outside_hung_up"})]
    over, done = through(call, CustomerGone())
    assert (reports(done), ended(done)) == ([("ContactEnded", {"by": "customer"})], {"d-1"})


def test_an_outside_party_who_does_not_answer_or_too_late_never_has_the_customer() -> None:
    call, _ = passed_on()
    unanswered, done = through(call, OutsideGone("d-1", "busy"))
    assert reports(done) == [("DialFailed", {"attempt_id": "d-1", "outcome": "busy"})]
    assert (unanswered.phase, unanswered.outside) == (Phase.WAITING, None)
    fallen_back, done = through(call, made(ContactQueued))
    assert (fallen_back.outside, ended(done)) == (None, {"d-1"})
    late, done = through(fallen_back, OutsideUp("d-1"))
    assert (late, ended(done)) == (fallen_back, {"d-1"})
    left, done = through(call, CustomerGone())
    assert (left.phase, ended(done)) == (Phase.OVER, {"d-1"})
