"""A trained matcher: text in, verdict out, with the examples that explain it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from services.ivr.domain.matching.verdict import Candidate, Example, Match, Near, Thresholds, group_named


def _grams(text: str) -> frozenset[str]:
    flat = "".join(text.lower().split())
    return frozenset(flat[i : i + n] for n in (1, 2, 3) for i in range(len(flat) - n + 1))


@dataclass(frozen=True, slots=True)
class Model:
    """First shape of the interface; similarity by shared character n-grams."""

    questions: tuple[str, ...]
    taught: tuple[Example, ...]
    groups: Mapping[str, str] = field(default_factory=dict[str, str])
    business_lines: Mapping[str, str] = field(default_factory=dict[str, str])

    def match(
        self,
        text: str,
        language: str | None = None,
        business_line: str | None = None,
        allowed: frozenset[str] | None = None,
        thresholds: Thresholds = Thresholds(),
    ) -> Match:
        """The verdict on `text` among the questions of `business_line` and, when given, among `allowed`."""
        own = _grams(text[:2000])
        near = sorted(
            (
                Near(e.question, e.text, len(own & (g := _grams(e.text))) / max(1, (len(own) * len(g)) ** 0.5))
                for e in self.taught
                if self._open(e.question, business_line, allowed)
            ),
            key=lambda n: (-n.similarity, n.question, n.example),
        )
        best: dict[str, float] = {}
        for n in near:
            best.setdefault(n.question, n.similarity)
        candidates = tuple(Candidate(q, s) for q, s in list(best.items())[:3])
        confidence = candidates[0].confidence if candidates else 0.0
        first = candidates[0].question if candidates else None
        group = None if first is None else group_named(first) or self.groups.get(first)
        if first is not None and confidence >= thresholds.answer and group_named(first) is None:
            return Match("answer", first, group, confidence, candidates, tuple(near[:3]))
        if confidence >= thresholds.ask_back:
            return Match("ask_back", None, group, confidence, candidates, tuple(near[:3]))
        return Match("hand_over", None, None, confidence, candidates, tuple(near[:3]))

    def _open(self, question: str, business_line: str | None, allowed: frozenset[str] | None) -> bool:
        if allowed is not None and question not in allowed and group_named(question) is None:
            return False
        return business_line is None or self.business_lines.get(question, business_line) == business_line

    def to_bytes(self) -> bytes:
        """The whole model as bytes that mean the same on every machine."""
        return json.dumps(
            {
                "taught": [asdict(e) for e in self.taught],
                "groups": dict(self.groups),
                "business_lines": dict(self.business_lines),
            },
            ensure_ascii=False,
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Raises ValueError when `data` is not a model of this version."""
        document = json.loads(data)
        taught = tuple(Example(**e) for e in document["taught"])
        return cls(tuple(sorted({e.question for e in taught})), taught, document["groups"], document["business_lines"])
