"""Work for a process of its own: bytes in, bytes out, within a time, and nothing of ours in its environment.

For strangers' documents and for large libraries in C: they may hang, grow or crash without taking the service along.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from functools import partial

from shared.postgres import ROOT

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LANG", "LC_ALL", "TESSDATA_PREFIX")


class ChildFailed(Exception):
    """The process broke off or did not end in time; the text says which, for people."""


async def run_module(module: str, *arguments: str, given: bytes, seconds: float) -> bytes:
    """Standard output of `python -m module arguments`. Raises ChildFailed."""
    return await run_program(sys.executable, "-m", module, *arguments, given=given, seconds=seconds)


async def run_program(*command: str, given: bytes, seconds: float, **environment: str) -> bytes:
    """Standard output of a program that is ended after `seconds`. Raises ChildFailed, FileNotFoundError without it.

    Started by a thread, not by the event loop: after uvloop 0.23 has started a process, the embedded broker of the same
    process takes no connection any more (tests/unit/shared/test_child_process.py).
    """
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    start = partial(
        subprocess.Popen, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT,
        env={**kept, **environment},
    )  # fmt: skip
    child = await asyncio.to_thread(start)
    try:
        out, _ = await asyncio.to_thread(child.communicate, given, seconds)
    except subprocess.TimeoutExpired as error:
        raise ChildFailed(f"not done within {seconds:g} s") from error
    finally:
        if child.poll() is None:
            child.kill()  # the thread that talks to it ends with it
            await asyncio.to_thread(child.wait)
    if child.returncode != 0:
        raise ChildFailed("broke off")
    return out
