"""A dialogue from the mapping its document holds. The mapping has the form of `dialogue.schema.json`, so nothing is checked here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, cast

from services.ivr.domain.dialogue import (
    AnswerNode,
    AskNode,
    BranchNode,
    Condition,
    Dialogue,
    FaxNode,
    HangUpNode,
    MenuNode,
    Node,
    OpeningHours,
    Option,
    PersonNode,
    QuestionNode,
    RefuseNode,
    SayNode,
    SetNode,
    Tries,
    VerifyNode,
    Wording,
)
from shared.contracts.fields import Channel

Tree: TypeAlias = Mapping[str, object]
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def dialogue_from(dialogue_id: str, document: Tree) -> Dialogue:
    """The dialogue of a document that has the schema's form."""
    return Dialogue(
        dialogue_id,
        _wording(document["title"]),
        tuple(_strings(document["languages"])),
        frozenset(Channel(channel) for channel in _strings(document["channels"])),
        str(document["start"]),
        str(document["person"]),
        {name: _node(_tree(node)) for name, node in _tree(document["nodes"]).items()},
        _name(document, "business_line"),
        frozenset(_strings(document.get("entries", []))),
        {name: _hours(_tree(hours)) for name, hours in _tree(document.get("hours", {})).items()},
        Tries(**cast("dict[str, int]", _tree(document.get("tries", {})))),
        bool(document.get("any_line", False)),
    )


def _node(node: Tree) -> Node:
    after = str(node.get("next", ""))
    match next(iter(kind for kind in _READ if kind in node)):
        case "say":
            return SayNode(_wording(node["say"]), after, _name(node, "link"))
        case "answer":
            return AnswerNode(str(node["answer"]), after)
        case "branch":
            cases = [_tree(case) for case in cast("list[object]", node["branch"])]
            return BranchNode(
                tuple((_condition(_tree(case["when"])), str(case["next"])) for case in cases), str(node["otherwise"])
            )
        case kind:
            return _READ[kind](_tree(node[kind]), after)


def _menu(menu: Tree, _after: str) -> MenuNode:
    return MenuNode(
        _wording(menu["prompt"]), _options(menu), _name(menu, "repeat"), _name(menu, "typed"), _name(menu, "silent")
    )


def _ask(ask: Tree, after: str) -> AskNode:
    digits = cast("list[int] | None", ask.get("digits"))
    return AskNode(
        _wording(ask["prompt"]), str(ask["field"]), _wording(ask["label"]), after,
        (digits[0], digits[1]) if digits else None, bool(ask.get("read_back", False)), _name(ask, "silent"),
    )  # fmt: skip


def _question(question: Tree, _after: str) -> QuestionNode:
    return QuestionNode(
        _wording(question["prompt"]), str(question["answered"]), str(question["unsure"]), _options(question),
        _name(question, "silent"),
    )  # fmt: skip


def _fax(fax: Tree, after: str) -> FaxNode:
    return FaxNode(str(fax["question"]), after, _name(fax, "to"))


def _verify(verify: Tree, _after: str) -> VerifyNode:
    return VerifyNode(
        _wording(verify["prompt"]), cast("int", verify["digits"]), str(verify["verified"]), str(verify["refused"])
    )


def _set(found: Tree, after: str) -> SetNode:
    return SetNode(
        after, _name(found, "business_line"), _name(found, "language"), _name(found, "group"), _name(found, "reason")
    )


def _refuse(refuse: Tree, after: str) -> RefuseNode:
    return RefuseNode(after, _name(refuse, "purpose"))


def _person(person: Tree, _after: str) -> PersonNode:
    return PersonNode(_name(person, "group"), _name(person, "reason"), _optional_wording(person))


def _hang_up(hang_up: Tree, _after: str) -> HangUpNode:
    return HangUpNode(_optional_wording(hang_up))


def _plain(_node: Tree, _after: str) -> Node:
    raise AssertionError("read by `_node` itself")


_READ: Final = {
    "say": _plain, "answer": _plain, "branch": _plain, "menu": _menu, "ask": _ask, "question": _question, "fax": _fax,
    "verify": _verify, "set": _set, "refuse": _refuse, "person": _person, "hang_up": _hang_up,
}  # fmt: skip
KINDS: Final = tuple(_READ)


def _options(holder: Tree) -> tuple[Option, ...]:
    options = _tree(holder.get("options", {}))
    return tuple(
        Option(key, _wording(option["label"]), str(option["next"]), bool(option.get("quiet", False)))
        for key, option in ((key, _tree(value)) for key, value in options.items())
    )


def _condition(when: Tree) -> Condition:
    channel = _name(when, "channel")
    known = when.get("known")
    return Condition(
        _name(when, "open"), _name(when, "closed"), _name(when, "language"), Channel(channel) if channel else None,
        _name(when, "tier"), known if isinstance(known, bool) else None, _name(when, "business_line"), _name(when, "deal"),
    )  # fmt: skip


def _hours(hours: Tree) -> OpeningHours:
    weekly: dict[int, tuple[tuple[int, int], ...]] = {}
    for days, spans in _tree(hours["weekly"]).items():
        first, _, last = days.partition("-")
        begins, ends = DAYS.index(first), DAYS.index(last or first)
        for day in range(begins, ends + 1 if ends >= begins else ends + 8):
            weekly[day % 7] = _spans(spans)
    return OpeningHours(
        str(hours.get("time_zone", "Asia/Shanghai")),
        weekly,
        _name(hours, "holidays"),
        frozenset(_strings(hours.get("closed", []))),
        {day: _spans(spans) for day, spans in _tree(hours.get("open", {})).items()},
    )


def _spans(spans: object) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for span in _strings(spans):
        begins, _, ends = span.partition("-")
        found.append((_minute(begins), _minute(ends)))
    return tuple(found)


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _tree(value: object) -> Tree:
    return cast("Tree", value)


def _strings(value: object) -> list[str]:
    return [str(one) for one in cast("list[object]", value)]


def _wording(value: object) -> Wording:
    return {language: str(text) for language, text in _tree(value).items()}


def _optional_wording(holder: Tree) -> Wording | None:
    return _wording(holder["say"]) if "say" in holder else None


def _name(holder: Tree, key: str) -> str | None:
    value = holder.get(key)
    return None if value is None else str(value)
