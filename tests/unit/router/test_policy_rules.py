"""The policy document: complete round trip, sensible defaults, and every fault named by its path in one go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.router.domain.core import Policy, PolicyErrors, parse_policy
from services.router.domain.policy.model import Strategy, WrapUpMode
from shared.contracts.fields import Channel
from tests.unit.router.centre import POLICY

SMALLEST: dict[str, Any] = {
    "business_lines": {"sales": {"default_group": "all"}},
    "groups": {"all": {"business_line": "sales"}},
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The common policy with one place replaced."""
    policy = json.loads(json.dumps(POLICY))
    *parents, last = path.split(".")
    place = policy
    for key in parents:
        place = place.setdefault(key, {})
    place[last] = value
    return policy


@pytest.mark.parametrize("document", [POLICY, SMALLEST], ids=["common", "smallest"])
def test_reading_what_was_written_gives_the_same_policy(document: dict[str, Any]) -> None:
    policy = parse_policy(document)
    assert parse_policy(policy.to_mapping()) == policy
    assert parse_policy(json.loads(json.dumps(policy.to_mapping()))) == policy


def test_every_rule_of_the_document_survives_the_round_trip() -> None:
    document = changed("groups.general.preferred_wait_seconds", 7)
    document["groups"]["general"] |= {"strategy": "best_proficiency", "auto_accept": True, "channels": ["phone", "fax"]}
    document["reasons"] = {"leak": {"name": {"zh": "漏水", "en": "leak"}, "head_start_seconds": 9}}
    document["presence_reasons"] = {"lunch": {"name": {"zh": "午餐", "en": "lunch"}}}
    policy = parse_policy(document)
    group = policy.groups["general"]
    assert (group.strategy, group.auto_accept, group.preferred_wait_seconds) == (Strategy.BEST_PROFICIENCY, True, 7)
    assert group.channels == (Channel.PHONE, Channel.FAX)
    assert (policy.preferred_wait(group), policy.preferred_wait(policy.groups["complaints"])) == (7, 30)
    assert group.wrap_up[Channel.PHONE].mode is WrapUpMode.TIMED
    assert group.wrap_up[Channel.WEB].mode is WrapUpMode.NONE
    assert parse_policy(policy.to_mapping()) == policy


def test_the_smallest_policy_has_sensible_defaults() -> None:
    policy = parse_policy(SMALLEST)
    assert isinstance(policy, Policy)
    assert (policy.enrichment_wait_ms, policy.missed_exclusion_seconds) == (150, 60)
    assert (policy.self_service_claim_seconds, policy.self_service_limit_seconds) == (3, 900)
    assert policy.capacity.channels[Channel.PHONE].maximum == 1
    assert policy.groups["all"].targets[Channel.PHONE] == 20
    assert policy.groups["all"].strategy is Strategy.LONGEST_IDLE


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("enrichment_wait_ms", "soon", "enrichment_wait_ms"),
        ("enrichment_wait_ms", -1, "enrichment_wait_ms"),
        ("enrichment_wait_ms", True, "enrichment_wait_ms"),
        ("rona_alert_after", 0, "rona_alert_after"),
        ("colour", "blue", "colour"),
        ("self_service_claim_seconds", 61, "self_service_claim_seconds"),
        ("self_service_limit_seconds", 10, "self_service_limit_seconds"),
        ("consultation_wait_seconds", 0, "consultation_wait_seconds"),
        ("business_lines.rental.default_group", "gone", "business_lines.rental.default_group"),
        ("business_lines.rental.default_group", None, "business_lines.rental.default_group"),
        ("groups.general.business_line", "mars", "groups.general.business_line"),
        ("groups.general.skills", [{"skill": "zh"}, {"skill": "klingon"}], "groups.general.skills[1].skill"),
        ("groups.general.skills", [{"skill": "zh"}, {"skill": "zh"}], "groups.general.skills[1].skill"),
        ("groups.general.skills", [{"skill": "zh", "level": 11}], "groups.general.skills[0].level"),
        ("groups.general.skills", {"zh": 3}, "groups.general.skills"),
        ("groups.general.channels", ["phone", "telex"], "groups.general.channels[1]"),
        ("groups.general.channels", [], "groups.general.channels"),
        ("groups.general.targets", {"phone": "20"}, "groups.general.targets.phone"),
        ("groups.general.targets", {"telex": 20}, "groups.general.targets.telex"),
        ("groups.general.strategy", "nicest", "groups.general.strategy"),
        ("groups.general.auto_accept", "yes", "groups.general.auto_accept"),
        ("groups.general.wrap_up.phone.mode", "forever", "groups.general.wrap_up.phone.mode"),
        ("groups.general.wrap_up.phone.minutes", 3, "groups.general.wrap_up.phone.minutes"),
        ("groups.general.default_disposition", "gone", "groups.general.default_disposition"),
        ("capacity.phone.weight", 101, "capacity.phone.weight"),
        ("capacity.interrupted_by", {"fax": ["pigeon"]}, "capacity.interrupted_by.fax[0]"),
        ("tiers.gold.head_start_seconds", -5, "tiers.gold.head_start_seconds"),
        ("groups.general", 3, "groups.general"),
    ],
)
def test_a_fault_is_named_by_its_path(path: str, value: object, at: str) -> None:
    with pytest.raises(PolicyErrors) as raised:
        parse_policy(changed(path, value))
    assert at in [where for where, _ in raised.value.errors]


def test_a_dialogue_must_have_time_to_begin() -> None:
    document = {**changed("self_service_claim_seconds", 45), "self_service_limit_seconds": 45}
    with pytest.raises(PolicyErrors, match="self_service_limit_seconds: must be more than self_service_claim_seconds"):
        parse_policy(document)
    assert parse_policy({**document, "self_service_limit_seconds": 46}).self_service_limit_seconds == 46


def test_all_faults_are_told_at_once() -> None:
    document = changed("enrichment_wait_ms", "soon")
    document["colour"] = "blue"
    document["groups"]["general"]["strategy"] = "nicest"
    with pytest.raises(PolicyErrors) as raised:
        parse_policy(document)
    assert {where for where, _ in raised.value.errors} == {"enrichment_wait_ms", "colour", "groups.general.strategy"}


def test_a_document_without_lines_is_refused() -> None:
    with pytest.raises(PolicyErrors, match="business_lines: names no business line"):
        parse_policy({})
