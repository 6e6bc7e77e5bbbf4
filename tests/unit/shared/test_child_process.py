"""Programs run beside the service: their output, their end in time, and that they leave our own connections alone."""

from __future__ import annotations

import asyncio
import socket
import sys
import time

import pytest

from deploy.embedded import EmbeddedBroker
from shared.child_process import ChildFailed, run_program


async def test_output_and_the_ways_to_fail() -> None:
    assert await run_program("/bin/sh", "-c", "cat", given=b"through", seconds=10) == b"through"
    with pytest.raises(ChildFailed, match="broke off"):
        await run_program("/bin/sh", "-c", "exit 3", given=b"", seconds=10)
    with pytest.raises(ChildFailed, match="within"):
        await run_program("/bin/sh", "-c", "exec sleep 30", given=b"", seconds=0.2)
    with pytest.raises(FileNotFoundError):
        await run_program("/no/such/program", given=b"", seconds=1)


async def test_who_gives_up_waiting_ends_the_program() -> None:
    started = time.monotonic()
    running = asyncio.create_task(run_program("/bin/sh", "-c", "exec sleep 30", given=b"", seconds=60))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - started < 15


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not there")
def test_the_embedded_broker_survives_programs_under_uvloop() -> None:
    """Started by uvloop itself, one program is enough and the broker in this process takes no connection any more."""
    import uvloop

    async def some() -> None:
        await asyncio.gather(*(run_program("/bin/sh", "-c", "cat", given=b"x" * 1000, seconds=30) for _ in range(8)))

    broker = EmbeddedBroker()
    host, _, port = broker.bootstrap_servers.rpartition(":")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(some())
    socket.create_connection((host, int(port)), 5).close()
