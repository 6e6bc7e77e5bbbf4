"""How long what was dialled is kept: the strictest of everything in force."""

from __future__ import annotations

import pytest

from services.outbound.domain.retention import kept_days
from services.outbound.domain.rulesets import RetentionRule
from services.outbound.ruleset_documents import shipped
from services.outbound.settings import OutboundSettings

FIVE_YEARS = 1_827


@pytest.mark.parametrize(
    ("usual", "declared", "rulesets", "days"),
    [
        (400, 0, (), 400),  # what the installation keeps
        (400, 1_900, ("cn",), 1_900),  # the operator declared more
        (400, 30, ("cn",), 400),
        (20, 0, ("cn",), 30),  # China asks for 30 days
        (400, 0, ("restraint", "us"), FIVE_YEARS),  # the United States: five years
        (400, 0, ("us", "fr", "cn"), FIVE_YEARS),
        (1, 0, ("fr",), 61),  # France looks back 60 days to a refusal
        (1, 0, (), 2),  # a day's caps, and the day that is not over
    ],
)
def test_the_strictest_counts(usual: int, declared: int, rulesets: tuple[str, ...], days: int) -> None:
    assert kept_days(usual, declared, [shipped()[name] for name in rulesets]) == days


@pytest.mark.parametrize("name", shipped())
def test_the_default_contradicts_no_shipped_ruleset(name: str) -> None:
    ruleset = shipped()[name]
    kept = kept_days(OutboundSettings.model_fields["outbound_kept_days"].default, 0, [ruleset])
    assert all(kept >= rule.days for rule in ruleset.rules if isinstance(rule, RetentionRule))
    assert kept * 86_400_000_000 > ruleset.horizon
