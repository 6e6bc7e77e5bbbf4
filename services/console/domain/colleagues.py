"""Colleagues as an agent sees them: free, busy or away, and since when; not what they are busy with."""

from __future__ import annotations

from dataclasses import dataclass

from services.console.domain.live import AgentLive, PoolLive
from shared.contracts.contact_events import Presence
from shared.contracts.routing_decisions import WorkState


@dataclass(frozen=True, slots=True)
class Colleague:
    """`state`: a work state, `not_ready` or `unreachable`; `since` in µs."""

    agent_id: str
    state: str
    since: int
    reason: str | None = None


def colleagues(pool: PoolLive, me: str) -> list[Colleague]:
    """Everybody signed in but `me`, by id."""
    there = [
        agent
        for agent_id, agent in pool.agents.items()
        if agent_id != me and agent.state.presence is not Presence.SIGNED_OUT
    ]
    return sorted(map(_seen, there), key=lambda one: one.agent_id)


def _seen(agent: AgentLive) -> Colleague:
    state = agent.state
    if not state.reachable:
        return Colleague(state.agent_id, "unreachable", state.presence_since)
    if state.work_state is WorkState.IDLE and state.presence is not Presence.AVAILABLE:
        return Colleague(state.agent_id, "not_ready", state.presence_since, state.presence_reason)
    return Colleague(state.agent_id, state.work_state, state.work_since)
