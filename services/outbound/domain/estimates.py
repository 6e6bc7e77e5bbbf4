"""What a campaign's calls are like, learned while they happen: answer rate by hour, and how long ringing, talk and wrap-up last.

Durations are a forgetting histogram smoothed by the lognormal that fits it, so that few observations still give a usable tail and
many show the true shape. The answer rate forgets slowly, is corrected at once when it plainly changed, and is used at an upper
quantile while little is known: too few dials cost a moment, too many cost a customer.
"""

from __future__ import annotations

import heapq
import math
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HOUR = 3_600_000_000


class SavedDurations(TypedDict):
    """A `Durations` in JSON."""

    logs: list[float]
    observed: float
    seen: dict[str, float]


class SavedAnswerRate(TypedDict):
    """An `AnswerRate` in JSON."""

    answered: float
    dials: float
    observed: float
    hour: int
    hours: list[list[float]]


class SavedEstimates(TypedDict):
    """A `CampaignEstimates` in JSON."""

    answer: SavedAnswerRate
    talk: SavedDurations
    wrap: SavedDurations
    answered_after: SavedDurations
    unanswered_after: SavedDurations


class Durations:
    """Distribution of a duration on a grid of `step` seconds up to `longest`.

    `smoothing` is how many observations the fitted lognormal weighs; the prior (`mean`, `variation` = sd ÷ mean) weighs
    `prior` observations; the past is forgotten with a memory of `memory` observations.
    """

    def __init__(
        self, mean: float, variation: float, *, step: float, longest: float,
        smoothing: float = 40, prior: float = 20, memory: float = 4000,
    ) -> None:  # fmt: skip
        spread = math.log(1 + variation**2)
        centre = math.log(mean) - spread / 2
        self.step = step
        self._smoothing = smoothing
        self._kept = 1 - 1 / memory
        self._logs = [prior, prior * centre, prior * (spread + centre**2)]  # n, Σ ln t, Σ ln² t
        self._seen: Floats = np.zeros(round(longest / step) + 1)
        self.observed = 0.0
        self.revision = 0  # of `survival`
        self._fresh = 0  # observations since
        self._survival: Floats | None = None
        self._scale = 1.0  # weight of the next observation; renormalised before it overflows

    def observe(self, seconds: float) -> None:
        """One duration that ended."""
        seconds = max(seconds, self.step / 10)
        self._scale /= self._kept
        self._seen[min(math.ceil(seconds / self.step) - 1, len(self._seen) - 1)] += self._scale
        log, n = math.log(seconds), self._logs
        for i, value in enumerate((1.0, log, log * log)):
            n[i] = n[i] * self._kept + value
        self.observed = self.observed * self._kept + 1
        self._fresh += 1
        if self._fresh >= min(100, 5 + self.observed / 10):
            self._renew()
        if self._scale > 1e6:
            self._seen /= self._scale
            self._scale = 1.0

    @property
    def mean(self) -> float:
        """Of the fitted lognormal, seconds."""
        centre, spread = self._fit()
        return math.exp(centre + spread / 2)

    def _fit(self) -> tuple[float, float]:
        n, total, squares = self._logs
        centre = total / n
        return centre, max(squares / n - centre**2, 1e-4)

    def _renew(self) -> None:
        self.revision += 1
        self._fresh, self._survival = 0, None

    def survival(self) -> Floats:
        """P(duration > k·step), k = 0, 1, … Computed anew when some tenth more was seen."""
        if self._survival is None:
            self._survival = self._mixed()
        return self._survival

    def _mixed(self) -> Floats:
        centre, spread = self._fit()
        scale = 1 / math.sqrt(2 * spread)
        times = np.arange(1, len(self._seen) + 1) * self.step
        fitted = np.array([0.5 * math.erfc((log - centre) * scale) for log in np.log(times).tolist()])
        seen = self._seen / self._scale
        beyond = seen.sum() - np.cumsum(seen)
        mixed = (self._smoothing * fitted + beyond) / (self._smoothing + seen.sum())
        return np.concatenate(([1.0], mixed))

    def saved(self) -> SavedDurations:
        """For JSON; only cells that were seen."""
        weights = (self._seen / self._scale).tolist()
        seen = {str(k): round(weights[k], 4) for k in np.nonzero(self._seen)[0].tolist()}
        return {"logs": list(self._logs), "observed": self.observed, "seen": seen}

    def restore(self, saved: SavedDurations) -> None:
        """Continue from `saved`."""
        self._logs, self.observed, self._scale = list(saved["logs"]), saved["observed"], 1.0
        self._seen[:] = 0
        for cell, weight in saved["seen"].items():
            self._seen[min(int(cell), len(self._seen) - 1)] += weight
        self._renew()


class _Suspicion:
    """A cumulative sum: how much likelier the dials since it was last zero are if the rate is `factor` times what is believed."""

    __slots__ = ("_factor", "answered", "dials", "ratio")

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self.ratio = self.answered = self.dials = 0.0

    def hear(self, x: float, believed: float) -> None:
        other = min(0.97, believed * self._factor)
        self.ratio += math.log(other / believed) if x else math.log((1 - other) / (1 - believed))
        self.answered += x
        self.dials += 1
        if self.ratio <= 0:
            self.ratio = self.answered = self.dials = 0.0


class AnswerRate:
    """P(a person answers a dial), by hour of the day.

    Changes the forgetting would follow too slowly are noticed by two cumulative sums of log-likelihood ratios (Page 1954), one
    for a rise and one for a fall by `FACTOR`; then only the dials since
    it began count.
    """

    MEMORY = 1500.0  # dials
    FACTOR = 1.7
    ALARM = 7.0  # log-likelihood ratio
    HOURLY = 100.0  # dials of an hour before its pattern is used
    SETTLED = 30_000_000  # µs after which an outcome counts
    QUANTILE = 1.65  # standard deviations above the mean: the 95 % quantile
    COLLAPSE = 0.3  # share of the usual rate below which something else is wrong: trunks, a blocked caller ID
    COLD = 150  # dials before a change is looked for

    def __init__(self, mean: float = 0.3, prior: float = 20) -> None:
        self._answered, self._dials = mean * prior, prior
        self._rise, self._fall = _Suspicion(self.FACTOR), _Suspicion(1 / self.FACTOR)
        self._hours = [[0.0, 0.0] for _ in range(24)]
        self._hour = -1
        self._usual = 0.0  # over all hours
        self._unsettled: list[tuple[int, int, bool]] = []  # when it counts, lot, answered
        self._lot = 1
        self.observed = 0.0

    @property
    def mean(self) -> float:
        return self._answered / self._dials

    @property
    def cautious(self) -> float:
        """The upper quantile used for pacing."""
        mean = self.mean
        return min(0.98, mean + self.QUANTILE * math.sqrt(mean * (1 - mean) / (self._dials + 1)))

    @property
    def collapsed(self) -> bool:
        """Hardly anybody answers any more, against the days before: not a rate to dial by, or thousands would be dialled."""
        return self.mean < self.COLLAPSE * self._usual

    def _review(self) -> None:
        dials = sum(hour[1] for hour in self._hours)
        self._usual = sum(hour[0] for hour in self._hours) / dials if dials >= self.COLD else 0.0

    def observe(self, answered: bool, placed: int, now: int) -> None:
        """One dial that ended at `now`, by a person's answer or otherwise; µs."""
        # Dials placed together count in an order that has nothing to do with how they ended.
        self._lot = (self._lot * 1_103_515_245 + 12_345) % 2**31
        heapq.heappush(self._unsettled, (placed + self.SETTLED, self._lot, answered))
        while self._unsettled and self._unsettled[0][0] <= now:
            at, _, x = heapq.heappop(self._unsettled)
            self._count(float(x), at)

    def _count(self, x: float, at: int) -> None:
        hour = at // HOUR % 24
        if hour != self._hour:
            self._enter(hour)
        self._watch(x)
        kept = 1 - 1 / self.MEMORY
        self._answered = self._answered * kept + x
        self._dials = self._dials * kept + 1
        self.observed += 1
        if not self.collapsed:
            history = self._hours[hour]
            history[0] += x
            history[1] += 1
            self._review()

    def _watch(self, x: float) -> None:
        p = min(0.95, max(0.005, self.mean))
        for suspicion in (self._rise, self._fall):
            suspicion.hear(x, p)
            if suspicion.ratio > self.ALARM and self.observed >= self.COLD:
                self._answered, self._dials = suspicion.answered + 0.5, suspicion.dials + 1
                self._rise, self._fall = _Suspicion(self.FACTOR), _Suspicion(1 / self.FACTOR)
                return

    def _enter(self, hour: int) -> None:
        """A new hour: follow the pattern of earlier days as far as it exceeds chance."""
        before, after = (self._hours[self._hour] if self._hour >= 0 else [0.0, 0.0]), self._hours[hour]
        if min(before[1], after[1]) >= self.HOURLY and before[0] > 0 and after[0] > 0:
            change = math.log(after[0] / after[1] * before[1] / before[0])
            chance = 1 / before[0] + 1 / after[0]
            trusted = max(0.0, 1 - 2 * chance / max(change * change, 1e-9))
            rate = min(0.95, self.mean * math.exp(change * trusted))
            if trusted:
                self._dials = min(self._dials, self.HOURLY)
                self._answered = rate * self._dials
        after[0], after[1] = after[0] / 2, after[1] / 2  # yesterday's hour weighs half
        self._hour = hour

    def saved(self) -> SavedAnswerRate:
        """For JSON."""
        return {"answered": self._answered, "dials": self._dials, "observed": self.observed,
                "hour": self._hour, "hours": [list(hour) for hour in self._hours]}  # fmt: skip

    def restore(self, saved: SavedAnswerRate) -> None:
        """Continue from `saved`."""
        self._answered, self._dials = saved["answered"], saved["dials"]
        self.observed, self._hour = saved["observed"], saved["hour"]
        self._hours = [list(hour) for hour in saved["hours"]]
        self._review()


class CampaignEstimates:
    """All that is learned of one campaign; of inbound work under the name ""."""

    TALK_SETTLED = 240_000_000  # µs after its beginning a talk counts, if it has ended

    def __init__(self) -> None:
        self._talks: list[tuple[int, float]] = []  # when it counts, seconds
        self.answer = AnswerRate()
        # Priors are ordinary telephone work, on the long side: late agents are dialled for later.
        self.talk = Durations(150, 0.9, step=1, longest=1800)
        self.wrap = Durations(35, 0.7, step=1, longest=600)
        self.answered_after = Durations(10, 0.5, step=0.5, longest=60)
        # Failures, machines and ring-outs come at fixed times: a lognormal would only blur them.
        self.unanswered_after = Durations(20, 0.6, step=0.5, longest=60, smoothing=5, prior=5)

    def talked(self, seconds: float, now: int) -> None:
        """A talk ended. It counts with those begun at the same time: the short ones end first, and would tell of short talks."""
        heapq.heappush(self._talks, (max(now, now - round(seconds * 1e6) + self.TALK_SETTLED), seconds))
        while self._talks and self._talks[0][0] <= now:
            self.talk.observe(heapq.heappop(self._talks)[1])

    def saved(self) -> SavedEstimates:
        """For JSON."""
        return {"answer": self.answer.saved(), "talk": self.talk.saved(), "wrap": self.wrap.saved(),
                "answered_after": self.answered_after.saved(), "unanswered_after": self.unanswered_after.saved()}  # fmt: skip

    def restore(self, saved: SavedEstimates) -> None:
        """Continue from `saved`."""
        self.answer.restore(saved["answer"])
        self.talk.restore(saved["talk"])
        self.wrap.restore(saved["wrap"])
        self.answered_after.restore(saved["answered_after"])
        self.unanswered_after.restore(saved["unanswered_after"])
