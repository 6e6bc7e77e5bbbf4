"""The study as a document with its pictures (docs/blending.md)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.blending.study import OFF, ON, SCENES, UNKEPT, BlendingStudy, service_level
from services.outbound.simulation.picture import Axis, chart

WORDS: Final = {OFF: "inbound alone", ON: "**with outbound, as shipped**", UNKEPT: "with outbound, nobody kept"}
HEAD: Final = """# Blending, measured

Written by `ucc bench blending --full --report docs`. Inbound and outbound share all agents. Who serves whom is decided by the router's
own core, how many are dialled by the production pacer, and between them stands `GET /v1/dialling` as production reads it
(`deploy/blending/day.py`). Each day is run twice with the same callers, who talk and wait the same: once nobody is dialled, once
one predictive campaign with endless records fills the empty hands. So the difference is what outbound costs inbound.

呼入与外呼共用全部坐席：由路由核心决定谁服务、由外呼节奏器决定拨多少。同一天以相同的来电各跑两遍（不外呼 / 外呼），
差值即外呼对呼入的代价。目标：呼入服务水平的损失不超过 1 个百分点。

Inbound: Poisson by the hour, talk lognormal (150 s, cv .8), wrap-up lognormal (30 s, cv .5), patience exponential (280 s).
Outbound: the reference floor of [pacing](pacing.md), talk 120 s; the campaign's own limit of abandonment is 2.8 %, because a single
day's ledger ends a call or two beside it (the day with nobody kept: 3 %). Pause of 5 s and ceiling of 88 % are kept by the router. Service
level: answered within 20 s ÷ offered. The pacer starts each day cold and looks every 4 s here (production: twice a second and at
each change), which costs it some of its conversations. *Day*: twelve hours of 40 agents with two peaks of 700 and 680 calls an hour
(35 erlangs) and 240 at its ends. *Morning*: five hours of 20 agents, at most 310 calls an hour (15.5 erlangs). *Crowd*: the same with an
hour of 500 calls, a quarter more than 20 agents can answer. *Chats*: 20 agents with at most 150 calls and 110 chats an hour, a chat
400 s, three to an agent. Intervals are 95 % (Student, over days), those of the loss paired by
day; d is how many days, each with a seed of its own.

How many are kept is `services/outbound/domain/blending.py`: the fewest idle agents with which the birth-death chain of a pool
that outbound fills up lets at most six callers in a thousand more wait beyond the target than without outbound, for each point
the policy tolerates (`blending.tolerated_loss_points`, 1 here); as many as `blending.reserve_agents` at least. The load is that
of the last 15 minutes, contacts that came × handling time or the agents that the work in hand was seen to take, whichever is
less, each raised by one and a half standard deviations; chats count by their share of an agent. While the rolling service level
is under the policy's, nothing is dialled for whoever serves inbound.
"""


def write(study: BlendingStudy, folder: Path) -> Path:
    """blending.md and its pictures under `folder`. Returns the document's path."""
    parts = [HEAD, _how_much(study), ""]
    for scene in study.scenes:
        parts += [f"## {scene.capitalize()}", "", *_table(study, scene), ""]
        parts += _pictures(study, scene, folder)
    path = folder / "blending.md"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _how_much(study: BlendingStudy) -> str:
    """Which rows are whole, and where the point is shown to be kept: the upper end of the loss's interval."""
    told: list[str] = []
    for scene in study.scenes:
        row = study.row(scene, ON)
        kept = "kept" if row.days > 1 and row.loss.mean + row.loss.half <= 1 else "not shown by so few days"
        told.append(f"{scene} {row.days} of {study.seeds} days ({kept})")
    return f"**The point of service level**, by the upper end of the interval of its loss: {'; '.join(told)}."


def _table(study: BlendingStudy, scene: str) -> list[str]:
    lines = [
        "| | service level % | lost by outbound, points (worst day) | ASA s | inbound abandoned % "
        "| live connects per agent hour | outbound abandoned % | utilisation % | d |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for manner in study.manners_of(scene):
        row = study.row(scene, manner)
        loss = "–" if manner == OFF else f"{row.loss} ({row.worst_loss:.2f})"
        dialled = ["–", "–"] if manner == OFF else [str(row.connects), str(row.lost)]
        cells = [
            WORDS[manner],
            row.service_level,
            loss,
            row.asa_seconds,
            row.abandoned,
            *dialled,
            row.utilisation,
            row.days,
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def _pictures(study: BlendingStudy, scene: str, folder: Path) -> list[str]:
    """By hour: the service level of each manner, and what was dialled."""
    agents, hours = SCENES[scene].agents, range(1, len(SCENES[scene].calls) + 1)
    across = Axis("hour of the day", 0.5, len(hours) + 0.5, list(hours))
    levels = {manner: _points([service_level(h) for h in study.by_hour(scene, manner)]) for manner in (OFF, ON)}
    agent_hours = agents * len(study.ran(scene, ON))
    connects = {ON: _points([hour.connected / agent_hours for hour in study.by_hour(scene, ON)])}
    kept = {"kept for inbound": _points([h.kept / max(1, h.looks) for h in study.by_hour(scene, ON)])}
    drawn = {
        "level": chart(
            f"{scene}: answered within 20 s ÷ offered", across, Axis("%", 0, 100, range(0, 101, 20)), levels
        ),
        "connects": chart(
            f"{scene}: live connects per agent hour", across, Axis("per hour", 0, 16, range(0, 17, 4)), connects
        ),
        "kept": chart(
            f"{scene}: agents kept for inbound", across, Axis("agents", 0, agents, range(0, agents + 1, 10)), kept
        ),
    }
    told: list[str] = []
    for name, picture in drawn.items():
        file = f"pictures/blending-{scene}-{name}.svg"
        (folder / file).write_text(picture, encoding="utf-8")
        told += [f"![{scene}, {name}]({file})", ""]
    return told


def _points(values: Sequence[float]) -> list[tuple[float, float]]:
    return [(n + 1.0, value) for n, value in enumerate(values)]
