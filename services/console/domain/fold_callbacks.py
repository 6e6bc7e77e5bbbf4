"""How callbacks, calls to outside parties, and groups that open and close, change the live picture."""

from __future__ import annotations

from dataclasses import replace

from services.console.domain.changes import Changes
from services.console.domain.live import OpenContact, PoolLive
from services.console.domain.shapes import CallbackRow, ContactState, Standing
from shared.contracts import routing_decisions as rd

KEPT = 500
"""Callbacks that are over, shown with what became of them."""


def queued(pool: PoolLive, d: rd.CallbackQueued, at: int, changes: Changes) -> None:
    contact = OpenContact(d.contact_id, d.channel, d.business_line, ContactState.DEFERRED, at, at)
    contact.group, contact.customer_id, contact.attempt = d.group, d.customer_id, d.attempt
    pool.contacts[d.contact_id] = contact
    pool.callbacks[d.contact_id] = CallbackRow(
        d.contact_id, pool.pool, d.origin, d.group, d.mode, d.by, at, d.queued_at, d.attempts_allowed, "scheduled",
        d.not_before, d.window_until, customer_id=d.customer_id,
    )  # fmt: skip
    changes.queue = True
    over = [key for key, row in pool.callbacks.items() if row.end is not None]
    for contact_id in over[: max(0, len(over) - KEPT)]:
        del pool.callbacks[contact_id]


def deferred(pool: PoolLive, d: rd.ContactDeferred, at: int, changes: Changes) -> None:
    _move(pool, d.contact_id, ContactState.DEFERRED, at, changes)
    _row(pool, d.contact_id, state=d.why, next_at=d.until)


def waits(pool: PoolLive, contact_id: str) -> None:
    """The callback is queued with its place."""
    _row(pool, contact_id, state="waiting", next_at=None, agent_id=None)


def offered(pool: PoolLive, contact_id: str, agent_id: str) -> None:
    _row(pool, contact_id, state="offered", agent_id=agent_id)


def dialled(pool: PoolLive, d: rd.DialRequested, at: int, changes: Changes) -> None:
    if d.outside is not None:
        _move(pool, d.contact_id, ContactState.OUTSIDE, at, changes)
        return
    if d.agent_id is None:
        _move(pool, d.contact_id, ContactState.DIALLING, at, changes)
    _row(pool, d.contact_id, state="dialling", attempts=d.number_of_attempt, agent_id=d.agent_id, next_at=None)


def settled(pool: PoolLive, d: rd.DialSettled, changes: Changes) -> None:
    _row(pool, d.contact_id, outcome=d.outcome)
    row = pool.callbacks.get(d.contact_id)
    if row is not None and row.agent_id is not None:
        changes.tell("callback_dialled", row.agent_id, {"contact_id": d.contact_id, "outcome": d.outcome})


def retries(pool: PoolLive, d: rd.CallbackRetryScheduled, at: int, changes: Changes) -> None:
    _move(pool, d.contact_id, ContactState.DEFERRED, at, changes)
    _row(pool, d.contact_id, state="retry", next_at=d.not_before, agent_id=None)


def closed(pool: PoolLive, d: rd.ContactClosed) -> None:
    _row(pool, d.contact_id, state="over", end=d.end, reason=d.reason, ended_at=d.at, next_at=None)


def stands(pool: PoolLive, d: rd.GroupHoursChanged, changes: Changes) -> None:
    """Open without a known end is not worth a word; everything else is shown beside the group."""
    group = pool.group(d.group)
    group.standing = Standing(d.open, d.at, d.why, d.until, d.serving, d.drain_until, d.by, d.reason)
    changes.groups.add(d.group)


def _move(pool: PoolLive, contact_id: str, state: ContactState, at: int, changes: Changes) -> None:
    contact = pool.contacts.get(contact_id)
    if contact is not None:
        contact.state, contact.since = state, at
        contact.agent_id = contact.offer_id = None
        changes.queue = True


def _row(pool: PoolLive, contact_id: str, **changes: object) -> None:
    row = pool.callbacks.get(contact_id)
    if row is not None:
        pool.callbacks[contact_id] = replace(row, **changes)  # type: ignore[arg-type]
