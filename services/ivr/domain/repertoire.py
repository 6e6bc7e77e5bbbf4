"""Everything a caller can be told, known when it is published: so that its sound is made before anybody calls."""

from __future__ import annotations

from collections.abc import Iterator

from services.ivr.domain.dialogue import (
    PLACEHOLDER_DEAL,
    AskNode,
    Dialogue,
    HangUpNode,
    MenuNode,
    PersonNode,
    QuestionNode,
    SayNode,
    VerifyNode,
    Wording,
)
from services.ivr.domain.phrasing import EXCUSES, announcement, standard
from services.ivr.domain.questions import StandardQuestion
from shared.contracts.fields import Channel


def words_of_dialogue(dialogue: Dialogue) -> Iterator[tuple[str, str]]:
    """(text, language) of every prompt a telephone caller can hear, but for contracts' names and numbers read back."""
    if Channel.PHONE not in dialogue.channels:
        return
    for language in dialogue.languages:
        yield from ((standard(excuse, language), language) for excuse in EXCUSES)
        for node in dialogue.nodes.values():
            texts: list[Wording] = []
            match node:
                case SayNode():
                    texts.append(node.text)
                case MenuNode() | QuestionNode():
                    texts.append(node.prompt)
                    repeat = node.repeat if isinstance(node, MenuNode) else None
                    options = [(o.key, o.label.get(language, "")) for o in node.options if not o.quiet]
                    if (spoken := announcement(options, repeat, language)) and PLACEHOLDER_DEAL not in spoken:
                        yield spoken, language
                case AskNode() | VerifyNode():
                    texts.append(node.prompt)
                case PersonNode() | HangUpNode() if node.say is not None:
                    texts.append(node.say)
                case _:
                    pass
            yield from ((t[language], language) for t in texts if language in t and PLACEHOLDER_DEAL not in t[language])


def words_of_question(question: StandardQuestion) -> Iterator[tuple[str, str]]:
    """(text, language) of its spoken answers."""
    return ((text, language) for language, text in question.answers.voice.items())
