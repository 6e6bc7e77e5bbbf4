"""The data directory: secrets made once and readable by their owner only, one `ucc` at a time, where it answers."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from deploy.data_directory import SECRETS_FILE, DataDirectory, DirectoryInUse, Running
from deploy.servers import PortInUse, bind
from shared.security import Principal, Role, TokenVerifier, issue_token, public_keys


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path / "data").secret("door")
    again = DataDirectory(tmp_path / "data")
    assert again.secret("door") == first
    assert again.kept("window") is None
    assert stat.S_IMODE((tmp_path / "data" / SECRETS_FILE).stat().st_mode) == 0o600


def test_the_signing_key_signs_what_its_public_half_believes(tmp_path: Path) -> None:
    key = DataDirectory(tmp_path).signing_key()
    token = issue_token(key, Principal("me", "acme", frozenset({Role.ADMIN})), lifetime_seconds=60)
    principal = TokenVerifier(public_keys(key)).verify(token)
    assert principal is not None
    assert principal.tenant == "acme"


def test_nothing_is_written_by_looking(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "absent")
    assert (directory.kept("door"), directory.running()) == (None, None)
    assert not (tmp_path / "absent").exists()


def test_one_ucc_at_a_time(tmp_path: Path) -> None:
    with DataDirectory(tmp_path).held():
        with pytest.raises(DirectoryInUse, match="another ucc"), DataDirectory(tmp_path).held():
            pass
    with DataDirectory(tmp_path).held():
        pass


def test_other_commands_learn_where_it_answers_while_it_runs(tmp_path: Path) -> None:
    here = Running(9000, "postgresql://", "localhost:1", 4)
    with DataDirectory(tmp_path).announced(here):
        assert DataDirectory(tmp_path).running() == here
    assert DataDirectory(tmp_path).running() is None


def test_a_taken_port_is_said_with_what_to_do() -> None:
    taken = bind("127.0.0.1", 0, "console")
    taken.listen()
    with taken, pytest.raises(PortInUse, match="--port-base"):
        bind("127.0.0.1", taken.getsockname()[1], "console")
