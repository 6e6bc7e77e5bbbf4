"""Before and after: the figures of both, their paired differences with intervals, and the contacts that fared most differently.

Where something is drawn, both policies run under the same seeds and differences are paired by seed. An interval is Student's
95 % over the seeds: it covers what was modelled, not that another day would have brought other customers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, sqrt
from typing import Any

from services.router.domain.policy.model import Policy
from services.router.simulation.fairness import gini
from services.router.simulation.tally import Cohort
from services.router.what_if.rerun import ANSWERED, WAITING, Rerun, Wait, target_of
from shared.contracts.fields import SECOND

HOUR = 3_600 * SECOND
LISTED = 60
"""Contacts and differences shown at most."""
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045)  # fmt: skip
"""Student's t, 0.975, by degrees of freedom from 1 on; beyond: 1.96."""

COUNTS = ("offered", "answered", "abandoned", "elsewhere", "waiting")
RATES = ("service_level", "asa_seconds", "abandonment", "right_skill_share", "wait_p90_seconds")
OF_THE_WHOLE = ("occupancy", "exposure_gini", "exposure_peak")
METRICS = (*COUNTS, *RATES, *OF_THE_WHOLE)

Figures = Mapping[str, float | None]
Slice = tuple[str, str]
"""("all", ""), ("group", id), ("tier", id) or ("hour", µs of its beginning)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean over the seeds, with its interval where there is more than one."""

    mean: float
    low: float | None = None
    high: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0; without an interval nothing was drawn, and any difference is one."""
        if self.low is None or self.high is None:
            return self.mean != 0
        return self.low > 0 or self.high < 0

    def to_mapping(self) -> dict[str, float | None]:
        return {"mean": self.mean, "low": self.low, "high": self.high}


def estimate(values: Sequence[float]) -> Estimate:
    """Mean ± t·s/√n."""
    mean = fsum(values) / len(values)
    if len(values) < 2:
        return Estimate(mean)
    spread = sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    if spread <= abs(mean) * 1e-12:  # every seed came out alike
        return Estimate(mean)
    freedom = len(values) - 1
    reach = (_T95[freedom - 1] if freedom <= len(_T95) else 1.96) * spread / sqrt(len(values))
    return Estimate(mean, mean - reach, mean + reach)


@dataclass
class _Slice:
    cohort: Cohort = field(default_factory=Cohort)
    in_time: int = 0
    waiting: int = 0

    def add(self, wait: Wait, target: int) -> None:
        """`target`: µs within which it should have been answered."""
        if wait.end == ANSWERED:
            self.cohort.answered.append(wait.waited)
            self.cohort.right_skill += wait.right_skill
            self.in_time += wait.waited <= target
        elif wait.end == WAITING:
            self.waiting += 1
        elif wait.abandoned:
            self.cohort.abandoned.append(wait.waited)
        else:
            self.cohort.elsewhere += 1

    def figures(self) -> dict[str, float | None]:
        """Service level: answered within the group's target ÷ offered; who still waits at the end is in neither."""
        cohort = self.cohort
        offered = cohort.offered
        return {
            "offered": offered + self.waiting,
            "answered": len(cohort.answered),
            "abandoned": len(cohort.abandoned),
            "elsewhere": cohort.elsewhere,
            "waiting": self.waiting,
            "service_level": self.in_time / offered if offered else None,
            "asa_seconds": cohort.asa_seconds,
            "abandonment": cohort.abandonment,
            "right_skill_share": cohort.right_skill_share,
            "wait_p90_seconds": cohort.wait_percentile(0.9),
        }


def slices(run: Rerun, measured_by: Policy | None) -> dict[Slice, Figures]:
    """Figures of all, by group, tier and hour of arrival. `measured_by`: whose response targets are the yardstick."""
    found: dict[Slice, _Slice] = {}
    for wait in run.waits.values():
        target = target_of(measured_by, wait.group, wait.channel)
        hour = wait.entered // HOUR * HOUR
        for key in (("all", ""), ("group", wait.group), ("tier", wait.tier), ("hour", str(hour))):
            found.setdefault(key, _Slice()).add(wait, target)
    figures: dict[Slice, Figures] = {key: found[key].figures() for key in sorted(found)}
    outcome = run.outcome
    figures["all", ""] = {
        **(figures.get(("all", "")) or _Slice().figures()),
        "occupancy": outcome.occupancy,
        "exposure_gini": outcome.exposure_gini,
        "exposure_peak": outcome.exposure_peak,
    }
    return figures


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of one slice; None where a run had nobody to count."""

    before: Estimate | None
    after: Estimate | None
    difference: Estimate | None

    def to_mapping(self) -> dict[str, Any]:
        return {
            "before": self.before.to_mapping() if self.before else None,
            "after": self.after.to_mapping() if self.after else None,
            "difference": self.difference.to_mapping() if self.difference else None,
        }


def compared(
    before: Sequence[Mapping[Slice, Figures]], after: Sequence[Mapping[Slice, Figures]]
) -> dict[Slice, dict[str, Compared]]:
    """Slices × metrics. One side may have a single run (nothing was drawn there): it stands for every seed."""
    keys = sorted({key for run in (*before, *after) for key in run}, key=_in_order)
    return {key: {metric: _one(before, after, key, metric) for metric in _metrics(key)} for key in keys}


def _in_order(key: Slice) -> tuple[int, str]:
    return (("all", "group", "tier", "hour").index(key[0]), key[1].rjust(20) if key[0] == "hour" else key[1])


def _metrics(key: Slice) -> Sequence[str]:
    return METRICS if key[0] == "all" else (*COUNTS, *RATES)


def _one(
    first: Sequence[Mapping[Slice, Figures]], second: Sequence[Mapping[Slice, Figures]], key: Slice, metric: str
) -> Compared:
    ones = [_of(run, key, metric) for run in first]
    others = [_of(run, key, metric) for run in second]
    seeds = range(max(len(ones), len(others)))
    both = [(ones[seed % len(ones)], others[seed % len(others)]) for seed in seeds]
    pairs = [(before, after) for before, after in both if before is not None and after is not None]
    return Compared(
        _estimate(ones), _estimate(others), estimate([after - before for before, after in pairs]) if pairs else None
    )


def _of(run: Mapping[Slice, Figures], key: Slice, metric: str) -> float | None:
    """A slice nobody fell into has counts of 0 and no rates."""
    if key in run:
        return run[key].get(metric)
    return 0 if metric in COUNTS else None


def _estimate(values: Iterable[float | None]) -> Estimate | None:
    known = [value for value in values if value is not None]
    return estimate(known) if known else None


_WEIGHTS: Mapping[str, float] = {
    "service_level": 100, "abandonment": 100, "right_skill_share": 100, "asa_seconds": 1, "wait_p90_seconds": 0.3,
    "occupancy": 100,
}  # fmt: skip
"""What a manager weighs against what: a point of service level like a second of ASA."""


def largest(found: Mapping[Slice, Mapping[str, Compared]]) -> list[dict[str, Any]]:
    """The largest clear differences of rates, weighed by how many contacts they concern."""
    everybody = found["all", ""]["offered"].before
    total = everybody.mean if everybody else 0.0
    rows: list[tuple[float, dict[str, Any]]] = []
    for key, metrics in found.items():
        offered = metrics["offered"].before
        alone = key[0] != "all" and offered is not None and offered.mean == total
        if key[0] == "hour" or alone:  # the only group or tier there is says what the whole says
            continue
        share = (offered.mean / total) if offered and total else 0.0
        for metric, weight in _WEIGHTS.items():
            one = metrics.get(metric)
            if one is None or one.difference is None or not one.difference.is_clear:
                continue
            size = abs(one.difference.mean) * weight * sqrt(share)
            rows.append((size, {"slice": key[0], "id": key[1], "metric": metric, **one.to_mapping()}))
    rows.sort(key=lambda row: (-row[0], row[1]["slice"], row[1]["id"], row[1]["metric"]))
    return [row for _, row in rows[:LISTED]]


@dataclass(frozen=True, slots=True)
class Changed:
    """A contact that fared differently under the same seed."""

    before: Wait
    after: Wait

    @property
    def difference(self) -> int:
        """µs it waited longer; to its end, whichever that was."""
        return self.after.waited - self.before.waited


def changed_contacts(before: Rerun, after: Rerun, *, at_least: int = SECOND) -> list[Changed]:
    """Contacts with another end, another agent or a wait that differs by `at_least` µs; the most different first."""
    found = [
        Changed(was, now)
        for contact_id, was in before.waits.items()
        if (now := after.waits.get(contact_id)) is not None
        and (was.end != now.end or was.agent_id != now.agent_id or abs(now.waited - was.waited) >= at_least)
    ]
    found.sort(key=lambda one: (one.before.end == one.after.end, -abs(one.difference), one.before.contact_id))
    return found


def workload(run: Rerun) -> dict[str, Any]:
    """How evenly work fell: each agent's severity-minutes (or minutes, where nothing wears) and occupancy."""
    agents = run.outcome.agents
    return {
        "gini": gini([agent.exposure for agent in agents.values()]),
        "agents": [
            {
                "agent_id": agent_id,
                "exposure_minutes": round(agents[agent_id].exposure / SECOND / 60, 1),
                "occupancy": agents[agent_id].occupancy,
                "handled": agents[agent_id].handled,
            }
            for agent_id in sorted(agents)
        ],
    }
