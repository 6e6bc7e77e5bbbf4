"""The centres with known answers, and those answers (engineering's reference tables)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations


@dataclass(frozen=True)
class Centre:
    """Rates and times in one unit; `answers`: what theory says, by figure (waits in the same unit)."""

    name: str
    rates: tuple[float, ...]
    servers: tuple[tuple[int, ...], ...]
    service: float = 1.0
    patience: float | None = None
    places: int | None = None
    answers: dict[str, float] = field(default_factory=dict[str, float])


def _erlang_a(agents: int, abandons: float, wait: float, waits: float, utilisation: float) -> Centre:
    """48 calls a minute, a minute of service, two of patience; unit: a minute."""
    answers = {"abandons": abandons, "wait": wait / 60, "waits": waits, "utilisation": utilisation}
    return Centre(f"Erlang-A, {agents} agents", (48.0,), ((0,),) * agents, patience=2.0, answers=answers)


ERLANG_A = (
    _erlang_a(45, 0.0836, 10.03, 0.7869, 0.9775),
    _erlang_a(48, 0.0476, 5.717, 0.6015, 0.9524),
    _erlang_a(50, 0.0309, 3.709, 0.4678, 0.9303),
    _erlang_a(55, 0.00864, 1.037, 0.1936, 0.8652),
)
ERLANG_C = Centre(
    "Erlang-C, 50 agents", (48.0,), ((0,),) * 50, answers={"wait": 20.83 / 60, "p90": 58.14 / 60, "beyond p90": 0.1}
)

N_MODEL = Centre(
    "N", (0.6, 0.8), ((0, 1), (1,)),
    answers={"wait 0": 2.52367, "wait 1": 0.87780, "waits 0": 0.80883, "waits 1": 0.52668,
             "utilisation 0": 0.80883, "utilisation 1": 0.59117},
)  # fmt: skip
W3_MODEL = Centre(
    "W3", (0.9, 0.7, 0.6), ((0,), (0, 1), (1, 2)),
    answers={"wait 0": 0.70088, "wait 1": 1.23064, "wait 2": 2.78072,
             "utilisation 0": 0.59692, "utilisation 1": 0.76195, "utilisation 2": 0.84113},
)  # fmt: skip

TYPES = 6
_PAIRS = tuple(combinations(range(TYPES), 2))


def wallace_whitt(skills: int) -> Centre:
    """90 agents, 30 waiting places, 6 types of calls, load 84, ten minutes of service (the unit).

    Skills are handed out evenly: each of the 15 pairs to 6 agents, or each type to 15; all six: one pool.
    """
    held: Sequence[tuple[int, ...]] = {1: [(k,) for k in range(TYPES)], 2: _PAIRS, TYPES: [tuple(range(TYPES))]}[skills]
    servers = tuple(held[n % len(held)] for n in range(90))
    answers = {"wait": 0.04500, "blocked": 0.00364} if skills == TYPES else {}
    return Centre(f"Wallace–Whitt, {skills} of 6 skills", (14.0,) * TYPES, servers, places=30, answers=answers)
