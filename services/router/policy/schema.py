"""The JSON Schema of the policy document, taken down from the parser itself.

The parser asks a node for everything a document may hold. Here the node holds nothing and takes notes: so the schema says
what the parser reads, no more and no less. What only the whole document can be wrong in (names that name nothing, a day
written twice) is the parser's to tell.

`python -m services.router.policy.schema > docs/policy.schema.json`
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from services.router.domain.policy.document import read_policy
from services.router.domain.policy.hours import ALL_DAY, CLOSED, INTERVAL, WEEKDAYS
from services.router.domain.policy.node import DAY, FREE, DocumentNode, Form
from services.router.domain.policy.words import Words
from services.router.policy.keys import described
from shared.contracts.fields import Channel

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Schema = dict[str, Any]

SCHEMA_ID = "https://ucc.example/policy.schema.json"
ROW: Schema = {
    "anyOf": [
        {"enum": [CLOSED, ALL_DAY]},
        {"type": "string", "pattern": f"^{INTERVAL}$"},
        {"type": "array", "items": {"anyOf": [{"const": ALL_DAY}, {"type": "string", "pattern": f"^{INTERVAL}$"}]}},
    ]
}
TEXT: Schema = {"type": "string", "minLength": 1}


def policy_schema() -> Schema:
    """JSON Schema 2020-12 of a policy document."""
    root = _Notes("")
    read_policy(root)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "UCC routing policy",
        **root.schema(nullable=False),
    }


class _Notes(DocumentNode):
    """A node that answers every question with the default and remembers the question."""

    def __init__(self, path: str) -> None:
        super().__init__(None, path, [])
        self._parts: dict[str, Callable[[], Schema]] = {}
        self._required: list[str] = []

    def schema(self, *, nullable: bool) -> Schema:
        """`nullable`: null stands for the empty mapping."""
        properties: Schema = {key: part() for key, part in self._parts.items()}
        found: Schema = {
            "type": ["object", "null"] if nullable and not self._required else "object",
            "properties": properties,
            "additionalProperties": False,
        }
        if self._required:
            found["required"] = sorted(self._required)
        return found

    def _note(self, key: str, found: Schema, *, nullable: bool = True, default: object = None) -> None:
        """One key and what it may hold; `nullable`: null stands for the default."""
        if nullable and "type" in found:
            found["type"] = [found["type"], "null"]
        elif nullable:
            found = {"anyOf": [*found.get("anyOf", [found]), {"type": "null"}]}
        if default is not None:
            found["default"] = default
        self._parts[key] = lambda: {**described(self.at(key)), **found}

    def holds(self, key: str) -> bool:
        return True

    def finish(self) -> None:
        pass

    # ---- mappings and lists

    def child(self, key: str) -> DocumentNode:
        inner = _Notes(self.at(key))
        self._parts[key] = lambda: {**described(self.at(key)), **inner.schema(nullable=True)}
        return inner

    def maybe_child(self, key: str) -> DocumentNode:
        return self.child(key)

    def children(self, key: str, form: Form = FREE) -> list[tuple[str, DocumentNode]]:
        inner = _Notes(f"{self.at(key)}.*")
        names: Schema = {"minLength": 1} if form is FREE else {"pattern": f"^{form.pattern}$"}

        def part() -> Schema:
            return {
                **described(self.at(key)),
                "type": ["object", "null"],
                "propertyNames": names,
                "additionalProperties": inner.schema(nullable=True),
            }

        self._parts[key] = part
        return [("*", inner)]

    def rows(self, key: str, most: int = 1_000) -> list[DocumentNode]:
        inner = _Notes(f"{self.at(key)}[]")

        def part() -> Schema:
            items = inner.schema(nullable=True)
            return {**described(self.at(key)), "type": ["array", "null"], "maxItems": most, "items": items}

        self._parts[key] = part
        return [inner]

    def by_channel(self, key: str, read: Callable[[DocumentNode, Channel], T]) -> dict[Channel, T]:
        inner = _Notes(self.at(key))
        found = {channel: read(inner, channel) for channel in Channel}
        self._parts[key] = lambda: {**described(self.at(key)), **inner.schema(nullable=True)}
        return found

    def wholes(self, key: str, low: int, high: int) -> dict[str, int]:
        number = {"type": "integer", "minimum": low, "maximum": high}
        self._note(key, {"type": "object", "additionalProperties": number})
        return {}

    # ---- values

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        self._note(key, {"type": "integer", "minimum": low, "maximum": high}, default=default)
        return default

    def number(self, key: str, low: int, high: int) -> int:
        self._note(key, {"type": "integer", "minimum": low, "maximum": high}, nullable=False)
        self._required.append(key)
        return low

    def maybe_whole(self, key: str, default: int | None, low: int, high: int) -> int | None:
        self._note(key, {"type": "integer", "minimum": low, "maximum": high}, default=default)
        return default

    def text(self, key: str, default: str | None = None, form: Form = FREE) -> str:
        found = dict(TEXT) if form is FREE else {"type": "string", "pattern": f"^{form.pattern}$"}
        self._note(key, found, nullable=default is not None, default=default)
        if default is None:
            self._required.append(key)
        return default or ""

    def maybe_text(self, key: str, form: Form = FREE) -> str | None:
        found = dict(TEXT) if form is FREE else {"type": "string", "pattern": f"^{form.pattern}$"}
        self._note(key, found)
        return None

    def texts(self, key: str, form: Form = FREE, most: int = 1_000) -> tuple[str, ...]:
        item = dict(TEXT) if form is FREE else {"type": "string", "pattern": f"^{form.pattern}$"}
        self._note(key, {"type": "array", "items": item, "maxItems": most, "uniqueItems": True})
        return ()

    def flag(self, key: str, default: bool) -> bool:
        self._note(key, {"type": "boolean"}, default=default)
        return default

    def words(self, key: str, default: Words) -> Words:
        language: Schema = {"type": ["string", "null"], "minLength": 1}
        both: Schema = {
            "type": "object",
            "properties": {"zh": language, "en": language},
            "additionalProperties": False,
        }
        self._note(key, {"anyOf": [dict(TEXT), both]})
        return default

    def choice(self, key: str, kind: type[E], default: E) -> E:
        found: Schema = {"enum": [*(str(each) for each in kind), None], "default": str(default)}
        self._note(key, found, nullable=False)
        return default

    def channels(self, key: str, default: tuple[Channel, ...]) -> tuple[Channel, ...]:
        channel: Schema = {"enum": [str(each) for each in Channel]}
        self._note(key, {"type": "array", "items": channel, "maxItems": 1_000}, default=[str(each) for each in default])
        return default

    def one_of(
        self, key: str, plain: Sequence[str], keyed: Mapping[str, Form], *, required: bool
    ) -> tuple[str, str | None] | None:
        choices: list[Schema] = [{"enum": list(plain)}]
        for kind, form in keyed.items():
            target: Schema = {kind: {"type": "string", "pattern": f"^{form.pattern}$"}}
            choices.append({"type": "object", "properties": target, "required": [kind], "additionalProperties": False})
        self._note(key, {"anyOf": choices}, nullable=not required)
        if required:
            self._required.append(key)
        return None

    # ---- days

    def week(self, key: str) -> dict[str, tuple[str, ...]]:
        spans = [f"{day}(-({'|'.join(WEEKDAYS[n:])}))?" for n, day in enumerate(WEEKDAYS)]
        names = {"pattern": f"^({'|'.join(spans)})$"}
        self._note(key, {"type": "object", "propertyNames": names, "additionalProperties": ROW})
        return {}

    def days(self, key: str) -> dict[str, tuple[str, ...]]:
        names = {"pattern": f"^{DAY.pattern}$"}
        self._note(key, {"type": "object", "propertyNames": names, "additionalProperties": ROW})
        return {}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(policy_schema(), ensure_ascii=False, indent=2) + "\n")
