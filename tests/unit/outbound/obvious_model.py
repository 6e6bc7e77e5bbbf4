"""The gate once more, slow and obvious: straight from the text of the rulesets, a list scan per rule, wall clocks by `datetime`.
It shares no code with the gate but the shapes of what is asked.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.outbound.domain.compliance import DialAsked, History
from services.outbound.domain.contact_ledger import LedgerEntry

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NOT_RUNG = {"cancelled", "failed", "sit_vacant", "sit_intercept", "sit_reorder"}


def refused_by(asked: DialAsked, history: History, now: int, rulesets: list[dict[str, Any]]) -> set[str]:
    """The ids of the rules that refuse, and "gate:…" for what is refused whatever the rules are."""
    covering = [ruleset for ruleset in rulesets if covers(ruleset["regions"], asked.regions)]
    found = own_refusals(asked, history, now)
    if not covering:
        found.add("gate:no_ruleset")
    if [r for r in rulesets if r["regions"]] and not [r for r in covering if r["regions"]]:
        found.add("gate:no_ruleset")
    for ruleset in covering:
        for rule in ruleset["rules"]:
            if binds(rule, asked, now) and refuses(rule, asked, history, now):
                found.add(rule["id"])
    return found


def own_refusals(asked: DialAsked, history: History, now: int) -> set[str]:
    found: set[str] = set()
    if not asked.number_valid:
        found.add("gate:number_invalid")
    if not asked.wishes.known:
        found.add("gate:consent_unknown")
    if not asked.terms.has_caller_id:
        found.add("gate:no_caller_id")
    if not asked.terms.running:
        found.add("gate:not_running")
    if asked.terms.max_attempts is not None and history.attempts >= asked.terms.max_attempts:
        found.add("gate:max_attempts")
    if asked.not_before is not None and now < asked.not_before:
        found.add("gate:not_due")
    for row in history.entries:
        if row.outcome is None or row.outcome == "unknown":
            found.add("gate:attempt_open")
    for refusal in asked.wishes.refusals:
        wanted = asked.purpose in ("requested_callback", "promised_reply")
        covers_it = refusal.purpose == asked.purpose or (refusal.purpose is None and not wanted)
        taken_back = wanted and asked.requested_at is not None and asked.requested_at > refusal.at
        if has_consent(asked, now) and asked.wishes.consent is not None and asked.wishes.consent.given_at > refusal.at:
            taken_back = True
        if covers_it and not taken_back:
            found.add("gate:opted_out")
    return found


def covers(own: list[str], asked: tuple[str, ...]) -> bool:
    if own == [] or asked == ():
        return True
    for region in asked:
        for mine in own:
            country, _, part = region.partition("-")
            my_country, _, my_part = mine.partition("-")
            if country == my_country and (part == my_part or part == "" or my_part == ""):
                return True
    return False


def binds(rule: dict[str, Any], asked: DialAsked, now: int) -> bool:
    if rule["purposes"] != "all" and asked.purpose.value not in rule["purposes"]:
        return False
    if rule.get("unless_consented") and has_consent(asked, now):
        return False
    zones = known_zones(asked)
    if "since" in rule:
        begun = [wall(now, zone).date() >= date.fromisoformat(rule["since"]) for zone in zones]
        if not zones:
            begun = [(EPOCH + timedelta(microseconds=now, hours=14)).date() >= date.fromisoformat(rule["since"])]
        if not any(begun):
            return False
    if "before" in rule and zones:
        return any(wall(now, zone).date() < date.fromisoformat(rule["before"]) for zone in zones)
    return True


def refuses(rule: dict[str, Any], asked: DialAsked, history: History, now: int) -> bool:
    terms, entries = asked.terms, list(history.entries)
    all_purposes = {"requested_callback", "promised_reply", "service_followup", "marketing", "debt_collection"}
    purposes = all_purposes if rule["purposes"] == "all" else set(rule["purposes"])
    if "consent" in rule:
        if rule["consent"].get("agentless_only") and not asked.agentless:
            return False
        if rule["consent"].get("spares_customers") and asked.wishes.customer:
            return False
        return not has_consent(asked, now)
    if "registry" in rule:
        if has_consent(asked, now):
            return False
        old = asked.registry_at is None or now - asked.registry_at > rule["registry"]["days"] * 86_400_000_000
        return asked.on_registry or old
    if "window" in rule:
        zones = known_zones(asked)
        return not zones or not all(window_holds(rule["window"], wall(now, zone), asked) for zone in zones)
    if "cap" in rule:
        cap = rule["cap"]
        rows = [row for row in entries if row.purpose.value in purposes and now - row.at < duration(cap)]
        return sum(counted(row, cap["counts"]) and concerns(row, cap["per"], asked) for row in rows) >= cap["at_most"]
    if "rest" in rule:
        rest = rule["rest"]
        if rest.get("unless_agent_guaranteed") and asked.agent_guaranteed:
            return False
        return any(
            now - row.at < duration(rest) and began_rest(row, rest["after"]) and concerns(row, rest["per"], asked)
            for row in entries
            if row.purpose.value in purposes
        )
    if "record_contacts" in rule:
        return history.contacts >= rule["record_contacts"]["at_most"]
    if "abandonment" in rule:
        alone = asked.agent_guaranteed or asked.agent_waiting or asked.agentless
        return not alone and over_budget(rule["abandonment"], history)
    if "ring" in rule:
        return terms.ring_seconds < rule["ring"]["seconds"]
    if "message" in rule:
        lacking = not terms.information_message or (
            rule["message"].get("automated_opt_out", False) and not terms.automated_opt_out
        )
        late = terms.connect_milliseconds > rule["message"]["within_milliseconds"]
        return not (asked.agent_guaranteed or asked.agentless) and (lacking or late)
    if "licence" in rule:
        return not terms.licensed
    if "retention" in rule:
        unrecorded = rule["retention"].get("recordings", False) and not terms.records_conversations
        return terms.keeps_days < rule["retention"]["days"] or unrecorded
    return False


def over_budget(rule: dict[str, Any], history: History) -> bool:
    figures = history.abandonment.get(duration(rule))
    if figures is None:
        return False
    place = ["connected", "greeting_began", "greeting_ended"].index(rule["clock"])
    abandoned, answered = figures.counts.abandoned[place], figures.counts.persons
    share = 0.0
    if rule.get("machine_adjusted"):
        n, k, z = figures.counts.audited, figures.counts.falsely, 1.959963984540054
        share = k / n if n else 1.0
        if n < rule.get("min_audited", 100) and n:
            share = min(
                1.0,
                (share + z * z / (2 * n) + z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5)
                / (1 + z * z / n),
            )
        share *= figures.counts.machines
    return answered + share > 0 and (abandoned + share) / (answered + share) > rule["limit_percent"] / 100


def window_holds(window: dict[str, Any], clock: datetime, asked: DialAsked) -> bool:
    if window.get("closed_on_holidays") and clock.date() in asked.holidays:
        return False
    row = window.get(WEEKDAYS[clock.weekday()], window.get("every_day", []))
    reading = clock.strftime("%H:%M:%S.%f")
    return any(text[:5] <= reading < text[6:] for text in row)


def concerns(row: LedgerEntry, per: str, asked: DialAsked) -> bool:
    return {
        "person": True,
        "subject": None in (row.subject, asked.subject) or row.subject == asked.subject,
        "number": row.number == asked.number,
        "record": (row.campaign, row.record) == (asked.campaign, asked.record),
        "campaign": row.campaign == asked.campaign,
    }[per]


def counted(row: LedgerEntry, what: str) -> bool:
    outcome = "" if row.outcome is None else row.outcome.value
    return {
        "dialled": outcome != "cancelled",
        "rung": outcome not in NOT_RUNG,
        "spoken": outcome == "answered_person",
    }[what]


def began_rest(row: LedgerEntry, after: str) -> bool:
    outcome = "" if row.outcome is None else row.outcome.value
    return {
        "conversation": outcome == "answered_person",
        "refusal": row.refused,
        "abandoned": outcome == "abandoned",
        "machine": outcome == "machine",
    }[after]


def has_consent(asked: DialAsked, now: int) -> bool:
    consent = asked.wishes.consent
    if consent is None or consent.given_at > now:
        return False
    return consent.expires_at is None or consent.expires_at > now


def known_zones(asked: DialAsked) -> list[ZoneInfo]:
    zones: list[ZoneInfo] = []
    for name in asked.zones:
        if name == "Mars/Olympus":
            return []
        zones.append(ZoneInfo(name))
    return zones


def wall(now: int, zone: ZoneInfo) -> datetime:
    return (EPOCH + timedelta(microseconds=now)).astimezone(zone)


def duration(rule: dict[str, Any]) -> int:
    return 3_600_000_000 * (rule["hours"] if "hours" in rule else 24 * rule["days"])
