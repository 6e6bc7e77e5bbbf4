"""A call's state: events once, in order; who is needed on it."""

from __future__ import annotations

from dataclasses import replace

from services.gateway.adapters.port import ChannelEvent
from services.gateway.adapters.twiml.call import Call, Leg, after, leaving_a_message, party_in, read, unneeded, written
from shared.contracts.channel_commands import (
    Gather,
    HoldContact,
    JoinConsultation,
    PlayPrompt,
    SuperviseContact,
    Utterance,
)
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    ContactTransferred,
    DialRequested,
    HeadStart,
    QueueCause,
)

NEW = Call("c-1", "+862155550100", "zh", quiet_since=1.0)


def happening(number: int, data: object) -> ChannelEvent:
    return ChannelEvent(number, type(data).__name__, "c-1", "CA1", data)  # type: ignore[arg-type]


def assigned(offer: str) -> ContactAssigned:
    return ContactAssigned("c-1", f"agent-of-{offer}", offer, f"i-{offer}", Channel.PHONE, "g", 0, 0)


PROMPT = PlayPrompt("cmd", "c-1", 0, "ivr", "s-1", (Utterance("您好"),), Gather("digits"))


def test_survives_being_written_down() -> None:
    call = after(after(NEW, happening(1, PROMPT)), happening(2, assigned("o-1")))
    assert read(written(call)) == call


def test_an_event_told_twice_or_late_counts_once() -> None:
    asked = after(NEW, happening(1, PROMPT))
    heard = replace(asked, answered="s-1")
    assert heard.quiet
    assert after(heard, happening(1, PROMPT)) == heard
    assert after(heard, happening(2, replace(PROMPT, step="s-2"))).quiet is False


def test_an_assigned_call_is_no_longer_prompted() -> None:
    talking = after(NEW, happening(1, assigned("o-1")))
    assert after(talking, happening(2, PROMPT)).prompt is None


QUEUED = ContactQueued("c-1", Channel.PHONE, "rental", "g", (), 0, 0, 0, 0, HeadStart(), QueueCause.NEW, 1)


def test_a_message_is_chosen_in_one_stay_in_a_queue_and_not_interrupted_but_by_an_agent() -> None:
    waiting = after(NEW, happening(1, QUEUED))
    assert leaving_a_message(waiting, "0") == waiting
    assert leaving_a_message(NEW, "0") == NEW
    leaving = leaving_a_message(waiting, "1")
    assert after(leaving, happening(2, QUEUED)).stage == "message"
    assert after(leaving, happening(2, assigned("o-1"))).stage == "connecting"


def test_a_warm_transfer_changes_who_has_the_customer() -> None:
    call = replace(after(NEW, happening(1, assigned("o-1"))), stage="talking").leg("o-1", state="up", sid="CA2")
    asked = after(call, happening(2, ConsultationStarted("c-1", "a", "b", "t-1", "o-2", "i-2"))).leg("o-2", state="up")
    assert asked.apart
    joined = after(asked, happening(3, JoinConsultation("cmd", "c-1", 0, "a", "t-1")))
    assert not joined.apart
    assert unneeded(joined) == []
    done = after(joined, happening(4, ContactTransferred("c-1", "a", "t-1", "agent", "b", to_agent="b")))
    assert (done.offer_id, done.consulted, done.legs["o-2"].role) == ("o-2", None, "agent")
    assert [key for key, _ in unneeded(done)] == ["o-1"]
    kept = after(joined, happening(4, ConsultationEnded("c-1", "a", "t-1", "cancelled")))
    assert [key for key, _ in unneeded(kept)] == ["o-2"]


def test_after_the_end_nobody_is_needed_and_nothing_happens() -> None:
    call = replace(after(NEW, happening(1, assigned("o-1"))), stage="talking").leg("o-1", state="up")
    heard = after(call, happening(2, SuperviseContact("cmd", "c-1", 0, "boss", "listen"))).leg(
        "supervisor:boss", state="up"
    )
    assert unneeded(heard) == []
    over = after(heard, happening(3, ContactClosed("c-1", ContactEnd.SERVED, 0, Channel.PHONE, "rental", "agent")))
    assert [key for key, _ in unneeded(over)] == ["o-1", "supervisor:boss"]
    assert after(over, happening(4, HoldContact("cmd", "c-1", 0, "a"))) == over


def test_a_supervisor_changes_from_listening_to_whispering_on_the_same_leg() -> None:
    call = after(NEW, happening(1, SuperviseContact("cmd", "c-1", 0, "boss", "listen"))).leg(
        "supervisor:boss", state="up", sid="CA9"
    )
    assert after(call, happening(2, SuperviseContact("cmd2", "c-1", 0, "boss", "whisper"))).legs[
        "supervisor:boss"
    ] == Leg("boss", "whisper", "up", "CA9")


def flowed_out(**where: str) -> ContactClosed:
    return ContactClosed("c-1", ContactEnd.OVERFLOWED, 0, Channel.PHONE, "rental", "system", **where)  # type: ignore[arg-type]


def test_who_flows_out_goes_on_to_the_number_or_leaves_a_message() -> None:
    waits = replace(NEW, stage="waiting")
    outside = after(waits, happening(1, flowed_out(to_kind="number", to="plumber", number="+862155550111")))
    assert (outside.stage, outside.outside) == ("outside", "+862155550111")
    assert after(waits, happening(1, flowed_out(to_kind="message"))).stage == "message"
    assert after(waits, happening(1, flowed_out(to_kind="end"))).stage == "over"
    talking = replace(NEW, stage="talking")
    assert after(talking, happening(1, flowed_out(to_kind="message"))).stage == "over"


def test_an_outside_party_is_dialled_by_one_document_only() -> None:
    talking = replace(after(NEW, happening(1, assigned("o-1"))), stage="talking").leg("o-1", state="up", sid="CA2")
    wanted = DialRequested("c-1", "d-1", 1, 30, 0, outside="plumber", number="+862155550100")
    call = after(talking, happening(2, wanted))
    assert (call.stage, [key for key, _ in unneeded(call)]) == ("passed_on", ["o-1"])
    assert read(written(call)) == call
    assert party_in(call, "d-1", "cleared", "dialled") == call  # the intent is not written yet
    cleared = party_in(call, "d-1", "wanted", "cleared")
    dialled = party_in(cleared, "d-1", "cleared", "dialled")
    assert party_in(dialled, "d-1", "cleared", "dialled") == dialled
    assert party_in(cleared, "d-0", "cleared", "dialled") == cleared  # of an earlier attempt
