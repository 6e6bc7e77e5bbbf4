"""What a compliance officer would decide, case by case: `truth/*.json`, read like a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.outbound.domain.abandonment import AbandonmentFigures, Counts
from services.outbound.domain.compliance import HeldConsent, HeldRefusal, History, PersonWishes, Suppressed, authorise
from services.outbound.domain.contact_ledger import DAY, HOUR
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.purposes import Purpose
from services.outbound.ruleset_documents import shipped
from tests.unit.outbound.asking import SECOND, TERMS, YEAR, asking, entry, moment

TRUTH = Path(__file__).parent / "truth"
CASES = [case for path in sorted(TRUTH.glob("*.json")) for case in json.loads(path.read_text("utf-8"))["cases"]]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    now = clock(case["now"])
    rulesets = [shipped()[name] for name in case["rulesets"]]
    said = authorise(asked_of(case, now), history_of(case, now), now, rulesets)
    if case["says"] == "allowed":
        assert not isinstance(said, Suppressed), said
        return
    assert isinstance(said, Suppressed)
    assert said.reason.value == case["says"], said
    assert said.rule == case["rule"]
    if "until" in case:
        assert said.until == clock(case["until"])


def test_names_are_unique() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


def asked_of(case: Mapping[str, Any], now: int):
    purpose = Purpose(case.get("purpose", "marketing"))
    age = case.get("registry_age_days", 1)
    return asking(
        now,
        tuple(case["zones"]),
        purpose=purpose,
        regions=tuple(case.get("regions", ["US-NY"])),
        subject=case.get("subject"),
        wishes=PersonWishes(
            known=not case.get("profile_away", False),
            consent=consent_of(case, now),
            refusals=tuple(
                HeldRefusal(now - span(r["ago"]), Purpose(r["purpose"]) if r["purpose"] else None)
                for r in case.get("refusals", [])
            ),
            customer=case.get("customer", False),
        ),
        terms=replace(TERMS, **case.get("terms", {})),
        agent_guaranteed=case.get("agent_guaranteed", False),
        agent_waiting=case.get("agent_waiting", False),
        agentless=case.get("agentless", False),
        number_valid=case.get("number_valid", True),
        on_registry=case.get("on_registry", False),
        registry_at=None if age is None else now - round(age * DAY),
        holidays=frozenset(map(date.fromisoformat, case.get("holidays", []))),
        not_before=clock(case["not_before"]) if "not_before" in case else None,
        requested_at=now - span(case["requested_ago"]) if "requested_ago" in case else None,
    )


def consent_of(case: Mapping[str, Any], now: int) -> HeldConsent | None:
    if "consent" not in case:
        return HeldConsent(now - YEAR)
    told = case["consent"]
    if told is None:
        return None
    return HeldConsent(now - span(told["ago"]), now - span(told["expires_ago"]) if "expires_ago" in told else None)


def history_of(case: Mapping[str, Any], now: int) -> History:
    purpose = Purpose(case.get("purpose", "marketing"))
    rows: list[Any] = []
    for told in case.get("earlier", []):
        row = dict(told)
        at = clock(row.pop("at")) if "at" in row else now - span(row.pop("ago"))
        outcome = row.pop("outcome", "no_answer")
        # earlier calls are of the case's purpose unless it is the one thing that differs
        earlier = purpose if purpose is not Purpose.PROMISED_REPLY else Purpose.MARKETING
        rows.append(entry(at, DialOutcome(outcome) if outcome else None, **{"purpose": earlier, **row}))
    figures: dict[int, AbandonmentFigures] = {}
    if told := case.get("abandonment"):
        window = told["hours"] * HOUR if "hours" in told else told["days"] * DAY
        lost = told["abandoned"]
        figures[window] = AbandonmentFigures(
            Counts(
                told["answered"],
                (lost, lost, lost),
                told.get("machines", 0),
                told.get("audited", 0),
                told.get("falsely", 0),
            )
        )
    return History(rows, case.get("attempts", 0), case.get("contacts", 0), figures)


def clock(text: str) -> int:
    """ "2026-06-01 08:00 America/New_York" in µs."""
    day, time, zone = text.split(" ")
    return moment(f"{day} {time}", zone)


def span(text: str) -> int:
    """ "2 days 23:59:59.999999", "1 day", "-0:00:00.000001" in µs."""
    total, sign = 0, -1 if text.startswith("-") else 1
    words = text.lstrip("-").split(" ")
    if "day" in text:
        total = int(words[0]) * DAY
        words = words[2:]
    for word in words:
        hours, minutes, seconds = word.split(":")
        whole, _, part = seconds.partition(".")
        total += int(hours) * HOUR + int(minutes) * 60 * SECOND + int(whole) * SECOND + int(part.ljust(6, "0") or 0)
    return sign * total
