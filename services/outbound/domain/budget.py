"""What the pacer may still lose: the tightest abandonment rule of a campaign, counted by the strictest clock any of them names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """What a window leaves: persons who answered in `within` µs, those of them abandoned, the share allowed."""

    within: int
    answered: int
    abandoned: int
    limit: float

    @property
    def left(self) -> float:
        """How many more may be abandoned at once; negative: the limit is passed."""
        return self.limit * self.answered - self.abandoned


def tightest(rulesets: Sequence[Ruleset], budget: AbandonmentBudget) -> BudgetLeft:
    """Of the windows the rules name (none: 30 days), the one that leaves least."""
    named = {rule.within for rule in _rules(rulesets)} or {MONTH_WINDOW}
    windows = (
        BudgetLeft(MONTH_WINDOW, budget.answered_30d, budget.abandoned_30d, budget.limit),
        BudgetLeft(DAY_WINDOW, budget.answered_24h, budget.abandoned_24h, budget.limit),
    )
    return min((window for window in windows if window.within in named), key=lambda window: window.left)


def limit_of(rulesets: Sequence[Ruleset], wished: float) -> float:
    """Abandoned ÷ answered by a person: what the manager wished, or less where a rule says less."""
    return min([wished, *(rule.limit for rule in _rules(rulesets))])


def _rules(rulesets: Sequence[Ruleset]) -> list[AbandonmentRule]:
    return [rule for ruleset in rulesets for rule in ruleset.rules if isinstance(rule, AbandonmentRule)]
