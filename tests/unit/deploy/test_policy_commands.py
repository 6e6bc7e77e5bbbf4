"""`ucc policy check` and `diff` without a running service: lines, doubts, words, exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.commands.policy import policy_app

ROOT = Path(__file__).parents[3]
DEMO, ROSTER = ROOT / "deploy/demo/policy.yaml", ROOT / "deploy/demo/roster.yaml"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder: no installation runs here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ucc(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(policy_app, list(words))
    return done.exit_code, done.output


def written(here: Path, name: str, old: str, new: str) -> str:
    document = DEMO.read_text(encoding="utf-8")
    assert old in document
    (here / name).write_text(document.replace(old, new, 1), encoding="utf-8")
    return str(here / name)


def test_faults_stand_with_their_lines(here: Path) -> None:
    file = written(here, "p.yaml", "default_group: rental-enquiry", "default_group: nowhere")
    code, told = ucc("check", file)
    line = next(n for n, text in enumerate(Path(file).read_text(encoding="utf-8").splitlines(), 1) if "nowhere" in text)
    assert code == 1
    assert f"{file}:{line}:" in told
    assert "group 'nowhere' does not exist" in told


def test_doubts_are_told_and_strict_minds_them(here: Path) -> None:
    file = written(here, "p.yaml", "skills: [{skill: property, level: 4}]", "skills: [{skill: property, level: 10}]")
    code, told = ucc("check", file, "--roster", str(ROSTER))
    assert code == 0
    assert "served_by_nobody groups.property-access" in told.replace("\x1b[1m", "")
    assert "held against 24 agents" in told
    assert ucc("check", file, "--roster", str(ROSTER), "--strict")[0] == 1
    assert "名册上没有人能服务此分组" in ucc("check", file, "--roster", str(ROSTER), "--lang", "zh")[1]


def test_without_a_roster_that_is_said(here: Path) -> None:
    assert "no roster to hold it against" in ucc("check", str(DEMO))[1]


def test_differences_in_words(here: Path) -> None:
    file = written(here, "p.yaml", "head_start_seconds: 60\n", "head_start_seconds: 90\n")
    code, told = ucc("diff", str(DEMO), file, "--text")
    assert code == 0
    assert "Seconds of seniority in every queue: 60 → 90 (touches those who wait)" in told
    assert "--keep-waiting" in told
    assert "+    head_start_seconds: 90" in told
    assert "both mean the same" in ucc("diff", str(DEMO), str(DEMO))[1]


def test_what_is_neither_file_nor_version_is_refused(here: Path) -> None:
    assert ucc("diff", str(DEMO), "yesterday")[0] == 2
