"""What is learned of a campaign's calls converges to what they are, follows changes, and survives a restart."""

from __future__ import annotations

import itertools
import json
import math
import random

import pytest

from services.outbound.domain.chances import answer_chances, busy_in_talk, busy_in_wrap
from services.outbound.domain.estimates import HOUR, AnswerRate, CampaignEstimates, Durations

SECOND = 1_000_000


def lognormal(chance: random.Random, mean: float, variation: float) -> float:
    spread = math.log(1 + variation**2)
    return chance.lognormvariate(math.log(mean) - spread / 2, math.sqrt(spread))


def dialled(rate: AnswerRate, chance: random.Random, p: float, dials: int, start: int) -> int:
    """One dial a second; answers after 10 s, the rest ring out at 25 s. When the last was placed."""
    for n in range(dials):
        placed = start + n * SECOND
        answered = chance.random() < p
        ended = placed + (10 if answered else 25) * SECOND
        rate.observe(answered, placed, max(ended, placed + 30 * SECOND))
    return start + dials * SECOND


def test_durations_learn_the_shape_they_see() -> None:
    chance, learned = random.Random(3), Durations(150, 0.9, step=1, longest=1800)
    # Two kinds of conversation, as no lognormal is: refusals of about 10 s and talks of about 200 s.
    seen = [lognormal(chance, 10, 0.3) if chance.random() < 0.5 else lognormal(chance, 200, 0.3) for _ in range(3000)]
    for seconds in seen:
        learned.observe(seconds)
    survival = learned.survival()
    for at in (5, 10, 20, 100, 200, 300):
        assert survival[at] == pytest.approx(sum(s > at for s in seen) / len(seen), abs=0.03)


def test_a_few_observations_leave_a_smooth_tail() -> None:
    learned = Durations(150, 0.9, step=1, longest=1800)
    for seconds in (20, 60, 90):
        learned.observe(seconds)
    survival = learned.survival()
    assert survival[0] == 1.0
    assert all(later <= earlier for earlier, later in itertools.pairwise(survival))
    assert 0 < survival[600] < 0.1


def test_the_answer_rate_converges_and_is_used_on_the_careful_side_while_unknown() -> None:
    rate = AnswerRate()
    cold = rate.cautious - rate.mean
    dialled(rate, random.Random(1), 0.12, 2000, 0)
    assert rate.mean == pytest.approx(0.12, abs=0.03)
    assert rate.cautious - rate.mean < cold / 4


@pytest.mark.parametrize(("before", "after"), [(0.15, 0.35), (0.35, 0.15)])
def test_a_step_of_the_answer_rate_is_followed_within_150_dials(before: float, after: float) -> None:
    found = []
    for seed in range(20):
        rate, chance = AnswerRate(), random.Random(seed)
        now = dialled(rate, chance, before, 1500, 0)
        dialled(rate, chance, after, 150, now)
        found.append(abs(rate.mean - after))
    assert sorted(found)[len(found) // 2] < 0.05


def test_a_burst_of_dials_does_not_look_like_a_change() -> None:
    """Fifty at once: the answers come first, the ring-outs 15 s later."""
    rate, chance = AnswerRate(), random.Random(5)
    worst = 0.0
    for burst in range(40):
        placed = burst * 60 * SECOND
        ends = sorted((10 if answered else 25, answered) for answered in (chance.random() < 0.25 for _ in range(50)))
        for after, answered in ends:
            rate.observe(answered, placed, placed + after * SECOND)
            worst = max(worst, rate.mean)
    assert worst < 0.4


def test_the_hours_of_earlier_days_prepare_for_the_same_hours() -> None:
    """Answers halve at noon every day: on the third day the first dial of the afternoon is paced by it."""
    rate, chance = AnswerRate(), random.Random(2)
    for day in range(3):
        dialled(rate, chance, 0.40, 1500, (day * 24 + 11) * HOUR)
        if day < 2:
            dialled(rate, chance, 0.20, 1500, (day * 24 + 12) * HOUR)
    dialled(rate, chance, 0.20, 2, (2 * 24 + 12) * HOUR)
    assert rate.mean == pytest.approx(0.20, abs=0.05)


def test_chances_are_those_of_the_remaining_time() -> None:
    chance, known = random.Random(4), CampaignEstimates()
    talks = [(lognormal(chance, 120, 0.8), lognormal(chance, 30, 0.5)) for _ in range(20_000)]
    for talk, wrap in talks[:4000]:
        known.talk.observe(talk)
        known.wrap.observe(wrap)
    in_talk, in_wrap = busy_in_talk(known, 12), busy_in_wrap(known, 12)
    for elapsed in (20, 60, 150):
        left = [talk - elapsed + wrap for talk, wrap in talks if talk > elapsed]
        assert in_talk[elapsed] == pytest.approx(sum(s > 12 for s in left) / len(left), abs=0.03)
        left = [wrap - elapsed for _, wrap in talks if wrap > elapsed]
        if len(left) > 300:
            assert in_wrap[elapsed] == pytest.approx(sum(s > 12 for s in left) / len(left), abs=0.06)


def test_a_dial_that_rang_long_is_hardly_answered_any_more() -> None:
    chance, known = random.Random(6), CampaignEstimates()
    for _ in range(2000):
        known.answered_after.observe(lognormal(chance, 10, 0.4))
        for seconds in (3.0, 23.0, 25.0):
            known.unanswered_after.observe(seconds)
    chances = answer_chances(known, 9.0, 0.25)
    assert chances[0] < chances[2 * 6]  # who has rung 6 s survived the failures and is about to answer
    assert chances[2 * 20] < 0.05


def test_what_was_learned_survives_a_restart() -> None:
    chance, known = random.Random(7), CampaignEstimates()
    for n in range(300):
        known.talk.observe(lognormal(chance, 80, 0.5))
        known.answer.observe(n % 5 == 0, n * SECOND, (n + 30) * SECOND)
    again = CampaignEstimates()
    again.restore(json.loads(json.dumps(known.saved())))
    assert again.answer.mean == pytest.approx(known.answer.mean)
    assert again.talk.mean == pytest.approx(known.talk.mean)
    assert again.talk.survival()[60] == pytest.approx(known.talk.survival()[60], abs=0.02)
