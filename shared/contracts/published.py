"""Published message versions, frozen as JSON Schemas (`published/<topic>.v1.json`), and what may no longer change in them.

Topics keep seven days of messages and rooms are restarted one by one: a newer reader must take every older message, and an
older reader must find in a newer message what it relies on. So a field is neither removed nor renamed, a new one is
optional, and no type, limit or list of values gets narrower. Widening is allowed; readers are upgraded before writers.

`python -m shared.contracts.published` freezes what is new and compatible; `--unreleased` freezes anything, for the time
before a first release.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from shared.contracts.fields import personal_fields
from shared.contracts.registry import FOLDER, topics
from shared.contracts.wire import MESSAGES, VERSION, adapter

Schema = Mapping[str, Any]

# Bounds that may only move outwards: keyword → is the new bound at least as wide?
_UPPER = ("maximum", "maxLength", "maxItems")
_LOWER = ("minimum", "minLength", "minItems")


def current(topic: str) -> dict[str, Any]:
    """The frozen form of a topic's messages as the code has them now."""
    return {
        "topic": topic,
        "version": VERSION,
        "messages": {name: adapter(message).json_schema() for name, message in MESSAGES[topic].items()},
        "personal": {
            name: list(marked) for name, message in MESSAGES[topic].items() if (marked := personal_fields(message)[0])
        },
    }


def published_file(topic: str) -> Path:
    """Where the frozen form stands."""
    return FOLDER / "published" / f"{topic}.v{VERSION}.json"


def published(topic: str) -> dict[str, Any] | None:
    """The frozen form; None for a topic not published yet."""
    file = published_file(topic)
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def incompatibilities(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What of the frozen form `old` the form `new` breaks, each with its path."""
    found: list[str] = []
    for name, schema in old["messages"].items():
        if name not in new["messages"]:
            found.append(f"{name}: the message is gone")
        else:
            found += _narrowed(schema, new["messages"][name], schema, new["messages"][name], name)
        open_now = set(old["personal"].get(name, ())) - set(new["personal"].get(name, ()))
        found += [f"{name}.{field}: is no longer marked personal" for field in sorted(open_now)]
    return found


def _narrowed(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    """Why a value that fits `old` might not fit `new`, or might lack what a reader of `old` relies on."""
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    if branches := _branches(old):
        for branch in branches:
            yield from _narrowed(branch, new, old_root, new_root, path)
        return
    if branches := _branches(new):
        complaints = [list(_narrowed(old, branch, old_root, new_root, path)) for branch in branches]
        if all(complaints):
            yield min(complaints, key=len)[0]
        return
    if "type" in new and old.get("type") != new["type"] and (old.get("type"), new["type"]) != ("integer", "number"):
        yield f"{path}: type {old.get('type', 'any')} became {new['type']}"
        return
    if (values := _values(new)) is not None and not set(_values(old) or ("anything",)) <= set(values):
        yield f"{path}: allowed values were taken away"
    if new.get("pattern", old.get("pattern")) != old.get("pattern"):
        yield f"{path}: another pattern"
    for bound in (*_UPPER, *_LOWER):
        if bound in new and not _at_least_as_wide(bound, old.get(bound), new[bound]):
            yield f"{path}: {bound} {old.get(bound, 'none')} became {new[bound]}"
    yield from _narrowed_properties(old, new, old_root, new_root, path)
    for inner in ("items", "additionalProperties"):
        if isinstance(new.get(inner), Mapping):
            yield from _narrowed(old.get(inner) or {}, new[inner], old_root, new_root, f"{path}[]")


def _narrowed_properties(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    now: Mapping[str, Schema] = new.get("properties", {})
    for field, schema in old.get("properties", {}).items():
        if field not in now:
            yield f"{path}.{field}: removed or renamed"
        else:
            yield from _narrowed(schema, now[field], old_root, new_root, f"{path}.{field}")
    for field in new.get("required", ()):
        if field not in old.get("required", ()):
            yield f"{path}.{field}: became required"


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference: str | None = schema.get("$ref")
    return root["$defs"][reference.rsplit("/", 1)[-1]] if reference else schema


def _branches(schema: Schema) -> Sequence[Schema] | None:
    return schema.get("anyOf")


def _values(schema: Schema) -> Sequence[Any] | None:
    return [schema["const"]] if "const" in schema else cast("Sequence[Any] | None", schema.get("enum"))


def _at_least_as_wide(bound: str, old: float | None, new: float) -> bool:
    if old is None:
        return bound in _LOWER and bound != "minimum" and new == 0
    return new >= old if bound in _UPPER else new <= old


def main(arguments: Sequence[str]) -> int:
    """Freeze every topic that has messages of its own; refuse what is incompatible unless nothing is released yet."""
    refused: list[str] = []
    for topic in (t.name for t in topics().values() if t.messages_of == t.name):
        new, old = current(topic), published(topic)
        broken = incompatibilities(old, new) if old is not None and "--unreleased" not in arguments else []
        refused += [f"{topic}: {what}" for what in broken]
        if not broken:
            published_file(topic).write_text(json.dumps(new, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(*refused, sep="\n", end="\n" if refused else "", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
