"""What the policy page draws: groups, skills and agents with their ties, hours as a week, relaxation as a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.router.domain.policy.hours import DAY_MINUTES, WEEKDAYS, Calendar, minutes_of
from services.router.domain.policy.model import Group, Policy
from services.router.policy.calendars import row_of
from services.router.policy.editing.staff import Colleague, most_head_start, reach_of
from shared.contracts.fields import SECOND

DAYS_SHOWN: Final = 62
"""How many days of a calendar are looked at for days that differ from the week."""


def picture_of(policy: Policy, now: int, staff: Sequence[Colleague] | None) -> dict[str, Any]:
    """The policy as data to draw; `agents` is empty where nobody knows the roster."""
    people = staff or ()
    needed = {need.skill for group in policy.groups.values() for need in group.skills}
    return {
        "groups": [_group(policy, group, people) for group in policy.groups.values()],
        "skills": [{"id": name, **words.to_mapping()} for name, words in policy.skills.items() if name in needed],
        "names": {name: words.to_mapping() for name, words in policy.skills.items()},
        "agents": [
            {
                "id": who.agent_id,
                "name": who.name,
                "skills": {name: level for name, level in who.holds.items() if name in needed},
            }
            for who in people
        ],
        "calendars": [_calendar(calendar, now) for calendar in policy.calendars.values()],
        "most_head_start": most_head_start(policy),
        "approval": str(policy.approval),
    }


def _group(policy: Policy, group: Group, staff: Sequence[Colleague]) -> dict[str, Any]:
    line = policy.business_lines[group.business_line].name
    return {
        "id": group.id,
        **group.name.to_mapping(),
        "line": {"id": group.business_line, **line.to_mapping()},
        "channels": [str(channel) for channel in group.channels],
        "targets": {str(channel): group.targets[channel] for channel in group.channels},
        "skills": {need.skill: need.level for need in group.skills},
        "hours": group.hours,
        "severity": group.severity,
        "outbound": group.outbound,
        "relaxation": [step.to_mapping() for step in group.relaxation],
        "reach": [
            {"after_seconds": step.after_seconds, "agents": list(step.agents)} for step in reach_of(group, staff)
        ],
        "overflow": [rule.to_mapping() for rule in group.overflow],
        "closing": group.closing.to_mapping() if group.hours is not None else None,
        "callback": group.callback.offered,
    }


def _calendar(calendar: Calendar, now: int) -> dict[str, Any]:
    """The week as minutes of the day, and the days to come that differ from it with their reason."""
    today = datetime.fromtimestamp(now / SECOND, UTC).astimezone(ZoneInfo(calendar.time_zone)).date()
    monday = today - timedelta(days=today.weekday())
    return {
        "id": calendar.id,
        **calendar.name.to_mapping(),
        "time_zone": calendar.time_zone,
        "holidays": calendar.holidays,
        "today": today.isoformat(),
        "week": [_spans(_week_row(calendar, monday + timedelta(days=n)), calendar, n) for n in range(7)],
        "days": [day for n in range(DAYS_SHOWN) if (day := _different(calendar, today + timedelta(days=n)))],
    }


def _week_row(calendar: Calendar, day: date) -> tuple[str, ...]:
    return calendar.week.get(WEEKDAYS[day.weekday()], ())


def _spans(row: tuple[str, ...], calendar: Calendar, weekday: int) -> list[list[int]]:
    """Minutes of this day that are open, those of yesterday's shift past midnight among them."""
    before = calendar.week.get(WEEKDAYS[weekday - 1], ())
    found = [[opens, min(closes, DAY_MINUTES)] for opens, closes in map(minutes_of, row)]
    found += [[0, closes - DAY_MINUTES] for _, closes in map(minutes_of, before) if closes > DAY_MINUTES]
    return sorted(found)


def _different(calendar: Calendar, day: date) -> dict[str, Any] | None:
    row, usual = row_of(calendar, day), _week_row(calendar, day)
    if row == usual:
        return None
    why = "exception" if day.isoformat() in calendar.exceptions else "make_up" if row else "holiday"
    return {"day": day.isoformat(), "row": list(row), "why": why}
