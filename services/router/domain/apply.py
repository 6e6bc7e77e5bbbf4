"""Folding one journaled input with its recorded decisions into the state; never decides anything."""

from __future__ import annotations

from collections.abc import Sequence

from services.router.domain.absorb import absorb
from services.router.domain.evolve.dispatch import evolve
from services.router.domain.inputs import Decided, HoursExpanded, Input, PolicyInForce, Quarantined, TimerDue
from services.router.domain.state import PartitionState, PoolState
from services.router.domain.timers import agent_timers, contact_timers, group_timers, pool_timers
from services.router.domain.workspace import Workspace
from shared.contracts.routing_decisions import InputRefused, RefusalReason


def apply(state: PartitionState, given: Input, decisions: Sequence[Decided]) -> PartitionState:
    """The state after the input; `state` itself is changed and returned.

    Raises IllegalTransition where a recorded decision does not fit: the fold must stop, not guess.
    """
    key = (given.tenant, given.pool)
    pool = state.pools.get(key)
    if pool is None:
        pool = state.pools[key] = PoolState(given.tenant, given.pool)
    refused = next((d.decision for d in decisions if isinstance(d.decision, InputRefused)), None)
    work = Workspace(pool, given.now, copying=False)
    if refused is None:
        if isinstance(given.fact, PolicyInForce):
            pool.put_in_force(given.fact)
            pool.terms_kept_before = given.now if given.fact.waiting == "keep" else None
            work.policy, work.queues = pool.policy, pool.queues
        elif isinstance(given.fact, HoursExpanded):
            pool.expand_hours(given.fact)
        absorb(work, given)
        for decided in decisions:
            evolve(work, given, decided.decision)
    conclude(state, work, given, refused)
    return state


def conclude(state: PartitionState, work: Workspace, given: Input, refused: InputRefused | None) -> None:
    """What every input leaves behind: indexes and timers of what it touched, its id, its position and time."""
    pool = work.pool
    if refused is None:
        _index(state, work)
    if isinstance(given.fact, Quarantined) and given.fact.timer is not None:
        state.timers.silence(given.tenant, given.pool, given.fact.timer)
    _remember(pool, given, refused)
    pool.forget(given.now)
    state.position = given.position
    state.now = given.now


def _remember(pool: PoolState, given: Input, refused: InputRefused | None) -> None:
    """Event ids guard against repeats; one refused for want of a policy may come again."""
    if isinstance(given.fact, TimerDue):
        return
    if refused is not None and refused.reason in (RefusalReason.POLICY_MISSING, RefusalReason.DUPLICATE_EVENT):
        return
    pool.events[given.event_id] = given.now


def _index(state: PartitionState, work: Workspace) -> None:
    """Bring indexes and timers up to what was touched."""
    pool, queues = work.pool, work.queues
    state.timers.add(pool.tenant, pool.pool, pool_timers(pool.pool, pool.level, pool.policy))
    for group, opening in work.openings.items():
        state.timers.add(pool.tenant, pool.pool, group_timers(group, opening))
    if queues is None:
        return
    for agent_id, agent in work.agents.items():
        if agent is None:
            queues.agent_gone(agent_id)
        else:
            if agent_id in work.requalified:
                queues.agent_changed(agent)
            else:
                queues.agent_freed(agent)
            state.timers.add(pool.tenant, pool.pool, agent_timers(agent))
    for contact_id, contact in work.contacts.items():
        if contact is None:
            queues.contact_gone(contact_id)
        else:
            queues.contact_queued(contact)
            state.timers.add(pool.tenant, pool.pool, contact_timers(contact))
