"""Doubts about a document with the line each stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.router.domain.core import parse_policy
from services.router.policy.document import CheckedDocument
from services.router.policy.editing.doubts import doubts_of
from services.router.policy.editing.staff import Colleague
from shared.yaml_document import DocumentFault, read_document


@dataclass(frozen=True, slots=True)
class LocatedDoubt:
    """`code` is stable; the fault's message is in the language asked for."""

    fault: DocumentFault
    code: str


def doubts_about(
    checked: CheckedDocument, now: int, staff: Sequence[Colleague] | None, language: Literal["zh", "en"]
) -> list[LocatedDoubt]:
    """What is doubtful about a document that can be put in force, in the order of its lines."""
    tree = read_document(checked.document, "a policy")
    found = [
        LocatedDoubt(tree.fault(doubt.path, getattr(doubt.words, language)), doubt.code)
        for doubt in doubts_of(parse_policy(checked.mapping), now, staff)
    ]
    return sorted(found, key=lambda doubt: (doubt.fault.line, doubt.fault.column, doubt.code))
