"""A period as it was, told apart from who served whom: what came by itself, and how people answered what was decided.

What comes by itself (arrivals, profiles, sign-ins, breaks) has its time. An answer (accepting an offer, ending a
conversation, leaving the queue) has a distance from the decision it answers, so that it can be given again to another
decision of the same kind at another time, under another policy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.router.domain.core import Fact, PartitionState, TimerDue
from shared.contracts.fields import Channel

AWAY = "away"
"""Presence reason of an absence inferred from a call record."""
Class = tuple[str, str]
"""(group, channel): contacts that are alike as far as patience and handling go."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A fact that came by itself. Times in µs; `position` in the journal, where there is one."""

    at: int
    fact: Fact
    event_id: str | None = None
    occurred_at: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """A fact that answered a decision, `after` µs later; `occurred_after` is the envelope's time, from there too."""

    after: int
    fact: Fact
    event_id: str | None = None
    occurred_after: int | None = None
    position: int | None = None


@dataclass(slots=True)
class Turn:
    """What people did with one decision, in order. `lasted` µs are known of it.

    `whole`: it ran its course (answered, ended, left, or ended by the router's clock); else it was cut short by something
    else (the customer left while it rang, the period ended), and how it would have gone on is not known.
    """

    reactions: list[Reaction] = field(default_factory=list[Reaction])
    lasted: int = 0
    whole: bool = False
    agent_id: str | None = None  # of a conversation or wrap-up: whose it was


@dataclass(slots=True)
class ContactRecord:
    """One contact's turns, each kind in order: `waits[n]` is the wait before its n-th conversation, `talks[n]` that conversation."""

    channel: Channel
    group: str = ""
    answers: dict[str, list[Turn]] = field(
        default_factory=dict[str, list[Turn]]
    )  # by agent: what they did with each offer
    waits: dict[int, Turn] = field(default_factory=dict[int, Turn])  # a reaction: the customer left
    connections: list[Turn] = field(default_factory=list[Turn])
    talks: list[Turn] = field(default_factory=list[Turn])
    wraps: list[Turn] = field(default_factory=list[Turn])
    outside: list[Turn] = field(default_factory=list[Turn])  # passed on to an outside number: what it and they did
    afterwards: list[Reaction] = field(default_factory=list[Reaction])  # to its end: repeats, ratings

    @property
    def kind(self) -> Class:
        return (self.group, str(self.channel))


@dataclass(slots=True)
class Samples:
    """What is drawn from where the record is silent: recorded values by class, µs."""

    patience: dict[Class, list[tuple[int, bool]]] = field(default_factory=dict[Class, list[tuple[int, bool]]])
    talks: dict[Class, list[int]] = field(default_factory=dict[Class, list[int]])
    wraps: dict[Class, list[int]] = field(default_factory=dict[Class, list[int]])
    connections: dict[Class, list[int]] = field(default_factory=dict[Class, list[int]])
    answers: list[tuple[str, tuple[int, str]]] = field(default_factory=list[tuple[str, tuple[int, str]]])
    """(agent, (µs, accepted | rejected | busy | no_answer | ignored))."""
    assumed_answer: int = 5_000_000
    """µs after which an offer is accepted where the record holds no answer at all."""
    returns: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """(agent, µs from a missed offer to being available again)."""


@dataclass(slots=True)
class Record:
    """A period [begins, ends) of one agent pool. `start`: canonical facts of the state at its beginning; None: nothing was."""

    tenant: str
    pool: str
    begins: int
    ends: int
    partition: int = 0
    start: bytes | None = None
    timeline: list[Heard] = field(default_factory=list[Heard])
    contacts: dict[str, ContactRecord] = field(default_factory=dict[str, ContactRecord])
    returns: dict[str, list[Turn]] = field(
        default_factory=dict[str, list[Turn]]
    )  # by agent: what followed a missed offer
    away: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])
    """By agent: (when it began, how long) of absences inferred from a call record; they begin once the agent's hands are free."""
    heard_timers: dict[TimerDue, tuple[int, int]] = field(default_factory=dict[TimerDue, tuple[int, int]])
    samples: Samples = field(default_factory=Samples)
    decided: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    """(position, digest of the decisions) of every input, to hold a replay against; empty where nobody decided (a call record)."""

    def fresh_state(self) -> PartitionState:
        """The state at the beginning, to be gone on with."""
        if self.start is None:
            return PartitionState.empty(self.partition)
        return PartitionState.from_facts(json.loads(self.start))


def only_pool(facts: Mapping[str, object], tenant: str, pool: str) -> dict[str, object]:
    """A partition's facts without the pools of others: neither their contacts nor their timers take part."""
    pools = facts["pools"]
    assert isinstance(pools, Sequence)
    kept = [item for item in pools if isinstance(item, dict) and (item["tenant"], item["pool"]) == (tenant, pool)]
    return {**facts, "pools": kept}
