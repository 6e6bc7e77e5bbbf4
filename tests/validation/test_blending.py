"""Inbound and outbound share agents: a slice of `ucc bench blending`, where the router's core and the production pacer meet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.blending.day import BlendedDay, Centre
from deploy.blending.study import service_level
from services.outbound.domain.blending import Caution, InboundWork

FLOOR = Centre(agents=12, calls=(110, 150), look_seconds=2.0)
SEEDS = (1, 2, 3)


def levels(centre: Centre) -> tuple[float, int, int]:
    """Inbound service level in per cent, persons we called who met an agent, and who met none; over all seeds."""
    hours = [hour for seed in SEEDS for hour in BlendedDay(centre, seed).run().hours]
    offered, within = sum(hour.offered for hour in hours), sum(hour.within for hour in hours)
    return 100 * within / offered, sum(hour.connected for hour in hours), sum(hour.lost for hour in hours)


def test_inbound_loses_no_point_to_outbound_and_outbound_gets_the_empty_hands() -> None:
    alone, _, _ = levels(replace(FLOOR, dials=False))
    blended, connected, lost = levels(FLOOR)
    assert alone - blended <= 1.0
    assert connected > 40
    assert lost <= 0.05 * (connected + lost)
    never = {"service_level_percent": 0, "resume_percent": 0}
    unkept, more, _ = levels(replace(FLOOR, caution=Caution(1.0, 0.0), blending=never))
    assert alone - unkept > 2.5, "without the reserve the same callers notice"
    assert more > connected


def test_chats_which_share_an_agent_leave_hands_to_outbound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls and chats take 6 of 12 agents; counted one an agent they would seem to take all 12."""
    floor = replace(FLOOR, calls=(40, 40), chats=(100, 100))
    alone, _, _ = levels(replace(floor, dials=False))
    blended, _, _ = levels(floor)
    assert alone - blended <= 1.0
    kept = kept_agents(floor)
    monkeypatch.setattr(InboundWork, "carried", None)
    assert kept < kept_agents(floor) - 1.0


def kept_agents(centre: Centre) -> float:
    """Kept for inbound in the mean of all looks."""
    hours = [hour for seed in SEEDS for hour in BlendedDay(centre, seed).run().hours]
    return sum(hour.kept for hour in hours) / sum(hour.looks for hour in hours)


def test_the_same_callers_come_whether_anybody_is_dialled_or_not() -> None:
    short = replace(FLOOR, calls=(110.0,))
    off, on = BlendedDay(replace(short, dials=False), 1).run(), BlendedDay(short, 1).run()
    assert abs(off.hours[0].offered - on.hours[0].offered) <= 2, "but for who waits when the day ends"
    assert service_level(off.hours[0]) >= 90
    assert BlendedDay(short, 1).run().hours == on.hours, "one seed, one day"
