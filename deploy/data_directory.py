"""The directory an embedded installation lives in: PostgreSQL's files, and secrets made once and kept.

One `ucc` at a time holds it. Its lock is the operating system's, so a killed `ucc` leaves nothing to clean up.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.security import new_signing_key

SECRETS_FILE = "secrets.json"


class DirectoryInUse(RuntimeError):
    """Another `ucc` runs on this data directory."""


@dataclass(frozen=True, slots=True)
class Running:
    """Addresses of a running embedded installation."""

    port_base: int
    database_url: str
    kafka_bootstrap_servers: str
    kafka_partitions: int


class DataDirectory:
    """Where an installation keeps itself. Created on first use; secrets are readable by their owner only (0600)."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.postgres = self.path / "postgres"
        self._running_path = self.path / "running.json"
        self._secrets_path = self.path / SECRETS_FILE

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory while the block runs. Raises DirectoryInUse."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DirectoryInUse(f"another ucc runs on {self.path}; stop it, or name another --data") from error
            yield

    @contextmanager
    def announced(self, running: Running) -> Iterator[None]:
        """Tell other commands where this installation answers while the block runs."""
        self._running_path.write_text(json.dumps(asdict(running)))
        try:
            yield
        finally:
            self._running_path.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """Where the installation of this directory answers at this moment, as far as it said."""
        if not self._running_path.exists():
            return None
        return Running(**json.loads(self._running_path.read_text()))

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """The secret of that name, made by `make` when it is asked for the first time."""
        known = self._read()
        if name not in known:
            self.keep(name, make())
            known = self._read()
        return known[name]

    def kept(self, name: str) -> str | None:
        """The secret of that name, or None while nobody has made it."""
        return self._read().get(name)

    def keep(self, name: str, value: str) -> None:
        """Write a secret down, all or nothing."""
        self.path.mkdir(parents=True, exist_ok=True)
        known = {**self._read(), name: value}
        draft = self._secrets_path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(known, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._secrets_path)

    def signing_key(self) -> str:
        """The private key tokens are signed with (JWK, JSON)."""
        return self.secret("token_signing_key", new_signing_key)

    def _read(self) -> dict[str, str]:
        if not self._secrets_path.exists():
            return {}
        return json.loads(self._secrets_path.read_text())
