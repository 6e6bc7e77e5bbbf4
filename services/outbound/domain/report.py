"""The compliance report of a campaign and a period: every rule it ran under, what was counted, the worst value, the limit and
whether it was kept.

It looks at what was dialled, not at what the gate said: each attempt is measured anew against each rule, so that a gate that
let something through is found out here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from enum import StrEnum
from functools import singledispatch

from services.outbound.domain.abandonment import (
    DAY_WINDOW,
    MONTH_WINDOW,
    ORIGINS,
    AbandonmentFigures,
    AbandonmentLedger,
    ClockOrigin,
)
from services.outbound.domain.compliance import CampaignTerms, abandonment_rate
from services.outbound.domain.contact_ledger import DAY, HOUR, LedgerEntry, Whose, began, belongs, used
from services.outbound.domain.outcomes import Counted, DialOutcome, counts
from services.outbound.domain.rulesets import (
    AbandonmentRule,
    CapRule,
    ConsentRule,
    LicenceRule,
    MessageRule,
    RecordRule,
    RegistryRule,
    RestRule,
    RetentionRule,
    RevocationRule,
    RingRule,
    Rule,
    Ruleset,
    WindowRule,
    in_force,
)
from services.outbound.domain.suppressions import Suppression
from services.outbound.domain.windows import business_days_after, closed_zone, day_ends, zone_of


class Verdict(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    NOTHING_COUNTED = "nothing_counted"


class Unit(StrEnum):
    CALLS = "calls"
    PERCENT = "percent"
    SECONDS = "seconds"
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    NONE = "none"  # yes or no


@dataclass(frozen=True, slots=True)
class ReportedAttempt:
    """One attempt that was dialled, with what was known of it then. Durations µs."""

    entry: LedgerEntry
    zones: tuple[str, ...]
    regions: tuple[str, ...]
    holidays: frozenset[date] = frozenset()
    agent_guaranteed: bool = False
    agentless: bool = False
    consented: bool = False
    customer: bool = False
    on_registry: bool = False
    registry_at: int | None = None
    refused_at: int | None = None  # a refusal of its purpose that stood already
    rang_for: int | None = None  # until it was given up unanswered
    announced_after: int | None = None  # abandoned: the message began so long after the answer


@dataclass(frozen=True, slots=True)
class Measured:
    """One attempt against one rule."""

    value: float | None
    broken: bool


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """A line of the report. `worst` and `limit` in `unit`; `broken` counts what went against the rule."""

    ruleset: str  # "us@1"
    rule: Rule
    counted: int
    broken: int
    worst: float | None
    limit: float | None
    unit: Unit

    @property
    def verdict(self) -> Verdict:
        if self.broken:
            return Verdict.BROKEN
        return Verdict.KEPT if self.counted else Verdict.NOTHING_COUNTED


@dataclass(frozen=True, slots=True)
class AbandonmentLine:
    """One variant: the rolling window and clock origin; at which day's end it was worst, and how it stood then and at last."""

    within: int
    origin: ClockOrigin
    worst_at: int | None
    worst: AbandonmentFigures | None
    at_end: AbandonmentFigures


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    campaign: str
    since: int
    until: int
    rulesets: tuple[Ruleset, ...]
    outcomes: Mapping[DialOutcome | None, int]  # of what was dialled; None: still open
    findings: tuple[RuleFinding, ...]
    abandonment: tuple[AbandonmentLine, ...]
    suppressed: Mapping[Suppression, int] = field(default_factory=dict[Suppression, int])

    @property
    def dialled(self) -> int:
        return sum(self.outcomes.values())


@dataclass(slots=True)
class _Tally:
    rule: Rule
    bound: int = 0  # attempts it was in force for
    counted: int = 0
    broken: int = 0
    worst: float | None = None

    def add(self, measured: Measured) -> None:
        self.counted += 1
        self.broken += measured.broken
        if measured.value is not None:
            pick = min if isinstance(self.rule, RingRule | RestRule) else max
            self.worst = measured.value if self.worst is None else pick(self.worst, measured.value)


@dataclass(slots=True)
class ComplianceAudit:
    """Measures a campaign's attempts of (since, until] person by person, and makes the report of them."""

    campaign: str
    since: int
    until: int
    zone: tzinfo  # whose days they are: abandonment is measured at their ends
    rulesets: Sequence[Ruleset]
    _tallies: dict[tuple[int, str], _Tally] = field(default_factory=dict[tuple[int, str], _Tally])
    _outcomes: Counter[DialOutcome | None] = field(default_factory=Counter[DialOutcome | None])

    def __post_init__(self) -> None:
        for r, ruleset in enumerate(self.rulesets):
            for rule in ruleset.rules:
                self._tallies[r, rule.clause.id] = _Tally(rule)

    def person(self, attempts: Iterable[ReportedAttempt]) -> None:
        """All attempts to one person up to `until`, from the rulesets' horizon before the period on, of whichever campaign
        (rolling rules count them); measured are this campaign's of the period."""
        rows = sorted((a for a in attempts if a.entry.outcome is not DialOutcome.CANCELLED), key=lambda a: a.entry.at)
        for n, attempt in enumerate(rows):
            if attempt.entry.campaign == self.campaign and self.since < attempt.entry.at <= self.until:
                self._outcomes[attempt.entry.outcome] += 1
                _measure_all(attempt, rows[:n], self.rulesets, self._tallies)

    def report(
        self, terms: CampaignTerms, ledger: AbandonmentLedger, suppressed: Mapping[Suppression, int]
    ) -> ComplianceReport:
        """`ledger`: of the period and the 30 days before it. `suppressed`: how often each reason kept a record back."""
        ends = day_ends(self.since, self.until, self.zone)
        findings = tuple(
            _settled(f"{ruleset.id}@{ruleset.version}", self._tallies[r, rule.clause.id], ends, terms, ledger)
            for r, ruleset in enumerate(self.rulesets)
            for rule in ruleset.rules
        )
        lines = tuple(
            _line(ledger, ends, within, origin) for within in (DAY_WINDOW, MONTH_WINDOW) for origin in ORIGINS
        )
        return ComplianceReport(
            self.campaign, self.since, self.until, tuple(self.rulesets), self._outcomes, findings, lines, suppressed
        )


def _measure_all(
    attempt: ReportedAttempt,
    before: Sequence[ReportedAttempt],
    rulesets: Sequence[Ruleset],
    tallies: Mapping[tuple[int, str], _Tally],
) -> None:
    zones = tuple(zone for name in attempt.zones if (zone := zone_of(name)) is not None)
    for r, ruleset in enumerate(rulesets):
        if not ruleset.covers(attempt.regions):
            continue
        for rule in ruleset.rules:
            lifted = rule.clause.unless_consented and attempt.consented
            if lifted or not in_force(rule.clause, attempt.entry.purpose, zones, attempt.entry.at):
                continue
            tally = tallies[r, rule.clause.id]
            tally.bound += 1
            if (measured := measure(rule, attempt, before, zones)) is not None:
                tally.add(measured)


@singledispatch
def measure(
    rule: Rule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]
) -> Measured | None:
    """An attempt against a rule; None: the rule is not about single attempts, or not about this one."""
    return None


@measure.register
def _(rule: ConsentRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    if rule.agentless_only and not attempt.agentless:
        return None
    return Measured(None, not (attempt.consented or (rule.spares_customers and attempt.customer)))


@measure.register
def _(rule: RegistryRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    if attempt.consented:
        return None
    if attempt.registry_at is None:
        return Measured(None, broken=True)
    age = attempt.entry.at - attempt.registry_at
    return Measured(age / DAY, attempt.on_registry or age > rule.max_age)


@measure.register
def _(rule: RevocationRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    if attempt.refused_at is None:
        return Measured(0.0, broken=False)
    late = not zones or attempt.entry.at > max(
        business_days_after(attempt.refused_at, rule.business_days, zone, attempt.holidays) for zone in zones
    )
    return Measured((attempt.entry.at - attempt.refused_at) / DAY, late)


@measure.register
def _(rule: WindowRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    known = len(zones) == len(attempt.zones) > 0
    inside = known and closed_zone(rule.window, zones, attempt.entry.at, attempt.holidays) is None
    return Measured(None, not inside)


@measure.register
def _(rule: CapRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    if not counts(attempt.entry.outcome, rule.what):
        return None
    earlier = used(
        (a.entry for a in before), _whose(attempt.entry), attempt.entry.at,
        within=rule.within, at_most=rule.at_most, per=rule.per, what=rule.what, purposes=rule.clause.purposes,
    )  # fmt: skip
    return Measured(earlier.count + 1, earlier.count + 1 > rule.at_most)


@measure.register
def _(rule: RestRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    if rule.unless_agent_guaranteed and attempt.agent_guaranteed:
        return None
    whose = _whose(attempt.entry)
    times = [
        a.entry.at
        for a in before
        if a.entry.purpose in rule.clause.purposes and belongs(a.entry, whose, rule.per) and began(a.entry, rule.after)
    ]
    if not times:
        return None
    rested = attempt.entry.at - max(times)
    return Measured(rested / HOUR, rested < rule.lasts)


@measure.register
def _(rule: RecordRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    if not counts(attempt.entry.outcome, Counted.SPOKEN):
        return None
    entry = attempt.entry
    spoken = sum(
        a.entry.campaign == entry.campaign
        and a.entry.record == entry.record
        and counts(a.entry.outcome, Counted.SPOKEN)
        for a in before
    )
    return Measured(spoken + 1, spoken + 1 > rule.contacts)


@measure.register
def _(rule: RingRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    if attempt.entry.outcome is not DialOutcome.NO_ANSWER or attempt.rang_for is None:
        return None
    return Measured(attempt.rang_for / 1e6, attempt.rang_for < rule.seconds * 1_000_000)


@measure.register
def _(rule: MessageRule, attempt: ReportedAttempt, before: Sequence[ReportedAttempt], zones: Sequence[tzinfo]):
    if attempt.entry.outcome is not DialOutcome.ABANDONED:
        return None
    after = attempt.announced_after
    if after is None:
        return Measured(None, broken=True)
    return Measured(after / 1e6, after > rule.within_milliseconds * 1_000)


def _settled(
    ruleset: str, tally: _Tally, ends: Sequence[int], terms: CampaignTerms, ledger: AbandonmentLedger
) -> RuleFinding:
    """The line of a rule: from its measured attempts, or (abandonment, licence, records) from the campaign as a whole."""
    rule = tally.rule
    unit, limit = _measure_of(rule)
    counted, broken, worst = tally.counted, tally.broken, tally.worst
    match rule:
        case _ if not tally.bound:
            pass  # no call it binds
        case AbandonmentRule():
            found = ledger.worst(ends, rule.within, lambda figures: abandonment_rate(rule, figures))
            rate = abandonment_rate(rule, found[1]) if found else 0.0
            counted = found[1].counts.persons if found else 0
            broken, worst = int(rate > rule.limit), 100 * rate if found else None
        case LicenceRule():
            counted, broken = 1, int(not terms.licensed)
        case RetentionRule():
            lacking = terms.keeps_days < rule.days or (rule.recordings and not terms.records_conversations)
            counted, broken, worst = 1, int(lacking), terms.keeps_days
        case _:
            pass
    return RuleFinding(ruleset, rule, counted, broken, worst, limit, unit)


def _measure_of(rule: Rule) -> tuple[Unit, float | None]:
    """In what a rule is measured, and its limit."""
    match rule:
        case CapRule():
            return Unit.CALLS, rule.at_most
        case RecordRule():
            return Unit.CALLS, rule.contacts
        case RestRule():
            return Unit.HOURS, rule.lasts / HOUR
        case RegistryRule():
            return Unit.DAYS, rule.max_age / DAY
        case RetentionRule():
            return Unit.DAYS, rule.days
        case RevocationRule():
            return Unit.BUSINESS_DAYS, rule.business_days
        case RingRule():
            return Unit.SECONDS, rule.seconds
        case MessageRule():
            return Unit.SECONDS, rule.within_milliseconds / 1000
        case AbandonmentRule():
            return Unit.PERCENT, 100 * rule.limit
        case ConsentRule() | WindowRule() | LicenceRule():
            return Unit.NONE, None


def _line(ledger: AbandonmentLedger, ends: Sequence[int], within: int, origin: ClockOrigin) -> AbandonmentLine:
    found = ledger.worst(ends, within, lambda figures: figures.rate(origin))
    at, figures = found if found else (None, None)
    return AbandonmentLine(within, origin, at, figures, ledger.figures(ends[-1], within))


def _whose(entry: LedgerEntry) -> Whose:
    return Whose(entry.number, entry.subject, entry.campaign, entry.record)
