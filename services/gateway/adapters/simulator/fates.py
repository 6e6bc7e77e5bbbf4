"""Whom a simulated call reaches, and how it goes on: a function of seed and attempt, so that a restart finds the same people.

The defaults are the reference floor of `outbound`'s pacing: a quarter answered by a person after about 10 s, of the rest a fifth
failing at 3 s, three tenths machines at 23 s, half ringing out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Reached = Literal[
    "person", "machine", "fax", "busy", "sit_vacant", "sit_intercept", "sit_reorder", "failed", "no_answer"
]  # fmt: skip
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=7_200)]

CAUSES: Final[dict[Reached, int]] = {
    "busy": 17, "no_answer": 19, "sit_vacant": 1, "sit_intercept": 22, "sit_reorder": 27, "failed": 34,
}  # fmt: skip
"""Q.850, as a trunk would tell them."""


class Network(BaseModel, frozen=True):
    """A telephone network for load. Shares are of all calls; what is left over rings out. Times in seconds, each drawn anew.

    `person_rings`, `talks`: mean and coefficient of variation (lognormal); `patience`: mean (exponential) of how long who
    answered waits for somebody to speak; `refuses`: of those who hear the announcement, who press its key;
    `tells_machines`: who answered is known without asking (else only where `detect_machine` is wished).
    """

    model_config = ConfigDict(extra="forbid")
    seed: int = 1
    person: Share = 0.25
    machine: Share = 0.225
    fax: Share = 0.005
    busy: Share = 0.04
    sit_vacant: Share = 0.05
    sit_intercept: Share = 0.02
    sit_reorder: Share = 0.03
    failed: Share = 0.005
    person_rings: tuple[Seconds, Share] = (10.0, 0.4)
    machine_rings: Seconds = 23.0
    told_after: Seconds = 3.0  # busy, SIT, failed
    talks: tuple[Seconds, Annotated[float, Field(ge=0, le=5)]] = (120.0, 0.8)
    patience: Seconds = 15.0
    announcement: Seconds = 6.0  # how long it takes to hear it
    refuses: Share = 0.02
    tells_machines: bool = True

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if sum(share for _, share in self.shares) > 1 + 1e-9:
            raise ValueError("the shares come to more than all calls")
        return self

    @property
    def shares(self) -> Sequence[tuple[Reached, float]]:
        return (
            ("person", self.person), ("machine", self.machine), ("fax", self.fax), ("busy", self.busy),
            ("sit_vacant", self.sit_vacant), ("sit_intercept", self.sit_intercept),
            ("sit_reorder", self.sit_reorder), ("failed", self.failed),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fate:
    """`after`: seconds from dialling until it is decided; the others count from there."""

    reached: Reached
    after: float
    talks: float
    patience: float
    refuses: bool


def fate_of(network: Network, attempt_id: str, ring_seconds: float) -> Fate:
    """What becomes of one attempt that is rung so long."""
    chance = Random(f"{network.seed} {attempt_id}")
    reached = _drawn(network.shares, chance.random())
    after = {
        "person": _lognormal(chance, *network.person_rings),
        "machine": network.machine_rings,
        "fax": network.machine_rings / 4,
        "no_answer": ring_seconds,
    }.get(reached, network.told_after)
    if after >= ring_seconds:
        reached, after = "no_answer", ring_seconds
    talks = _lognormal(chance, *network.talks)
    patience = chance.expovariate(1 / network.patience) if network.patience else 0.0
    return Fate(reached, after, talks, patience, chance.random() < network.refuses)


def _drawn(shares: Sequence[tuple[Reached, float]], at: float) -> Reached:
    for reached, share in shares:
        if at < share:
            return reached
        at -= share
    return "no_answer"


def _lognormal(chance: Random, mean: float, variation: float) -> float:
    """With that mean and coefficient of variation: σ² = ln(1 + cv²), μ = ln(mean) − σ²/2."""
    if not mean:
        return 0.0
    variance = math.log1p(variation**2)
    return chance.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))
