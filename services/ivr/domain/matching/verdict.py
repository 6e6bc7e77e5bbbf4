"""What goes into the matcher and what comes out: examples of questions in, a verdict with its confidence and its reasons out.

A verdict is one of three: answer with a standard question, ask the customer back (naming candidates), or hand over to a person.
Being unsure is a verdict, not a failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Decision: TypeAlias = Literal["answer", "ask_back", "hand_over"]

OUTSIDE: Final = "outside:"  # a correction's "question" when the text asks for nothing this house does
_ONLY_GROUP: Final = "group:"


def only_group(group: str) -> str:
    """What an agent's correction names when the text belongs to `group` but to no standard question."""
    return _ONLY_GROUP + group


def group_named(question: str) -> str | None:
    """The group of an `only_group` id; None for the id of a standard question."""
    return question.removeprefix(_ONLY_GROUP) if question.startswith(_ONLY_GROUP) else None


@dataclass(frozen=True, slots=True)
class Example:
    """One way of asking. `question` is a standard question's id, `only_group(group)` or `OUTSIDE`; language is zh or en."""

    question: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which confidence (0–1) a question is answered, and from which the customer is asked back. Below: to a person.

    The defaults come from the risk-coverage curves of docs/matcher.md: of what is answered at .60 about one in twenty is wrong with
    a grown set, one in seven with ten examples for each of 77 closely related questions; raise it where a wrong answer costs more.
    """

    answer: float = 0.60
    ask_back: float = 0.25

    def __post_init__(self) -> None:
        if not 0.0 <= self.ask_back <= self.answer <= 1.0:
            raise ValueError("thresholds must satisfy 0 ≤ ask_back ≤ answer ≤ 1")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that may be meant, with the calibrated probability (0–1) that it is."""

    question: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Near:
    """An example the model was taught that resembles the text: the explanation. `similarity` is a cosine, 0–1."""

    question: str
    example: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict on one text.

    `question` is set when the decision is `answer`; when it is `ask_back` the candidates are to be offered; when it is
    `hand_over` there is at most a group. `group` is set whenever its own probability is high enough to act on, which is often
    before any one question is sure. `confidence` belongs to the best candidate (0 when there is none).
    """

    decision: Decision
    question: str | None
    group: str | None
    confidence: float
    candidates: tuple[Candidate, ...]  # at most three, best first
    nearest: tuple[Near, ...]  # at most three, most similar first
