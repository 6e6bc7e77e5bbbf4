"""What one prompt says and awaits, in the visit's language and channel: the words, the keys announced or listed, the answer gathered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.ivr.domain.dialogue import PERSON_KEY, MenuNode, QuestionNode, Tries, Wording
from services.ivr.domain.phrasing import announcement, listed, standard, worded
from services.ivr.domain.questions import StandardQuestion
from services.ivr.domain.visit import Visit
from shared.contracts.channel_commands import Choice, Gather, Utterance
from shared.contracts.fields import Channel

CHOICES_AT_MOST = 12
LABEL_LENGTH = 256
Option = tuple[str, str]  # key, words


def in_words(visit: Visit, wording: Wording) -> str:
    """The wording in the visit's language, with the product in question where it names one."""
    return worded(wording, visit.language, visit.deal)


def uttered(visit: Visit, text: str, link: str | None = None) -> Utterance:
    """Said aloud a link is of no use."""
    return Utterance(text, visit.language, None, None if visit.spoken else link)


def options_of(visit: Visit, node: MenuNode | QuestionNode, *, announced_only: bool = False) -> list[Option]:
    """The node's keys with their words."""
    return [
        (option.key, in_words(visit, option.label))
        for option in node.options
        if not (announced_only and option.quiet)
    ]  # fmt: skip


def nearest(visit: Visit, questions: Mapping[str, StandardQuestion], offered: Sequence[str]) -> list[Option]:
    """The questions nearest to what was asked, by their place, and a key for none of them."""
    options = [
        (str(place), _title(questions[question], visit.language))
        for place, question in enumerate(offered, 1)
        if question in questions
    ]
    return [*options, (PERSON_KEY, standard("none_of_these", visit.language))]


def _title(question: StandardQuestion, language: str) -> str:
    return question.titles.get(language) or next(iter(question.titles.values()), question.question_id)


def offering(visit: Visit, options: Sequence[Option], repeat: str | None = None) -> str | None:
    """The keys said (voice) or listed (text without buttons); None: the page shows buttons, or there are none."""
    if visit.spoken:
        return announcement(options, repeat, visit.language) or None
    return listed(options) if visit.channel in (Channel.SMS, Channel.EMAIL) and options else None


def gathering(visit: Visit, tries: Tries, most: int, finish_on: str) -> Gather:
    """Up to `most` digits, or a text where nothing is spoken."""
    if visit.spoken:
        return Gather("digits", most, finish_on, tries.first_seconds * 1000, tries.between_seconds * 1000)
    return Gather("text", most, finish_on, tries.text_seconds * 1000, tries.text_seconds * 1000)


def choosing(visit: Visit, tries: Tries, options: Sequence[Option], repeat: str | None = None) -> Gather:
    """One of the options; a caller may also have them said again."""
    longest = max((len(key) for key, _ in options), default=1)
    gather = gathering(visit, tries, longest, "#" if longest > 1 else "")
    choices = tuple(Choice(key, label[:LABEL_LENGTH]) for key, label in options)
    if repeat is not None and visit.spoken:
        choices = (*choices, Choice(repeat, standard("again", visit.language, key=repeat)))
    return replace(gather, choices=choices[:CHOICES_AT_MOST])
