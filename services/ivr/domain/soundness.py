"""Which dialogues may be published: no dead ends, nothing unreachable, always a way to a person, every word in every language.

All faults are found at once, each with the dotted path of what causes it, so that one reading mends all of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from services.ivr.domain.dialogue import (
    ENDS,
    PERSON_KEY,
    PLACEHOLDER_DEAL,
    WAITING,
    AnswerNode,
    AskNode,
    BranchNode,
    Dialogue,
    FaxNode,
    HangUpNode,
    MenuNode,
    Node,
    PersonNode,
    QuestionNode,
    RefuseNode,
    SayNode,
    SetNode,
    VerifyNode,
    Wording,
    ways,
)
from services.ivr.domain.questions import QuestionSet
from shared.contracts.fields import Channel

FaultAt: TypeAlias = tuple[str, str]
"""(dotted path, what is wrong there)."""

_PLACEHOLDER: Final = re.compile(r"\{[^}]*\}")


def faults_of(dialogue: Dialogue, questions: QuestionSet | None = None) -> list[FaultAt]:
    """Everything that keeps the dialogue from being published. `questions` None: answers are not looked up."""
    unknown = list(_unknown_targets(dialogue))
    if unknown:
        return unknown  # what follows walks the graph
    return [
        *_unreachable(dialogue),
        *_dead_ends(dialogue),
        *_circles(dialogue),
        *_no_way_to_a_person(dialogue),
        *_unspoken(dialogue),
        *_misfits(dialogue),
        *(_unanswerable(dialogue, questions) if questions is not None else ()),
    ]


def _unknown_targets(dialogue: Dialogue) -> Iterator[FaultAt]:
    nodes = dialogue.nodes
    if dialogue.start not in nodes:
        yield "start", f"there is no node {dialogue.start!r}"
    if not isinstance(nodes.get(dialogue.person), PersonNode):
        yield "person", f"{dialogue.person!r} is no person node"
    for name, node in nodes.items():
        for why, target in ways(node):
            if target not in nodes:
                yield path_of(name, node, why), f"there is no node {target!r}"


def _reached(starts: Sequence[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    reached, ahead = set(starts), list(starts)
    while ahead:
        for target in edges.get(ahead.pop(), ()):
            if target not in reached:
                reached.add(target)
                ahead.append(target)
    return reached


def _edges(dialogue: Dialogue) -> dict[str, list[str]]:
    return {name: [target for _, target in ways(node)] for name, node in dialogue.nodes.items()}


def _silent_edges(dialogue: Dialogue) -> dict[str, list[str]]:
    """Edges walked without the customer."""
    return {
        name: [] if isinstance(node, WAITING) else [target for _, target in ways(node)]
        for name, node in dialogue.nodes.items()
    }


def _unreachable(dialogue: Dialogue) -> Iterator[FaultAt]:
    reached = _reached([dialogue.start, dialogue.person], _edges(dialogue))
    for name in dialogue.nodes:
        if name not in reached:
            yield f"nodes.{name}", "no way leads here"


def _dead_ends(dialogue: Dialogue) -> Iterator[FaultAt]:
    backwards: dict[str, list[str]] = {}
    for name, targets in _edges(dialogue).items():
        for target in targets:
            backwards.setdefault(target, []).append(name)
    ends = [name for name, node in dialogue.nodes.items() if isinstance(node, ENDS)]
    ending = _reached(ends, backwards)
    for name in dialogue.nodes:
        if name not in ending:
            yield f"nodes.{name}", "no way leads from here to a person or to the end"


def _circles(dialogue: Dialogue) -> Iterator[FaultAt]:
    edges = _silent_edges(dialogue)
    for name in dialogue.nodes:
        if name in _reached(edges[name], edges):
            yield f"nodes.{name}", "goes round in a circle without asking the customer anything"


def _no_way_to_a_person(dialogue: Dialogue) -> Iterator[FaultAt]:
    """Key 0 of every menu (and of a question's keys) leads to a person without another question in between."""
    edges = _silent_edges(dialogue)
    for name, node in dialogue.nodes.items():
        if not isinstance(node, MenuNode | QuestionNode) or (isinstance(node, QuestionNode) and not node.options):
            continue
        key = next((option for option in node.options if option.key == PERSON_KEY), None)
        if key is None:
            yield f"nodes.{name}.{_kind(node)}.options", f"lacks key {PERSON_KEY}, the way to a person"
        elif not any(isinstance(dialogue.nodes[n], PersonNode) for n in _reached([key.next], edges)):
            yield path_of(name, node, PERSON_KEY), f"key {PERSON_KEY} does not lead to a person"


def _unspoken(dialogue: Dialogue) -> Iterator[FaultAt]:
    """Every text in every language of the dialogue, with no placeholder but the known one."""
    texts: list[tuple[str, Wording]] = [("title", dialogue.title)]
    for name, node in dialogue.nodes.items():
        texts += [(f"nodes.{name}.{where}", wording) for where, wording in _texts(node)]
    for path, wording in texts:
        for language in dialogue.languages:
            if not wording.get(language, "").strip():
                yield path, f"says nothing in {language!r}"
        for language, text in wording.items():
            for placeholder in _PLACEHOLDER.findall(text):
                if placeholder != PLACEHOLDER_DEAL:
                    yield f"{path}.{language}", f"{placeholder} stands for nothing; known is {PLACEHOLDER_DEAL}"


def _texts(node: Node) -> list[tuple[str, Wording]]:
    match node:
        case SayNode():
            return [("say", node.text)]
        case MenuNode() | QuestionNode():
            labels = [(f"{_kind(node)}.options.{option.key}.label", option.label) for option in node.options]
            return [(f"{_kind(node)}.prompt", node.prompt), *labels]
        case AskNode():
            return [("ask.prompt", node.prompt), ("ask.label", node.label)]
        case VerifyNode():
            return [("verify.prompt", node.prompt)]
        case PersonNode() | HangUpNode():
            return [(f"{_kind(node)}.say", node.say)] if node.say is not None else []
        case _:
            return []


def _misfits(dialogue: Dialogue) -> Iterator[FaultAt]:
    """What a node asks for and the dialogue, or its channels, cannot give."""
    asked = {node.field for node in dialogue.nodes.values() if isinstance(node, AskNode)}
    for name, node in dialogue.nodes.items():
        path = f"nodes.{name}.{_kind(node)}"
        match node:
            case BranchNode():
                for place, (condition, _) in enumerate(node.cases):
                    for calendar in (condition.open, condition.closed):
                        if calendar is not None and calendar not in dialogue.hours:
                            yield f"{path}[{place}].when", f"there are no hours {calendar!r}"
                    if condition.language is not None and condition.language not in dialogue.languages:
                        yield f"{path}[{place}].when", f"{condition.language!r} is no language of this dialogue"
            case SetNode() if node.language is not None and node.language not in dialogue.languages:
                yield path, f"{node.language!r} is no language of this dialogue"
            case RefuseNode() if not dialogue.channels <= {Channel.PHONE, Channel.SMS}:
                yield path, "only who calls or texts has a number to refuse for"
            case FaxNode() if node.to is not None and node.to not in asked:
                yield f"{path}.to", f"no ask keeps a field {node.to!r}"
            case AskNode() if node.digits is not None and node.digits[0] > node.digits[1]:
                yield f"{path}.digits", "the fewest digits are more than the most"
            case QuestionNode() if Channel.PHONE in dialogue.channels and not node.options:
                yield path, "the phone hears no words: give options to choose from"
            case MenuNode() if node.typed is not None and not isinstance(dialogue.nodes[node.typed], QuestionNode):
                yield f"{path}.typed", "words typed at a menu go to a question node"
            case MenuNode() if node.repeat is not None and node.repeat in {option.key for option in node.options}:
                yield f"{path}.repeat", f"key {node.repeat} is an option already"
            case _:
                pass
    if not (dialogue.line_is_known or dialogue.entries):
        yield "business_line", "serves nobody: give a business line, entries or any_line"


def _unanswerable(dialogue: Dialogue, questions: QuestionSet) -> Iterator[FaultAt]:
    """Answers that are not in the set, or that have no words for a channel and language of the dialogue."""
    spoken: Collection[Channel] = dialogue.channels - {Channel.FAX}
    for name, node in dialogue.nodes.items():
        if not isinstance(node, AnswerNode | FaxNode):
            continue
        path = f"nodes.{name}.{_kind(node)}"
        question = questions.get(node.question)
        if question is None:
            yield path, f"there is no standard question {node.question!r} in force"
        elif isinstance(node, FaxNode):
            if not question.answers.fax:
                yield path, f"{node.question!r} has no answer by fax"
        else:
            for channel in sorted(spoken):
                for language in dialogue.languages:
                    if question.said(channel, language) is None:
                        yield path, f"{node.question!r} has no answer for {channel} in {language!r}"


def _kind(node: Node) -> str:
    return _KIND_NAMES[type(node)]


_KIND_NAMES: Final[Mapping[type, str]] = {
    SayNode: "say", MenuNode: "menu", AskNode: "ask", QuestionNode: "question", AnswerNode: "answer", FaxNode: "fax",
    VerifyNode: "verify", BranchNode: "branch", SetNode: "set", RefuseNode: "refuse", PersonNode: "person", HangUpNode: "hang_up",
}  # fmt: skip


def path_of(name: str, node: Node, why: str) -> str:
    """Where in the document a way out of a node is written."""
    match node:
        case MenuNode() | QuestionNode() if why not in ("typed", "silent", "answered", "unsure"):
            return f"nodes.{name}.{_kind(node)}.options.{why}.next"
        case AskNode() if why == "silent":
            return f"nodes.{name}.ask.silent"
        case BranchNode():
            return f"nodes.{name}.otherwise" if why == "otherwise" else f"nodes.{name}.branch"
        case SayNode() | AskNode() | AnswerNode() | FaxNode() | SetNode() | RefuseNode():
            return f"nodes.{name}.next"
        case _:
            return f"nodes.{name}.{_kind(node)}.{why}"
