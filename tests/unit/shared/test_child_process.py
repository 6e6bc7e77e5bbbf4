"""Programs run beside the service: their output, their end in time, and that they leave our own connections alone."""

from __future__ import annotations

import asyncio
import socket
import sys
import time

import pytest

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
def test_descriptors_of_others_stay_open_under_uvloop() -> None:
    """A listening socket the loop knows nothing of, as librdkafka's broker has one, survives many programs."""
    import uvloop

    async def many() -> None:
        await asyncio.gather(*(run_program("/bin/sh", "-c", "cat", given=b"x" * 1000, seconds=30) for _ in range(20)))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(many())
        socket.create_connection(("127.0.0.1", port), 5).close()
