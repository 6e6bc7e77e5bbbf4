"""Long-run figures of a centre by the recursion, with their standard errors over independent paths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.validation.centres import Centre
from tests.validation.first_come import Customers, Waits, draw, serve


@dataclass(frozen=True)
class Value:
    mean: float
    error: float  # standard error of the mean


@dataclass(frozen=True)
class Size:
    """Paths side by side, customers of each, how many of them are not counted, and how often."""

    paths: int
    customers: int
    warm_up: int
    batches: int


QUICK = {
    "Erlang-A, 45 agents": Size(1_000, 4_000, 1_000, 2),
    "Erlang-A, 48 agents": Size(1_000, 4_000, 1_000, 3),
    "Erlang-A, 50 agents": Size(1_000, 4_000, 1_000, 4),
    "Erlang-A, 55 agents": Size(1_000, 4_000, 1_000, 6),
    "Erlang-C, 50 agents": Size(250, 24_000, 10_000, 1),
    "N": Size(5_000, 1_500, 300, 1),
    "W3": Size(5_000, 1_500, 300, 1),
}
"""Centre → how many customers say enough within seconds; `size_of(centre, 40)` says it to 1 % for all."""
OTHERS = Size(500, 5_000, 1_500, 1)


def size_of(centre: Centre, times: int = 1) -> Size:
    """`times`: how much longer than quick."""
    quick = QUICK.get(centre.name, OTHERS)
    return Size(quick.paths, quick.customers, quick.warm_up, quick.batches * times)


def measure(centre: Centre, chance: np.random.Generator, size: Size | None = None) -> dict[str, Value]:
    """Everything the tables speak of."""
    size = size or size_of(centre)
    batches: list[dict[str, np.ndarray[Any, Any]]] = []
    controls: list[np.ndarray[Any, Any]] = []
    for _ in range(size.batches):
        customers = draw(chance, size.paths, size.customers, centre.rates, centre.service, centre.patience)
        batches.append(_by_path(centre, customers, serve(customers, centre.servers, centre.places), size.warm_up))
        controls.append(_controls(centre, customers))
    known = np.concatenate(controls)
    return {figure: _controlled(np.concatenate([batch[figure] for batch in batches]), known) for figure in batches[0]}


def _controls(centre: Centre, customers: Customers) -> np.ndarray[Any, Any]:
    """What is known of a path beforehand, as deviations: its arrivals, its work by kind, its patience (control variates)."""
    count = customers.arrives.shape[1]
    total = sum(centre.rates)
    found = [customers.arrives[:, -1] / count * total - 1]
    for kind, rate in enumerate(centre.rates):
        found.append((customers.service * (customers.kind == kind)).mean(axis=1) / centre.service - rate / total)
    if customers.patience is not None and centre.patience is not None:
        found.append(customers.patience.mean(axis=1) / centre.patience - 1)
    return np.stack(found, axis=1)


def _controlled(values: np.ndarray[Any, Any], controls: np.ndarray[Any, Any]) -> Value:
    """The mean where every control is as expected: the intercept of a regression, squares included, with its error."""
    squares = controls**2 - (controls**2).mean(axis=0)
    design = np.column_stack([np.ones(len(values)), controls, squares])
    fit, *_ = np.linalg.lstsq(design, values, rcond=None)
    spread = (values - design @ fit).std(ddof=design.shape[1])
    return Value(float(fit[0]), float(spread / math.sqrt(len(values))))


def _by_path(centre: Centre, customers: Customers, waits: Waits, warm_up: int) -> dict[str, np.ndarray[Any, Any]]:
    """Figure → its value on each path. Means over the let in; one value a path, so paths weigh alike."""
    let_in = ~waits.blocked[:, warm_up:]
    wait = waits.wait[:, warm_up:]
    found = {
        "wait": _mean(wait, let_in),
        "waits": _mean(wait > 0, let_in),
        "abandons": _mean(waits.left[:, warm_up:], let_in),
        "blocked": waits.blocked[:, warm_up:].mean(axis=1),
        "beyond p90": _mean(wait > centre.answers.get("p90", 0.0), let_in),
        "utilisation": waits.busy.mean(axis=1) / customers.arrives[:, -1],
    }
    if len(centre.rates) > 1 and len(centre.servers) < 10:
        for kind in range(len(centre.rates)):
            of_kind = customers.kind[:, warm_up:] == kind
            found[f"wait {kind}"] = _mean(wait, of_kind)
            found[f"waits {kind}"] = _mean(wait > 0, of_kind)
        for server in range(len(centre.servers)):
            found[f"utilisation {server}"] = waits.busy[:, server] / customers.arrives[:, -1]
    return found


def _mean(values: np.ndarray[Any, Any], among: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return (values * among).sum(axis=1) / among.sum(axis=1)
