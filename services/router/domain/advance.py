"""Deciding and applying in one go, for those who need no separate commit in between: the simulator and the replay."""

from __future__ import annotations

from services.router.domain.apply import apply
from services.router.domain.decide.dispatch import decide
from services.router.domain.inputs import Decided, Input
from services.router.domain.state import PartitionState


def advance(state: PartitionState, given: Input) -> tuple[Decided, ...]:
    """The decisions of an input; `state` has them applied. The same as `decide`, then `apply`."""
    decided = decide(state, given)
    apply(state, given, decided)
    return decided
