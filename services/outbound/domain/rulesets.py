"""The law as data: a ruleset is a versioned list of rules, each with its source, the day it came into force and the words a
manager reads. What a rule demands is one of a dozen small shapes below; `compliance` says how each is judged, and
`ruleset_reading` makes them of a YAML document.

Not legal advice: the operator chooses the rulesets of a campaign and signs for the choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from services.outbound.domain.abandonment import ClockOrigin
from services.outbound.domain.contact_ledger import DAY, After, Per
from services.outbound.domain.outcomes import Counted
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.suppressions import InWords, Suppression
from services.outbound.domain.windows import Window, reaches


@dataclass(frozen=True, slots=True)
class Clause:
    """What every rule has: which one it is, whom it binds and where it stands.

    `since`/`before`: the local day from which (until which) it holds. `source` is the text it is read from; where the number is
    the operator's choice and no law's, the source says so.
    """

    id: str  # unique over all rulesets, e.g. "us.hours"
    purposes: frozenset[Purpose]
    source: str
    dated: date
    words: InWords
    since: date | None = None
    before: date | None = None
    unless_consented: bool = False  # a consent for the purpose lifts it


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """Only with the person's prior consent for the purpose."""

    clause: Clause
    agentless_only: bool = False  # calls with no person on our side
    spares_customers: bool = False  # a contract in force to which the call belongs does too


@dataclass(frozen=True, slots=True)
class RegistryRule:
    """Numbers on the do-not-call registry only with consent; its data at most `max_age` µs old."""

    clause: Clause
    max_age: int


@dataclass(frozen=True, slots=True)
class RevocationRule:
    """A refusal is honoured within so many business days. Ours holds at once; the number is for the report."""

    clause: Clause
    business_days: int


@dataclass(frozen=True, slots=True)
class WindowRule:
    """Only while the window holds in every zone the telephone may be in. `rest`: what is outside is people's rest."""

    clause: Clause
    window: Window
    rest: bool = False


@dataclass(frozen=True, slots=True)
class CapRule:
    """At most so many attempts within a rolling window (µs)."""

    clause: Clause
    at_most: int
    within: int
    per: Per
    what: Counted


@dataclass(frozen=True, slots=True)
class RestRule:
    """None for so long (µs) after something. `unless_agent_guaranteed`: a call with an agent reserved for it may go."""

    clause: Clause
    after: After
    lasts: int
    per: Per
    unless_agent_guaranteed: bool = False


@dataclass(frozen=True, slots=True)
class RecordRule:
    """At most so many live contacts with a record in its campaign, for good."""

    clause: Clause
    contacts: int


@dataclass(frozen=True, slots=True)
class AbandonmentRule:
    """Abandoned ÷ answered by a person at most `limit` over a rolling window (µs).

    `machine_adjusted`: persons taken for machines count as abandoned, by a false-machine rate of at least `min_audited` audited
    calls (fewer: the upper end of its interval).
    """

    clause: Clause
    limit: float
    within: int
    origin: ClockOrigin
    machine_adjusted: bool = False
    min_audited: int = 100


@dataclass(frozen=True, slots=True)
class RingRule:
    """An unanswered number rings at least so long (s)."""

    clause: Clause
    seconds: int


@dataclass(frozen=True, slots=True)
class MessageRule:
    """Who is not given an agent within so many ms hears who called, at which number, and how to refuse."""

    clause: Clause
    within_milliseconds: int
    automated_opt_out: bool


@dataclass(frozen=True, slots=True)
class LicenceRule:
    """Only who holds the licence."""

    clause: Clause


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Numbers, times, consents (and recordings) are kept at least so many days."""

    clause: Clause
    days: int
    recordings: bool = False


Rule = (
    ConsentRule | RegistryRule | RevocationRule | WindowRule | CapRule | RestRule | RecordRule | AbandonmentRule
    | RingRule | MessageRule | LicenceRule | RetentionRule
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Rules that are chosen together. `regions`: ISO 3166 countries or parts ("US", "US-FL"); none: everywhere."""

    id: str
    version: int
    dated: date  # of this version: when its texts were last read
    name: InWords
    regions: frozenset[str]
    rules: tuple[Rule, ...]
    remark: InWords = InWords("", "")

    @property
    def horizon(self) -> int:
        """How far back (µs) the ledger's rows of a person are needed to judge by these rules."""
        return max((_looks_back(rule) for rule in self.rules), default=0)

    def covers(self, regions: Sequence[str]) -> bool:
        """Whether it binds calls to a number that may be in these regions.

        A country without its part known may be any part of it, and an unknown region may be any: both are bound.
        """
        if not self.regions or not regions:
            return True
        return any(_within(asked, own) or _within(own, asked) for asked in regions for own in self.regions)


def horizon_of(rulesets: Iterable[Ruleset]) -> int:
    """How far back (µs) the ledger's rows are needed to judge by all of them; a day at least."""
    return max((ruleset.horizon for ruleset in rulesets), default=DAY) or DAY


def in_force(clause: Clause, purpose: Purpose, zones: Sequence[tzinfo], now: int) -> bool:
    """Whether a rule binds calls for a purpose now. It begins where its day begins first and ends where it ends last."""
    if purpose not in clause.purposes:
        return False
    if clause.since is not None and not reaches(clause.since, zones, now):
        return False
    return clause.before is None or not _everywhere(clause.before, zones, now)


def cap_reason(rule: CapRule) -> Suppression:
    """The name of a cap's suppression: a record's own, else by its window: a day, a week, or longer."""
    if rule.per is Per.RECORD:
        return Suppression.CAP_RECORD
    if rule.within <= DAY:
        return Suppression.CAP_24H
    return Suppression.CAP_7D if rule.within <= 7 * DAY else Suppression.CAP_30D


def _everywhere(day: date, zones: Sequence[tzinfo], now: int) -> bool:
    return bool(zones) and all(reaches(day, (zone,), now) for zone in zones)


def _within(part: str, whole: str) -> bool:
    return part == whole or part.startswith(f"{whole}-")


def _looks_back(rule: Rule) -> int:
    match rule:
        case CapRule():
            return rule.within
        case RestRule():
            return rule.lasts
        case _:
            return 0
