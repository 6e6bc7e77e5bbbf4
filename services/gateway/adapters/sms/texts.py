"""Texts as gateways carry them: fields found in their messages, requests made from a template, parts counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyz"
    "äöñüà"
)
_GSM_TWICE: Final = frozenset("^{}\\[~]|€\f")
"""GSM 03.38: the alphabet of one septet, and what takes two."""


def parts(text: str) -> int:
    """How many messages a text becomes on the air: 160 septets, or 70 UTF-16 units; less in each of several."""
    if all(character in _GSM or character in _GSM_TWICE for character in text):
        length, whole, each = sum(2 if c in _GSM_TWICE else 1 for c in text), 160, 153
    else:
        length, whole, each = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= whole else -(-length // each)


def at(message: object, path: str) -> str | None:
    """The field at a path, as text; None where there is none."""
    found: Any = message
    for name in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(name)
        elif isinstance(found, Sequence) and not isinstance(found, str) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return str(found) if isinstance(found, (str, int, float)) and not isinstance(found, bool) else None


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """The template with `{name}` replaced wherever it stands; everything else stays as it is, braces too."""
    if isinstance(template, str):
        for name, value in values.items():
            if template == f"{{{name}}}":
                return value
        return _replaced(template, values)
    if isinstance(template, Mapping):
        return {key: filled(inner, values) for key, inner in template.items()}
    if isinstance(template, Sequence):
        return [filled(inner, values) for inner in template]
    return template


def _replaced(template: str, values: Mapping[str, str]) -> str:
    """In one pass, so that a customer's braces are not taken for ours."""
    pieces: list[str] = []
    while template:
        hits = [(place, name) for name in values if (place := template.find(f"{{{name}}}")) >= 0]
        if not hits:
            break
        place, name = min(hits)
        pieces += [template[:place], values[name]]
        template = template[place + len(name) + 2 :]
    return "".join([*pieces, template])


def means_no(text: str, words: Sequence[str]) -> bool:
    """Whether the whole text is one of the words by which people opt out."""
    return text.strip().strip(".。!！").casefold() in {word.casefold() for word in words}
