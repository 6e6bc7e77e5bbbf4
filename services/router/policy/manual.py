"""The reference of the manual: every key of the policy document with its default and an example, from the schema.

`python -m services.router.policy.manual` writes it between the marks of `docs/policy.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from services.router.policy.keys import general, key_of
from services.router.policy.schema import policy_schema

MANUAL: Final = Path(__file__).parents[3] / "docs/policy.md"
BEGIN, END = "<!-- keys: begin -->", "<!-- keys: end -->"


def reference() -> str:
    """The table of all keys, one row each; what is the same for every channel stands once."""
    rows = ["| key | meaning | default | limits | example |", "|---|---|---|---|---|"]
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for path, schema in _keys(policy_schema()):
        found.setdefault(general(path), []).append((path, schema))
    for name, places in found.items():
        path, schema = places[0]
        key = key_of(path)
        if key is not None and not path.endswith(".name"):
            default = _defaults(places)
            rows.append(f"| `{name}` | {key.en} · {key.zh} | {default} | {_limits(schema)} | `{key.example}` |")
    return "\n".join(row.replace("\n", " ") for row in rows)


def with_reference(manual: str) -> str:
    """The manual with the table as it is now between its marks."""
    before, _, rest = manual.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


def _keys(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for key, inner in schema.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        yield here, inner
        yield from _keys(inner, here)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _keys(schema["additionalProperties"], f"{path}.*")
    if isinstance(schema.get("items"), dict):
        yield from _keys(schema["items"], f"{path}[]")


def _defaults(places: list[tuple[str, dict[str, Any]]]) -> str:
    """The default; where channels differ, each channel's."""
    each = {path: _default(schema) for path, schema in places}
    if len(set(each.values())) == 1:
        return next(iter(each.values()))
    return ", ".join(f"{_channel(path)} {value}" for path, value in each.items())


def _channel(path: str) -> str:
    return next(part for part in path.split(".") if general(part) != part)


def _default(schema: dict[str, Any]) -> str:
    if "default" not in schema:
        return "–"
    value = schema["default"]
    return (
        str(value).lower() if isinstance(value, bool) else ", ".join(value) if isinstance(value, list) else str(value)
    )


def _limits(schema: dict[str, Any]) -> str:
    if "minimum" in schema:
        return f"{schema['minimum']} … {schema['maximum']}"
    if "enum" in schema:
        return ", ".join(str(each) for each in schema["enum"] if each is not None)
    return f"at most {schema['maxItems']}" if schema.get("maxItems", 1_000) < 1_000 else ""


if __name__ == "__main__":
    MANUAL.write_text(with_reference(MANUAL.read_text(encoding="utf-8")), encoding="utf-8")
