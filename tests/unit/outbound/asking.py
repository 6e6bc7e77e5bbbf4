"""An attempt that every shipped ruleset allows, to be spoiled one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.outbound.domain.compliance import (
    Allowed,
    CampaignTerms,
    DialAsked,
    HeldConsent,
    History,
    PersonWishes,
    Suppressed,
    authorise,
)
from services.outbound.domain.contact_ledger import DAY, LedgerEntry
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.rulesets import Ruleset
from services.outbound.domain.suppressions import Suppression
from services.outbound.domain.windows import microseconds

SECOND: Final = 1_000_000
YEAR: Final = 365 * DAY
NO_ANSWER: Final = DialOutcome.NO_ANSWER


def moment(text: str, zone: str = "UTC") -> int:
    """ "2026-09-15 10:30" on a zone's clock, µs. An hour that comes twice is meant the first time."""
    return microseconds(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


TERMS: Final = CampaignTerms(
    running=True,
    ring_seconds=25,
    connect_milliseconds=2_000,
    information_message=True,
    automated_opt_out=True,
    has_caller_id=True,
    licensed=True,
    records_conversations=True,
    keeps_days=1_830,
    max_attempts=None,
)


def asking(now: int, zones: tuple[str, ...] = ("America/New_York",), **changes: Any) -> DialAsked:
    """A marketing call with everything in order: consent given, registry compared, terms complete."""
    asked = DialAsked(
        campaign="spring",
        record="r1",
        purpose=Purpose.MARKETING,
        number="n1",
        zones=zones,
        regions=("US-NY",),
        wishes=PersonWishes(known=True, consent=HeldConsent(given_at=now - YEAR)),
        terms=TERMS,
        registry_at=now - DAY,
    )
    return replace(asked, **changes)


def entry(at: int, outcome: DialOutcome | None = NO_ANSWER, **changes: Any) -> LedgerEntry:
    """An earlier attempt to the same person, number, record and campaign."""
    row = LedgerEntry(
        at=at, number="n1", purpose=Purpose.MARKETING, subject=None, campaign="spring", record="r1", outcome=outcome
    )
    return replace(row, **changes)


def verdict(
    asked: DialAsked, now: int, *rulesets: Ruleset, history: History | None = None
) -> Allowed | tuple[Suppression, str]:
    """What the gate says, in short: allowed, or why and by which rule."""
    said = authorise(asked, history or History(), now, rulesets)
    return (said.reason, said.rule) if isinstance(said, Suppressed) else said


def refusals(said: Allowed | Suppressed) -> set[tuple[Suppression, str]]:
    """Everything that stands in the way."""
    return {(said.reason, said.rule), *said.others} if isinstance(said, Suppressed) else set()


def only(ruleset: Ruleset, *rules: str) -> Ruleset:
    """The ruleset with these rules alone."""
    return replace(ruleset, rules=tuple(rule for rule in ruleset.rules if rule.clause.id in rules))


def without(ruleset: Ruleset, rule: str) -> Ruleset:
    """The ruleset with one rule switched off."""
    return replace(ruleset, rules=tuple(each for each in ruleset.rules if each.clause.id != rule))
