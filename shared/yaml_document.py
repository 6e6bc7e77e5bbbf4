"""YAML read with the line of every node, so that a fault names the line and column it stands in.

What a document may say is its room's business; this file only knows YAML.
"""

# ruamel carries no complete types of its own:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

MAX_NODES = 200_000
"""Values of a document at most, aliases counted as often as they stand for something."""


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """What is wrong, and where: line and column count from 1, `path` is dotted."""

    line: int
    column: int
    path: str
    message: str


class DocumentRefused(ValueError):
    """The text is no document that can be read; `faults` say where and why."""

    def __init__(self, faults: Sequence[DocumentFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.line}:{f.column} {f.path}: {f.message}" for f in faults))


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A mapping of standard-library values, and where each of them is written."""

    plain: Mapping[str, Any]
    tree: CommentedMap

    def fault(self, path: str, message: str) -> DocumentFault:
        """A fault at a dotted path, or at its nearest ancestor that is written."""
        return DocumentFault(*locate(self.tree, path), path, message)


def read_document(text: str, what: str) -> YamlDocument:
    """The document of a YAML text; `what` names it in messages ("a policy"). Raises DocumentRefused."""
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise DocumentRefused([DocumentFault(line, column, "", error.problem or "not YAML")]) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise DocumentRefused([DocumentFault(1, 1, "", "not YAML")]) from error
    if not isinstance(tree, CommentedMap):
        raise DocumentRefused([DocumentFault(1, 1, "", f"{what} is a mapping")])
    try:
        return YamlDocument(_Plain().of(tree), tree)
    except RecursionError as error:
        raise DocumentRefused([DocumentFault(1, 1, "", "an alias holds itself")]) from error


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
            raise DocumentRefused([DocumentFault(1, 1, "", f"holds more than {MAX_NODES} values")])
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
