"""Policy time: virtual time moves when told, fast time runs at its rate, both wake sleepers in order."""

from __future__ import annotations

import asyncio
import time

from shared.clock import FastClock, RealClock, VirtualClock, make_clock
from shared.contracts.fields import SECOND


async def test_virtual_time_wakes_sleepers_in_order_and_at_once() -> None:
    clock, woken = VirtualClock(now=0), list[str]()

    async def sleeper(name: str, due: int) -> None:
        await clock.sleep_until(due)
        woken.append(name)

    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for name, due in [("late", 20 * SECOND), ("first", 5 * SECOND), ("second", 5 * SECOND), ("now", 0)]:
            group.create_task(sleeper(name, due))
        await asyncio.sleep(0)
        clock.advance(4 * SECOND)
        await asyncio.sleep(0)
        assert woken == ["now"]
        clock.advance(1 * SECOND)
        await asyncio.sleep(0)
        assert woken == ["now", "first", "second"]
        clock.advance(3600 * SECOND)
    assert woken[-1] == "late"
    assert time.monotonic() - started < 1


async def test_a_cancelled_sleeper_holds_nobody_up() -> None:
    clock = VirtualClock(now=0)
    given_up = asyncio.ensure_future(clock.sleep_until(10))
    waiting = asyncio.ensure_future(clock.sleep_until(10))
    await asyncio.sleep(0)
    given_up.cancel()
    clock.advance(10)
    await asyncio.wait_for(waiting, 1)


async def test_fast_time_runs_at_its_rate_from_its_origin() -> None:
    started = time.time_ns() // 1000
    clock = FastClock(1000, started=started, origin=0)
    before = time.monotonic()
    await clock.sleep_until(clock.now() + 20 * SECOND)
    assert time.monotonic() - before < 1
    assert clock.now() >= 20 * SECOND
    assert FastClock(1000, started=started, origin=0).now() - clock.now() < 60 * SECOND  # processes of a run agree


async def test_the_clock_of_a_setting() -> None:
    assert isinstance(make_clock(1.0), RealClock)
    assert isinstance(make_clock(60.0), FastClock)
    assert isinstance(make_clock(1.0, started=0, origin=5), FastClock)  # a recorded day at its own pace
    clock = RealClock()
    assert abs(clock.now() - time.time_ns() // 1000) < SECOND
    await clock.sleep_until(clock.now() - 1)
