"""Bodies of requests and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.ivr.domain.matching.verdict import Match
from services.ivr.domain.questions import Answers, Asked, FaxPage, QuestionSet, StandardQuestion
from shared.contracts.fields import Channel

NO_NUL = r"^[^\x00]*$"
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.\-]+$")]
ContactId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
Line = Annotated[str, Field(min_length=1, max_length=256, pattern=NO_NUL)]
Prose = Annotated[str, Field(min_length=1, max_length=2_000, pattern=NO_NUL)]
LongProse = Annotated[str, Field(min_length=1, max_length=16_000, pattern=NO_NUL)]
Language = Literal["zh", "en"]
RESERVED_IDS = frozenset({"usage", "new"})
"""Ids that would hide a route of ours, or the page on which a question is written."""

Document = dict[str, Any]
RowT = TypeVar("RowT")


class Request(BaseModel):
    """A request body; unknown fields are mistakes of the caller and said so."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[RowT]):
    """A keyset page; `next` goes on from its last row."""

    items: list[RowT]
    next: str | None


class AskedIn(Request):
    text: Prose
    language: Language


class FaxIn(Request):
    title: Line
    body: LongProse


class WebIn(Request):
    zh: LongProse | None = None
    en: LongProse | None = None
    link: Annotated[str, Field(max_length=256, pattern=r"^https?://[^\s\x00]+$")] | None = None


class AnswersIn(Request):
    voice: dict[Language, Prose] = {}
    web: WebIn = WebIn()
    fax: dict[Language, FaxIn] = {}


class QuestionBody(Request):
    """A standard question but for its id."""

    business_line: Code
    group: Code
    reason: Code | None = None
    titles: Annotated[dict[Language, Line], Field(min_length=1)]
    examples: Annotated[list[AskedIn], Field(max_length=500)] = []
    answers: AnswersIn = AnswersIn()
    enabled: bool = True
    version: int | None = None  # the one the author started from: another meanwhile is a 409

    @field_validator("examples", mode="before")
    @classmethod
    def by_language(cls, written: Any) -> Any:
        """`{zh: [...], en: [...]}` is a shorter way of writing the same."""
        if not isinstance(written, dict):
            return written
        return [
            {"text": text, "language": language}
            for language, texts in cast("dict[Any, Any]", written).items()
            for text in (texts if isinstance(texts, list) else [texts])
        ]

    def question(self, question_id: str) -> StandardQuestion:
        """The question these fields mean."""
        web = {language: text for language, text in (("zh", self.answers.web.zh), ("en", self.answers.web.en)) if text}
        fax = {language: FaxPage(page.title, page.body) for language, page in self.answers.fax.items()}
        return StandardQuestion(
            question_id, self.business_line, self.group, self.reason, {**self.titles},
            tuple(Asked(e.text.strip(), e.language) for e in self.examples),
            Answers({**self.answers.voice}, web, fax, self.answers.web.link), enabled=self.enabled,
        )  # fmt: skip


class QuestionIn(QuestionBody):
    id: Code

    @model_validator(mode="after")
    def free_id(self) -> Self:
        if self.id in RESERVED_IDS:
            raise ValueError(f"{self.id!r} cannot be a question's id")
        return self


class MatchIn(Request):
    text: LongProse
    language: Language | None = None
    business_line: Code | None = None
    channel: Channel | None = None


class CorrectionIn(Request):
    """What a customer's words meant: a question, or only a group, or (neither) nothing this house does."""

    contact_id: ContactId
    text: Prose | None = None  # None: what the contact's customer typed last
    question: Code | None = None
    group: Code | None = None

    @model_validator(mode="after")
    def at_most_one(self) -> Self:
        if self.question is not None and self.group is not None:
            raise ValueError("name a question or a group, not both")
        return self


def match_document(match: Match, questions: QuestionSet, milliseconds: float) -> Document:
    """A verdict with its reasons."""

    def title(question: str) -> str | None:
        found = questions.get(question)
        return None if found is None else next(iter(found.titles.values()), None)

    return {
        "decision": match.decision, "question": match.question, "group": match.group, "confidence": round(match.confidence, 4),
        "candidates": [
            {"question": c.question, "title": title(c.question), "confidence": round(c.confidence, 4)} for c in match.candidates
        ],
        "nearest": [
            {"question": n.question, "example": n.example, "similarity": round(n.similarity, 4)} for n in match.nearest
        ],
        "ms": round(milliseconds, 3),
    }  # fmt: skip


def rfc3339(moment: datetime) -> str:
    """A moment as people's interfaces get it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
