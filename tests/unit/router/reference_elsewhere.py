"""Hours, overflow and callbacks, the slow and obvious way: scan everybody, and say who stands where they must not.

Looks at facts and at the policy's words only; every sentence it returns is a fault.
"""

from __future__ import annotations

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.policy.model import Group
from services.router.domain.state import PoolState
from shared.contracts.fields import SECOND, Channel


def faults(pool: PoolState, now: int) -> list[str]:
    """Everything that breaks a rule in a pool at rest."""
    assert pool.policy is not None
    found = [f"{group}: {why}" for group in pool.policy.groups for why in _group_faults(pool, group, now)]
    for contact in pool.contacts.values():
        group = pool.policy.groups.get(contact.group)
        if group is not None:
            found += [f"{contact.contact_id}: {why}" for why in _contact_faults(pool, contact, group, now)]
    return sorted(found)


def is_open_by_calendar(pool: PoolState, group: Group, now: int) -> bool:
    if group.hours is None or group.hours not in pool.hours:
        return True
    return any(opens <= now < closes for opens, closes in pool.hours[group.hours])


def _group_faults(pool: PoolState, group_id: str, now: int) -> list[str]:
    assert pool.policy is not None
    known, by_calendar = pool.openings.get(group_id), is_open_by_calendar(pool, pool.policy.groups[group_id], now)
    if known is None:
        return [] if by_calendar else ["closed by its calendar, and nobody said so"]
    if known.closure is not None:
        return ["open under a closure"] if known.open else []
    found = [] if known.open == by_calendar else ["stands otherwise than its calendar"]
    if known.drain_until is not None and known.drain_until < now:
        found.append("serves those who waited beyond the deadline")
    return found


def _contact_faults(pool: PoolState, contact: Contact, group: Group, now: int) -> list[str]:
    opening = pool.openings.get(group.id)
    is_open = opening is None or opening.open
    serving = opening is None or opening.open or opening.serving
    if contact.phase is ContactPhase.DEFERRED:
        assert contact.deferral is not None
        late = contact.deferral.until is not None and contact.deferral.until < now
        forgotten = contact.deferral.why == "closed" and is_open
        return ["put off beyond its time"] * late + ["waits for an opening that has come"] * forgotten
    if contact.phase is not ContactPhase.QUEUED or contact.only_agent is not None or contact.site is not None:
        return []
    found: list[str] = []
    if contact.callback is not None and not contact.callback.answered:
        return [] if is_open else ["a callback queued in a closed group"]
    if not serving:
        found.append("queued in a group that serves nobody")
    for rule in group.overflow:
        if contact.channel not in rule.channels or not _way_is_open(pool, contact, rule.to.kind, rule.to.target):
            continue
        if rule.max_wait_seconds is not None and contact.entered_group_at + rule.max_wait_seconds * SECOND < now:
            found.append("waited beyond the rule's time")
        unstaffed = rule.unstaffed_seconds is not None and not any(
            _could(pool, agent, contact) for agent in pool.agents.values()
        )
        if unstaffed and contact.unstaffed_since is None:
            found.append("nobody could serve it, and nobody noted it")
        if unstaffed and contact.unstaffed_since is not None:
            assert rule.unstaffed_seconds is not None
            if contact.unstaffed_since + rule.unstaffed_seconds * SECOND < now:
                found.append("waited for staff beyond the grace")
    return found


def _way_is_open(pool: PoolState, contact: Contact, kind: str, target: str | None) -> bool:
    assert pool.policy is not None
    if kind == "group":
        group = pool.policy.groups.get(target or "")
        opening = pool.openings.get(target or "")
        return (
            group is not None
            and contact.channel in group.channels
            and target not in (*contact.visited, contact.group)
            and (opening is None or opening.open)
        )
    if kind == "callback":
        return (
            not contact.callback_offered
            and contact.callback is None
            and not contact.deposit
            and contact.channel in ("phone", "web")
        )
    if kind == "site":
        return False
    patient = contact.deposit or contact.channel in (Channel.FAX, Channel.SMS, Channel.EMAIL)
    return not patient and (kind != "number" or contact.channel is Channel.PHONE)


def _could(pool: PoolState, agent: Agent, contact: Contact) -> bool:
    assert pool.policy is not None
    if agent.own_capacity.get(contact.channel, pool.policy.capacity.channels[contact.channel].maximum) < 1:
        return False
    ways = [contact.requirement] + [step.requirement for step in contact.steps]
    return any(all(n.skill in agent.skills and agent.skills[n.skill].level >= n.level for n in way) for way in ways)
