"""`ucc replay-calls` on a small log of our own: the balance adds up, the audit is clean, and finds what is put there to be found."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.data_directory import DataDirectory
from deploy.foundation import database
from tests.integration.deploy.installation import ucc
from tests.unit.deploy.synthetic_log import half_hour

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ucc-replayed-") as made:  # pytest's own is closed to PostgreSQL's user
        yield Path(made)


@pytest.fixture(scope="module")
def replayed(folder: Path) -> tuple[Path, str]:
    """(folder, what was printed)."""
    log = half_hour(folder / "log.tsv", calls=40)
    questions = folder / "questions.tsv"
    questions.write_text("0\t有没有带电梯的两居室？\n1\t什么时候可以看房？\n", encoding="utf-8")
    done = ucc(
        "replay-calls", str(log), "--day", "010203", "--speed", "60", "--web", str(questions), "--data", str(folder / "data"),
        "--journal-out", str(folder / "journal.gz"), "--acknowledged-out", str(folder / "acknowledged"), timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_the_balance_adds_up_beside_the_logs_own(replayed: tuple[Path, str]) -> None:
    _, printed = replayed
    assert "adds up" in printed
    assert "does not add up" not in printed
    for words in ("offered", "answered", "abandoned", "flowed out", "still waiting", "ASA", "÷ offered"):
        assert words in printed


def test_the_audit_is_clean_and_the_journal_replays_to_the_byte(replayed: tuple[Path, str]) -> None:
    folder, printed = replayed
    assert "audit clean: I1, I2, I3, I4, I6, I7, I10, I11 hold" in printed
    assert "equal to the byte" in printed.replace("\n", " ")
    again = ucc("audit", "--data", str(folder / "data"), "--acknowledged", str(folder / "acknowledged"))
    assert again.returncode == 0, again.stdout


def test_an_acknowledged_event_that_is_nowhere_is_found(replayed: tuple[Path, str]) -> None:
    folder, _ = replayed
    promised = folder / "promised"
    promised.write_text((folder / "acknowledged").read_text() + "replay never-journaled\n")
    audited = ucc("audit", "--data", str(folder / "data"), "--acknowledged", str(promised))
    assert audited.returncode == 1
    assert "I11" in audited.stdout


def test_a_pop_that_shows_somebody_else_is_found(replayed: tuple[Path, str]) -> None:
    folder, _ = replayed
    swap = (
        "UPDATE profile.contacts c SET customer_id = (SELECT customer_id FROM profile.customers u "
        "WHERE u.customer_id <> c.customer_id LIMIT 1) WHERE contact_id = (SELECT contact_id FROM profile.contacts "
        "WHERE customer_id IS NOT NULL AND end_kind = 'served' LIMIT 1)"
    )
    with database(DataDirectory(folder / "data")) as (url, _), psycopg.connect(url) as connection:
        assert connection.execute(swap).rowcount == 1
    audited = ucc("audit", "--data", str(folder / "data"))
    assert audited.returncode == 1
    assert "I7" in audited.stdout


def test_a_log_that_cannot_be_read_is_refused_before_anything_starts(tmp_path: Path) -> None:
    log = half_hour(tmp_path / "log.tsv", calls=3)
    refused = ucc("replay-calls", str(log), "--day", "990203")
    assert refused.returncode == 2
    assert "no call on day" in refused.stdout
