"""Consent: purpose × channel × number, given and withdrawn. What stands is folded from what was said, so it can be told for any
moment of the past as well.

A refusal of everything never silences what the person asked for themselves: the call back they requested, the reply they
were promised. A consent holds only while its giver still has the number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypedDict

ASKED_FOR = frozenset({"requested_callback", "promised_reply"})
"""Purposes a refusal of everything does not reach; a refusal that names one of them does."""


class ConsentState(StrEnum):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    NONE = "none"  # never given, expired, or given by somebody who has the number no longer


@dataclass(frozen=True, slots=True)
class Said:
    """One consent or refusal, for one number on one channel."""

    kind: Literal["given", "withdrawn"]
    purpose: str | None  # None: everything but ASKED_FOR
    said_at: datetime
    recorded_at: datetime
    source: str
    proof: str | None = None
    expires_at: datetime | None = None
    customer_id: str | None = None

    def covers(self, purpose: str) -> bool:
        return self.purpose == purpose or (self.purpose is None and purpose not in ASKED_FOR)


@dataclass(frozen=True, slots=True)
class ConsentStanding:
    """What holds for a purpose; `said` is the word that decides. An expired consent is NONE with its `expires_at` in the past."""

    consent: ConsentState
    said: Said | None = None
    given_at: datetime | None = None
    withdrawn_at: datetime | None = None


def standing(said: Sequence[Said], purpose: str, holders: Collection[str], at: datetime) -> ConsentStanding:
    """What held for `purpose` at a moment, as it was known then. `said`: of one number and channel, in any order;
    `holders`: the customers who have the number. The later word counts; of the same moment, the refusal."""
    known = [one for one in said if one.recorded_at <= at and one.said_at <= at and one.covers(purpose)]
    refusal = max((one for one in known if one.kind == "withdrawn"), key=lambda one: one.said_at, default=None)
    given = max(
        (one for one in known if one.kind == "given" and (one.customer_id is None or one.customer_id in holders)),
        key=lambda one: one.said_at,
        default=None,
    )
    given_at, withdrawn_at = given and given.said_at, refusal and refusal.said_at
    if refusal is not None and (given is None or given.said_at <= refusal.said_at):
        return ConsentStanding(ConsentState.WITHDRAWN, refusal, given_at, withdrawn_at)
    if given is None:
        return ConsentStanding(ConsentState.NONE)
    expired = given.expires_at is not None and given.expires_at <= at
    return ConsentStanding(ConsentState.NONE if expired else ConsentState.GIVEN, given, given_at, withdrawn_at)


class CallingPreferences(TypedDict):
    """When a person wishes not to be called, in their own local time (HH:MM), and in which language they are spoken to."""

    no_calls_before: str | None
    no_calls_after: str | None
    do_not_disturb: list[list[str]]  # [from, until) each; over midnight where from > until; 00:00–24:00: not at all
    language: str | None


ALL_DAY = ["00:00", "24:00"]
NOT_AT_ALL = frozenset({"", "0", "no", "false", "off", "否", "无"})
_TIME = re.compile(r"(\d{1,2})(?:[:：](\d{2})|[点时])?")
_BETWEEN = re.compile(r"\s*[-–—~～至到]\s*")


def _time(text: str) -> str | None:
    """`9`, `9:30`, `9点` as HH:MM; None for what is no time of a day."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    return f"{hour:02d}:{minute:02d}" if (hour < 24 and minute < 60) or (hour, minute) == (24, 0) else None


def quiet_windows(text: str) -> list[list[str]]:
    """`20:00-09:00, 12:00-14:00` as windows. Anything else that is not "no" means: do not disturb at all."""
    if text.strip().lower() in NOT_AT_ALL:
        return []
    windows: list[list[str]] = []
    for part in re.split(r"[,，、;；]", text):
        edges = [_time(edge) for edge in _BETWEEN.split(part.strip())]
        if len(edges) != 2 or None in edges or edges[0] == edges[1]:
            return [ALL_DAY]
        windows.append([edge for edge in edges if edge is not None])
    return windows


def calling_preferences(people: Sequence[tuple[str | None, Mapping[str, str]]]) -> CallingPreferences:
    """The wishes of everybody who has a number, each (language, preferences): the strictest of several counts.

    A time that cannot be read keeps silence rather than being passed over.
    """
    windows: list[list[str]] = []
    edges: dict[str, list[str]] = {"no_calls_before": [], "no_calls_after": []}
    for _, preferences in people:
        windows += [one for one in quiet_windows(preferences.get("do_not_disturb", "")) if one not in windows]
        for name, found in edges.items():
            if text := preferences.get(name, "").strip():
                time = _time(text)
                found.append(time) if time is not None else windows.append(ALL_DAY)
    languages = {language for language, _ in people if language}
    return {
        "no_calls_before": max(edges["no_calls_before"], default=None),
        "no_calls_after": min(edges["no_calls_after"], default=None),
        "do_not_disturb": [ALL_DAY] if ALL_DAY in windows else windows,
        "language": languages.pop() if len(languages) == 1 else None,
    }
