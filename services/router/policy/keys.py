"""What every key of the policy document means, in two languages with an example: for the JSON Schema and the manual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from shared.contracts.fields import Channel

_CHANNELS = frozenset(str(channel) for channel in Channel)


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """`example` as it stands after the colon."""

    en: str
    zh: str
    example: str


@cache
def policy_keys() -> Mapping[str, PolicyKey]:
    """By path: "*" stands for a name, "[]" for an entry of a list, "<channel>" for a channel."""
    text = files("services.router.policy").joinpath("keys.yaml").read_text(encoding="utf-8")
    written: dict[str, list[Any]] = yaml.safe_load(text)
    return {path: PolicyKey(en, zh, _as_written(example)) for path, (en, zh, example) in written.items()}


def key_of(path: str) -> PolicyKey | None:
    """What a path of the document means, or None for one that is not described."""
    return policy_keys().get("*.name" if path.endswith(".*.name") else general(path))


def general(path: str) -> str:
    """The path with any channel as "<channel>"."""
    return ".".join("<channel>" if part in _CHANNELS else part for part in path.split("."))


def described(path: str) -> dict[str, str]:
    """The JSON Schema annotations of a path."""
    key = key_of(path)
    return {} if key is None else {"description": f"{key.en} · {key.zh}"}


def _as_written(example: object) -> str:
    return str(example).lower() if isinstance(example, bool) else str(example)
