"""Clocks. Policy seconds (offer timeouts, wrap-up, waits) follow the clock a service is given; infrastructure
timeouts (leases, network) are always wall time and never ask it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """Where policy time comes from."""

    @property
    def rate(self) -> float:
        """Policy seconds per wall second."""
        ...

    def now(self) -> int:
        """Microseconds since 1970."""
        ...

    async def sleep_until(self, due: int) -> None:
        """Return when `now()` has reached `due`."""
        ...


class RealClock:
    """Wall time."""

    rate = 1.0

    def now(self) -> int:
        return time.time_ns() // 1000

    async def sleep_until(self, due: int) -> None:
        while (left := due - self.now()) > 0:
            await asyncio.sleep(left / 1e6)


class FastClock:
    """Wall time run `rate` times as fast from `origin` (a recorded day in minutes).

    All processes of one run must share `started` (wall µs) and `origin` (policy µs at `started`).
    """

    def __init__(self, rate: float, *, started: int | None = None, origin: int | None = None) -> None:
        self.rate = rate
        self.started = time.time_ns() // 1000 if started is None else started
        self.origin = self.started if origin is None else origin

    def now(self) -> int:
        return self.origin + int((time.time_ns() // 1000 - self.started) * self.rate)

    async def sleep_until(self, due: int) -> None:
        while (left := due - self.now()) > 0:
            await asyncio.sleep(left / 1e6 / self.rate)


class VirtualClock:
    """Time that moves only when told: a 20 s test runs at once."""

    rate = 1.0

    def __init__(self, now: int = 1_700_000_000_000_000) -> None:
        self._now = now
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._came = itertools.count()

    def now(self) -> int:
        return self._now

    async def sleep_until(self, due: int) -> None:
        if due > self._now:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._sleepers, (due, next(self._came), woken))
            await woken

    def advance(self, microseconds: int) -> None:
        """Move time on and wake whoever slept until then."""
        self._now += microseconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)


def make_clock(rate: float, started: int | None = None, origin: int | None = None) -> Clock:
    """The clock of a setting: rate 1 is the wall clock."""
    return RealClock() if rate == 1.0 and origin is None else FastClock(rate, started=started, origin=origin)
