"""Draws the pictures of docs/matcher.md from the same splits as the bench.

python -m tests.benchmarks.matcher_pictures [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from services.ivr.domain.matching.verdict import Thresholds
from tests.benchmarks.matcher_bench import (
    Said,
    banking,
    calibration_error,
    clinc,
    few_of_each,
    learnt,
    missing,
    said,
    smp,
)

BLUE, GREY, RED = "#1f6feb", "#8b949e", "#cf222e"
BINS = 10


def _reliability(axes: Axes, title: str, found: Said) -> None:
    number = np.minimum((found.confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(number, minlength=BINS)
    true = [found.right[number == b].mean() if counts[b] else np.nan for b in range(BINS)]
    stated = [found.confidence[number == b].mean() if counts[b] else np.nan for b in range(BINS)]
    axes.bar((np.arange(BINS) + 0.5) / BINS, counts / counts.sum(), width=0.09, color=GREY, alpha=0.35)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    axes.plot(stated, true, color=BLUE, marker="o", markersize=4)
    axes.set_title(f"{title}: {found.accuracy:.1f} % right, ECE {calibration_error(found):.1f} %", fontsize=9)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share right (bars: share of texts)")


def _strangers(axes: Axes, curves: dict[str, tuple[Said, Said]]) -> None:
    for (label, (ours, strange)), colour in zip(curves.items(), (BLUE, RED), strict=True):
        steps = np.unique(np.concatenate([[0.0], ours.confidence, strange.confidence]))
        kept = [100 * float((ours.right & (ours.confidence >= t)).mean()) for t in steps]
        refused = [100 * float((strange.confidence < t).mean()) for t in steps]
        axes.plot(refused, kept, color=colour, label=label)
    axes.plot([33.9], [92.4], "x", color=GREY, label="TF-IDF + SVM, 100 examples each (33.9, 92.4)")
    axes.set(xlim=(0, 100), ylim=(50, 100), xlabel="strangers refused, %", ylabel="ours accepted and right, %")
    axes.set_title("CLINC150: strangers against our own", fontsize=9)
    axes.legend(fontsize=7, loc="lower left")


def _risk(axes: Axes, sets: dict[str, Said]) -> None:
    for label, found in sets.items():
        order = np.argsort(-found.confidence, kind="stable")
        wrong = np.cumsum(~found.right[order]) / np.arange(1, len(order) + 1)
        coverage = np.arange(1, len(order) + 1) / len(order)
        (line,) = axes.plot(100 * coverage, 100 * wrong, label=label)
        at = int((found.confidence >= Thresholds().answer).sum()) - 1
        axes.plot(100 * coverage[at], 100 * wrong[at], "o", color=line.get_color(), markersize=5)
    axes.set(xlim=(0, 100), ylim=(0, 30), xlabel="answered, %", ylabel="wrong among the answered, %")
    axes.set_title(f"Risk and coverage (dots: threshold {Thresholds().answer})", fontsize=9)
    axes.legend(fontsize=7)


def draw(folder: Path) -> None:
    """Two pictures: matcher-calibration.png, matcher-strangers.png."""
    matplotlib.use("agg")
    learn, judge = banking()
    parts = clinc()
    fewer = few_of_each(parts["train"], 40)
    chinese_learn, chinese_judge = smp()
    without = learnt(fewer, "en")[0]
    with_strangers = learnt(fewer, "en", [text for text, _ in parts["oos_train"]])[0]
    sets = {
        "banking77, 10 each": said(learnt(few_of_each(learn, 10), "en")[0], judge),
        "banking77, all": said(learnt(learn, "en")[0], judge),
        "CLINC150, 40 each": said(with_strangers, parts["val"]),
        "SMP2017 (zh)": said(learnt(chinese_learn, "zh")[0], chinese_judge),
    }
    calibration = Picture(figsize=(8, 7), layout="constrained")
    for axes, (title, found) in zip(calibration.subplots(2, 2).flat, sets.items(), strict=True):
        _reliability(axes, title, found)
    calibration.savefig(folder / "matcher-calibration.png", dpi=80)
    strangers = Picture(figsize=(10, 4), layout="constrained")
    left, right = strangers.subplots(1, 2)
    curves = {
        "no stranger ever seen": (said(without, parts["val"]), said(without, parts["oos_val"])),
        "100 strangers taught": (sets["CLINC150, 40 each"], said(with_strangers, parts["oos_val"])),
    }
    _strangers(left, curves)
    _risk(right, sets)
    strangers.savefig(folder / "matcher-strangers.png", dpi=80)


if __name__ == "__main__":
    reason = missing()
    if reason is None:
        draw(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
    else:
        print(f"skipped: {reason}")
