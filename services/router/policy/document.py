"""The policy as YAML, in and out; faults name the line and column they stand in.

What a policy may say is the core's business (`domain.policy_document`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

from ruamel.yaml import YAML

from services.router.domain.policy.document import PolicyErrors, parse_policy
from services.router.policy.calendars import check_calendars
from shared.yaml_document import DocumentFault, DocumentRefused, read_document

MAX_DOCUMENT = 1_000_000
"""Characters of a policy document at most."""


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """A document the core accepts: the author's text, and the complete policy it means."""

    document: str
    mapping: Mapping[str, object]


class PolicyRefused(DocumentRefused):
    """The document cannot be put in force; `faults` say where and why, all at once."""


def check_document(document: str) -> CheckedDocument:
    """The policy of a YAML text. Raises PolicyRefused."""
    if len(document) > MAX_DOCUMENT:
        raise PolicyRefused([DocumentFault(1, 1, "", f"longer than {MAX_DOCUMENT} characters")])
    try:
        root = read_document(document, "a policy")
    except DocumentRefused as error:
        raise PolicyRefused(error.faults) from error
    try:
        policy = parse_policy(root.plain)
        check_calendars(policy)
    except PolicyErrors as error:
        raise PolicyRefused([root.fault(path, message) for path, message in error.errors]) from error
    return CheckedDocument(document, policy.to_mapping())


def render_document(mapping: Mapping[str, object]) -> str:
    """A mapping as YAML, in its order."""
    out = StringIO()
    yaml = YAML(typ="rt")
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 120
    yaml.dump(dict(mapping), out)
    return out.getvalue()
