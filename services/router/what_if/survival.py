"""Patience from waits that were cut short: Kaplan–Meier, and draws on the condition of having waited so long already.

Who was answered after w seconds would have waited at least w: a censored observation, not a patient customer. Where too few
are left at risk the estimate would jump at single people, so beyond that point the tail is exponential with the hazard of
the whole sample (departures ÷ time waited), as in Mandelbaum et al.'s study of a bank's call centre.

    S(t) = Π over departure times u ≤ t of (1 − d(u) / n(u))
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log

AT_RISK = 10
"""Fewer people than this still waiting say nothing about the share that leaves: from there on the tail is exponential."""


@dataclass(frozen=True, slots=True)
class Survival:
    """A survival curve. `times[i]` (µs, rising) is where it falls to `surviving[i]`; beyond `until` it decays with `hazard`."""

    times: tuple[int, ...]
    surviving: tuple[float, ...]
    until: int
    hazard: float  # departures per µs waited; 0: nobody ever left
    observed: int
    left: int

    def at(self, waited: int) -> float:
        """S(t): the share that would wait longer than `waited` µs."""
        if waited <= self.until or self.hazard == 0:
            index = bisect_right(self.times, waited)
            return self.surviving[index - 1] if index else 1.0
        return self.at(self.until) * _decay(self.hazard, waited - self.until)

    def median(self) -> int | None:
        """µs after which half have left; None where that many never leave."""
        return self._waits_until(0.5)

    def draw(self, chance: random.Random, waited: int = 0) -> int | None:
        """A patience longer than `waited` µs; None: for ever. Given that much patience was shown, S(t) ÷ S(waited) rules."""
        if self.hazard == 0:
            return None
        within = self.at(waited)
        if within <= 0:  # nobody in the record waited so long: the tail has no memory
            return waited + _whole(chance.expovariate(self.hazard))
        found = self._waits_until(chance.random() * within)
        return None if found is None else max(found, waited + 1)

    def _waits_until(self, share: float) -> int | None:
        """The least t with S(t) ≤ share."""
        for time, surviving in zip(self.times, self.surviving, strict=True):
            if surviving <= share:
                return time
        last = self.surviving[-1] if self.surviving else 1.0
        if self.hazard == 0:
            return None
        return self.until + _whole(_time_to_decay(self.hazard, share / last))


def kaplan_meier(waits: Iterable[tuple[int, bool]], *, at_risk: int = AT_RISK) -> Survival:
    """The curve of (µs waited, whether the customer left then; else they were answered or are still waiting)."""
    ordered = sorted(
        waits, key=lambda wait: (wait[0], not wait[1])
    )  # who left at t was at risk at t; leaving counts first
    left = sum(gone for _, gone in ordered)
    exposure = sum(waited for waited, _ in ordered)
    times: list[int] = []
    surviving: list[float] = []
    share, index, until = 1.0, 0, 0
    while index < len(ordered):
        time, risk, gone = ordered[index][0], len(ordered) - index, 0
        if risk < at_risk:
            break
        while index < len(ordered) and ordered[index][0] == time:
            gone += ordered[index][1]
            index += 1
        until = time
        if gone:
            share *= 1 - gone / risk
            times.append(time)
            surviving.append(share)
    hazard = left / exposure if left and exposure else 0.0
    return Survival(tuple(times), tuple(surviving), until, hazard, len(ordered), left)


def _decay(hazard: float, passed: int) -> float:
    return exp(-hazard * passed)


def _time_to_decay(hazard: float, share: float) -> float:
    return -log(max(share, 1e-12)) / hazard


def _whole(time: float) -> int:
    return max(1, round(time))
