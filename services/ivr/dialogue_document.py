"""Dialogues as YAML: read with lines, held against the schema and the rules of soundness, every fault with its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from services.ivr.domain.dialogue import Dialogue
from services.ivr.domain.dialogue_mapping import KINDS, dialogue_from
from services.ivr.domain.questions import QuestionSet
from services.ivr.domain.soundness import faults_of
from shared.yaml_document import DocumentFault, DocumentRefused, YamlDocument, read_document

SCHEMA_FILE: Final = Path(__file__).parent / "dialogue.schema.json"
MAX_DOCUMENT: Final = 500_000
"""Characters of a dialogue at most."""


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of dialogues."""
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def check_dialogue(dialogue_id: str, text: str, questions: QuestionSet | None = None) -> Dialogue:
    """The dialogue of a YAML text. Raises DocumentRefused with every fault at once.

    `questions`: the set in force, to look answers up in; None: they are not looked up (a version published before).
    """
    if len(text) > MAX_DOCUMENT:
        raise DocumentRefused([DocumentFault(1, 1, "", f"longer than {MAX_DOCUMENT} characters")])
    document = read_document(text, "a dialogue")
    if faults := [*_malformed(document), *_unknown_zones(document)]:
        raise DocumentRefused(faults)
    dialogue = dialogue_from(dialogue_id, document.plain)
    if unsound := faults_of(dialogue, questions):
        raise DocumentRefused([document.fault(path, message) for path, message in unsound])
    return dialogue


def _malformed(document: YamlDocument) -> list[DocumentFault]:
    errors: Iterable[ValidationError] = _validator().iter_errors(document.plain)  # pyright: ignore[reportUnknownMemberType]
    faults = [_fault(document, error) for error in errors]
    return sorted(faults, key=lambda fault: (fault.line, fault.column, fault.message))


def _fault(document: YamlDocument, error: ValidationError) -> DocumentFault:
    path = ""
    for part in error.absolute_path:
        path += f"[{part}]" if isinstance(part, int) else f"{'.' if path else ''}{part}"
    if error.validator == "not":
        path += f".{_unwanted(error)}"
    return document.fault(path, _message(error))


def _unwanted(error: ValidationError) -> str:
    """What a node has and its kind has not (`not: {required: [...]}`)."""
    refused: Mapping[str, list[str]] = error.validator_value  # pyright: ignore[reportAssignmentType]
    return refused["required"][0]


def _message(error: ValidationError) -> str:
    """The schema's complaint in words an author understands."""
    match error.validator:
        case "oneOf":
            written = [kind for kind in KINDS if isinstance(error.instance, dict) and kind in error.instance]
            return f"a node is one of {', '.join(KINDS)}" + (
                f"; this one is {' and '.join(written)}" if written else ""
            )
        case "not":
            return f"{_unwanted(error)} does not belong to this kind of node"
        case "additionalProperties":
            known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
            extra = [str(key) for key in error.instance if key not in known] if isinstance(error.instance, dict) else []
            return f"unknown: {', '.join(extra)}" if extra else error.message
        case "required":
            return error.message.replace("is a required property", "is missing")
        case "pattern" | "propertyNames":
            return (
                f"{error.instance!r} is not written as it should be here"
                if isinstance(error.instance, str)
                else error.message
            )
        case _:
            return error.message[:300]


def _unknown_zones(document: YamlDocument) -> list[DocumentFault]:
    faults: list[DocumentFault] = []
    hours = document.plain.get("hours")
    for name, calendar in hours.items() if isinstance(hours, dict) else ():
        zone = calendar.get("time_zone") if isinstance(calendar, dict) else None
        try:
            if isinstance(zone, str):
                ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            faults.append(document.fault(f"hours.{name}.time_zone", "no such time zone"))
    return faults
