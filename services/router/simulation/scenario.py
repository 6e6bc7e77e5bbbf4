"""What is to be simulated, as values: streams of contacts, teams of agents, the rules they meet, how often and how long.

`scenario_document` reads the YAML a manager writes into this; other code may build it directly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.router.simulation.distributions import Constant, Distribution
from shared.contracts.fields import Channel

DAY = 86_400
"""Seconds in a simulated day: its clock never changes."""


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class Poisson:
    """Contacts per hour, alike all the time."""

    per_hour: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Contacts expected per interval from `begins` (seconds of the day) on, every day times its weekday's factor."""

    interval: int  # s
    expected: tuple[float, ...]
    begins: int = 0
    factors: Mapping[Weekday, float] = field(default_factory=dict[Weekday, float])  # 1 where not named


@dataclass(frozen=True, slots=True)
class Recorded:
    """Seconds since the scenario's start at which contacts came, rising."""

    at: tuple[float, ...]


Arrivals = Poisson | Profile | Recorded


@dataclass(frozen=True, slots=True)
class Retrial:
    """Who gave up tries again with probability `share`, after `after`, up to `at_most` times."""

    share: float
    after: Distribution
    at_most: int = 3


@dataclass(frozen=True, slots=True)
class Stream:
    """Contacts of one kind."""

    name: str
    group: str
    arrivals: Arrivals
    talk: Distribution
    wrap_up: Distribution | None = None
    patience: Distribution | None = None
    channel: Channel = Channel.PHONE
    tiers: tuple[tuple[str, float], ...] = ()  # (tier, share); the rest has none
    retrial: Retrial | None = None


@dataclass(frozen=True, slots=True)
class Break:
    begins: int  # s of the day
    lasts: int  # s
    reason: str = "break"


@dataclass(frozen=True, slots=True)
class Shift:
    """Seconds of the day; an end at or before the beginning is on the next day."""

    begins: int = 0
    ends: int = DAY
    weekdays: tuple[Weekday, ...] = WEEK
    breaks: tuple[Break, ...] = ()

    @property
    def lasts(self) -> int:
        return self.ends - self.begins if self.ends > self.begins else self.ends - self.begins + DAY


@dataclass(frozen=True, slots=True)
class Team:
    """`count` agents with the same skills and shifts. Without shifts they are there all the time."""

    name: str
    count: int
    skills: tuple[tuple[str, int], ...]
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """How agents take offers."""

    answer: Distribution = Constant(0)
    connect: Distribution = Constant(0)
    missed_share: float = 0.0
    back_after_missed: Distribution = Constant(60)


@dataclass(frozen=True, slots=True)
class Scenario:
    """`policy` None: a plain one, each group asking for a skill of its own name (see `plain_policy`)."""

    name: str
    streams: tuple[Stream, ...]
    teams: tuple[Team, ...]
    hours: float
    policy: Mapping[str, object] | None = None
    begins: int = 0  # s of the first day
    first_weekday: Weekday = Weekday.MON
    warm_up: int = 0  # s not counted
    lines: int | None = None  # who comes when all are taken is turned away before the router hears of them
    manner: Manner = Manner()
    seed: int = 1
    replications: int = 10
    answer_within: int = 20  # s, of the service level shown

    def with_agents(self, team: str, count: int) -> Scenario:
        """The same with so many agents in one team. Raises KeyError."""
        if all(known.name != team for known in self.teams):
            raise KeyError(team)
        return replace(self, teams=tuple(replace(t, count=count) if t.name == team else t for t in self.teams))

    @property
    def rules(self) -> Mapping[str, object]:
        """The policy document in force."""
        return self.policy or plain_policy(self.streams, self.answer_within)


def plain_policy(streams: Sequence[Stream], answer_within: int) -> Mapping[str, object]:
    """First come, first served, by whoever has been idle longest; a group asks for the skill of its own name."""
    tiers = {tier for stream in streams for tier, _ in stream.tiers}
    groups: dict[str, dict[str, object]] = {}
    for stream in streams:
        group = groups.setdefault(
            stream.group,
            {
                "name": stream.group,
                "business_line": "simulated",
                "skills": [{"skill": stream.group, "level": 1}],
                "targets": {},
                "wrap_up": {},
                "default_disposition": "done",
            },
        )
        channel = str(stream.channel)
        targets, wrap_up = group["targets"], group["wrap_up"]
        assert isinstance(targets, dict)
        assert isinstance(wrap_up, dict)
        targets[channel] = answer_within
        wrap_up[channel] = {"mode": "none" if stream.wrap_up is None else "until_done"}
    return {
        "enrichment_wait_ms": 150 if tiers else 0,
        "business_lines": {"simulated": {"name": "simulated", "default_group": streams[0].group}},
        "skills": {group: {"name": group} for group in groups},
        "tiers": {tier: {"name": tier, "head_start_seconds": 0} for tier in sorted(tiers)},
        "dispositions": {"done": {"name": "done"}},
        "capacity": {
            "phone": {"maximum": 1, "weight": 100},
            "web": {"maximum": 3, "weight": 30},
            "fax": {"maximum": 1, "weight": 100},
            "max_load": 100,
        },
        "groups": groups,
    }
