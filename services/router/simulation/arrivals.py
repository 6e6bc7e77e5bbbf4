"""When contacts come: times of a stream, one after the other, drawn as they are asked for."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from services.router.simulation.scenario import DAY, WEEK, Arrivals, Poisson, Profile, Recorded, Weekday


def arrival_times(
    arrivals: Arrivals, chance: random.Random, begins: int, seconds: float, first_weekday: Weekday
) -> Iterator[float]:
    """Seconds since the scenario's start, rising, all before `seconds`. `begins`: second of the day it starts at."""
    match arrivals:
        case Recorded():
            return (at for at in arrivals.at if at < seconds)
        case Poisson():
            return _alike(arrivals.per_hour / 3600, chance, seconds)
        case Profile():
            return _by_profile(arrivals, chance, begins, seconds, first_weekday)


def _alike(per_second: float, chance: random.Random, seconds: float) -> Iterator[float]:
    at = 0.0
    while per_second > 0:
        at += chance.expovariate(per_second)
        if at >= seconds:
            return
        yield at


def _by_profile(
    profile: Profile, chance: random.Random, begins: int, seconds: float, first_weekday: Weekday
) -> Iterator[float]:
    """Poisson with a rate constant within each interval: unit exponentials used up along the expected number."""
    left = chance.expovariate(1)
    for starts, ends, per_second in _pieces(profile, begins, seconds, first_weekday):
        at = starts
        while left < (ends - at) * per_second:
            at += left / per_second
            left = chance.expovariate(1)
            yield at
        left -= (ends - at) * per_second


def _pieces(
    profile: Profile, begins: int, seconds: float, first_weekday: Weekday
) -> Iterator[tuple[float, float, float]]:
    """(from, to, contacts per second) in seconds since the start, without the stretches in which nobody comes."""
    first = WEEK.index(first_weekday)
    for day in range(math.ceil((begins + seconds) / DAY)):
        factor = profile.factors.get(WEEK[(first + day) % 7], 1.0)
        for n, expected in enumerate(profile.expected):
            starts = day * DAY + profile.begins + n * profile.interval - begins
            lower, upper = max(starts, 0.0), min(starts + profile.interval, seconds)
            if upper > lower and expected * factor > 0:
                yield lower, upper, expected * factor / profile.interval


def peak_per_second(arrivals: Arrivals, seconds: float) -> float:
    """The highest rate of the stream: what a staffing search begins with. Of recorded times, over half hours."""
    match arrivals:
        case Poisson():
            return arrivals.per_hour / 3600
        case Profile():
            return max(arrivals.expected) * max([1.0, *arrivals.factors.values()]) / arrivals.interval
        case Recorded():
            counts: dict[int, int] = {}
            for at in arrivals.at:
                if at < seconds:
                    counts[int(at // 1800)] = counts.get(int(at // 1800), 0) + 1
            return max(counts.values(), default=0) / 1800
