"""How others pace: progressive, a fixed ratio, and VICIdial's adaptive law.

VICIdial's law is ported from its published behaviour: lines for each agent signed in, the level multiplied every 15 s by how far the
surplus of ready agents is from its target, halved after a burst of drops, and taken back when the day's drops exceed the limit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.outbound.simulation.floor import SECOND, Floor

NOTHING: Mapping[str, int] = {}
CELL = "all"


class Deaf:
    """Learns nothing from single calls; dials one cell."""

    def answered(self, rang: int, now: int) -> None: ...

    def unanswered(self, after: int, now: int) -> None: ...

    def met(self, abandoned: bool, now: int) -> None: ...

    def talked(self, lasted: int) -> None: ...

    def wrapped(self, lasted: int) -> None: ...


def in_flight(floor: Floor) -> int:
    """Dials in flight and persons waiting."""
    return len(floor.in_flight[CELL]) + len(floor.waiting[CELL])


class Progressive(Deaf):
    """One dial for each free agent."""

    def dials(self, floor: Floor, now: int) -> Mapping[str, int]:
        wanted = len(floor.idle) - in_flight(floor)
        return {CELL: wanted} if wanted > 0 else NOTHING


def progressive_utilisation(handling: float, attempt: float, answer_rate: float) -> float:
    """H / (H + R/p): an agent talks and wraps up H seconds, then waits for 1/p dials of R seconds each."""
    return handling / (handling + attempt / answer_rate)


@dataclass
class StaticRatio(Deaf):
    """A fixed number of lines for each agent signed in, those in conversation included."""

    ratio: float

    def dials(self, floor: Floor, now: int) -> Mapping[str, int]:
        wanted = int(self.ratio * floor.present + 1e-9) - in_flight(floor) - floor.talking
        return {CELL: wanted} if wanted > 0 else NOTHING


@dataclass(frozen=True, slots=True)
class AdaptiveSettings:
    """VICIdial's: dial level difference target (agents ready over callers waiting), intensity, ceiling, and the drop limit's method."""

    target: float = 0.0
    intensity: float = 1.0
    highest: float = 3.0
    hard: bool = True
    limit: float = 0.03


@dataclass
class VicidialAdaptive(Deaf):
    """The adaptive dial level."""

    settings: AdaptiveSettings = AdaptiveSettings()
    level: float = 1.0
    _due: int = -1
    _sum: float = 0.0  # ready − waiting, integrated over the period
    _counted: int = 0
    _difference: int = 0
    _minute: deque[tuple[int, bool]] = field(default_factory=deque[tuple[int, bool]])
    _day: int = -1
    _calls: int = 0
    _drops: int = 0

    def dials(self, floor: Floor, now: int) -> Mapping[str, int]:
        day = now // (86_400 * SECOND)
        if day != self._day:
            self._day, self._calls, self._drops, self.level = day, 0, 0, 1.0
            self._begin(now)
            self._minute.clear()
        self._sum += self._difference * (now - self._counted)
        self._counted = now
        self._difference = len(floor.idle) - len(floor.waiting[CELL])
        if now >= self._due:
            self._adapt(floor, now)
            self._begin(now)
        # Lines for each agent ready or in conversation; agents wrapping up are paused and get none.
        talking = floor.talking
        wanted = int(self.level * (len(floor.idle) + talking) + 1e-9) - in_flight(floor) - talking
        return {CELL: wanted} if wanted > 0 else NOTHING

    def _begin(self, now: int) -> None:
        self._due, self._counted, self._sum = now + 15 * SECOND, now, 0.0

    def _adapt(self, floor: Floor, now: int) -> None:
        settings = self.settings
        surplus = (self._sum / (15 * SECOND) + settings.target) / max(1, floor.present)
        self.level = min(max(self.level * (1 + surplus * settings.intensity), 1.0), settings.highest)
        while self._minute and self._minute[0][0] < now - 60 * SECOND:
            self._minute.popleft()
        drops = sum(abandoned for _, abandoned in self._minute)
        if len(self._minute) > 20 and drops > len(self._minute) / 2:
            self.level = max(1.0, self.level / 2)
        if self._calls > 50 and self._drops > settings.limit * self._calls:
            self.level = 1.0 if settings.hard else max(1.0, self.level / 2)

    def met(self, abandoned: bool, now: int) -> None:
        self._calls += 1
        self._drops += abandoned
        self._minute.append((now, abandoned))
