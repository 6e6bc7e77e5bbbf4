"""The agents a campaign may count on, as the router sees them, turned into what the pacer is shown and learns from.

The router names the group of an agent's conversation, our attempts name the campaign; agents talk for one campaign at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.outbound.domain.cells import DialCell
from services.outbound.domain.pacing_view import AgentMoment, PacedAgent

INBOUND = ""
"""The name work is learned under that is no campaign's."""


@dataclass(frozen=True, slots=True)
class FloorAgent:
    """An agent of an outbound group. `since`: µs, of the state; `groups`: whose records she may serve."""

    agent_id: str
    state: str  # idle, offered, handling, wrapping, away
    since: int
    groups: tuple[str, ...]
    contact_group: str | None = None
    kept_for_inbound: bool = False
    skills: frozenset[str] = frozenset()
    paused_until: int | None = None  # µs; in the router's pause between calls
    serves_inbound: bool = False  # inbound contacts too, where the pool keeps agents free for them
    worked_until: int | None = None  # µs; when the last work ended, None: none since signing in


@dataclass(frozen=True, slots=True)
class InboundDemand:
    """What inbound callers ask of the pool, where its policy keeps agents free for them.

    `staffed` and `idle`: everybody who serves inbound, campaigns' agents or not; `arrived` contacts within the last
    `over_seconds`; `held`: the rolling service level is missed; `busy`: how many agents the inbound work in hand takes (a chat of
    three that one agent may have: a third); `tolerated_loss_points` of service level outbound may cost;
    `level_percent`: the rolling service level, `resume_percent` from which on it is no longer `held`.
    """

    reserve_agents: int = 0
    held: bool = False
    staffed: int = 0
    idle: int = 0
    waiting: int = 0
    arrived: int = 0
    over_seconds: int = 60
    service_level_seconds: int = 20
    busy: float = 0.0
    tolerated_loss_points: int = 1
    level_percent: int | None = None
    resume_percent: int = 0


@dataclass(frozen=True, slots=True)
class PauseRule:
    """The pool's own rule of the pause between calls; the router keeps it."""

    pause_seconds: int
    occupancy_ceiling_percent: int


@dataclass(frozen=True, slots=True)
class Floor:
    """The pool at one moment. `answered`: group → people we called who hear nobody yet; `skills`: all that routing knows."""

    at: int
    agents: tuple[FloorAgent, ...] = ()
    closed: frozenset[str] = frozenset()  # groups outside their hours
    answered: Mapping[str, int] = field(default_factory=dict[str, int])
    skills: frozenset[str] = frozenset()
    inbound: InboundDemand | None = None  # None: nobody is kept free
    kept: frozenset[str] = frozenset()  # agents a dialler leaves to inbound (`blending`)
    between_calls: PauseRule | None = None  # None: the router knows no pause


@dataclass(frozen=True, slots=True)
class Lasted:
    """A conversation or a wrap-up that ended: whose it was, how long it took (µs)."""

    campaign: str
    talk: bool
    lasted: int


def campaign_of(agent: FloorAgent, spoken: Mapping[str, str], by_group: Mapping[str, Sequence[str]]) -> str:
    """Whose conversation an agent is in: by our attempts, else by the group where one campaign has it."""
    if agent.agent_id in spoken:
        return spoken[agent.agent_id]
    of_group = by_group.get(agent.contact_group or "", ())
    return of_group[0] if len(of_group) == 1 else INBOUND


def paced_agents(
    floor: Floor, spoken: Mapping[str, str], by_group: Mapping[str, Sequence[str]],
    cells: Mapping[str, Sequence[DialCell]],
) -> tuple[PacedAgent, ...]:  # fmt: skip
    """The agents as the pacer counts them, each with the cells she may serve; who is away is not counted."""
    return tuple(
        PacedAgent(
            agent.agent_id,
            AgentMoment.RESERVED
            if agent.kept_for_inbound or agent.agent_id in floor.kept
            else AgentMoment(agent.state),
            _idle_from(agent) if agent.state == AgentMoment.IDLE else agent.since,
            _served(agent, floor.closed, by_group, cells),
            campaign_of(agent, spoken, by_group),
            _rested_at(agent, floor.between_calls),
        )
        for agent in floor.agents
        if agent.state != "away"
    )


def _idle_from(agent: FloorAgent) -> int:
    """From when a pause counts: a break is rest as well."""
    return agent.since if agent.worked_until is None else agent.worked_until


def _rested_at(agent: FloorAgent, rule: PauseRule | None) -> int | None:
    """Where the router keeps pauses, it knows when one is over, and nobody rests from nothing; None: it is reckoned."""
    if rule is None:
        return agent.since if agent.worked_until is None else None
    return agent.paused_until or agent.since


def _served(
    agent: FloorAgent, closed: frozenset[str], by_group: Mapping[str, Sequence[str]], cells: Mapping[str, Sequence[DialCell]]
) -> frozenset[str]:  # fmt: skip
    return frozenset(
        cell.name
        for group in agent.groups if group not in closed
        for campaign in by_group.get(group, ())
        for cell in cells.get(campaign, ()) if cell.skill is None or cell.skill in agent.skills
    )  # fmt: skip


def lasted(
    before: Floor | None, now: Floor, spoken: Mapping[str, str], by_group: Mapping[str, Sequence[str]]
) -> list[Lasted]:
    """What ended between two looks at the floor: states begin when the router says, so no look need catch the moment."""
    if before is None:
        return []
    seen = {agent.agent_id: agent for agent in before.agents}
    ended: list[Lasted] = []
    for agent in now.agents:
        was = seen.get(agent.agent_id)
        if was is None or was.state not in ("handling", "wrapping") or was.state == agent.state:
            continue
        if agent.since > was.since:
            ended.append(Lasted(campaign_of(was, spoken, by_group), was.state == "handling", agent.since - was.since))
    return ended
