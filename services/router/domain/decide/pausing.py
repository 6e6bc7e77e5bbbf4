"""The pause between calls: after a conversation outbound work leaves an agent alone for a while.

    rest owed = what was left of the last pause + work since × (1 − ceiling) ÷ ceiling,

idle time since counted as rest, so work ÷ (work + rest) stays at or under the ceiling however inbound work (which a pause does
not hold back) comes in between. Rest is not saved up: an idle morning buys no afternoon without pauses.
"""

from __future__ import annotations

from services.router.domain.agents import Agent
from services.router.domain.decide.draft import Draft
from services.router.domain.inputs import TimerDue
from services.router.domain.policy.fairness import BetweenCalls
from services.router.domain.policy.model import Policy
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import AgentPaused, InteractionEnded, WorkState, WrapUpFinished

LONGEST = 120 * SECOND
"""One pause is no longer than that, whatever a very long call would ask for: who needs more takes a break."""


def begin_pauses(draft: Draft) -> None:
    """For whoever has nothing in hand any more since this input ended their conversation, or the wrap-up after it."""
    rule = draft.policy.between_calls
    if rule is None:
        return
    ended = (d.decision for d in draft.decided if isinstance(d.decision, (InteractionEnded, WrapUpFinished)))
    for agent_id in sorted({decision.agent_id for decision in ended}):
        agent = draft.work.find_agent(agent_id)
        if (
            agent is not None
            and _has_earned_one(agent)
            and (rule.inbound_too or _may_serve_outbound(agent, draft.policy))
        ):
            _pause(draft, agent, rule)


def pause_over(draft: Draft, timer: TimerDue) -> None:
    """The agent may have outbound work again."""
    draft.absorb()


def _has_earned_one(agent: Agent) -> bool:
    """Idle, and talked with somebody since the last pause."""
    return agent.work_state is WorkState.IDLE and agent.handled > (agent.pause.handled if agent.pause else 0)


def _may_serve_outbound(agent: Agent, policy: Policy) -> bool:
    return any(
        agent.could_match(channel, group.skills, policy.capacity)
        for group in policy.groups.values()
        if group.outbound
        for channel in group.channels
    )


def _pause(draft: Draft, agent: Agent, rule: BetweenCalls) -> None:
    owed = min(rest_owed(agent, rule, draft.now), LONGEST)
    least = rule.pause_seconds * SECOND
    if max(owed, least) > 0:
        why = "occupancy" if owed > least else "pause"
        draft.emit(
            agent.agent_id, AgentPaused(agent.agent_id, draft.now + max(owed, least), why, whole=rule.inbound_too)
        )


def rest_owed(agent: Agent, rule: BetweenCalls, now: int) -> int:
    """µs of rest the ceiling asks for before the next outbound contact."""
    worked, left, pause = agent.busy, 0, agent.pause
    if pause is not None:
        worked = agent.busy - pause.busy
        left = max(0, pause.until - pause.since - (now - pause.since - worked))
    return left + worked * (100 - rule.occupancy_ceiling_percent) // rule.occupancy_ceiling_percent
