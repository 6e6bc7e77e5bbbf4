"""A small call log of our own in the columns of the Anonymous Bank preset: half an hour, nobody real."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

HEADER = (
    "vru+line", "call_id", "customer_id", "priority", "type", "date", "vru_entry", "vru_exit", "vru_time", "q_start",
    "q_exit", "q_time", "outcome", "ser_start", "ser_exit", "ser_time", "server",
)  # fmt: skip


def clock(seconds: int) -> str:
    """Seconds of the day the way the log writes them; past midnight it starts again."""
    seconds %= 86_400
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def row(
    call: int, at: int, *, outcome: str = "AGENT", waits: int = 0, serves: int = 60, server: str = "ANNA",
    customer: str = "0", priority: str = "0", kind: str = "PS", date: str = "010203", menu: int = 8,
) -> tuple[str, ...]:  # fmt: skip
    """One row: queue entered at second `at` of the day."""
    queued = outcome == "HANG" or waits > 0
    started = at + waits if outcome == "AGENT" else 0
    return (
        "AA0101", str(call), customer, priority, kind, date, clock(at - menu), clock(at), str(menu),
        clock(at) if queued and waits else "0:00:00", clock(at + waits) if queued and waits else "0:00:00", str(waits),
        outcome, clock(started), clock(started + serves) if outcome == "AGENT" else "0:00:00",
        str(serves if outcome == "AGENT" else 0), server if outcome == "AGENT" else "NO_SERVER",
    )  # fmt: skip


def write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    path.write_text("\n".join("\t".join(line) for line in (HEADER, *rows)) + "\n")
    return path


def half_hour(path: Path, *, calls: int = 60, seed: int = 3) -> Path:
    """From 10:00 on: three servers, some who hang up in the queue, some in the menu, a phantom."""
    chance = random.Random(seed)
    rows: list[tuple[str, ...]] = []
    for call in range(calls):
        at = 36_000 + int(call * 1_700 / calls)
        fate = chance.random()
        known = chance.random() < 0.4
        customer = str(1000 + chance.randrange(20)) if known else "0"
        priority = chance.choice(("1", "2")) if known else "0"
        kind = chance.choice(("PS", "PS", "NE", "NW"))
        common: dict[str, Any] = {"customer": customer, "priority": priority, "kind": kind}
        if fate < 0.1:
            rows.append(row(call, at, outcome="HANG", waits=0, **common))
        elif fate < 0.25:
            rows.append(row(call, at, outcome="HANG", waits=chance.randrange(5, 120), **common))
        elif fate < 0.27:
            rows.append(row(call, at, outcome="PHANTOM", **common))
        else:
            rows.append(row(call, at, waits=chance.choice((0, 0, 10, 40)), serves=chance.randrange(10, 150),
                            server=chance.choice(("ANNA", "BORIS", "CLARA")), **common))  # fmt: skip
    return write(path, rows)
