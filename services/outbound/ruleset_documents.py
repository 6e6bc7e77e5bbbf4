"""Rulesets as YAML: read with lines, held against the schema and the sense of it, every fault with its place.

The ones shipped stand in `rulesets/`; an operator may write others, and a campaign's own hours and caps are one too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from services.outbound.domain.ruleset_reading import RULES, faults_of, ruleset_from
from services.outbound.domain.rulesets import Ruleset
from shared.yaml_document import DocumentFault, DocumentRefused, YamlDocument, read_document

SHIPPED: Final = Path(__file__).parent / "rulesets"
SCHEMA_FILE: Final = Path(__file__).parent / "ruleset.schema.json"
MAX_DOCUMENT: Final = 200_000
"""Characters of a ruleset at most."""
RESTRAINT: Final = "restraint"
"""The ruleset every campaign has beside those it chose."""


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of rulesets."""
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def check_ruleset(text: str) -> Ruleset:
    """The ruleset of a YAML text. Raises DocumentRefused with every fault at once."""
    if len(text) > MAX_DOCUMENT:
        raise DocumentRefused([DocumentFault(1, 1, "", f"longer than {MAX_DOCUMENT} characters")])
    document = read_document(text, "a ruleset")
    errors: Iterable[ValidationError] = Draft202012Validator(schema()).iter_errors(document.plain)  # pyright: ignore[reportUnknownMemberType]
    if malformed := sorted((_fault(document, error) for error in errors), key=lambda f: (f.line, f.column, f.message)):
        raise DocumentRefused(malformed)
    if faults := faults_of(document.plain):
        raise DocumentRefused([document.fault(path, message) for path, message in faults])
    return ruleset_from(document.plain)


@cache
def shipped() -> Mapping[str, Ruleset]:
    """The rulesets that come with the platform, by id, the default restraint first."""
    read = [check_ruleset(path.read_text(encoding="utf-8")) for path in sorted(SHIPPED.glob("*.yaml"))]
    return {ruleset.id: ruleset for ruleset in sorted(read, key=lambda r: (r.id != RESTRAINT, r.id))}


def _fault(document: YamlDocument, error: ValidationError) -> DocumentFault:
    path = ""
    for part in error.absolute_path:
        path += f"[{part}]" if isinstance(part, int) else f"{'.' if path else ''}{part}"
    if error.validator == "oneOf" and isinstance(error.instance, dict) and "purposes" in error.instance:
        written = [kind for kind in RULES if kind in error.instance]
        said = f"; this one is {' and '.join(written)}" if written else ""
        return document.fault(path, f"a rule is one of {', '.join(RULES)}{said}")
    if error.validator == "oneOf" and isinstance(error.instance, dict):
        return document.fault(path, "either hours or days")
    return document.fault(path, error.message)
