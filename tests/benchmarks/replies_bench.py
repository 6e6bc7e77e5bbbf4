"""Which of an agent's replies answers the question, on the Beike pairs: held back by question, so no chat is on both sides."""

from __future__ import annotations

import csv
import random
import time

import numpy as np

from services.ivr.domain.matching.replies import Thread, learn
from tests.benchmarks.matcher_bench import DATA, Said, calibration_error, missing
from tests.benchmarks.report import Figure, percentile


def beike(seed: int = 0, share: float = 0.2) -> tuple[list[Thread], list[Thread]]:
    """(to learn from, to judge by): whole threads, `share` of them held back; of the same thread told twice, one."""

    def rows(name: str) -> list[list[str]]:
        with (DATA / "beke_realestate" / name).open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

    questions = dict(rows("train.query.tsv"))
    replies: dict[str, list[tuple[int, str, bool]]] = {}
    for number, place, text, label in rows("train.reply.tsv"):
        replies.setdefault(number, []).append((int(place), text, label == "1"))
    threads = [
        Thread(questions[number], tuple(text for _, text, _ in said), tuple(answers for *_, answers in said))
        for number, said in ((number, sorted(said)) for number, said in sorted(replies.items()))
    ]
    threads = list({(thread.question, thread.replies): thread for thread in threads}.values())
    random.Random(seed).shuffle(threads)
    cut = int(len(threads) * share)
    return threads[cut:], threads[:cut]


def area_under_curve(probability: np.ndarray, truth: np.ndarray) -> float:
    """How often an answer is ranked above a reply that is none, ties half, 0–1."""
    _, place, count = np.unique(probability, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    answers = int(truth.sum())
    return float((ranks[truth].sum() - answers * (answers + 1) / 2) / (answers * (len(truth) - answers)))


def reply_figures() -> list[Figure]:
    """F1 and AUC over all held-back replies, calibration, time."""
    if missing() is not None:
        return []  # matcher_figures has told why
    taught, judge = beike()
    started = time.thread_time()
    model = learn(taught)
    seconds = time.thread_time() - started
    said: list[tuple[float, ...]] = []
    milliseconds: list[float] = []
    for thread in judge:
        started = time.thread_time()
        said.append(model.probabilities(thread.question, thread.replies))
        milliseconds.append((time.thread_time() - started) * 1000)
    probability = np.concatenate(said)
    truth = np.array([answers for thread in judge for answers in thread.answers])
    chosen = probability >= model.threshold
    f1 = 2.0 * (chosen & truth).sum() / (chosen.sum() + truth.sum())
    error = calibration_error(Said(probability, truth, milliseconds))
    note = "{} in the issue; plain TF-IDF + SVM on this split {}"
    return [
        Figure("matcher", "Beike replies, F1", float(f1), "≥ 0.694", "", note.format(".694", ".602")),
        Figure("matcher", "  AUC", area_under_curve(probability, truth), "≥ 0.890", "", note.format(".890", ".832")),
        Figure("matcher", "  calibration error", error, "≤ 5", "%"),
        Figure("matcher", "  a thread, p99", percentile(milliseconds, 0.99), "≤ 5", "ms"),
        Figure("matcher", "  training", seconds, "≤ 60", "s", f"{len(taught):,} threads"),
    ]
