"""Writes what happened to contacts, a batch of decisions at a time: one statement a kind, however many."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.profile.domain.history import Happened, Key
from services.profile.store.statements import SQL
from shared.contracts.fields import SECOND
from shared.contracts.wire import EPOCH
from shared.postgres import Connection


def moment(microseconds: int) -> datetime:
    """A contract's time as the database has it."""
    return EPOCH + timedelta(microseconds=microseconds)


def _columns(rows: Mapping[Key, Any], *read: Any) -> list[list[Any]]:
    """Tenants, ids, then one column a reader."""
    return [[key[0] for key in rows], [key[1] for key in rows], *([r(row) for row in rows.values()] for r in read)]


async def write_history(connection: Connection, happened: Happened) -> None:
    """In the transaction that moves the watermark; repeating it would change nothing."""
    steps: list[tuple[str, Mapping[Key, Any], tuple[Any, ...]]] = [
        ("contacts_queued", happened.queued,
         (lambda q: q.channel, lambda q: q.business_line, lambda q: moment(q.arrived_at), lambda q: q.group)),
        ("interactions_started", happened.started,
         (lambda s: s.contact_id, lambda s: s.agent_id, lambda s: moment(s.at))),
        ("interactions_ended", happened.ended,
         (lambda e: moment(e.at), lambda e: e.talked // SECOND, lambda e: e.why)),
        ("interactions_wrapped_up", happened.wrapped,
         (lambda w: w.disposition, lambda w: w.reason, lambda w: w.by_timeout)),
        ("contacts_wrapped_up", happened.last_wrap_up,
         (lambda w: w.disposition, lambda w: w.reason, lambda w: w.agent_id)),
        ("contacts_closed", happened.closed,
         (lambda c: c.channel, lambda c: c.business_line, lambda c: moment(c.queued_at or c.at), lambda c: c.group,
          lambda c: c.end, lambda c: moment(c.at), lambda c: c.agent_id, lambda c: c.waited // SECOND)),
    ]  # fmt: skip
    for statement, rows, read in steps:
        if rows:
            await connection.execute(SQL[statement], *_columns(rows, *read))
    if changed := happened.changes_cards():
        await connection.fetch(SQL["touch_customers_of_contacts"], [k[0] for k in changed], [k[1] for k in changed])
