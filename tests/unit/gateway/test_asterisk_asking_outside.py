"""An outside party whom the agent asks first: who hears whom, who is hung up, and what is said, whoever leaves."""

from __future__ import annotations

from services.gateway.adapters.asterisk.calls import Call, DialOutside, Hears, Phase, media
from services.gateway.adapters.asterisk.facts import CustomerGone, LegGone, OutsideGone, OutsideUp
from shared.contracts.channel_commands import JoinConsultation
from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ContactQueued,
    ContactTransferred,
    DialRequested,
)
from tests.unit.gateway.test_asterisk_calls import LATER, ended, made, reports, talking, through


def asked(*, joined: bool = False) -> DialRequested:
    return DialRequested("c1", "d-1", 1, 30, LATER, "anna", None, "plumber", "+862155550100", None, LATER, "t1", joined)


def in_consultation(*, joined: bool = False) -> Call:
    return through(talking(), asked(joined=joined), OutsideUp("d-1"))[0]


def test_while_it_rings_the_customer_stays_with_the_agent_and_it_rings_once() -> None:
    call, done = through(talking(), asked())
    assert [type(one) for one in done] == [DialOutside]
    assert media(call).bridge == {call.subject, "o1"}
    assert through(call, asked()) == (call, [])


def test_answered_agent_and_party_talk_and_the_customer_waits() -> None:
    ringing, _ = through(talking(), asked())
    call, done = through(ringing, OutsideUp("d-1"))
    assert reports(done) == [("DialAnswered", {"attempt_id": "d-1"})]
    assert (media(call).bridge, media(call).customer) == ({"o1", "d-1"}, Hears.MUSIC)
    assert through(call, OutsideUp("d-1")) == (call, [])
    together, _ = through(call, made(JoinConsultation, transfer_id="t1", joined=True))
    assert media(together).bridge == {call.subject, "o1", "d-1"}


def test_in_a_conference_all_three_talk() -> None:
    assert media(in_consultation(joined=True)).bridge == {"1700000000.1", "o1", "d-1"}


def test_not_answered_the_customer_never_left_the_agent() -> None:
    ringing, _ = through(talking(), asked())
    call, done = through(ringing, OutsideGone("d-1", "busy"))
    assert reports(done) == [("DialFailed", {"attempt_id": "d-1", "outcome": "busy"})]
    assert (call.outside, media(call).bridge) == (None, {call.subject, "o1"})
    again, done = through(call, asked(joined=True))
    assert [type(one) for one in done] == [DialOutside]
    assert again.outside is not None


def test_given_up_the_party_is_let_go_whether_it_rings_or_talks() -> None:
    for call in (through(talking(), asked())[0], in_consultation()):
        back, done = through(call, made(ConsultationEnded))
        assert ended(done) == {"d-1"}
        assert media(back).bridge == {call.subject, "o1"}
        late, done = through(back, OutsideUp("d-1"))
        assert (late, ended(done)) == (back, {"d-1"})


def test_handed_over_the_agent_leaves_and_customer_and_party_go_on() -> None:
    call, done = through(in_consultation(), made(ContactTransferred, target_kind="outside", to_agent=None))
    assert (ended(done), call.phase) == ({"o1"}, Phase.TALKING)
    assert media(call).bridge == {call.subject, "d-1"}
    over, done = through(call, OutsideGone("d-1", "no_answer"))
    assert (over.phase, ended(done)) == (Phase.OVER, {call.subject})
    assert reports(done) == [("ContactEnded", {"by": "system", "reason": "outside_hung_up"})]


def test_the_agent_hangs_up_and_leaves_the_customer_to_the_party() -> None:
    call, done = through(in_consultation(), LegGone("o1"))
    assert reports(done) == [("ContactEnded", {"by": "agent"})]
    assert media(call).bridge == {call.subject, "d-1"}
    told, done = through(call, made(ContactTransferred, target_kind="outside", to_agent=None))
    assert (media(told).bridge, ended(done)) == ({call.subject, "d-1"}, set())


def test_the_agent_hangs_up_while_it_rings_and_nobody_is_left_ringing() -> None:
    call, done = through(through(talking(), asked())[0], LegGone("o1"))
    assert "d-1" in ended(done)
    assert call.outside is None


def test_the_party_hangs_up_and_the_customer_is_the_agents() -> None:
    call, done = through(in_consultation(), OutsideGone("d-1", "no_answer"))
    assert reports(done) == [("OutsideLeft", {"attempt_id": "d-1"})]
    assert media(call).bridge == {call.subject, "o1"}


def test_handed_over_as_the_party_hung_up_the_customer_waits_and_is_taken_back() -> None:
    call, done = through(
        in_consultation(),
        OutsideGone("d-1", "no_answer"),
        made(ContactTransferred, target_kind="outside", to_agent=None),
    )
    assert (call.phase, media(call).customer, ended(done)) == (Phase.WAITING, Hears.COMFORT, {"o1"})
    assert through(call, made(ContactQueued))[0].phase is Phase.WAITING


def test_the_customer_leaves_and_everybody_is_let_go() -> None:
    _, done = through(in_consultation(), CustomerGone())
    assert (reports(done), ended(done)) == ([("ContactEnded", {"by": "customer"})], {"o1", "d-1"})
