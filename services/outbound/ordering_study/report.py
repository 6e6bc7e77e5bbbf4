"""The study of whom to call first, as tables in markdown and two pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from services.outbound.ordering_study.study import Interval, Verdict, contacts
from services.outbound.ordering_study.telemarketing import Calls
from services.outbound.simulation.picture import Axis, chart

SHOWN = ("file order", "plain, fixed", "plain, learning", "ours, fixed", "ours, learning")
POINTS = 50
"""Points of a curve."""
PERCENT = range(0, 101, 20)


def tables(verdicts: Sequence[Verdict], gains: Mapping[str, Interval], calls: Calls, begin: int) -> Iterator[str]:
    """Lines of markdown; calls before `begin` are taught, the others judged."""
    sold = calls.sold
    yield f"taught: {begin:,} calls, {sold[:begin].sum():.0f} sales ({sold[:begin].mean():.1%})"
    yield f"judged: {len(calls) - begin:,} calls, {sold[begin:].sum():.0f} sales ({sold[begin:].mean():.1%})"
    yield "\n| ordering | area | sales in the first 20 % | in the first 50 % | of each day's first 20 % | 50 % |"
    yield "|---|---:|---:|---:|---:|---:|"
    for v in verdicts:
        yield f"| {v.name} | {v.area} | {v.first[0]} | {v.first[1]} | {v.each_day[0]:.3f} | {v.each_day[1]:.3f} |"
    yield "\n| gain in area | |\n|---|---:|"
    for name, interval in gains.items():
        yield f"| {name} | {interval} |"
    for title, part in _parts(calls, begin):
        yield f"\n{title} part: conversation | people | success in it | sales so far\n---|---|---|---"
        rows = contacts(sold[part], [int(n) for n in calls.contact[part]])
        for n, people, success, so_far in rows:
            yield f"{n}{'+' if n == len(rows) else ''} | {people:,} | {success:.1%} | {so_far:.1%}"


def _parts(calls: Calls, begin: int) -> list[tuple[str, slice]]:
    return [("earlier", slice(0, begin)), ("later", slice(begin, len(calls)))]


def draw(verdicts: Sequence[Verdict], calls: Calls, begin: int, folder: Path) -> list[Path]:
    """Sales found against calls made, and what a further conversation brings, as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    sold = calls.sold[begin:]
    lift: dict[str, list[tuple[float, float]]] = {}
    for verdict in verdicts:
        if verdict.name in SHOWN:
            along = np.cumsum(sold[np.argsort(-verdict.scores, kind="stable")]) / sold.sum()
            at = [round(n * (len(along) - 1) / POINTS) for n in range(POINTS + 1)]
            lift[f"{verdict.name} {verdict.area.value:.3f}"] = [
                (100 * n / len(along), 100 * float(along[n])) for n in at
            ]
    further = {
        f"{title} part": [
            (float(n), 100 * success) for n, _, success, _ in contacts(calls.sold[part], [int(n) for n in calls.contact[part]])
        ]
        for title, part in _parts(calls, begin)
    }  # fmt: skip
    most = 2 * math.ceil(max(share for line in further.values() for _, share in line) / 2)
    pictures = {
        "who-and-when-lift.svg": chart(
            "Sales found", Axis("calls made, %", 0, 100, PERCENT), Axis("sales found, %", 0, 100, PERCENT), lift
        ),
        "who-and-when-further.svg": chart(
            "What a further conversation brings", Axis("conversation (8: all further ones)", 1, 8, range(1, 9)),
            Axis("sales in it, %", 0, most, range(0, most + 1, 2)), further,
        ),
    }  # fmt: skip
    for name, picture in pictures.items():
        (folder / name).write_text(picture, encoding="utf-8")
    return [folder / name for name in pictures]
