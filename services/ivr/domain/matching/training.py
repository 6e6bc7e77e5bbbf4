"""From examples to a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.ivr.domain.matching.model import Model
from services.ivr.domain.matching.verdict import Example


def train(
    examples: Sequence[Example],
    *,
    corrections: Sequence[Example] = (),
    groups: Mapping[str, str] | None = None,
    business_lines: Mapping[str, str] | None = None,
    outside: Sequence[str] = (),
) -> Model:
    """Learn from examples and from agents' corrections (which weigh more, the later the more).

    `groups` names the question group of each standard question, `business_lines` the line it belongs to (absent: any line).
    `outside` are texts known to ask for nothing this house does, added to the small background the matcher brings itself.
    Raises ValueError when there is no example with text in it.
    """
    taught = [e for e in (*examples, *corrections) if e.text.strip()]
    if not taught:
        raise ValueError("no example has a text")
    return Model(
        questions=tuple(sorted({e.question for e in taught})),
        taught=tuple(taught),
        groups=dict(groups or {}),
        business_lines=dict(business_lines or {}),
    )
