"""A `ucc` of its own process and data directory, as somebody at a terminal has it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.data_directory import DataDirectory
from deploy.stack import PORT_OFFSETS, ports_from

START_SECONDS = 150


def ucc(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments], capture_output=True, text=True, timeout=timeout, check=False,
        env=_environment(),
    )  # fmt: skip


def free_base() -> int:
    """A base port with the services' ports free above it."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            base = probe.getsockname()[1]
        if base < 65_000 and all(_free(port) for port in ports_from(base).values()):
            return base


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _environment() -> dict[str, str]:
    return {**{k: v for k, v in os.environ.items() if not k.startswith("UCC_")}, "COLUMNS": "120", "NO_COLOR": "1"}


@dataclass
class Installation:
    """One `ucc up` under way."""

    data: Path
    port_base: int
    process: subprocess.Popen[str]
    log: Path

    @classmethod
    def start(cls, data: Path, port_base: int, *options: str) -> Installation:
        """Start it and wait until it says that it is up."""
        log = data.with_name(f"{data.name}-{time.time_ns()}.log")
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "up", "--data", str(data), "--port-base", str(port_base), *options],
            stdout=log.open("w"), stderr=subprocess.STDOUT, text=True, env=_environment(),
        )  # fmt: skip
        started = cls(data, port_base, process, log)
        deadline = time.monotonic() + START_SECONDS
        while "UCC is up" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        return started

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.port_base + PORT_OFFSETS[service]}"

    def token(self, user: str) -> str:
        """A token of one of the people who sign in by hand."""
        password = DataDirectory(self.data).secret("demo_password")
        answer = httpx.post(
            f"{self.url('console')}/api/tokens",
            json={"tenant": "jinfeng", "user": user, "password": password},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()["token"]

    def frames(self, channel: str, user: str) -> Iterator[dict[str, Any]]:
        """Frames of console's stream."""
        headers = {"authorization": f"Bearer {self.token(user)}"}
        url = f"{self.url('console')}/api/stream"
        with httpx.stream("GET", url, params={"channels": channel}, headers=headers, timeout=60) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C (or another signal); the exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(60)

    def leftovers(self) -> list[str]:
        """Processes that still work on the data directory."""
        return [
            " ".join(process.info["cmdline"])
            for process in psutil.process_iter(["cmdline"])
            if str(self.data) in " ".join(process.info["cmdline"] or [])
        ]
