"""Blending (rule 13): the service level is judged when it may have changed, and outbound is let go when agents can be spared."""

from __future__ import annotations

from services.router.domain.contacts import Contact
from services.router.domain.decide.draft import Draft
from services.router.domain.inputs import TimerDue
from services.router.domain.reserve import InboundLevel, shall_hold
from shared.contracts.routing_decisions import ReserveChanged


def look_again(draft: Draft, timer: TimerDue) -> None:
    """Time alone may have changed the rolling service level."""
    draft.absorb()


def judge_reserve(draft: Draft) -> None:
    """Tell where outbound is held back from now on, or let go."""
    level, rule = draft.work.level, draft.policy.blending
    if level is draft.level_before and draft.policy is draft.pool.policy:
        return
    held = rule is not None and shall_hold((level or InboundLevel()).rolled(draft.now), rule, draft.now)
    if held == (level is not None and level.held):
        return
    known = (level or InboundLevel()).rolled(draft.now)
    draft.emit(
        draft.given.pool,
        ReserveChanged(
            pool=draft.given.pool,
            held=held,
            at=draft.now,
            service_level=known.percent,
            sample=known.sample,
            target=0 if rule is None else rule.service_level_percent if held else rule.resume_percent,
        ),
    )


def let_go(draft: Draft) -> tuple[list[Contact], list[str]]:
    """What the reserve held and this input may have freed: outbound contacts, if the level is met again; else agents.

    Where only the number of idle agents grew past the reserve, all of them (few more than the reserve) look for work: who
    was kept may be the better one for it than who just became idle.
    """
    reserve = draft.reserve()
    if not reserve.inbound or not reserve.open:
        return [], []
    before = draft.level_before
    if before is not None and before.held:
        return [c for c in map(draft.work.find_contact, draft.queues.outbound_waiting()) if c is not None], []
    rule = draft.policy.blending
    if rule is not None and draft.queues.idle_for_inbound() <= rule.reserve_agents:
        return [], sorted({*draft.queues.kept_agents(), *(a for a, agent in draft.work.agents.items() if agent)})
    return [], []
