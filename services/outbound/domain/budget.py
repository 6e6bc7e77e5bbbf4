"""What the pacer may still lose: the tightest abandonment rule of a campaign, counted by the strictest clock any of them names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.outbound.domain.abandonment import DAY_WINDOW, MONTH_WINDOW, ORIGINS, AbandonmentFigures, ClockOrigin
from services.outbound.domain.pacing_view import AbandonmentBudget
from services.outbound.domain.rulesets import AbandonmentRule, Ruleset


def budget_of(
    rulesets: Sequence[Ruleset], figures: Mapping[int, AbandonmentFigures], wished: float
) -> AbandonmentBudget:
    """Answered and abandoned by window, with the limit: what the manager wished, or less where a rule says less."""
    rules = [rule for ruleset in rulesets for rule in ruleset.rules if isinstance(rule, AbandonmentRule)]
    limit = min([wished, *(rule.limit for rule in rules)])
    origin = min((rule.origin for rule in rules), key=ORIGINS.index, default=ClockOrigin.GREETING_ENDED)
    month, day = figures[MONTH_WINDOW], figures[DAY_WINDOW]
    return AbandonmentBudget(
        month.counts.persons, month.abandoned(origin), day.counts.persons, day.abandoned(origin), limit
    )
