"""HylaFAX through its programs, played by scripts: what they are given, what is made of their answers, and of their absence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.gateway.adapters.fax.hylafax import HylafaxTransport
from services.gateway.domain.fax_transport import Ending, FaxResult, OutgoingFax, Retry, after_attempt

FAX = OutgoingFax("jinfeng", "job-1", 2, "+862155551234", 3, b"II*\x00 a letter")
LINE = HylafaxTransport("fax.example", look_seconds=0.01)


_FAXSTAT = """n=$(($(cat "$here/n" 2>/dev/null || echo 0)+1))
echo $n >"$here/n"
cat "$HOME/.hylarc" >>"$here/format"
cat "$here/queue.$n" 2>/dev/null || cat "$here/queue" 2>/dev/null || true"""


class Programs:
    """`sendfax` and `faxstat` in a folder of their own; faxstat answers with the lines of `queue`, one set a call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self._script("sendfax", 'cp "${@: -1}" "$here/document"; [ ! -e "$here/broken" ]')
        self._script("faxstat", _FAXSTAT)

    def _script(self, name: str, does: str) -> None:
        script = self.folder / name
        script.write_text(f'#!/bin/bash\nhere={self.folder}\necho "{name} $*" >>"$here/calls"\n{does}\n')
        script.chmod(0o755)

    def queue(self, *answers: str) -> None:
        for old in (*self.folder.glob("queue*"), *self.folder.glob("n")):
            old.unlink()
        for number, answer in enumerate(answers, 1):
            (self.folder / f"queue.{number}").write_text(answer)
        (self.folder / "queue").write_text(answers[-1])


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Programs(tmp_path)


def job(state: str, said: str = "", pages: int = 0, tag: str = "ucc-job-1-2") -> str:
    return f"HylaFAX scheduler on fax.example: Running\n\njid|a|p|J|s\n  7|D|  9|ucc-job-9-1|\n 12|{state}|  {pages}|{tag}|{said}\n"


async def test_a_fax_is_dialled_once_and_followed_to_its_end(programs: Programs) -> None:
    programs.queue(job("W"), job("R"), job("D", pages=3))
    assert await LINE.send(FAX) == FaxResult("delivered", 3)
    sent, *asked = programs.calls.read_text().splitlines()
    assert sent.startswith("sendfax -h fax.example -n -N -m -s a4 -t 1 -T 1 -o ucc -i ucc-job-1-2 -d +862155551234 /")
    assert asked == ["faxstat -h fax.example -s -d"] * 3
    assert (programs.folder / "document").read_bytes() == FAX.tiff
    assert "%j|%a|%p|%J|%s" in (programs.folder / "format").read_text()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("Busy signal detected", "busy"),
        ("No answer from remote", "no_answer"),
        ("No carrier detected", "no_carrier"),
        ("No receiver protocol (T.30 T1 timeout)", "failed"),
        ("REJECT: Unauthorized", "refused"),
        ("Invalid dialing command", "refused"),
        ("Killed by operator", "unknown"),
        ("", "failed"),
    ],
)
async def test_why_it_failed(programs: Programs, said: str, outcome: str) -> None:
    programs.queue(job("F", said, pages=1))
    assert await LINE.send(FAX) == FaxResult(outcome, 1)  # type: ignore[arg-type]


async def test_after_a_crash_the_tag_tells_and_nothing_is_sent(programs: Programs) -> None:
    programs.queue(job("R"), job("D", pages=3))
    assert await LINE.trace(FAX) == FaxResult("delivered", 3)
    programs.queue(job("D", tag="ucc-job-1-1"))  # an earlier attempt says nothing of this one
    assert await LINE.trace(FAX) == FaxResult("unknown")
    assert "sendfax" not in programs.calls.read_text()


async def test_a_fax_the_server_did_not_take_was_not_sent(programs: Programs) -> None:
    (programs.folder / "broken").touch()
    programs.queue("")
    assert await LINE.send(FAX) == FaxResult("failed")
    programs.queue(job("D", pages=3))  # it did take it, only its answer was lost
    assert await LINE.send(FAX) == FaxResult("delivered", 3)


async def test_without_the_programs_nothing_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await LINE.send(FAX) == FaxResult("failed")
    assert await LINE.trace(FAX) == FaxResult("unknown")


WAITS = (60.0, 300.0, 900.0)


@pytest.mark.parametrize(
    ("result", "attempts", "not_after", "step"),
    [
        (FaxResult("delivered", 2), 1, 0, Ending(delivered=True)),
        (FaxResult("busy"), 1, 10**12, Retry(60.0, "busy")),
        (FaxResult("no_answer"), 3, 10**12, Retry(900.0, "no_answer")),
        (FaxResult("no_carrier"), 4, 10**12, Ending(delivered=False, reason="no_carrier")),
        (FaxResult("busy"), 1, 59_000_000, Ending(delivered=False, reason="busy")),  # the next try would be too late
        (FaxResult("unknown"), 1, 10**12, Ending(delivered=False, reason="unknown")),  # it may lie on their paper
        (FaxResult("refused"), 1, 10**12, Ending(delivered=False, reason="refused")),
    ],
)
def test_what_follows_an_attempt(result: FaxResult, attempts: int, not_after: int, step: Ending | Retry) -> None:
    assert after_attempt(result, attempts, WAITS, 0, not_after) == step


def test_a_fast_clock_reaches_the_limit_sooner() -> None:
    assert after_attempt(FaxResult("busy"), 1, WAITS, 0, 61_000_000) == Retry(60.0, "busy")
    assert after_attempt(FaxResult("busy"), 1, WAITS, 0, 61_000_000, clock_rate=60) == Ending(
        delivered=False, reason="busy"
    )
