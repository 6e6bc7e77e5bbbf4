"""How long things take: a distribution by name and parameters, in seconds."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exponential:
    """Memoryless, by its mean."""

    mean: float

    def draw(self, chance: random.Random) -> float:
        return chance.expovariate(1 / self.mean)


@dataclass(frozen=True, slots=True)
class Constant:
    mean: float

    def draw(self, chance: random.Random) -> float:
        return self.mean


@dataclass(frozen=True, slots=True)
class Lognormal:
    """exp of a normal: what conversation times look like."""

    log_mean: float
    log_sd: float

    @classmethod
    def of(cls, mean: float, sd: float) -> Lognormal:
        """By mean and standard deviation of the times themselves."""
        spread = math.log(1 + (sd / mean) ** 2)
        return cls(math.log(mean) - spread / 2, math.sqrt(spread))

    @property
    def mean(self) -> float:
        return math.exp(self.log_mean + self.log_sd**2 / 2)

    def draw(self, chance: random.Random) -> float:
        return chance.lognormvariate(self.log_mean, self.log_sd)


@dataclass(frozen=True, slots=True)
class Gamma:
    """By mean and shape; shape 1 is exponential, larger is more regular."""

    mean: float
    shape: float

    def draw(self, chance: random.Random) -> float:
        return chance.gammavariate(self.shape, self.mean / self.shape)


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of the recorded values, each as likely."""

    values: Sequence[float]

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    def draw(self, chance: random.Random) -> float:
        return self.values[int(chance.random() * len(self.values))]


Distribution = Exponential | Constant | Lognormal | Gamma | Empirical
