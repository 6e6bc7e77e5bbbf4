"""After the agent has hung up the caller is asked how it was: who is, who is not, and that everybody is let go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.gateway.adapters.asterisk import rating
from services.gateway.adapters.asterisk.calls import AskRating, Hears, Phase, media
from services.gateway.adapters.asterisk.facts import CustomerGone, LegGone, RatingOver
from shared.contracts.channel_commands import EndContact, JoinConsultation
from shared.contracts.routing_decisions import ConsultationStarted, ContactClosed, OfferMade
from shared.errors import Refused
from tests.unit.gateway.test_asterisk_calls import ended, made, reports, talking, through

ASKED = made(ContactClosed, rating_scale=5)


def agent_hangs_up(**call: Any) -> Any:
    return through(replace(talking(), rates=True, **call), LegGone("o1"))


def test_the_caller_stays_to_be_asked_once() -> None:
    call, done = agent_hangs_up()
    assert call.phase is Phase.RATING
    assert ended(done) == {"o1"} or ended(done) == set()  # never the customer
    assert reports(done) == [("ContactEnded", {"by": "agent"})]
    assert media(call).customer is Hears.PROMPTS
    call, done = through(call, ASKED)
    assert done == [AskRating(5)]
    call, done = through(call, ASKED)
    assert done == []
    call, done = through(call, RatingOver())
    assert (call.phase, ended(done)) == (Phase.OVER, {call.subject})


def test_an_end_by_a_click_asks_too() -> None:
    call, done = through(replace(talking(), rates=True), made(EndContact))
    assert call.phase is Phase.RATING
    assert ended(done) == {"o1"}


@pytest.mark.parametrize("closed", [made(ContactClosed), made(ContactClosed, rating_scale=None)])
def test_whom_nobody_wants_asked_is_let_go(closed: ContactClosed) -> None:
    call, _ = agent_hangs_up()
    after, done = through(call, closed)
    assert (after.phase, ended(done)) == (Phase.OVER, {call.subject})


def test_without_a_question_to_play_the_call_ends_with_its_agent() -> None:
    call, done = through(talking(), LegGone("o1"))
    assert call.phase is Phase.OVER
    assert call.subject in ended(done)


def test_who_hangs_up_while_asked_ends_nothing_twice() -> None:
    call, _ = agent_hangs_up()
    after, done = through(call, CustomerGone())
    assert (after.phase, reports(done)) == (Phase.OVER, [])


def test_in_a_conference_the_customer_hears_both_from_the_start() -> None:
    asked = made(OfferMade, offer_id="o2", agent_id="bo", consult_of="t1")
    together = made(ConsultationStarted, offer_id="o2", agent_id="bo", joined=True)
    call, _ = through(talking(), asked, together)
    call = replace(call, legs={**call.legs, "o2": replace(call.legs["o2"], up=True)})
    assert media(call).bridge == {"o1", "o2", call.subject}
    parted, _ = through(call, made(JoinConsultation, transfer_id="t1", joined=False))
    assert call.subject not in media(parted).bridge


class Desk:
    def __init__(self) -> None:
        self.taken: list[tuple[str, int, str]] = []

    async def rate(self, contact_id: str, score: int, via: str) -> str:
        if self.taken:
            raise Refused("rated_already", "once")
        self.taken.append((contact_id, score, via))
        return "counted"


@pytest.mark.parametrize(("key", "taken"), [("4", [("c1", 4, "key")]), ("9", []), ("0", []), ("#", []), ("", [])])
async def test_only_a_key_of_the_scale_counts(key: str, taken: list[Any]) -> None:
    desk = Desk()
    await rating.take(desk, "c1", key, 5)  # type: ignore[arg-type]
    await rating.take(desk, "c1", key, 5)  # type: ignore[arg-type]
    assert desk.taken == taken
