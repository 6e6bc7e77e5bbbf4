"""A published version stays readable: the code is compared with what was frozen, and the comparison sees each kind of break."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts.published import current, incompatibilities, published
from shared.contracts.registry import topics

OWN = [topic.name for topic in topics().values() if topic.messages_of == topic.name]
AFTER_A_CHANGE = (
    "this breaks readers or stored messages of a published version; make a second version of the message, or, while "
    "nothing is released, freeze anew: .venv/bin/python -m shared.contracts.published --unreleased"
)
NEW_FIELDS = "freeze the addition: .venv/bin/python -m shared.contracts.published"


@pytest.mark.parametrize("topic", OWN)
def test_the_contracts_are_compatible_with_what_was_published(topic: str) -> None:
    frozen = published(topic)
    assert frozen is not None, NEW_FIELDS
    assert incompatibilities(frozen, current(topic)) == [], AFTER_A_CHANGE


@pytest.mark.parametrize("topic", OWN)
def test_what_the_code_has_is_published(topic: str) -> None:
    """So that the next change is compared with this one."""
    frozen = published(topic)
    assert frozen is not None, NEW_FIELDS
    for name, schema in current(topic)["messages"].items():
        assert name in frozen["messages"], NEW_FIELDS
        assert set(schema["properties"]) == set(frozen["messages"][name]["properties"]), NEW_FIELDS


def form() -> dict[str, Any]:
    """A small frozen topic with one of each kind of field."""
    return {
        "topic": "tea", "version": "1", "personal": {"Poured": ["guest"]},
        "messages": {
            "Poured": {
                "type": "object",
                "required": ["cup", "amount"],
                "$defs": {
                    "Kind": {"enum": ["green", "black"], "type": "string"},
                    "Cup": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                },
                "properties": {
                    "cup": {"$ref": "#/$defs/Cup"},
                    "amount": {"type": "integer", "minimum": 0, "maximum": 100},
                    "kind": {"anyOf": [{"$ref": "#/$defs/Kind"}, {"type": "null"}]},
                    "guest": {"type": "string", "maxLength": 20, "pattern": "^a"},
                    "leaves": {"type": "array", "maxItems": 9, "items": {"type": "string", "maxLength": 5}},
                    "notes": {"type": "object", "additionalProperties": {"type": "integer"}},
                },
            },
            "Spilled": {"type": "object", "properties": {}},
        },
    }  # fmt: skip


Change = Callable[[dict[str, Any]], Any]


def fields(tree: dict[str, Any]) -> dict[str, Any]:
    return tree["messages"]["Poured"]["properties"]


def defs(tree: dict[str, Any]) -> dict[str, Any]:
    return tree["messages"]["Poured"]["$defs"]


def renamed(tree: dict[str, Any]) -> None:
    fields(tree)["quantity"] = fields(tree).pop("amount")
    tree["messages"]["Poured"]["required"] = ["cup", "quantity"]


BREAKS: dict[str, Change] = {
    "message removed": lambda t: t["messages"].pop("Spilled"),
    "field removed": lambda t: fields(t).pop("guest"),
    "field renamed": renamed,
    "field of a nested object removed": lambda t: defs(t)["Cup"]["properties"].pop("id"),
    "new required field": lambda t: (
        fields(t).update(hot={"type": "boolean"}),
        t["messages"]["Poured"]["required"].append("hot"),
    ),
    "optional field became required": lambda t: t["messages"]["Poured"]["required"].append("guest"),
    "new required field of a nested object": lambda t: defs(t)["Cup"]["required"].append("size"),
    "type changed": lambda t: fields(t).update(amount={"type": "string"}),
    "null no longer taken": lambda t: fields(t).update(kind={"$ref": "#/$defs/Kind"}),
    "enum value removed": lambda t: defs(t)["Kind"].update(enum=["green"]),
    "enum put on a free text": lambda t: fields(t)["guest"].update(enum=["a"]),
    "upper bound lowered": lambda t: fields(t)["amount"].update(maximum=99),
    "lower bound raised": lambda t: fields(t)["amount"].update(minimum=1),
    "bound added": lambda t: fields(t)["leaves"].update(minItems=1),
    "text shortened": lambda t: fields(t)["guest"].update(maxLength=19),
    "pattern changed": lambda t: fields(t)["guest"].update(pattern="^b"),
    "list shortened": lambda t: fields(t)["leaves"].update(maxItems=8),
    "element narrowed": lambda t: fields(t)["leaves"]["items"].update(maxLength=4),
    "mapping's values narrowed": lambda t: fields(t)["notes"]["additionalProperties"].update(maximum=3),
    "personal mark lost": lambda t: t["personal"].clear(),
}
WIDENINGS: dict[str, Change] = {
    "nothing": lambda t: None,
    "message added": lambda t: t["messages"].update(Sipped={"type": "object", "properties": {}}),
    "optional field added": lambda t: fields(t).update(hot={"type": "boolean"}),
    "null taken": lambda t: fields(t).update(guest={"anyOf": [fields(t)["guest"], {"type": "null"}]}),
    "enum value added": lambda t: defs(t)["Kind"]["enum"].append("white"),
    "upper bound raised": lambda t: fields(t)["amount"].update(maximum=101),
    "bound dropped": lambda t: fields(t)["amount"].pop("minimum"),
    "pattern dropped": lambda t: fields(t)["guest"].pop("pattern"),
    "field no longer required": lambda t: t["messages"]["Poured"]["required"].remove("amount"),
    "whole numbers became numbers": lambda t: fields(t)["amount"].update(type="number"),
}


@pytest.mark.parametrize("change", BREAKS)
def test_a_break_is_seen(change: str) -> None:
    new = copy.deepcopy(form())
    BREAKS[change](new)
    assert incompatibilities(form(), new) != []


@pytest.mark.parametrize("change", WIDENINGS)
def test_a_widening_is_let_through(change: str) -> None:
    new = copy.deepcopy(form())
    WIDENINGS[change](new)
    assert incompatibilities(form(), new) == []
