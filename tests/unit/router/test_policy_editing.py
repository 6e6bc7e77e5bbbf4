"""Doubts that think, differences in words, and one value changed without touching the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.router.domain.core import parse_policy
from services.router.policy.document import check_document
from services.router.policy.editing.changes import changes_between, text_diff, touches_waiting
from services.router.policy.editing.checking import doubts_about
from services.router.policy.editing.doubts import doubts_of
from services.router.policy.editing.picture import picture_of
from services.router.policy.editing.staff import Colleague, colleague, reach_of, staff_from
from services.router.policy.editing.surgery import with_value
from shared.contracts.fields import SkillLevel
from shared.yaml_document import DocumentRefused

ROOT = Path(__file__).parents[3]
DEMO = (ROOT / "deploy/demo/policy.yaml").read_text(encoding="utf-8")
NOW = 1_790_000_000_000_000  # September 2026
BASE: dict[str, Any] = {
    "business_lines": {"rental": {"default_group": "desk"}},
    "skills": {"rental": {}, "billing": {}, "zh-yue": {}},
    "calendars": {"office": {"week": {"mon-fri": "09:00-18:00"}}},
    "groups": {
        "desk": {"business_line": "rental", "skills": [{"skill": "rental", "level": 5}]},
        "bills": {"business_line": "rental", "skills": [{"skill": "billing", "level": 5}], "hours": "office"},
    },
}
STAFF = (
    colleague("ann", "Ann", [SkillLevel("rental", 8), SkillLevel("billing", 3)], ["red"], ["pudong"]),
    colleague("bob", "Bob", [SkillLevel("rental", 4)], ["blue"]),
)


def changed(**groups: dict[str, Any]) -> dict[str, Any]:
    """The base policy with keys of its groups (and `top` of the whole) replaced."""
    document = json.loads(json.dumps(BASE)) | groups.pop("top", {})
    for name, keys in groups.items():
        document["groups"][name] = {**document["groups"].get(name, {"business_line": "rental"}), **keys}
    return document


def doubts(document: dict[str, Any], staff: tuple[Colleague, ...] | None = None) -> set[tuple[str, str]]:
    return {(doubt.code, doubt.path) for doubt in doubts_of(parse_policy(document), NOW, staff)}


def test_a_plain_policy_leaves_no_doubt() -> None:
    assert doubts(BASE) == set()


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        (changed(bills={"skills": [{"skill": "zh-yue"}]}), "skill_of_nobody", "groups.bills.skills[0]"),
        (changed(bills={"skills": [{"skill": "billing", "level": 9}]}), "served_by_nobody", "groups.bills.skills"),
        (
            changed(bills={"relaxation": [{"after_seconds": 30, "lower": {"billing": 3}}]}),
            "served_late",
            "groups.bills.skills",
        ),
        (
            changed(desk={"relaxation": [{"after_seconds": 9, "lower": {"rental": 5}}]}),
            "never_widens",
            "groups.desk.relaxation[0].lower.rental",
        ),
        (
            changed(desk={"relaxation": [{"after_seconds": 9, "lower": {"rental": 5}}]}),
            "step_adds_nobody",
            "groups.desk.relaxation[0]",
        ),
        (
            changed(desk={"relaxation": [{"after_seconds": 9, "add": {"teams": ["gone"]}}]}),
            "names_nobody",
            "groups.desk.relaxation[0].add.teams[0]",
        ),
        (
            changed(bills={"callback": {"offered": True}, "skills": [{"skill": "zh-yue"}]}),
            "callback_by_nobody",
            "groups.bills.callback",
        ),
        (changed(top={"calendars": {"office": {"week": {}}}}), "never_opens", "calendars.office.week"),
        (changed(bills={"hours": None}), "unused", "calendars.office"),
        (
            changed(desk={"hours": "office", "closing": {"when_closed": {"group": "bills"}}}),
            "leads_to_closed",
            "groups.desk.closing.when_closed",
        ),
        (
            changed(
                desk={"overflow": [{"max_waiting": 1, "to": {"group": "bills"}}]},
                bills={"overflow": [{"max_waiting": 1, "to": {"group": "desk"}}]},
            ),
            "overflow_loop",
            "groups.bills.overflow",
        ),
        (
            changed(desk={"overflow": [{"max_waiting": 1, "to": "callback"}]}),
            "callback_not_offered",
            "groups.desk.overflow[0].to",
        ),
        (
            changed(desk={"overflow": [{"max_waiting": 1, "to": {"group": "bills"}}]}, bills={"channels": ["web"]}),
            "channel_not_served",
            "groups.desk.overflow[0].to",
        ),
        (changed(top={"reasons": {"leak": {"head_start_seconds": 900}}}), "may_starve", "groups.desk.targets.phone"),
        (changed(top={"tiers": {"gold": {"head_start_seconds": 9}}}), "no_customer_text", "tiers.gold"),
        (changed(desk={"severity": 3}), "no_exposure", "groups.desk.severity"),
        (changed(top={"exposure": {}}), "nothing_wearing", "exposure"),
        (changed(top={"blending": {}}), "nothing_outbound", "blending"),
        (changed(top={"between_calls": {}}), "nothing_outbound", "between_calls"),
        (changed(desk={"outbound": True}), "outbound_default", "business_lines.rental.default_group"),
    ],
)
def test_what_will_not_do_what_its_author_wants_is_doubted(document: dict[str, Any], code: str, path: str) -> None:
    assert (code, path) in doubts(document, STAFF)


def test_make_up_workdays_not_announced_yet_are_told() -> None:
    document = changed(top={"calendars": {"office": {"week": {"mon-fri": "24h"}, "holidays": "CN"}}})
    december = 1_797_000_000_000_000
    codes = {doubt.code for doubt in doubts_of(parse_policy(document), december)}
    assert "holidays_unknown" in codes
    assert ("holidays_unknown", "calendars.office.holidays") not in doubts(document)


def test_a_doubt_names_its_line_in_both_languages() -> None:
    document = "business_lines: {a: {default_group: g}}\ntiers:\n  gold: {head_start_seconds: 5}\ngroups: {g: {business_line: a}}\n"
    for language, word in (("zh", "提前 5 秒"), ("en", "5 s ahead")):
        [doubt] = doubts_about(check_document(document), NOW, None, language)  # type: ignore[arg-type]
        assert (doubt.fault.line, doubt.fault.column) == (3, 3)
        assert word in doubt.fault.message


def test_whom_each_step_reaches() -> None:
    steps = [{"after_seconds": 20, "lower": {"rental": 4}}, {"after_seconds": 40, "add": {"sites": ["pudong"]}}]
    group = parse_policy(changed(desk={"relaxation": steps}, top={"sites": {"pudong": {}}})).groups["desk"]
    assert [(step.after_seconds, step.agents) for step in reach_of(group, STAFF)] == [
        (0, ("ann",)), (20, ("ann", "bob")), (40, ("ann", "bob")),
    ]  # fmt: skip


def test_the_demos_policy_leaves_only_the_doubt_about_next_year() -> None:
    roster: dict[str, Any] = yaml.safe_load((ROOT / "deploy/demo/roster.yaml").read_text(encoding="utf-8"))
    rows = [
        {"agent_id": agent["user"], "teams": [agent["team"]], "sites": [agent["site"]],
         "skills": [{"skill": k, "level": v} for k, v in (roster["profiles"][agent["profile"]] | agent["skills"]).items()]}
        for agent in roster["agents"]
    ]  # fmt: skip
    found = doubts_about(check_document(DEMO), NOW, staff_from(rows), "en")
    assert [doubt.fault.message for doubt in found if doubt.code != "holidays_unknown"] == []


# ---- differences


def test_differences_are_told_in_words_and_say_whether_they_touch_those_who_wait() -> None:
    before = parse_policy(BASE)
    after = parse_policy(changed(desk={"targets": {"phone": 30}}, bills={"hours": None, "severity": 2}))
    told = {change.path: change for change in changes_between(before, after, STAFF)}
    assert set(told) == {"groups.desk.targets.phone", "groups.bills.hours", "groups.bills.severity"}
    assert (told["groups.desk.targets.phone"].before, told["groups.desk.targets.phone"].after) == ("20", "30")
    assert "20 → 30" in told["groups.desk.targets.phone"].words.zh
    assert "no longer set" in told["groups.bills.hours"].words.en
    assert {path for path, change in told.items() if change.touches_waiting} == {"groups.desk.targets.phone"}


def test_who_may_serve_is_part_of_the_difference() -> None:
    after = parse_policy(changed(desk={"skills": [{"skill": "rental", "level": 4}]}))
    [served] = [c for c in changes_between(parse_policy(BASE), after, STAFF) if c.what == "served_by"]
    assert (served.path, served.before, served.after) == ("groups.desk", "1", "2")


def test_equal_policies_do_not_differ_and_new_groups_touch_nobody() -> None:
    assert changes_between(parse_policy(BASE), parse_policy(BASE)) == []
    more = changes_between(parse_policy(BASE), parse_policy(changed(new={"targets": {"phone": 5}})))
    assert [(change.path, change.what) for change in more] == [("groups.new", "added")]
    assert not touches_waiting(more)


def test_the_text_difference_is_unified() -> None:
    assert text_diff("a\nb\n", "a\nc\n", "v1", "draft").splitlines()[-2:] == ["-b", "+c"]


# ---- the form writes into the text


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("rona_alert_after", 5),
        ("groups.rental-enquiry.targets.phone", 33),
        ("groups.rental-enquiry.skills[0].level", 4),
        ("groups.property-access.hours", "office"),
        ("groups.property-access.callback.offered", True),
        ("groups.rental-contract.hours", None),
        ("tiers.gold.head_start_seconds", 70),
    ],
)
def test_one_value_changes_and_the_rest_stays_as_written(path: str, value: str | int | bool | None) -> None:
    after = with_value(DEMO, path, value)
    difference = [line for line in text_diff(DEMO, after, "a", "b").splitlines()[2:] if line[0] in "+-"]
    assert len(difference) <= 2, difference
    assert parse_policy(check_document(after).mapping) != parse_policy(check_document(DEMO).mapping)
    assert after.count("#") == DEMO.count("#")


@pytest.mark.parametrize(
    "path", ["", "groups.rental-enquiry.skills[9].level", "groups.rental-enquiry.wrap_up.phone.seconds"]
)
def test_a_place_that_cannot_be_changed_alone_is_refused(path: str) -> None:
    """The last one is shared by an anchor: changing it here would change other groups."""
    with pytest.raises(DocumentRefused):
        with_value(DEMO, path, 7)


def test_the_picture_shows_ties_hours_and_days_that_differ() -> None:
    shown = picture_of(parse_policy(check_document(DEMO).mapping), NOW, STAFF)
    assert len(shown["groups"]) == 15
    office = shown["calendars"][0]
    assert office["week"][0] == [[540, 720], [780, 1080]]
    assert {day["why"] for day in office["days"]} >= {"holiday", "make_up"}
    assert {"id": "ann", "name": "Ann", "skills": {"rental": 8, "billing": 3}} in shown["agents"]
