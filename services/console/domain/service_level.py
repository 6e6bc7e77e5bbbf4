"""Service level and speed of answer of one group today: which variant, from which counts.

What the figures mean stands in `shared/contracts/metrics.yaml`, for reports and for this board alike. A cohort is counted by
entries into *this* group: offered = answered + abandoned + flowed out + callback + turned away + failed + waiting. Entries
still waiting are left out of every denominator until their outcome is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from shared.contracts.metrics import definitions


class Variant(StrEnum):
    """Named, because "service level" alone means four different numbers."""

    ANSWERED_WITHIN_OF_OFFERED = "answered_within_of_offered"
    ANSWERED_WITHIN_OF_ANSWERED = "answered_within_of_answered"
    ANSWERED_WITHIN_OF_OFFERED_LESS_SHORT_ABANDONS = "answered_within_of_offered_less_short_abandons"
    SETTLED_WITHIN_OF_OFFERED = "settled_within_of_offered"


FORMULAS: Mapping[Variant, str] = {Variant(name): m.formula.en for name, m in definitions().variants().items()}
"""T: the group's response target for the contact's channel; s: short-abandon seconds; offered without those still waiting."""


@dataclass(slots=True)
class Today:
    """Counts of one group since midnight of the tenant's time zone; waits in microseconds."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    flowed_out: int = 0
    callback: int = 0
    turned_away: int = 0
    failed: int = 0
    answered_within: int = 0
    abandoned_within: int = 0
    short_abandons: int = 0
    wait_answered: int = 0

    @property
    def settled(self) -> int:
        return self.answered + self.abandoned + self.flowed_out + self.callback + self.turned_away + self.failed

    def counts(self) -> dict[str, int]:
        """As the definitions name them."""
        return {**asdict(self), "waiting": self.offered - self.settled}


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """A share with its numerator and denominator; `percent` is None while nothing has been settled."""

    variant: Variant
    percent: float | None
    answered_within: int
    of: int
    short_abandon_seconds: int


def service_level(today: Today, variant: Variant, short_abandon_seconds: int) -> ServiceLevel:
    """The service level of `today` by `variant` (see FORMULAS)."""
    metric, counts = definitions().variants()[variant], today.counts()
    within, of = metric.ratio(counts)
    return ServiceLevel(variant, metric.value(counts), within, of, short_abandon_seconds)


def average_speed_of_answer(today: Today) -> float | None:
    """Seconds from entry into the group to acceptance, answered contacts only."""
    return definitions().metrics["asa"].value(today.counts())
