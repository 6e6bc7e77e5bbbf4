"""What a supervisor should look at now, computed from the live picture: same picture and time, same alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from services.console.domain.live import PoolLive, covers
from services.console.domain.shapes import Alarm, AlarmKind, ContactState
from shared.contracts.fields import Channel, SkillLevel

UNANSWERED = (ContactState.WAITING, ContactState.OFFERED)


def standing_alarms(pool: PoolLive, now: int) -> dict[str, Alarm]:
    """Alarms of the pool at `now` (µs), by id: agents who missed offers, groups beyond target, groups nobody staffs."""
    found: dict[str, Alarm] = {}
    for agent_id, missed in pool.missed.items():
        alarm_id = f"rona:{agent_id}"
        found[alarm_id] = Alarm(
            alarm_id, AlarmKind.RONA, "raised", missed.since, agent_id=agent_id, count=missed.in_a_row
        )
    late: dict[str, list[int]] = {}
    unstaffed: dict[str, list[int]] = {}
    staffed: dict[tuple[Channel, tuple[SkillLevel, ...]], bool] = {}
    for contact in pool.contacts.values():
        if contact.state not in UNANSWERED or contact.group is None:
            continue
        if contact.due_at is not None and contact.due_at < now:
            late.setdefault(contact.group, []).append(contact.due_at)
        need = (contact.channel, contact.requirement)
        if need not in staffed:
            staffed[need] = _somebody(pool, *need)
        if not staffed[need]:
            unstaffed.setdefault(contact.group, []).append(contact.entered_group_at or contact.since)
    for kind, by_group in ((AlarmKind.OVER_TARGET, late), (AlarmKind.NOBODY_STAFFED, unstaffed)):
        for group, since in by_group.items():
            alarm_id = f"{kind}:{pool.pool}:{group}"
            found[alarm_id] = Alarm(alarm_id, kind, "raised", min(since), group=group, count=len(since))
    return found


def _somebody(pool: PoolLive, channel: Channel, requirement: tuple[SkillLevel, ...]) -> bool:
    return any(
        agent.staffed and agent.state.capacity.get(channel, 0) > 0 and covers(agent.state.skills, requirement)
        for agent in pool.agents.values()
    )


def alarm_changes(before: Mapping[str, Alarm], after: Mapping[str, Alarm]) -> Iterable[Alarm]:
    """Alarms to tell of: raised or changed ones, then those cleared."""
    yield from (alarm for alarm_id, alarm in after.items() if before.get(alarm_id) != alarm)
    yield from (replace(alarm, state="cleared") for alarm_id, alarm in before.items() if alarm_id not in after)
