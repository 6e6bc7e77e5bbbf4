"""The published JSON Schema says what the parser reads: nothing else passes either, and every key is described."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from services.router.domain.policy.document import read_policy
from services.router.domain.policy.node import DocumentNode
from services.router.policy.keys import general, key_of, policy_keys
from services.router.policy.manual import MANUAL, with_reference
from services.router.policy.schema import policy_schema
from shared.yaml_document import read_document
from tests.unit.router.centre import POLICY
from tests.unit.router.full_policy import FULL_POLICY

ROOT = Path(__file__).parents[3]
SCHEMA = policy_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def reads(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Faults of form: what the parser tells before it looks at the whole."""
    faults: list[tuple[str, str]] = []
    read_policy(DocumentNode(document, "", faults))
    return faults


def test_the_published_schema_is_the_parsers() -> None:
    stored = json.loads((ROOT / "docs/policy.schema.json").read_text(encoding="utf-8"))
    assert stored == SCHEMA, "python -m services.router.policy.schema > docs/policy.schema.json"
    Draft202012Validator.check_schema(stored)


def paths(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every key the schema knows, as the manual writes it."""
    for key, inner in schema.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        yield here
        yield from paths(inner, here)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from paths(schema["additionalProperties"], f"{path}.*")
    if isinstance(schema.get("items"), dict):
        yield from paths(schema["items"], f"{path}[]")


def test_every_key_is_described_and_nothing_else() -> None:
    known = set(paths(SCHEMA))
    assert [path for path in known if key_of(path) is None] == []
    assert set(policy_keys()) - {general(path) for path in known} == {"*.name"}


@pytest.mark.parametrize(
    "document",
    [
        POLICY,
        FULL_POLICY,
        read_document((ROOT / "deploy/demo/policy.yaml").read_text(encoding="utf-8"), "a policy").plain,
    ],
    ids=["common", "full", "demo"],
)
def test_policies_that_stand_are_valid(document: dict[str, Any]) -> None:
    VALIDATOR.validate(json.loads(json.dumps(document)))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from places(item, (*path, n))


PLACES = [path for path in places(FULL_POLICY) if path]
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 90_000), st.just(10**9), st.sampled_from(["", "x", "24h", "closed", "mon"]),
    st.sampled_from(["09:00-12:00", "09:00-09:00", "22:00-06:00", "25:00-26:00", "+862155550100", "agent_first", "end"]),
    st.sampled_from(["DE-BY", "cn", "Asia/Shanghai", "a b", "租赁"]),
    st.lists(st.sampled_from(["phone", "web", "telex", "24h", "10:00-11:00", 3]), max_size=3),
    st.dictionaries(st.sampled_from(["zh", "en", "group", "number", "mon", "mon-fri", "fri-mon", "phone", "skill"]),
                    st.sampled_from(["x", "24h", "+862155550100", 3, None, True]), max_size=2),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_schema_and_parser_agree_on_what_is_well_formed(path: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(FULL_POLICY)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert VALIDATOR.is_valid(document) == (not reads(document)), (path, value, reads(document))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(["colour", "mon", "phone", "x y", "maximum", "2026-05-01"]))
def test_schema_and_parser_agree_on_keys(path: tuple[Any, ...], key: str) -> None:
    document = copy.deepcopy(FULL_POLICY)
    place: Any = document
    for part in path:
        place = place[part]
    if not isinstance(place, dict) or path == ("calendars", "office", "week"):  # there, days may be written twice
        return
    place[key] = None
    assert VALIDATOR.is_valid(document) == (not reads(document)), (path, key, reads(document))


def test_the_manual_names_every_key_as_it_is() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert with_reference(text) == text, "python -m services.router.policy.manual"
