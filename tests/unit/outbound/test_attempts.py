"""The tables of attempts and campaigns, lines, quiet hours and what a floor teaches."""

from __future__ import annotations

import itertools

import pytest

from services.outbound.domain.attempts import ATTEMPT_TRANSITIONS, AttemptState, News, Verdict, judge, news_of
from services.outbound.domain.campaigns import CAMPAIGN_TRANSITIONS, CampaignState, Move, after
from services.outbound.domain.cells import DialCell
from services.outbound.domain.floor import Floor, FloorAgent, Lasted, lasted, paced_agents
from services.outbound.domain.lines import ShownNumber, TokenBucket, shown_number
from services.outbound.domain.pacing_view import AgentMoment
from services.outbound.domain.preferences import QuietHours
from shared.contracts.dial_results import AttemptEnded

S, N = AttemptState, News
SECOND = 1_000_000


def test_an_attempt_that_is_over_never_moves_again() -> None:
    assert all(judge(S.CLOSED, news) == (Verdict.REPEATS, S.CLOSED) for news in News)


def test_every_state_but_the_last_can_end() -> None:
    assert {state for state, news in ATTEMPT_TRANSITIONS if news is N.ENDED} == set(AttemptState) - {S.CLOSED}


@pytest.mark.parametrize(("state", "news"), [(S.AUTHORISED, N.CONNECTED), (S.DIALLED, N.CONNECTED)])
def test_nobody_is_connected_who_has_not_answered(state: AttemptState, news: News) -> None:
    assert judge(state, news) == (Verdict.REFUSED, state)


def test_facts_in_any_order_and_twice_end_in_one_end() -> None:
    """However the four facts are shuffled and repeated, an attempt whose end was told is closed, and closes once."""
    for order in itertools.permutations([N.RANG, N.ANSWERED, N.CONNECTED, N.ENDED, N.ENDED]):
        state, ends = S.AUTHORISED, 0
        for news in order:
            verdict, following = judge(state, news)
            ends += verdict is Verdict.MOVES and following is S.CLOSED
            state = following
        assert (state, ends) == (S.CLOSED, 1)


def test_a_gateway_that_cannot_say_makes_it_unknown_and_a_late_word_resolves_it() -> None:
    assert news_of(AttemptEnded("a", "c", "g", "unknown", 1)) is N.LOST
    assert judge(S.DIALLED, N.LOST) == (Verdict.MOVES, S.UNKNOWN)
    assert judge(S.UNKNOWN, N.RANG) == (Verdict.REPEATS, S.UNKNOWN)
    assert judge(S.UNKNOWN, N.ENDED) == (Verdict.MOVES, S.CLOSED)


def test_a_stopped_campaign_stays_stopped() -> None:
    assert all(after(CampaignState.STOPPED, move) is None for move in Move)
    assert all(state is not CampaignState.DRAFT for state in CAMPAIGN_TRANSITIONS.values())


def test_a_trunk_gives_a_second_of_calls_at_once_and_its_rate_in_the_long_run() -> None:
    bucket, begun = TokenBucket(10), 0
    for tick in range(1, 601):  # five minutes of half seconds
        there = bucket.there(tick * SECOND // 2)
        assert there <= 10
        bucket.take(there)
        begun += there
    assert begun == pytest.approx(10 * 300, abs=11)


def test_a_slow_trunk_still_begins_calls() -> None:
    bucket = TokenBucket(0.5)
    assert bucket.there(SECOND) == 1
    bucket.take(1)
    assert bucket.there(2 * SECOND) == 0
    assert bucket.there(3 * SECOND) == 1


def test_a_number_of_the_persons_region_is_shown_in_rotation() -> None:
    pool = [ShownNumber("+1a", "US"), ShownNumber("+861", "CN"), ShownNumber("+862", "CN"), ShownNumber("+44", None)]
    assert [shown_number(pool, ("CN",), turn) for turn in range(3)] == ["+861", "+862", "+861"]
    assert shown_number(pool, ("US-FL",), 5) == "+1a"
    assert shown_number(pool, ("FR",), 3) == "+44"
    assert shown_number([], ("CN",), 0) is None


@pytest.mark.parametrize(
    ("hours", "opened"),
    [
        (QuietHours("09:00", "20:00"), ((540, 1200),)),
        (QuietHours(do_not_disturb=(("20:00", "09:00"),)), ((540, 1200),)),
        (QuietHours("09:00", None, (("12:00", "14:00"),)), ((540, 720), (840, 1440))),
        (QuietHours(do_not_disturb=(("00:00", "24:00"),)), ()),
    ],
)
def test_quiet_hours_leave_the_rest_of_the_day(hours: QuietHours, opened: tuple[tuple[int, int], ...]) -> None:
    window = hours.window()
    assert window is not None
    assert window.week == (opened,) * 7
    assert QuietHours().window() is None


def test_the_floor_teaches_how_long_conversations_lasted_and_whose_they_were() -> None:
    def agent(state: str, since: int) -> FloorAgent:
        return FloorAgent("a-1", state, since, ("out",), "out")

    before, now = Floor(10, (agent("handling", 10),)), Floor(70, (agent("wrapping", 60),))
    by_group = {"out": ["c-1"]}
    assert lasted(before, now, {}, by_group) == [Lasted("c-1", True, 50)]
    assert lasted(before, now, {"a-1": "c-2"}, by_group) == [Lasted("c-2", True, 50)]
    assert lasted(before, before, {}, by_group) == []
    assert lasted(None, now, {}, by_group) == []


def test_agents_kept_for_inbound_or_of_closed_groups_are_not_counted_on() -> None:
    kept = FloorAgent("a-1", "idle", 0, ("out",), None, True)
    away = FloorAgent("a-2", "away", 0, ("out",))
    cells = {"c-1": [DialCell("c-1", ("",))]}
    found = paced_agents(Floor(0, (kept, away), frozenset({"out"})), {}, {"out": ["c-1"]}, cells)
    assert [(a.agent_id, a.state, a.cells) for a in found] == [("a-1", AgentMoment.RESERVED, frozenset())]
