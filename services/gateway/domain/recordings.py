"""Recordings of conversations: what an adapter reports, who took part, and who may listen.

A recording belongs to the agents who spoke in it, with the teams and sites they had at that time: a supervisor hears the
calls of their own people, also after somebody changed teams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import (
    AgentStateChanged,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactTransferred,
)

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Pause:
    """A secure entry kept out: nothing of it is audible. Microseconds of policy time."""

    started_at: int
    ended_at: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished recording as an adapter reports it; the same `recording_id` again is the same recording."""

    recording_id: str
    contact_id: str
    started_at: int  # µs of policy time
    ended_at: int
    consent_played: bool  # the caller was told before it began
    pauses: tuple[Pause, ...] = ()
    hung_up_by: Literal["customer", "agent", "system"] | None = None


@dataclass(frozen=True, slots=True)
class Handling:
    """An agent's part in a contact."""

    tenant: str
    contact_id: str
    agent_id: str
    group: str | None


@dataclass(frozen=True, slots=True)
class CallEnd:
    tenant: str
    contact_id: str
    by: str  # customer, agent or system


@dataclass(frozen=True, slots=True)
class Membership:
    """The teams and sites an agent belongs to now."""

    tenant: str
    agent_id: str
    teams: tuple[str, ...]
    sites: tuple[str, ...]


def handlings_of(decisions: Sequence[Envelope[Any]]) -> list[Handling]:
    """Who began to speak with a caller, in the order decided; a consulted agent is heard on the recording too."""
    found: list[Handling] = []
    for envelope in decisions:
        match envelope.data:
            case ContactAssigned(channel=Channel.PHONE) as assigned:
                found.append(Handling(envelope.tenant, assigned.contact_id, assigned.agent_id, assigned.group))
            case ConsultationStarted() as asked:
                found.append(Handling(envelope.tenant, asked.contact_id, asked.agent_id, None))
            case ContactTransferred(to_agent=str(agent_id)) as passed:
                found.append(Handling(envelope.tenant, passed.contact_id, agent_id, None))
            case _:
                continue
    return found


def memberships_of(decisions: Sequence[Envelope[Any]]) -> list[Membership]:
    """The last word of each agent's teams and sites."""
    last: dict[tuple[str, str], Membership] = {}
    for envelope in decisions:
        if isinstance(state := envelope.data, AgentStateChanged):
            last[envelope.tenant, state.agent_id] = Membership(
                envelope.tenant, state.agent_id, state.teams, state.sites
            )
    return list(last.values())


def call_ends_of(decisions: Sequence[Envelope[Any]]) -> list[CallEnd]:
    """The calls that ended, and who ended them."""
    return [
        CallEnd(envelope.tenant, envelope.data.contact_id, envelope.data.by)
        for envelope in decisions
        if isinstance(envelope.data, ContactClosed) and envelope.data.channel is Channel.PHONE
    ]


def delete_after(ended_at: int, days: int) -> int:
    """Until when a recording is kept, in µs."""
    return ended_at + days * DAY_SECONDS * 1_000_000


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of a body, both ends included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def byte_range(header: str | None, size: int) -> Range | Literal["unsatisfiable"] | None:
    """The one range a `Range` header asks for (RFC 9110, 14.2); None: the whole body, as for several ranges or nonsense."""
    if header is None or not header.startswith("bytes=") or "," in header:
        return None
    first, dash, last = header.removeprefix("bytes=").strip().partition("-")
    if not dash or not all(part.isascii() and part.isdigit() for part in (first, last) if part) or not (first or last):
        return None
    if not first:
        wanted = int(last)
        return Range(max(size - wanted, 0), size - 1) if wanted and size else "unsatisfiable"
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    return Range(start, end) if start < size else "unsatisfiable"
