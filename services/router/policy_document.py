"""The policy as YAML: read with the line of every node, so that a fault names the line and column it stands in.

What a policy may say is the core's business (`domain.policy_document`); this file only knows YAML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from services.router.domain.policy_document import PolicyErrors, parse_policy

MAX_DOCUMENT = 1_000_000
"""Characters of a policy document at most."""
MAX_NODES = 200_000
"""Values of a policy document at most, aliases counted as often as they stand for something."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: line and column count from 1, `path` is dotted."""

    line: int
    column: int
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """A document the core accepts: the author's text, and the complete policy it means."""

    document: str
    mapping: Mapping[str, object]


class PolicyRefused(ValueError):
    """The document cannot be put in force; `faults` say where and why, all at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.line}:{f.column} {f.path}: {f.message}" for f in faults))


def check_document(document: str) -> CheckedDocument:
    """The policy of a YAML text. Raises PolicyRefused."""
    if len(document) > MAX_DOCUMENT:
        raise PolicyRefused([Fault(1, 1, "", f"longer than {MAX_DOCUMENT} characters")])
    try:
        root = YAML(typ="rt").load(document)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise PolicyRefused([Fault(line, column, "", error.problem or "not YAML")]) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise PolicyRefused([Fault(1, 1, "", "not YAML")]) from error
    if not isinstance(root, CommentedMap):
        raise PolicyRefused([Fault(1, 1, "", "a policy is a mapping")])
    try:
        policy = parse_policy(_Plain().of(root))
    except RecursionError as error:
        raise PolicyRefused([Fault(1, 1, "", "an alias holds itself")]) from error
    except PolicyErrors as error:
        raise PolicyRefused([Fault(*locate(root, path), path, message) for path, message in error.errors]) from error
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


def locate(root: CommentedMap, path: str) -> tuple[int, int]:
    """Line and column (from 1) of the node at a dotted path, or of its nearest ancestor that is written."""
    node: Any = root
    place = (1, 1)
    for part in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if part.startswith("[") and isinstance(node, CommentedSeq):
            key: Any = int(part[1:-1])
            if key >= len(node):
                break
            line, column = node.lc.item(key)
        elif isinstance(node, CommentedMap):
            key = next((k for k in node if str(k) == part), None)
            if key is None:
                break
            line, column = node.lc.key(key)
        else:
            break
        place = (line + 1, column + 1)
        node = node[key]
    return place


class _Plain:
    """Standard-library values of a round-trip tree, counting what aliases multiply."""

    def __init__(self) -> None:
        self._left = MAX_NODES

    def of(self, node: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise PolicyRefused([Fault(1, 1, "", f"holds more than {MAX_NODES} values")])
        if isinstance(node, CommentedMap):
            return {str(key): self.of(value) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            return [self.of(item) for item in node]
        if isinstance(node, bool) or node is None:
            return node
        for kind in (int, float, str):
            if isinstance(node, kind):
                return kind(node)
        return str(node)
