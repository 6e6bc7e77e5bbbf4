"""`python -m deploy.beside MODULE`: runs a module as a process of its own that ends when its parent does.

The parent holds the other end of standard input; when it closes, by will or by kill -9, this process leaves.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

STOP_SECONDS = 3


@contextmanager
def beside(module: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Run `python -m module` while the block runs."""
    child = subprocess.Popen(
        [sys.executable, "-m", "deploy.beside", module],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C in the terminal reaches the parent only, which stops things in order
    )
    try:
        yield
    finally:
        assert child.stdin is not None
        child.stdin.close()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    name = sys.argv[1]
    sys.argv = [name]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
