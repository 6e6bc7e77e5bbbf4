"""How long what was dialled is kept: as long as anything in force asks for it, and no longer."""

from __future__ import annotations

from collections.abc import Sequence

from services.outbound.domain.contact_ledger import DAY
from services.outbound.domain.rulesets import RetentionRule, Ruleset, horizon_of


def kept_days(usual: int, declared: int, chosen: Sequence[Ruleset]) -> int:
    """Days an attempt of a tenant stays after its end: the most of what the installation keeps (`usual`), what the operator declared
    to keep, what the chosen rulesets ask for, and how far back their caps, rests and abandonment limits look."""
    asked = [rule.days for ruleset in chosen for rule in ruleset.rules if isinstance(rule, RetentionRule)]
    looked_back = -(-horizon_of(chosen) // DAY) + 1  # the day that is not over yet
    return max(usual, declared, looked_back, *asked)
