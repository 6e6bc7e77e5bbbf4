"""A dialogue drawn: as Mermaid for documents, and as SVG by a small layered layout of our own, so that nothing need be installed.

Layers are steps from the start, read from left to right as pages are wide and menus have many keys; within a layer nodes
stand near what leads to them (two sweeps of barycentres).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from services.ivr.domain.dialogue import (
    WAITING,
    AnswerNode,
    AskNode,
    BranchNode,
    Dialogue,
    FaxNode,
    HangUpNode,
    MenuNode,
    Node,
    PersonNode,
    QuestionNode,
    RefuseNode,
    SayNode,
    SetNode,
    VerifyNode,
    Wording,
    ways,
)

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 210, 66, 190, 22, 24
WAY: Final = 15
"""Between the labels of a box's ways out."""
LABEL: Final = 92
"""An arrow runs straight this far, under its words."""
BELOW: Final = 56
"""Room for arrows that lead back."""
LINE_CHARACTERS: Final = 15
"""Of a label, counted as Chinese characters (a Latin letter is half of one)."""
_COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    "asks": ("#e8f1fb", "#2f6fb0"),
    "tells": ("#f6f6f3", "#8a8a80"),
    "decides": ("#fdf6e3", "#b08a2f"),
    "person": ("#e9f6ec", "#2f8f4e"),
    "ends": ("#f3e9ee", "#a04a6a"),
}


def mermaid(dialogue: Dialogue, language: str) -> str:
    """A Mermaid flowchart."""
    lines = ["flowchart LR"]
    for name, node in dialogue.nodes.items():
        opening, closing = _shape(node)
        label = f"{name}<br/>{_summary(node, language)}".replace('"', "'")
        lines.append(f'    {_id(name)}{opening}"{label}"{closing}')
    for name, node in dialogue.nodes.items():
        for why, target in _edges(node, language):
            label = f'|"{why}"|' if why != "next" else ""
            lines.append(f"    {_id(name)} -->{label} {_id(target)}".replace("'", ""))
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Placed:
    x: int
    y: int
    height: int


def diagram_svg(dialogue: Dialogue, language: str) -> str:
    """The dialogue as a standalone SVG image."""
    layers = _layers(dialogue)
    heights = {name: max(HEIGHT, WAY * (len(ways(node)) + 1)) for name, node in dialogue.nodes.items()}
    tall = [sum(heights[name] + GAP_Y for name in layer) - GAP_Y for layer in layers]
    width = len(layers) * (WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    height = max(tall) + 2 * MARGIN + BELOW
    places: dict[str, _Placed] = {}
    for column, layer in enumerate(layers):
        y = (height - BELOW - tall[column]) // 2
        for name in layer:
            places[name] = _Placed(MARGIN + column * (WIDTH + GAP_X), y, heights[name])
            y += heights[name] + GAP_Y
    drawn = [part for name, node in dialogue.nodes.items() for part in _arrows(name, node, places, language)]
    drawn += [_box(name, node, places[name], language, name == dialogue.start) for name, node in dialogue.nodes.items()]
    title = escape(dialogue.title.get(language) or dialogue.dialogue_id)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f"font-family=\"system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif\" font-size=\"12\">",
            f"<title>{title}</title>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0L8 4L0 8z" fill="#667"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *drawn,
            "</svg>",
        ]
    )


def _layers(dialogue: Dialogue) -> list[list[str]]:
    depth = {dialogue.start: 0}
    ahead = [dialogue.start]
    while ahead:
        name = ahead.pop(0)
        for _, target in ways(dialogue.nodes[name]):
            if target not in depth:
                depth[target] = depth[name] + 1
                ahead.append(target)
    for name in dialogue.nodes:  # the person who takes over when tries run out need have no arrow
        depth.setdefault(name, max(depth.values()) + 1)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in dialogue.nodes:
        layers[depth[name]].append(name)
    parents: dict[str, list[str]] = {name: [] for name in dialogue.nodes}
    for name, node in dialogue.nodes.items():
        for _, target in ways(node):
            parents[target].append(name)
    for _ in range(2):
        order = {name: place for layer in layers for place, name in enumerate(layer)}
        for layer in layers[1:]:
            layer.sort(key=lambda name: (_mean([order[p] for p in parents[name]]), name))
            order.update({name: place for place, name in enumerate(layer)})
    return [layer for layer in layers if layer]


def _mean(places: Sequence[int]) -> float:
    return sum(places) / len(places) if places else 0.0


def _arrows(name: str, node: Node, places: Mapping[str, _Placed], language: str) -> list[str]:
    drawn: list[str] = []
    edges = _edges(node, language)
    backwards = 0
    for place, (why, target) in enumerate(edges):
        start, end = places[name], places[target]
        y1 = start.y + start.height * (place + 1) // (len(edges) + 1)
        if end.x > start.x:  # onwards: a gentle curve
            x1, x2, y2 = start.x + WIDTH, end.x, end.y + end.height // 2
            path = f"M{x1} {y1}H{x1 + LABEL}C{x1 + LABEL + 60} {y1} {x2 - 60} {y2} {x2} {y2}"
        else:  # back, or to a neighbour: round below both
            backwards += 1
            x1, x2, y2 = start.x + WIDTH - 12, end.x + WIDTH // 2, end.y + end.height
            side = max(start.y + start.height, end.y + end.height) + BELOW
            path = f"M{x1} {start.y + start.height}C{x1} {side} {x2} {side} {x2} {y2}"
        drawn.append(f'<path d="{path}" fill="none" stroke="#667" stroke-width="1.1" marker-end="url(#arrow)"/>')
        if why != "next":
            x, y = (
                (x1 + 6, y1 - 2) if end.x > start.x else (x1 - 40 - 60 * (backwards - 1), start.y + start.height + 12)
            )
            drawn.append(
                f'<text x="{x}" y="{y}" fill="#334" font-size="10" '
                f'stroke="#fff" stroke-width="3" paint-order="stroke">{escape(_cut(why, 12))}</text>'
            )
    return drawn


def _box(name: str, node: Node, at: _Placed, language: str, start: bool) -> str:
    fill, line = _COLOURS[_part(node)]
    rounding = HEIGHT // 2 if isinstance(node, PersonNode | HangUpNode) else 6
    weight = 2.5 if start else 1.2
    summary = _cut(_summary(node, language), LINE_CHARACTERS * 2)
    first, second = _two_lines(summary)
    middle, top = at.x + WIDTH // 2, at.y + (at.height - HEIGHT) // 2
    return (
        f'<g><title>{escape(_summary(node, language))}</title><rect x="{at.x}" y="{at.y}" width="{WIDTH}" height="{at.height}" '
        f'rx="{rounding}" fill="{fill}" stroke="{line}" stroke-width="{weight}"/>'
        f'<text x="{middle}" y="{top + 18}" text-anchor="middle" font-weight="600" fill="{line}">{escape(_cut(name, 22))}</text>'
        f'<text x="{middle}" y="{top + 36}" text-anchor="middle" fill="#222">{escape(first)}</text>'
        f'<text x="{middle}" y="{top + 52}" text-anchor="middle" fill="#222">{escape(second)}</text></g>'
    )


def _part(node: Node) -> str:
    if isinstance(node, WAITING):
        return "asks"
    if isinstance(node, PersonNode):
        return "person"
    if isinstance(node, HangUpNode):
        return "ends"
    return "decides" if isinstance(node, BranchNode | SetNode) else "tells"


def _shape(node: Node) -> tuple[str, str]:
    shapes = {
        "asks": ("[/", "/]"),
        "person": ("([", "])"),
        "ends": ("([", "])"),
        "decides": ("{{", "}}"),
        "tells": ("[", "]"),
    }
    return shapes[_part(node)]


def _summary(node: Node, language: str) -> str:
    """What a node does, in a few words."""
    match node:
        case SayNode():
            return _in(node.text, language)
        case MenuNode() | AskNode() | QuestionNode() | VerifyNode():
            return _in(node.prompt, language)
        case AnswerNode():
            return f"→ {node.question}"
        case FaxNode():
            return f"fax → {node.question}"
        case SetNode():
            named = (node.business_line, node.language, node.group, node.reason)
            return ", ".join(each for each in named if each)
        case RefuseNode():
            return {"zh": "不再来电", "en": "no more calls"}.get(language, "no more calls")
        case PersonNode():
            return node.group or {"zh": "人工", "en": "a person"}.get(language, "a person")
        case HangUpNode():
            return _in(node.say, language) if node.say else "—"
        case BranchNode():
            return "?"


def _edges(node: Node, language: str) -> list[tuple[str, str]]:
    labels = {o.key: _in(o.label, language) for o in node.options} if isinstance(node, MenuNode | QuestionNode) else {}
    return [(f"{why} {labels[why]}" if why in labels else why, target) for why, target in ways(node)]


def _in(wording: Wording, language: str) -> str:
    return wording.get(language) or next(iter(wording.values()))


def _wide(character: str) -> int:
    return 2 if ord(character) > 0x2E7F else 1


def _cut(text: str, characters: int) -> str:
    """At most this many Chinese characters' width."""
    kept, width = "", 0
    for character in text:
        width += _wide(character)
        if width > characters * 2:
            return kept + "…"
        kept += character
    return kept


def _two_lines(text: str) -> tuple[str, str]:
    first = _cut(text, LINE_CHARACTERS).removesuffix("…")
    return first, text[len(first) :].strip()


def _id(name: str) -> str:
    """A Mermaid id: `end` and signs are not allowed there."""
    return "n_" + "".join(character if character.isalnum() else f"_{ord(character):x}_" for character in name)
