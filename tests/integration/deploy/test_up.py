"""`ucc up --demo` as somebody meets it: it moves, stops without a trace, finds its data again, survives kill -9."""

from __future__ import annotations

import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from deploy.data_directory import DataDirectory
from deploy.foundation import database
from tests.integration.deploy.installation import Installation, free_base, ucc

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ucc-up-") as folder:  # pytest's own is closed to PostgreSQL's user
        yield Path(folder) / "data"


@pytest.fixture(scope="module")
def first_run(data: Path) -> Iterator[Installation]:
    """The first start of a demo; stopped at the end if a test has not done so."""
    running = Installation.start(data, free_base(), "--demo")
    yield running
    if running.process.poll() is None:
        running.stop()


def counted(data: Path, *tables: str) -> list[int]:
    with database(DataDirectory(data)) as (url, _), psycopg.connect(url) as connection:
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]  # type: ignore[index,arg-type]


def test_the_wallboard_moves_and_agents_answer(first_run: Installation) -> None:
    answered = 0
    for frame in first_run.frames("wallboard", "supervisor"):
        groups = frame["wallboard"]["groups"] if frame["type"] == "snapshot" else [frame]
        answered = max([answered, *(group["today"]["answered"] for group in groups if "today" in group)])
        if answered:
            break
    assert answered > 0


def test_the_free_seat_is_offered_somebody_when_a_person_sits_down(first_run: Installation) -> None:
    headers = {"authorization": f"Bearer {first_run.token('you')}"}
    signed_in = httpx.post(
        f"{first_run.url('console')}/api/agent/sign-in", json={"presence": "available"}, headers=headers, timeout=60
    )
    assert signed_in.status_code == 202
    heartbeat = f"{first_run.url('console')}/api/agent/heartbeat"
    offer = None
    for frame in first_run.frames("agent", "you"):
        httpx.post(heartbeat, json={}, headers=headers, timeout=60)
        offers = (
            frame["agent"]["offers"] if frame["type"] == "snapshot" else [frame] if frame["type"] == "offer" else []
        )
        if offers:
            offer = offers[0]
            break
    assert offer is not None
    pop = httpx.get(
        f"{first_run.url('console')}/api/profile/contacts/{offer['contact_id']}/pop", headers=headers, timeout=60
    )
    assert pop.status_code == 200


def test_a_second_ucc_on_the_same_data_or_ports_says_what_to_do(first_run: Installation, tmp_path: Path) -> None:
    same_data = ucc("up", "--data", str(first_run.data), "--port-base", str(free_base()))
    assert same_data.returncode == 2
    assert "another ucc runs on" in same_data.stdout.replace("\n", " ")
    same_port = ucc("up", "--data", str(tmp_path / "other"), "--port-base", str(first_run.port_base))
    assert same_port.returncode == 2
    assert "is taken" in same_port.stdout.replace("\n", " ")


def test_policy_and_dead_letters_of_the_running_installation(first_run: Installation, tmp_path: Path) -> None:
    shown = ucc("policy", "show", "--data", str(first_run.data))
    assert "property-complaint" in shown.stdout
    file = tmp_path / "policy.yaml"
    file.write_text(shown.stdout, encoding="utf-8")
    applied = ucc("policy", "apply", str(file), "--note", "again", "--data", str(first_run.data))
    assert "version 2 published" in applied.stdout, applied.stdout
    file.write_text(shown.stdout.replace("default_group: rental-enquiry", "default_group: nowhere"), encoding="utf-8")
    checked = ucc("policy", "check", str(file))
    assert checked.returncode == 1
    assert "nowhere" in checked.stdout
    assert ucc("dlq", "list", "--data", str(first_run.data)).returncode == 0


def test_ctrl_c_leaves_nothing_behind(first_run: Installation) -> None:
    assert first_run.stop() == 0, first_run.log.read_text()
    assert first_run.leftovers() == []
    assert not list(first_run.data.rglob(".s.PGSQL*"))
    for offset in range(4):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", first_run.port_base + offset)) != 0
    assert "Traceback" not in first_run.log.read_text()


def test_a_second_start_finds_customers_journal_and_roster(first_run: Installation) -> None:
    tables = ("profile.customers", "profile.imports", "console.users", "router.policy_versions")
    before = counted(first_run.data, *tables)
    assert before == [5_000, 2, 27, 2]
    again = Installation.start(first_run.data, first_run.port_base, "--demo")
    try:
        assert again.token("supervisor")
    finally:
        assert again.stop(signal.SIGTERM) == 0
    assert counted(first_run.data, *tables) == before


def test_a_killed_installation_recovers_and_its_audit_is_clean(first_run: Installation) -> None:
    killed = Installation.start(first_run.data, first_run.port_base, "--demo")
    next(killed.frames("wallboard", "supervisor"))
    killed.stop(signal.SIGKILL)
    recovered = Installation.start(first_run.data, first_run.port_base, "--demo")
    try:
        assert next(recovered.frames("wallboard", "supervisor"))["wallboard"]["groups"]
    finally:
        assert recovered.stop() == 0
    assert recovered.leftovers() == []
    audited = ucc("audit", "--data", str(first_run.data))
    assert audited.returncode == 0, audited.stdout
    assert "audit clean" in audited.stdout
