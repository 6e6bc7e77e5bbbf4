"""What protects agents and callers from too much of one kind: rotation of wearing work, a reserve for inbound, and a pause
between calls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exposure:
    """Rotation by exposure: minutes handled × the group's severity, counted per agent in a rolling window."""

    window_seconds: int = 14_400
    cap: int = 120  # severity-minutes in the window; who reaches it rests
    cool_down_seconds: int = 900  # no wearing contact for at least so long after reaching the cap
    break_seconds: int = 120  # between two wearing contacts
    override_wait_seconds: int | None = 60
    """A contact nobody under the cap can take waits so long, then the cap is exceeded and that is told; None: never."""

    def to_mapping(self) -> dict[str, object]:
        return {
            "window_seconds": self.window_seconds,
            "cap": self.cap,
            "cool_down_seconds": self.cool_down_seconds,
            "break_seconds": self.break_seconds,
            "override_wait_seconds": self.override_wait_seconds,
        }


@dataclass(frozen=True, slots=True)
class Blending:
    """Outbound work is held back while inbound needs the agents.

    Held: as soon as the rolling service level falls below `service_level_percent` (answered within
    `service_level_seconds`) or fewer than `reserve_agents` who could serve inbound are idle; again allowed from
    `resume_percent` on. Neither state ends sooner than `minimum_dwell_seconds`, and fewer than `minimum_sample` contacts
    say nothing about the level. `tolerated_loss_points` is for the dialler: it keeps as many more idle agents as hold what
    outbound costs inbound under so many points of service level.
    """

    reserve_agents: int = 0
    service_level_percent: int = 80
    service_level_seconds: int = 20
    resume_percent: int = 85
    minimum_dwell_seconds: int = 120
    minimum_sample: int = 10
    tolerated_loss_points: int = 1

    def to_mapping(self) -> dict[str, object]:
        mapping: dict[str, object] = {
            "reserve_agents": self.reserve_agents,
            "service_level_percent": self.service_level_percent,
            "service_level_seconds": self.service_level_seconds,
            "resume_percent": self.resume_percent,
            "minimum_dwell_seconds": self.minimum_dwell_seconds,
            "minimum_sample": self.minimum_sample,
        }
        if self.tolerated_loss_points != 1:
            mapping["tolerated_loss_points"] = self.tolerated_loss_points
        return mapping


@dataclass(frozen=True, slots=True)
class BetweenCalls:
    """Outbound work leaves an agent alone after a conversation of any kind: people are not machines.

    So long that work ÷ (work + rest) stays at or under the ceiling, and never less than the minimum. Who could take no outbound
    contact is not meant.
    """

    pause_seconds: int = 5  # at least
    occupancy_ceiling_percent: int = 88  # 100: no ceiling
    inbound_too: bool = False  # inbound work waits for the end of the pause as well

    def to_mapping(self) -> dict[str, object]:
        return {
            "pause_seconds": self.pause_seconds,
            "occupancy_ceiling_percent": self.occupancy_ceiling_percent,
            "inbound_too": self.inbound_too,
        }
