"""Changes of reports gathered up: what the tables would hold, in memory. Recomputing fills one and compares."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from services.router.domain.reporting.fold import Counts, ReportChanges, add
from services.router.domain.reporting.rows import AgentQuarter, BreakQuarter, GroupQuarter, RatingRow


def joined(before: RatingRow | None, after: RatingRow) -> RatingRow:
    """A rating as known now: the invitation and the answer may come days apart."""
    if before is None:
        return after
    if after.rated_at is None:
        return replace(before, invited_at=after.invited_at, scale=after.scale)
    return replace(after, invited_at=after.invited_at or before.invited_at)


@dataclass
class Book:
    """Everything entered so far. Rows are kept as they last were."""

    rows: ReportChanges = field(default_factory=ReportChanges)
    groups: dict[GroupQuarter, Counts] = field(default_factory=dict[GroupQuarter, Counts])
    staff: dict[AgentQuarter, Counts] = field(default_factory=dict[AgentQuarter, Counts])
    breaks: dict[BreakQuarter, int] = field(default_factory=dict[BreakQuarter, int])

    def enter(self, changes: ReportChanges) -> None:
        self.rows.contacts.update(changes.contacts)
        self.rows.stays.update(changes.stays)
        self.rows.talks.update(changes.talks)
        self.rows.agents.update(changes.agents)
        self.rows.targets.update(changes.targets)
        for key, rating in changes.ratings.items():
            self.rows.ratings[key] = joined(self.rows.ratings.get(key), rating)
        self.enter_counts(changes)

    def enter_counts(self, changes: ReportChanges) -> None:
        for group, counts in changes.groups.items():
            for measure, n in counts.items():
                add(self.groups.setdefault(group, {}), measure, n)
        for agent, counts in changes.staff.items():
            for measure, n in counts.items():
                add(self.staff.setdefault(agent, {}), measure, n)
        for pause, passed in changes.breaks.items():
            self.breaks[pause] = self.breaks.get(pause, 0) + passed
