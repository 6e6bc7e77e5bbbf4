"""A ruleset from the mapping of its document, and what a document of the right form may still get wrong.

The form itself is held against `ruleset.schema.json` at the edge, which knows the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Final, cast

from services.outbound.domain.abandonment import ClockOrigin
from services.outbound.domain.contact_ledger import DAY, HOUR, After, Per
from services.outbound.domain.outcomes import Counted
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.rulesets import (
    AbandonmentRule,
    CapRule,
    Clause,
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
)
from services.outbound.domain.suppressions import InWords
from services.outbound.domain.windows import Window, week_of

Plain = Mapping[str, object]
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def ruleset_from(document: Plain) -> Ruleset:
    """The ruleset of a document that keeps to the schema and has no `faults_of`."""
    return Ruleset(
        id=_text(document, "id"),
        version=_number(document, "version"),
        dated=_day(document, "dated"),
        name=_words(document, "name"),
        regions=frozenset(cast("Iterable[str]", document["regions"])),
        rules=tuple(rule_from(rule) for rule in cast("Iterable[Plain]", document["rules"])),
        remark=_words(document, "remark") if "remark" in document else InWords("", ""),
    )


def rule_from(rule: Plain) -> Rule:
    """One rule; its one key that is no clause's says which."""
    kind = next(kind for kind in RULES if kind in rule)
    return RULES[kind](clause_from(rule), cast("Plain", rule[kind]))


def clause_from(rule: Plain) -> Clause:
    purposes = rule["purposes"]
    return Clause(
        id=_text(rule, "id"),
        purposes=frozenset(Purpose if purposes == "all" else map(Purpose, cast("Iterable[str]", purposes))),
        source=_text(rule, "source"),
        dated=_day(rule, "dated"),
        words=_words(rule, "words"),
        since=_day(rule, "since") if "since" in rule else None,
        before=_day(rule, "before") if "before" in rule else None,
        unless_consented=_flag(rule, "unless_consented"),
    )


RULES: Final[Mapping[str, Callable[[Clause, Plain], Rule]]] = {
    "consent": lambda c, r: ConsentRule(c, _flag(r, "agentless_only"), _flag(r, "spares_customers")),
    "registry": lambda c, r: RegistryRule(c, _number(r, "days") * DAY),
    "revocation": lambda c, r: RevocationRule(c, _number(r, "business_days")),
    "window": lambda c, r: WindowRule(c, window_from(r), _flag(r, "rest")),
    "cap": lambda c, r: CapRule(
        c, _number(r, "at_most"), _duration(r), Per(_text(r, "per")), Counted(_text(r, "counts"))
    ),
    "rest": lambda c, r: RestRule(
        c, After(_text(r, "after")), _duration(r), Per(_text(r, "per")), _flag(r, "unless_agent_guaranteed")
    ),
    "record_contacts": lambda c, r: RecordRule(c, _number(r, "at_most")),
    "abandonment": lambda c, r: AbandonmentRule(
        c,
        float(cast("float", r["limit_percent"])) / 100,
        _duration(r),
        ClockOrigin(_text(r, "clock")),
        _flag(r, "machine_adjusted"),
        _number(r, "min_audited") if "min_audited" in r else 100,
    ),
    "ring": lambda c, r: RingRule(c, _number(r, "seconds")),
    "message": lambda c, r: MessageRule(c, _number(r, "within_milliseconds"), _flag(r, "automated_opt_out")),
    "licence": lambda c, _: LicenceRule(c),
    "retention": lambda c, r: RetentionRule(c, _number(r, "days"), _flag(r, "recordings")),
}
"""A rule's kind, as documents name it, and the rule it makes."""


def window_from(rule: Plain) -> Window:
    """A week; a day's own row goes before `every_day`."""
    every_day = cast("Iterable[str]", rule.get("every_day", ()))
    rows = {
        n: tuple(interval_of(text) for text in cast("Iterable[str]", rule.get(day, every_day)))
        for n, day in enumerate(WEEKDAYS)
    }
    return Window(week_of(rows), _flag(rule, "closed_on_holidays"))


def interval_of(text: str) -> tuple[int, int]:
    """ "08:00-21:00" in minutes of the day."""
    opens, closes = text.split("-")
    return _minutes(opens), _minutes(closes)


def faults_of(document: Plain) -> list[tuple[str, str]]:
    """What the schema does not see, as (path, message): ids twice, intervals that end before they begin, days that are none,
    a rule that is never in force."""
    faults: list[tuple[str, str]] = [*_unreal_days(document, "")]
    seen: set[str] = set()
    for n, rule in enumerate(cast("list[Plain]", document["rules"])):
        path = f"rules[{n}]"
        name = _text(rule, "id")
        if name in seen:
            faults.append((f"{path}.id", f"the id {name!r} is taken"))
        seen.add(name)
        faults += _unreal_days(rule, f"{path}.")
        if "since" in rule and "before" in rule and _text(rule, "since") >= _text(rule, "before"):
            faults.append((f"{path}.before", "the rule ends before it begins"))
        for day, row in cast("Plain", rule.get("window", {})).items():
            if isinstance(row, list):
                faults += _bad_row(cast("list[str]", row), f"{path}.window.{day}")
    return faults


def _unreal_days(node: Plain, path: str) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    for key in ("dated", "since", "before"):
        if key in node:
            try:
                date.fromisoformat(_text(node, key))
            except ValueError:
                faults.append((f"{path}{key}", f"{node[key]} is no day"))
    return faults


def _bad_row(row: list[str], path: str) -> list[tuple[str, str]]:
    intervals = sorted(interval_of(text) for text in row)
    faults = [(path, f"{text} ends before it begins") for text in row if interval_of(text)[0] >= interval_of(text)[1]]
    if any(a[1] > b[0] for a, b in pairwise(intervals)):
        faults.append((path, "the intervals overlap"))
    return faults


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _duration(rule: Plain) -> int:
    return _number(rule, "hours") * HOUR if "hours" in rule else _number(rule, "days") * DAY


def _text(node: Plain, key: str) -> str:
    return cast("str", node[key])


def _number(node: Plain, key: str) -> int:
    return cast("int", node[key])


def _flag(node: Plain, key: str) -> bool:
    return bool(node.get(key, False))


def _day(node: Plain, key: str) -> date:
    return date.fromisoformat(_text(node, key))


def _words(node: Plain, key: str) -> InWords:
    words = cast("Mapping[str, str]", node[key])
    return InWords(words["zh"], words["en"])
