"""Plain line charts as SVG: no library, no script, readable in any browser and on the repository's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 430, 60, 50, 40, 170
COLOURS = ("#0b6e4f", "#c8553d", "#3d5a98", "#8a6d3b", "#6b4c9a", "#444444")


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis: its title, its ends, where it is marked, and with what words when not the number itself."""

    title: str
    low: float
    high: float
    marks: Sequence[float]
    words: Sequence[str] = ()

    def at(self, value: float) -> float:
        """Share of the way from low to high."""
        return (value - self.low) / (self.high - self.low)


def chart(title: str, across: Axis, up: Axis, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Named lines of (x, y), each point marked; a line of one point is that point."""

    def x(value: float) -> float:
        return LEFT + across.at(value) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - up.at(value) * (HEIGHT - BOTTOM - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for mark, word in zip(across.marks, across.words or [f"{mark:g}" for mark in across.marks], strict=True):
        parts.append(
            f'<line x1="{x(mark):.1f}" y1="{TOP}" x2="{x(mark):.1f}" y2="{HEIGHT - BOTTOM}" stroke="#e4e4e4"/>'
        )
        parts.append(f'<text x="{x(mark):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(word)}</text>')
    for mark in up.marks:
        parts.append(f'<line x1="{LEFT}" y1="{y(mark):.1f}" x2="{WIDTH - RIGHT}" y2="{y(mark):.1f}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:g}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across.title)}</text>'
    )
    parts.append(
        f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(up.title)}</text>'
    )
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        inside = [(x(a), y(b)) for a, b in points if 0 <= across.at(a) <= 1 and 0 <= up.at(b) <= 1]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in inside)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{colour}"/>' for a, b in inside]
        legend = TOP + 14 + 20 * number
        parts.append(f'<circle cx="{WIDTH - RIGHT + 16}" cy="{legend - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 26}" y="{legend}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
