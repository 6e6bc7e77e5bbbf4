"""The exact optimum of the memoryless twin: how well anybody could pace who knew the means and nothing of elapsed times.

In the twin every duration is exponential with the floor's mean: handling, a dial (which is answered by a person with the answer
rate when it ends), patience. The state is then (persons with or waiting for agents, dials in flight), the action to add dials, and
the best average utilisation with at most `limit` of the answering persons abandoned is the minimum over λ of the Lagrangian

    max E[ busy/N − λ (abandoned/s − limit · answered/s) ]

whose inner maximum is found by relative value iteration on the uniformised chain (Puterman 1994, §8.5 and §11.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.outbound.domain.estimates import Floats
from services.outbound.simulation.floor import FloorModel

WAITING = 12  # persons waiting for an agent; beyond, with 2 s of patience, never seen
PRECISION = 2e-5  # of utilisation


@dataclass(frozen=True, slots=True)
class Twin:
    """Rates per second of the memoryless floor; `most` dials in flight considered."""

    agents: int
    served: float
    ended: float
    answered: float
    gives_up: float
    most: int

    @classmethod
    def of(cls, model: FloorModel) -> Twin:
        """With the means of `model`."""
        in_flight = model.agents / model.handling / model.answer_rate * model.attempt  # at full utilisation
        return cls(model.agents, 1 / model.handling, 1 / model.attempt, model.answer_rate, 1 / model.patience,
                   round(1.6 * in_flight + 12))  # fmt: skip


class ValueIteration:
    """Relative value iteration on the twin, kept warm from one λ to the next."""

    def __init__(self, twin: Twin, limit: float) -> None:
        self._twin = twin
        persons = np.arange(twin.agents + WAITING + 1)[:, None]
        self._busy = np.minimum(persons, twin.agents)
        self._waiting = persons - self._busy
        self._dials = np.arange(twin.most + 1)[None, :]
        leaves = self._busy * twin.served + self._waiting * twin.gives_up
        ends = self._dials * twin.ended
        self._clock = float(leaves.max() + ends.max())
        self._leaves, self._answers, self._fails = (
            leaves / self._clock, ends * twin.answered / self._clock, ends * (1 - twin.answered) / self._clock,
        )  # fmt: skip
        lost = self._waiting * twin.gives_up
        self._overrun = lost - limit * (lost + self._busy * twin.served)
        self._value: Floats = np.zeros((twin.agents + WAITING + 1, twin.most + 1))

    def best(self, multiplier: float) -> float:
        """The Lagrangian's inner maximum for this λ."""
        reward = self._busy / self._twin.agents - multiplier * self._overrun
        for sweep in range(200_000):
            waited = self._step(reward)
            change = waited - self._value
            self._value = waited - waited[0, 0]
            low, high = float(change.min()), float(change.max())
            if high - low < PRECISION or sweep == 199_999:
                return (low + high) / 2
        raise AssertionError("unreachable")

    def _step(self, reward: Floats) -> Floats:
        # The best of adding any number of dials now: the running maximum from above.
        value = np.maximum.accumulate(self._value[:, ::-1], axis=1)[:, ::-1]
        fewer_persons = np.vstack((value[:1], value[:-1]))
        fewer_dials = np.hstack((value[:, :1], value[:, :-1]))
        one_answered = np.vstack((fewer_dials[1:], fewer_dials[-1:]))
        stay = 1 - self._leaves - self._answers - self._fails
        return (reward + self._leaves * fewer_persons + self._answers * one_answered + self._fails * fewer_dials
                + stay * value)  # fmt: skip


def memoryless_optimum(model: FloorModel, limit: float = 0.03) -> float:
    """Best utilisation of the memoryless twin with at most `limit` of the persons who answer abandoned."""
    iteration = ValueIteration(Twin.of(model), limit)
    ratio = (5**0.5 - 1) / 2
    low, high = 0.0, 60.0 / model.agents * 20  # λ: seconds of utilisation an abandonment is worth
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = iteration.best(left), iteration.best(right)
    while high - low > 0.02 * high:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = iteration.best(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = iteration.best(right)
    return min(at_left, at_right)
