"""The simulator: how much faster than time with 500 agents, and how near theory its waits are.

Speed is process time against simulated time of a whole centre at 85 % load, agents' and customers' models and the figures
included. Nearness is shown on one run by the core itself, its chance taken out by the recursion it agrees with customer by
customer (`tests/validation`).
"""

from __future__ import annotations

import gc
import statistics
import time

import numpy as np

from services.router.simulation.distributions import Exponential
from services.router.simulation.rehearsal import Rehearsal
from services.router.simulation.scenario import Poisson, Scenario, Stream, Team
from shared.contracts.fields import SECOND
from tests.benchmarks.report import Figure
from tests.validation.centres import ERLANG_A, N_MODEL, W3_MODEL
from tests.validation.core_path import core_waits
from tests.validation.first_come import draw, one_path, serve
from tests.validation.measured import measure

AGENTS = 500
LOAD = 0.85
TALK, WRAP_UP, PATIENCE = 170.0, 30.0, 300.0
WARM_UP_SECONDS, MEASURED_SECONDS, ROUNDS = 400, 240, 5
CUSTOMERS = 2_000


def busy_centre() -> Scenario:
    """500 agents, 85 % of them busy: 2.1 calls a second of 200 s each."""
    per_hour = AGENTS * LOAD / (TALK + WRAP_UP) * 3600
    stream = Stream("calls", "calls", Poisson(per_hour), Exponential(TALK), Exponential(WRAP_UP), Exponential(PATIENCE))
    return Scenario("busy", (stream,), (Team("all", AGENTS, (("calls", 5),)),), hours=24)


def _speed() -> tuple[float, float, float]:
    """Simulated ÷ wall, simulated ÷ process time (medians of rounds on one running centre), µs an input."""
    kernel = Rehearsal(busy_centre(), seed=1).kernel
    kernel.run(until=WARM_UP_SECONDS * SECOND)
    walls, processors, inputs = [], [], kernel.inputs
    for n in range(1, ROUNDS + 1):
        gc.collect()
        wall, processor = time.perf_counter(), time.process_time()
        kernel.run(until=(WARM_UP_SECONDS + n * MEASURED_SECONDS) * SECOND)
        walls.append(MEASURED_SECONDS / (time.perf_counter() - wall))
        processors.append(MEASURED_SECONDS / (time.process_time() - processor))
    each = ROUNDS * MEASURED_SECONDS / statistics.median(processors) / (kernel.inputs - inputs) * 1e6
    return statistics.median(walls), statistics.median(processors), each


def _largest_deviation() -> tuple[float, str]:
    """Per cent from the tables, of every figure; the core's own waits on a stretch of each centre must be the recursion's."""
    worst, where = 0.0, ""
    for centre in (*ERLANG_A[:3], N_MODEL, W3_MODEL):
        customers = one_path(
            draw(np.random.default_rng(7), 1, CUSTOMERS, centre.rates, centre.service, centre.patience), 60 * SECOND
        )
        waits, _, _ = core_waits(customers, centre.servers)
        assert waits == serve(customers, centre.servers).wait[0].tolist(), f"{centre.name}: the core waits otherwise"
        found = measure(centre, np.random.default_rng(1))
        for figure, expected in centre.answers.items():
            away = abs(found[figure].mean / expected - 1) * 100
            if away > worst:
                worst, where = away, f"{centre.name}, {figure}"
    return worst, where


def sim_figures() -> list[Figure]:
    """All rows of the simulation."""
    wall, processor, each = _speed()
    worst, where = _largest_deviation()
    return [
        Figure("sim", "simulated ÷ wall, 500 agents at 85 % load", wall, "≥ 1000",
               note=f"÷ process time {processor:,.0f}; {each:.0f} µs an input, one process"),
        Figure("sim", "largest deviation from the exact tables", worst, "≤ 1", unit="%",
               note=f"{where}; core = recursion on {CUSTOMERS:,} customers a centre"),
    ]  # fmt: skip
