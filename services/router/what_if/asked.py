"""A question as it is written down for a run, and how it is answered: everything a process of its own needs, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from services.router.domain.core import PolicyInForce
from services.router.domain.policy.document import parse_policy
from services.router.journal import Store
from services.router.policy.calendars import hours_of
from services.router.what_if.journal_reading import read_record
from services.router.what_if.records.as_record import Replayable, as_record
from services.router.what_if.records.calls import figures_of
from services.router.what_if.rerun import policy_in_force
from services.router.what_if.study import study
from shared.postgres import open_pool

Told = Callable[[str, float], None]
READING = 0.1
"""Share of the whole that reading the journal is taken for."""


def governing(mapping: Mapping[str, Any], version: int, from_us: int) -> PolicyInForce:
    """A policy as the core hears of it, with its calendars' hours from a moment on. Raises PolicyErrors."""
    hours, until = hours_of(parse_policy(mapping), from_us)
    return policy_in_force(mapping, version, hours, until)


async def ask_journal(
    database_url: str, partition: int, tenant: str, pool: str, period: tuple[int, int], policy: Mapping[str, Any],
    seeds: int, told: Told,
) -> dict[str, Any]:  # fmt: skip
    """A period of the journal under another policy. Raises NotFound, PolicyErrors."""
    connections = await open_pool(database_url, "router", "worker", maximum=1)
    try:
        store = Store(connections)
        record = await read_record(store, partition, tenant, pool, period, lambda s: told("reading", s * READING))
    finally:
        await connections.close()
    state = record.fresh_state().pool(tenant, pool)
    version = (state.policy_version if state else 0) + 1
    after = governing(policy, version, record.begins)
    return study(record, after, seeds=seeds, told=_later(told))


def ask_call_record(
    day: Replayable, before: Mapping[str, Any], policy: Mapping[str, Any], seeds: int, told: Told
) -> dict[str, Any]:
    """A call record under two policies. Raises PolicyErrors, LogUnreadable."""
    first, second = parse_policy(before), parse_policy(policy)
    begins = day.calls[0].queued_at
    record = as_record(day, governing(before, 1, begins), first, second)
    target = min((target for group in first.groups.values() for target in group.targets.values()), default=20)
    recorded = {**asdict(figures_of(day.calls, target)), "answer_within_seconds": target}
    return study(record, governing(policy, 2, begins), seeds=seeds, told=_later(told), recorded=recorded)


def _later(told: Told) -> Told:
    return lambda what, share: told(what, READING + (1 - READING) * share)
