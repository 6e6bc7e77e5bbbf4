"""What a pause between calls does to an agent's record."""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.agents import CallPause
from services.router.domain.inputs import Input, TimerDue
from services.router.domain.workspace import Workspace
from shared.contracts.routing_decisions import AgentPaused


def paused(work: Workspace, given: Input, decision: AgentPaused) -> None:
    agent = work.agent(decision.agent_id)
    agent.pause = CallPause(work.now, decision.until, agent.busy, agent.handled, whole=decision.whole)


def over(work: Workspace, timer: TimerDue) -> None:
    """The time is up; a pause that was prolonged meanwhile has a timer of its own."""
    found = work.find_agent(timer.subject)
    if found is not None and found.pause is not None and found.pause.until <= work.now:
        agent = work.agent(timer.subject)
        agent.pause = replace(found.pause, over=True)
