"""The AsyncAPI document says what the code does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from shared.contracts.asyncapi import document, render

STORED = Path(__file__).resolve().parents[2] / "docs" / "asyncapi.yaml"


def test_the_stored_document_is_up_to_date() -> None:
    assert STORED.read_text("utf-8") == render(), (
        "make it anew: .venv/bin/python -m shared.contracts.asyncapi > docs/asyncapi.yaml"
    )


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_leads_somewhere() -> None:
    whole = document()
    for reference in references(whole):
        place: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_example_fits_the_schemas_of_its_message() -> None:
    whole = yaml.safe_load(STORED.read_text("utf-8"))
    for message in whole["components"]["messages"].values():
        for part in ("headers", "payload"):
            jsonschema.validate(message["examples"][0][part], {**message[part], "components": whole["components"]})
