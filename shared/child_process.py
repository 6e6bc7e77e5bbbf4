"""Work for a process of its own: bytes in, bytes out, within a time, and nothing of ours in its environment.

For strangers' documents and for large libraries in C: they may hang, grow or crash without taking the service along.
"""

from __future__ import annotations

import asyncio
import os
import sys

from shared.postgres import ROOT

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LANG", "LC_ALL", "TESSDATA_PREFIX")


class ChildFailed(Exception):
    """The process broke off or did not end in time; the text says which, for people."""


async def run_module(module: str, *arguments: str, given: bytes, seconds: float) -> bytes:
    """Standard output of `python -m module arguments`. Raises ChildFailed."""
    return await run_program(sys.executable, "-m", module, *arguments, given=given, seconds=seconds)


async def run_program(*command: str, given: bytes, seconds: float, **environment: str) -> bytes:
    """Standard output of a program that is ended after `seconds`. Raises ChildFailed, FileNotFoundError without it."""
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT, env={**{n: os.environ[n] for n in _ENVIRONMENT if n in os.environ}, **environment},
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            out, _ = await child.communicate(given)
    except TimeoutError as error:
        raise ChildFailed(f"not done within {seconds:g} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise ChildFailed("broke off")
    return out
