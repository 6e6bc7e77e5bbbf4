"""The standard question set: a question, ways of asking it, its answer per channel, and the group whose question it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from shared.contracts.fields import Channel


@dataclass(frozen=True, slots=True)
class Asked:
    """One way of asking."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class FaxPage:
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What is said, shown and faxed, by language."""

    voice: Mapping[str, str]
    web: Mapping[str, str]
    fax: Mapping[str, FaxPage]
    link: str | None = None  # shown under the web text


@dataclass(frozen=True, slots=True)
class StandardQuestion:
    question_id: str
    business_line: str
    group: str
    reason: str | None
    titles: Mapping[str, str]
    examples: tuple[Asked, ...]
    answers: Answers
    version: int = 1
    enabled: bool = True

    def said(self, channel: Channel, language: str) -> str | None:
        """The answer in words for a channel; None where this question has none for it."""
        if channel is Channel.PHONE:
            return self.answers.voice.get(language)
        return self.answers.web.get(language) or self.answers.voice.get(language)


QuestionSet: TypeAlias = Mapping[str, StandardQuestion]
"""Questions by id."""


def question_from(mapping: Mapping[str, object], question_id: str, version: int = 1) -> StandardQuestion:
    """A question from its stored document (already validated)."""
    document = _mapping(mapping)
    answers = _mapping(document.get("answers"))
    web = _texts(answers.get("web"))
    fax = _mapping(answers.get("fax"))
    return StandardQuestion(
        question_id,
        str(document["business_line"]),
        str(document["group"]),
        str(document["reason"]) if document.get("reason") else None,
        _texts(document.get("titles")),
        tuple(map(_asked, cast("list[object]", document.get("examples") or []))),
        Answers(
            _texts(answers.get("voice")),
            {language: text for language, text in web.items() if language != "link"},
            {language: FaxPage(**_texts(page)) for language, page in fax.items()},
            web.get("link"),
        ),
        version,
        bool(document.get("enabled", True)),
    )


def question_document(question: StandardQuestion) -> dict[str, object]:
    """The question as it is stored and shown; `question_from` reads it back."""
    web: dict[str, object] = dict(question.answers.web)
    if question.answers.link:
        web["link"] = question.answers.link
    return {
        "id": question.question_id,
        "business_line": question.business_line,
        "group": question.group,
        "reason": question.reason,
        "titles": dict(question.titles),
        "examples": [{"text": asked.text, "language": asked.language} for asked in question.examples],
        "answers": {
            "voice": dict(question.answers.voice),
            "web": web,
            "fax": {language: {"title": p.title, "body": p.body} for language, p in question.answers.fax.items()},
        },
        "version": question.version,
        "enabled": question.enabled,
    }


def _mapping(value: object) -> dict[str, object]:
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else {}


def _texts(value: object) -> dict[str, str]:
    return {key: str(text) for key, text in _mapping(value).items() if text is not None}


def _asked(value: object) -> Asked:
    example = _texts(value)
    return Asked(example["text"], example["language"])
