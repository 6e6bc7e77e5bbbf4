"""From `ucc up --demo` on prepared data to a page that moves, as a person would experience it after `make run`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from deploy.data_directory import DataDirectory
from deploy.demo.prepare import demo_passwords
from deploy.demo.roster import load_roster
from deploy.stack import ports_from
from tests.benchmarks.report import Figure

DEADLINE = 240.0


def _moves(base: int, data: Path, started: float) -> float:
    """Seconds until a supervisor who signs in has seen the wallboard change twice."""
    while time.monotonic() - started < DEADLINE:
        if (data / "running.json").exists():  # before, its secrets are not ours to make
            with contextlib.suppress(httpx.HTTPStatusError, httpx.TransportError):
                return _watch(f"http://127.0.0.1:{base}", data, started)
        time.sleep(0.1)
    raise RuntimeError(f"no moving page within {DEADLINE:.0f} s")


def _watch(url: str, data: Path, started: float) -> float:
    roster = load_roster()
    who = roster.staff[0]["user"]
    password = demo_passwords(roster, DataDirectory(data))[who]
    with httpx.Client(base_url=url, timeout=30, trust_env=False, headers={"origin": url}) as client:
        sign_in = {"tenant": roster.tenant, "user": who, "password": password}
        client.post("/api/session", json=sign_in).raise_for_status()
        with client.stream("GET", "/api/stream", params={"channels": "wallboard"}) as stream:
            stream.raise_for_status()
            changes = 0
            for line in stream.iter_lines():
                changes += line.startswith("data: ") and '"type":"group"' in line
                if changes >= 2:
                    return time.monotonic() - started
    raise httpx.ReadError("the stream ended")


def _free_base() -> int:
    """A base whose port and those of all services above it are free just now, outside the range connections are given from."""
    for base in range(21_000, 30_000, 50):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in ports_from(base).values():
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return base
    raise RuntimeError("no free ports")


def start_figures() -> list[Figure]:
    """Warm start: the data were prepared by a first start."""
    taken: list[float] = []
    with tempfile.TemporaryDirectory(prefix="ucc-start-") as name:
        for run in range(3):
            base = _free_base()
            log = Path(name) / f"up-{run}.log"
            started = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "up", "--demo", "--data", f"{name}/data", "--port-base", str(base)],
                stdout=log.open("wb"), stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, "COLUMNS": "200"},
            )  # fmt: skip
            try:
                taken.append(_moves(base, Path(name) / "data", started))
            except BaseException:
                print(log.read_text(encoding="utf-8", errors="replace")[-4_000:], file=sys.stderr)
                raise
            finally:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
    warm = min(taken[1:])
    return [Figure("start", "`ucc up --demo` from prepared data to a page that moves", warm, "≤ 15", unit="s",
                   note=f"first start with preparing the data {taken[0]:.0f} s")]  # fmt: skip
