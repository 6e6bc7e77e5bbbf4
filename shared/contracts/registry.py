"""The topic registry: purpose, owner, writers, readers, key and messages of every topic (`topics/*.yaml`), and the golden
examples (`examples/<topic>/<Type>.v1.json`, the headers and body of one message each)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.contracts.wire import VERSION

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as its registry entry tells it. `messages_of` names the topic whose messages it carries (mostly itself)."""

    name: str
    purpose: str
    owner: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    key: str
    retention_days: int
    messages: tuple[str, ...]
    messages_of: str


def topics(folder: Path = FOLDER / "topics") -> Mapping[str, Topic]:
    """Every registered topic by name. Raises KeyError, TypeError or ValueError for an entry that is not complete."""
    entries: dict[str, dict[str, Any]] = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))
    }
    return {name: _topic(name, entry, entries) for name, entry in entries.items()}


def _topic(name: str, entry: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]) -> Topic:
    messages = entry["messages"]
    carried = name if isinstance(messages, list) else str(messages["as"])
    if not isinstance(entry["owner"], str):
        raise ValueError(f"{name}: a topic has one owner")
    return Topic(
        name,
        str(entry["purpose"]),
        entry["owner"],
        tuple(entry["writers"]),
        tuple(entry["readers"]),
        str(entry["key"]),
        int(entry["retention_days"]),
        tuple(entries[carried]["messages"]),
        carried,
    )


def example_file(topic: str, message: str) -> Path:
    """Where the golden example of a message stands."""
    return FOLDER / "examples" / topic / f"{message}.v{VERSION}.json"


def example(topic: str, message: str) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and body of the golden example, as they travel."""
    stored: dict[str, Any] = json.loads(example_file(topic, message).read_text(encoding="utf-8"))
    headers = [(name, value.encode()) for name, value in stored["headers"].items()]
    return headers, json.dumps(stored["data"], ensure_ascii=False, separators=(",", ":")).encode()
