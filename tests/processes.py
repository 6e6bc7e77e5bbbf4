"""Services as processes of their own, as they are deployed: for benches and fault runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from shared.security import EVERY_TENANT, Principal, Role, issue_token, new_signing_key, public_keys
from tests.brokers import free_port


class Keys:
    """A signing key of one run and tokens made with it."""

    def __init__(self) -> None:
        self.signing_key = new_signing_key()
        self.verify_keys = public_keys(self.signing_key)

    def token(
        self, *roles: Role, tenant: str = EVERY_TENANT, subject: str = "bench", agent_id: str | None = None
    ) -> str:
        principal = Principal(subject, tenant, frozenset(roles), agent_id)
        return issue_token(self.signing_key, principal, lifetime_seconds=24 * 3600)


class ServiceProcess:
    """One service under uvicorn in its own process."""

    def __init__(self, service: str, environment: dict[str, str], log: Path, port: int | None = None) -> None:
        self.service, self.port, self._log = service, port or free_port(), log
        self._environment = {**os.environ, **environment}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, wait_ready: bool = True, timeout: float = 40) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", f"services.{self.service}.app:create_app", "--factory", "--port", str(self.port),
             "--log-level", "warning", "--loop", "uvloop"],
            env=self._environment, stdout=self._log.open("ab"), stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        if wait_ready:
            self.wait_ready(timeout)

    def wait_ready(self, timeout: float = 40) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            if self.process is not None and self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"{self.service} did not become ready: {self._log.read_text()[-2000:]}")

    def log_text(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(20)

    def stop(self) -> None:
        self.signal(signal.SIGTERM)
        if self.process is not None:
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
