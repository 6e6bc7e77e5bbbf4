"""The rulesets a campaign is judged by: the default restraint, those it chose, and its own hours and caps."""

from __future__ import annotations

from collections.abc import Sequence

from services.outbound.domain.campaigns import Campaign
from services.outbound.domain.own_rules import own_rules
from services.outbound.domain.rulesets import Ruleset
from services.outbound.ruleset_documents import RESTRAINT, shipped


def rules_of(campaign: Campaign) -> Sequence[Ruleset]:
    """In the order they are judged. A chosen ruleset that is not shipped any more makes the campaign undiallable (KeyError)."""
    chosen = chosen_rules(campaign.rulesets)
    choices = campaign.choices
    own = own_rules(choices.calendar, choices.caps, campaign.changed_at, choices.days_off)
    return (*chosen, own) if own is not None else chosen


def chosen_rules(names: Sequence[str]) -> Sequence[Ruleset]:
    """The shipped rulesets of these names, the restraint first. Raises KeyError."""
    book = shipped()
    return tuple(book[name] for name in dict.fromkeys((RESTRAINT, *names)))
