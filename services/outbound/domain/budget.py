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
    limit = limit_of(rulesets, wished)
    origin = min((rule.origin for rule in _rules(rulesets)), key=ORIGINS.index, default=ClockOrigin.GREETING_ENDED)
    month, day = figures[MONTH_WINDOW], figures[DAY_WINDOW]
    return AbandonmentBudget(
        month.counts.persons, month.abandoned(origin), day.counts.persons, day.abandoned(origin), limit
    )


def limit_of(rulesets: Sequence[Ruleset], wished: float) -> float:
    """Abandoned ÷ answered by a person: what the manager wished, or less where a rule says less."""
    return min([wished, *(rule.limit for rule in _rules(rulesets))])


def _rules(rulesets: Sequence[Ruleset]) -> list[AbandonmentRule]:
    return [rule for ruleset in rulesets for rule in ruleset.rules if isinstance(rule, AbandonmentRule)]
