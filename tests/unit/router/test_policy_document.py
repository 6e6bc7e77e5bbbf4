"""The larger rules of the policy document: round trip of everything, defaults that change nothing, contradictions told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.router.domain.core import PolicyErrors, parse_policy
from services.router.domain.policy.conversation import ChatLife, RatingRule
from services.router.domain.policy.elsewhere import CallbackRule, ClosingRule, Destination, Elsewhere
from services.router.domain.policy.hours import minutes_of
from services.router.domain.policy.words import Words
from services.router.policy.editing.chinese import in_chinese
from shared.contracts.fields import Channel, SkillLevel
from tests.unit.router.centre import POLICY
from tests.unit.router.full_policy import FULL_POLICY


def changed(path: str, value: object) -> dict[str, Any]:
    """The full policy with one place replaced; a number in the path is an index."""
    document = json.loads(json.dumps(FULL_POLICY))
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("/"))
    place = document
    for key in parents:
        place = place[key]
    place[last] = value
    return document


def test_every_rule_survives_the_round_trip() -> None:
    policy = parse_policy(FULL_POLICY)
    assert parse_policy(policy.to_mapping()) == policy
    assert parse_policy(json.loads(json.dumps(policy.to_mapping()))) == policy


def test_what_is_written_is_what_is_meant() -> None:
    policy = parse_policy(FULL_POLICY)
    office, group = policy.calendars["office"], policy.groups["enquiry"]
    assert office.week["wed"] == ("09:00-12:00", "13:00-18:00")
    assert (office.week["sat"], office.week["sun"]) == (("10:00-16:00",), ())
    assert office.exceptions == {"2026-12-31": (), "2027-01-02": ("10:00-14:00",)}
    assert policy.calendars["night"].name == Words("night", "night")
    assert group.closing == ClosingRule(600, Destination(Elsewhere.CALLBACK), Destination(Elsewhere.NUMBER, "plumber"))
    assert [rule.to.target for rule in group.overflow] == ["hard", "pudong", None]
    assert group.overflow[0].channels == (Channel.PHONE,)
    added = group.relaxation[2].add
    assert added is not None
    assert (added.teams, added.skills) == (("t-1",), (SkillLevel("rental", 1),))
    assert policy.exposure is not None
    assert (policy.exposure.override_wait_seconds, policy.exposure.cool_down_seconds) == (None, 900)


def test_an_absent_rule_is_off() -> None:
    policy = parse_policy(POLICY)
    assert (policy.exposure, policy.blending, policy.calendars, policy.outside) == (None, None, {}, {})
    for group in policy.groups.values():
        assert (group.hours, group.relaxation, group.overflow, group.severity) == (None, (), (), 0)
        assert (group.callback, group.chat, group.rating) == (CallbackRule(), ChatLife(), RatingRule())
        assert not group.outbound


def test_words_in_one_language_serve_both() -> None:
    policy = parse_policy(changed("tiers/gold/customer_text", {"zh": "早一分钟"}))
    assert policy.tiers["gold"].customer_text == Words("早一分钟", "早一分钟")
    assert parse_policy(policy.to_mapping()) == policy


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("24h", (0, 1440)), ("09:00-18:30", (540, 1110)), ("22:00-02:00", (1320, 1560)), ("00:00-24:00", (0, 1440))],
)
def test_minutes_of_an_interval(text: str, minutes: tuple[int, int]) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("calendars/office/week", {"funday": "24h"}, "calendars.office.week.funday"),
        ("calendars/office/week", {"mon-fri": "24h", "wed": "24h"}, "calendars.office.week.wed"),
        ("calendars/office/week", {"fri-mon": "24h"}, "calendars.office.week.fri-mon"),
        ("calendars/office/week", {"mon": "9-18"}, "calendars.office.week.mon"),
        ("calendars/office/week", {"mon": "09:00-09:00"}, "calendars.office.week.mon"),
        ("calendars/office/exceptions", {"2026-02-30": "closed"}, "calendars.office.exceptions.2026-02-30"),
        ("calendars/office/exceptions", {"2026-02-20": "open"}, "calendars.office.exceptions.2026-02-20"),
        ("calendars/office/holidays", "China", "calendars.office.holidays"),
        ("calendars/office/make_up_as", "holiday", "calendars.office.make_up_as"),
        ("calendars/office/time_zone", "not a zone", "calendars.office.time_zone"),
        ("outside/plumber/number", "021-5555", "outside.plumber.number"),
        ("groups/enquiry/hours", "nights", "groups.enquiry.hours"),
        ("groups/enquiry/closing/then", {"group": "gone"}, "groups.enquiry.closing.then"),
        ("groups/enquiry/closing/then", {"group": "enquiry"}, "groups.enquiry.closing.then"),
        ("groups/enquiry/closing/then", "nowhere", "groups.enquiry.closing.then"),
        ("groups/enquiry/closing/when_closed", {"number": "gone"}, "groups.enquiry.closing.when_closed"),
        ("groups/enquiry/overflow/0", {"to": "message"}, "groups.enquiry.overflow[0]"),
        ("groups/enquiry/overflow/0", {"max_waiting": 1, "max_wait_seconds": 2, "to": "end"}, "groups.enquiry.overflow[0]"),
        ("groups/enquiry/overflow/0", {"max_waiting": 1}, "groups.enquiry.overflow[0].to"),
        ("groups/enquiry/overflow/1/to", {"site": "moon"}, "groups.enquiry.overflow[1].to"),
        ("groups/enquiry/overflow/0/channels", [], "groups.enquiry.overflow[0].channels"),
        ("groups/enquiry/relaxation/1/after_seconds", 20, "groups.enquiry.relaxation[1].after_seconds"),
        ("groups/enquiry/relaxation/0", {"after_seconds": 5}, "groups.enquiry.relaxation[0]"),
        ("groups/enquiry/relaxation/0", {"lower": {"rental": 3}}, "groups.enquiry.relaxation[0].after_seconds"),
        ("groups/enquiry/relaxation/0/lower", {"klingon": 3}, "groups.enquiry.relaxation[0].lower.klingon"),
        ("groups/enquiry/relaxation/0/lower", {"rental": 11}, "groups.enquiry.relaxation[0].lower.rental"),
        ("groups/enquiry/relaxation/1/drop", ["klingon"], "groups.enquiry.relaxation[1].drop[0]"),
        ("groups/enquiry/relaxation/2/add", {"skills": []}, "groups.enquiry.relaxation[2].add"),
        ("groups/enquiry/relaxation/2/add/sites", ["moon"], "groups.enquiry.relaxation[2].add.sites[0]"),
        ("groups/enquiry/relaxation/2/add/skills", [{"skill": "gone"}], "groups.enquiry.relaxation[2].add.skills[0].skill"),
        ("groups/enquiry/severity", 11, "groups.enquiry.severity"),
        ("groups/enquiry/chat", {"close_after_seconds": 60}, "groups.enquiry.chat.close_after_seconds"),
        ("groups/enquiry/rating", {"scale": 5, "low": 5}, "groups.enquiry.rating.low"),
        ("groups/enquiry/callback/mode", "both", "groups.enquiry.callback.mode"),
        ("groups/enquiry/callback/tries", 3, "groups.enquiry.callback.tries"),
        ("blending/resume_percent", 70, "blending.resume_percent"),
        ("blending/tolerated_loss_points", 101, "blending.tolerated_loss_points"),
        ("exposure/cap", 0, "exposure.cap"),
        ("request_reasons", {"a b": {}}, "request_reasons.a b"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_path(path: str, value: object, at: str) -> None:
    with pytest.raises(PolicyErrors) as raised:
        parse_policy(changed(path, value))
    assert at in [where for where, _ in raised.value.errors]
    for _, message in raised.value.errors:
        assert in_chinese(message) != message, "every fault is told in Chinese too"
