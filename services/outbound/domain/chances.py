"""Tables of chances by elapsed time: does a busy agent come free, does a ringing telephone get answered, within so many seconds.

Tables are computed from the campaign's estimates and looked up by elapsed time, so that a decision costs one read for each agent
and dial. A row holds the chance at each horizon: the median ring time, and a late one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from services.outbound.domain.estimates import CampaignEstimates, Durations, Floats

RING_STEP = 500_000  # µs
BUSY_STEP = 1_000_000


@dataclass(frozen=True, slots=True)
class Horizon:
    """A dial placed now would be answered `answer` seconds from now; agents free by `free` seconds can take it."""

    answer: float
    free: float


Row = tuple[float, ...]  # one chance for each horizon


@dataclass(frozen=True, slots=True)
class Chances:
    """One campaign's, by elapsed steps: P(still busy) of agents in talk and in wrap-up, P(answered in time) of dials."""

    talk_busy: Sequence[Row]
    wrap_busy: Sequence[Row]
    answered: Sequence[Row]


def tables(columns: Iterable[Sequence[float]]) -> list[Row]:
    """One column for each horizon made rows by elapsed steps."""
    return list(zip(*columns, strict=True))


def within(seconds: float, distribution: Durations, survival: Floats) -> Floats:
    """P(ends within `seconds` | elapsed k steps), for every k; linear between the grid's points."""
    steps = seconds / distribution.step
    whole, part = int(steps), steps - int(steps)
    later = _shifted(survival, whole) * (1 - part) + _shifted(survival, whole + 1) * part
    return 1 - later / np.maximum(survival, 1e-9)


def _shifted(values: Floats, steps: int) -> Floats:
    if steps <= 0:
        return values
    return np.concatenate((values[steps:], np.full(min(steps, len(values)), values[-1])))


def busy_in_wrap(estimates: CampaignEstimates, seconds: float) -> list[float]:
    """P(still wrapping up after `seconds` more | elapsed in wrap-up)."""
    if seconds <= 0:
        return np.ones_like(estimates.wrap.survival()).tolist()
    survival = estimates.wrap.survival()
    return (1 - within(seconds, estimates.wrap, survival)).tolist()


def busy_in_talk(estimates: CampaignEstimates, seconds: float) -> list[float]:
    """P(talk and the wrap-up after it are not both over after `seconds` more | elapsed in talk)."""
    if seconds <= 0:
        return np.ones_like(estimates.talk.survival()).tolist()
    talk, wrap = estimates.talk.survival(), estimates.wrap.survival()
    ends = talk - _shifted(talk, 1)  # P(talk ends in step k)
    free = np.zeros_like(talk)
    for step in range(int(seconds)):
        left = seconds - step - 0.5  # for wrap-up, when the talk ends in the middle of this step
        whole = int(left)
        finished = 1 - (wrap[whole] + (wrap[whole + 1] - wrap[whole]) * (left - whole))
        free += _shifted(ends, step) * finished
    return (1 - np.minimum(free / np.maximum(talk, 1e-9), 1.0)).tolist()


def answer_chances(estimates: CampaignEstimates, seconds: float, rate: float) -> list[float]:
    """P(a person answers within `seconds` more | not ended after the elapsed ring), by Bayes over answered and unanswered dials."""
    rings, fails = estimates.answered_after.survival(), estimates.unanswered_after.survival()
    soon = within(seconds, estimates.answered_after, rings)
    still = rate * rings / np.maximum(rate * rings + (1 - rate) * fails, 1e-9)
    return (still * soon).tolist()


def horizons_of(estimates: CampaignEstimates, quantiles: Sequence[float], patience: float) -> tuple[Horizon, ...]:
    """When a dial placed now would be answered: quantiles of the learned ring time."""
    survival, step = estimates.answered_after.survival(), estimates.answered_after.step
    answers = [max(1, int(np.searchsorted(-survival, quantile - 1))) * step for quantile in quantiles]
    return tuple(Horizon(answer, answer + patience) for answer in answers)
