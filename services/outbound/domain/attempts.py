"""An attempt: one dial of one number. Every fact the gateway tells moves it along one table; what fits nowhere changes nothing.

```mermaid
stateDiagram-v2
    [*] --> authorised
    authorised --> dialled : AttemptRang
    authorised --> answered : AttemptAnswered
    dialled --> answered : AttemptAnswered
    answered --> connected : AttemptConnected
    authorised --> closed : AttemptEnded
    dialled --> closed : AttemptEnded
    answered --> closed : AttemptEnded
    connected --> closed : AttemptEnded
    authorised --> unknown : no news, or "unknown"
    dialled --> unknown : no news, or "unknown"
    answered --> unknown : no news, or "unknown"
    connected --> unknown : no news, or "unknown"
    unknown --> closed : AttemptEnded, or a person resolves it
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang, DialResult


class AttemptState(StrEnum):
    AUTHORISED = "authorised"  # the intent is written
    DIALLED = "dialled"  # the gateway opened the line
    ANSWERED = "answered"
    CONNECTED = "connected"  # with an agent, or a dialogue
    UNKNOWN = "unknown"  # quarantined: never dialled again before somebody says what became of it
    CLOSED = "closed"


class News(StrEnum):
    """What moves an attempt."""

    RANG = "rang"
    ANSWERED = "answered"
    CONNECTED = "connected"
    ENDED = "ended"
    LOST = "lost"  # nobody can say


class Verdict(StrEnum):
    """How a fact fits."""

    MOVES = "moves"
    REPEATS = "repeats"  # known already
    REFUSED = "refused"  # cannot be: logged, changes nothing


S, N = AttemptState, News
ATTEMPT_TRANSITIONS: Mapping[tuple[AttemptState, News], AttemptState] = {
    (S.AUTHORISED, N.RANG): S.DIALLED,
    (S.AUTHORISED, N.ANSWERED): S.ANSWERED,
    (S.DIALLED, N.ANSWERED): S.ANSWERED,
    (S.ANSWERED, N.CONNECTED): S.CONNECTED,
    (S.AUTHORISED, N.ENDED): S.CLOSED,
    (S.DIALLED, N.ENDED): S.CLOSED,
    (S.ANSWERED, N.ENDED): S.CLOSED,
    (S.CONNECTED, N.ENDED): S.CLOSED,
    (S.UNKNOWN, N.ENDED): S.CLOSED,
    (S.AUTHORISED, N.LOST): S.UNKNOWN,
    (S.DIALLED, N.LOST): S.UNKNOWN,
    (S.ANSWERED, N.LOST): S.UNKNOWN,
    (S.CONNECTED, N.LOST): S.UNKNOWN,
}
PASSED: Mapping[News, frozenset[AttemptState]] = {
    N.RANG: frozenset({S.DIALLED, S.ANSWERED, S.CONNECTED, S.CLOSED, S.UNKNOWN}),
    N.ANSWERED: frozenset({S.ANSWERED, S.CONNECTED, S.CLOSED, S.UNKNOWN}),
    N.CONNECTED: frozenset({S.CONNECTED, S.CLOSED, S.UNKNOWN}),
    N.ENDED: frozenset({S.CLOSED}),
    N.LOST: frozenset({S.UNKNOWN, S.CLOSED}),
}
"""In these states a fact says nothing new: it came twice, or after the end."""


def judge(state: AttemptState, told: News) -> tuple[Verdict, AttemptState]:
    """How `told` fits, and the state that follows."""
    if (following := ATTEMPT_TRANSITIONS.get((state, told))) is not None:
        return Verdict.MOVES, following
    return (Verdict.REPEATS if state in PASSED[told] else Verdict.REFUSED), state


def news_of(fact: DialResult) -> News:
    """Which of the five a gateway's fact is. `unknown` as an outcome says that nobody can say."""
    match fact:
        case AttemptRang():
            return News.RANG
        case AttemptAnswered():
            return News.ANSWERED
        case AttemptConnected():
            return News.CONNECTED
        case AttemptEnded():
            return News.LOST if fact.outcome == "unknown" else News.ENDED


def attempt_id(campaign_id: str, record_id: str, n: int) -> str:
    """The same attempt has the same id, whoever works it out, however often."""
    return f"{campaign_id}.{record_id}.{n}"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When silence about an attempt means something (µs)."""

    ask_at: int  # then the gateway is asked what became of it
    unknown_at: int  # then it is quarantined


def deadlines(not_after: int, ring_seconds: int, silence_seconds: int, last_news: int) -> Deadlines:
    """An attempt that was never answered is over `ring_seconds` after it was begun at the latest; an answered one may last, and
    is asked for after an hour without news."""
    silence = silence_seconds * 1_000_000
    ask_at = max(not_after, last_news) + ring_seconds * 1_000_000 + silence
    return Deadlines(ask_at, ask_at + silence)


LONGEST_CONVERSATION = 3_600 * 1_000_000
"""µs after which even a conversation is asked for."""
