"""Golden histories: recorded journals whose inputs must lead to the same decisions for ever, unless a change was declared.

What is recorded is made here from nothing but the repository (stories, random mornings, a living day). Of the day of the
Anonymous Bank, which is not ours to copy, only the hash of the decisions is kept. Decisions are compared as values, so a
contract may gain fields with defaults without anything having changed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from services.router.domain.core import (
    Decided,
    PartitionState,
    apply,
    decide,
    decisions_from_json,
    input_from_json,
    input_to_json,
)
from shared.contracts.wire import adapter

FOLDER = Path(__file__).parent
CHANGELOG = FOLDER.parents[1] / "CHANGELOG.md"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One input of one case with what was decided, as the journal's JSON."""

    case: str
    given: str
    decisions: str


def file_of(name: str) -> Path:
    return FOLDER / f"{name}.jsonl.gz"


def read(name: str) -> Iterator[Recorded]:
    """The inputs of a golden history in order, cases one after another."""
    with gzip.open(file_of(name), "rt", encoding="utf-8") as lines:
        for line in lines:
            case, given, decisions = json.loads(line)
            yield Recorded(case, given, decisions)


def write(name: str, history: Iterable[Recorded]) -> None:
    """Equal histories give equal files."""
    text = "".join(json.dumps([r.case, r.given, r.decisions], ensure_ascii=False) + "\n" for r in history)
    with file_of(name).open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.encode())


def first_difference(history: Iterable[Recorded]) -> str | None:
    """Ask `decide` again. The first input decided otherwise, in words; None: everything as it was."""
    state, case = PartitionState.empty(0), None
    for recorded in history:
        if recorded.case != case:
            state, case = PartitionState.empty(_partition(recorded.case)), recorded.case
        try:
            given, then = input_from_json(recorded.given), decisions_from_json(recorded.decisions)
        except (ValueError, KeyError) as error:
            return f"{case}: what the journal holds can no longer be read: {error}\n{recorded.given[:300]}"
        now = decide(state, given)
        if then != now:
            return f"{case}, position {given.position}: {_told(given.fact)}\n{_compared(then, now)}"
        apply(state, given, now)
    return None


def _partition(case: str) -> int:
    """Cases are named "what@partition": ids are made of the partition."""
    return int(case.rpartition("@")[2])


def _told(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _compared(then: Sequence[Decided], now: Sequence[Decided]) -> str:
    """Decisions side by side; of two of one kind, the fields that differ."""
    lines: list[str] = []
    for n in range(max(len(then), len(now))):
        old = then[n].decision if n < len(then) else None
        new = now[n].decision if n < len(now) else None
        if old == new:
            lines.append(f"    {type(old).__name__}")
        elif old is not None and type(old) is type(new):
            changed = [f.name for f in fields(old) if getattr(old, f.name) != getattr(new, f.name)]
            lines.append(f"  ! {type(old).__name__}")
            lines += [f"      {name}: {getattr(old, name)!r} → {getattr(new, name)!r}" for name in changed]
        else:
            lines += [f"  - {_told(old)}"] if old is not None else []
            lines += [f"  + {_told(new)}"] if new is not None else []
    return "\n".join(lines)


def declared(name: str, changelog: str | None = None) -> str | None:
    """Why decisions of a history changed, as the CHANGELOG's Unreleased section says: "Decisions changed: <name>: <why>"."""
    text = CHANGELOG.read_text(encoding="utf-8") if changelog is None else changelog
    unreleased = text.partition("## [Unreleased]")[2].partition("\n## ")[0]
    found = re.search(rf"^\W*Decisions changed: {re.escape(name)}: (.+)$", unreleased, re.MULTILINE)
    return None if found is None else found[1].strip()


def fingerprint(history: Iterable[Sequence[Decided]]) -> str:
    """SHA-256 of decisions; what holds a field's default is left out, so that new fields change nothing."""
    digest = hashlib.sha256()
    for decisions in history:
        for decided in decisions:
            kind = type(decided.decision)
            body = adapter(kind).dump_python(decided.decision, mode="json", exclude_defaults=True)
            digest.update(f"{decided.subject} {kind.__name__} ".encode())
            digest.update(json.dumps(body, sort_keys=True, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def journal_of(case: str, journal: Sequence[tuple[str, str]]) -> Iterator[Recorded]:
    """A centre's journal as a case."""
    for given, decisions in journal:
        assert input_to_json(input_from_json(given)) == given
        yield Recorded(case, given, decisions)


Source = Callable[[], Iterable[Recorded]]
Sources = Mapping[str, Source]
