"""One value of a document changed and everything else left as its author wrote it: comments, order, flow and block style.

Where the value already stands as a plain scalar only its characters are replaced. Else the document is written again by
the YAML library, which keeps comments and styles. Either way the result is read back and must mean exactly the change.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from shared.yaml_document import DocumentFault, DocumentRefused, YamlDocument, read_document

# ruamel carries no complete types of its own:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

Scalar = str | int | bool | None
_WORD = re.compile(r"[\w.+\-]+")
_KEY = str | int


def with_value(document: str, path: str, value: Scalar) -> str:
    """The document with the value at a dotted path set, or its key removed (None). Raises DocumentRefused."""
    before = read_document(document, "a policy")
    parts = _parts(path)
    expected = _changed(copy.deepcopy(dict(before.plain)), parts, value, path)
    for attempt in (_in_place(document, before, parts, value), _written_again(document, parts, value)):
        if attempt is not None and _means(attempt, expected):
            return attempt
    raise _refused(path, "cannot be changed here without changing something else: edit the text")


def _parts(path: str) -> list[_KEY]:
    found = re.findall(r"[^.\[\]]+|\[\d+\]", path)
    if not found:
        raise _refused(path, "names no place")
    return [int(part[1:-1]) if part.startswith("[") else part for part in found]


def _refused(path: str, message: str) -> DocumentRefused:
    return DocumentRefused([DocumentFault(1, 1, path, message)])


def _changed(root: Any, parts: list[_KEY], value: Scalar, path: str) -> Any:
    """The plain values with the change made."""
    place = root
    for part in parts[:-1]:
        if isinstance(part, str) and isinstance(place, dict):
            if place.get(part) is None:
                place[part] = {}
            place = place[part]
        elif isinstance(part, int) and isinstance(place, list) and part < len(place):
            place = place[part]
        else:
            raise _refused(path, "names no place")
    last = parts[-1]
    if isinstance(place, dict) and isinstance(last, str):
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    else:
        raise _refused(path, "names no place")
    return root


def _means(document: str, expected: Mapping[str, Any]) -> bool:
    try:
        return read_document(document, "a policy").plain == expected
    except DocumentRefused:
        return False


def _in_place(document: str, before: YamlDocument, parts: list[_KEY], value: Scalar) -> str | None:
    """Only the characters of the value replaced, or None where there are none."""
    place: Any = before.tree
    for part in parts[:-1]:
        try:
            place = place[part]
        except (KeyError, IndexError, TypeError):
            return None
    last = parts[-1]
    if value is None or not isinstance(place, CommentedMap) or last not in place:
        return None
    line, column = place.lc.value(last)
    lines = document.splitlines(keepends=True)
    found = _WORD.match(lines[line], column)
    if found is None:
        return None
    lines[line] = lines[line][:column] + _scalar(value) + lines[line][found.end() :]
    return "".join(lines)


def _written_again(document: str, parts: list[_KEY], value: Scalar) -> str | None:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.allow_unicode = True
    yaml.width = 100_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree: Any = yaml.load(document)
    place = tree
    for part in parts[:-1]:
        if isinstance(place, CommentedMap) and place.get(part) is None:
            place[part] = CommentedMap()
            place[part].fa.set_flow_style()
        elif not isinstance(place, (CommentedMap, CommentedSeq)):
            return None
        place = place[part]
    if value is None:
        place.pop(parts[-1], None)
    else:
        place[parts[-1]] = value
    out = StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


def _scalar(value: str | int | bool) -> str:
    """As YAML: a word as it is, anything else quoted."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return value if re.fullmatch(r"[A-Za-z][\w\-]*", value) else json.dumps(value, ensure_ascii=False)
