"""What customers and agents of the demo say, read from `scripts.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class GroupScript:
    """One question group: its share of contacts, its usual reason, questions and answers."""

    share: int
    reason: str
    questions: Sequence[str]
    answers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Scripts:
    thanks: Sequence[str]
    greeting: Sequence[str]
    farewell: Sequence[str]
    replies: Sequence[str]
    groups: Mapping[str, GroupScript]


def load_scripts(path: Path = Path(__file__).parent / "scripts.yaml") -> Scripts:
    """The demo's scripts."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Scripts(
        document["thanks"], document["greeting"], document["farewell"], document["replies_to_anyone"],
        {group: GroupScript(**words) for group, words in document["groups"].items()},
    )  # fmt: skip
