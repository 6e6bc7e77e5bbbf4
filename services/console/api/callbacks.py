"""Callbacks for staff: what is due, scheduled and tried; given up with a reason. And groups closed at one button."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.console.api.asking import Accepted, Body, ContactId, IdempotencyKey, Overseer, event_id_of, noted
from services.console.domain.shapes import CallbackRow
from services.console.parts import Parts, Wired
from shared.contracts.contact_events import CallbackCancelled, CallbackReleased, GroupClosed, GroupReopened
from shared.contracts.fields import Name
from shared.errors import NotFound
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/api", tags=["callbacks"])

Caller = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ADMIN))]


class Callbacks(BaseModel):
    items: list[CallbackRow]
    total: int


@router.get("/callbacks", summary="Callbacks: open ones by when they are due, then those that are over, newest first")
async def listed(
    parts: Wired,
    caller: Caller,
    state: Annotated[Literal["open", "over"] | None, Query()] = None,
    group: Annotated[Name | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Callbacks:
    live = await parts.projection.tenant(caller.tenant)
    rows = [
        row
        for pool in live.pools.values()
        for row in pool.callbacks.values()
        if group in (None, row.group) and state in (None, "over" if row.end is not None else "open")
    ]
    rows.sort(key=_order)
    return Callbacks(items=rows[:limit], total=len(rows))


def _order(row: CallbackRow) -> tuple[bool, int, str]:
    over = row.end is not None
    return (over, -(row.ended_at or 0) if over else row.next_at or row.queued_at, row.contact_id)


class Cancellation(Body):
    why: Name


@router.post("/callbacks/{contact_id}/cancel", status_code=202, summary="Give a callback up")
async def cancel(
    parts: Wired, caller: Caller, contact_id: ContactId, body: Cancellation, key: IdempotencyKey = None
) -> Accepted:
    known = await _open_callback(parts, caller, contact_id)
    await noted(parts, caller, "callback_cancelled", "contacts", contact_id, {"why": body.why})
    fact = CallbackCancelled(contact_id, caller.subject, body.why)
    return await _tell(parts, caller, known.pool, fact, event_id_of(caller, f"callback-cancel:{contact_id}", key))


@router.post(
    "/callbacks/{contact_id}/release", status_code=202,
    summary="Call again though nobody can tell what became of the last attempt",
)  # fmt: skip
async def release(
    parts: Wired, overseer: Overseer, contact_id: ContactId, body: Cancellation, key: IdempotencyKey = None
) -> Accepted:
    known = await _open_callback(parts, overseer, contact_id)
    await noted(parts, overseer, "callback_released", "contacts", contact_id, {"why": body.why})
    fact = CallbackReleased(contact_id, overseer.subject, body.why)
    return await _tell(parts, overseer, known.pool, fact, event_id_of(overseer, f"callback-release:{contact_id}", key))


async def _open_callback(parts: Parts, caller: Principal, contact_id: str) -> CallbackRow:
    """Raises NotFound."""
    live = await parts.projection.tenant(caller.tenant)
    known = next((p.callbacks[contact_id] for p in live.pools.values() if contact_id in p.callbacks), None)
    if known is None or known.end is not None:
        raise NotFound("no such open callback")
    return known


async def _tell(
    parts: Parts, caller: Principal, pool_id: str, fact: CallbackCancelled | CallbackReleased, event_id: str
) -> Accepted:
    pool = await parts.directory.pool(caller.tenant, pool_id)
    return Accepted(**await parts.commands.publish(caller.tenant, pool, fact.contact_id, event_id, fact))


class Closing(Body):
    """`group` none: every group. `then`: where those who wait go at once; none: they are served yet."""

    group: Name | None = None
    why: Name
    then: Literal["message", "callback", "end"] | None = None


class Reopening(Body):
    group: Name | None = None
    why: Name


@router.post("/groups/close", status_code=202, summary="Close a group, or all, in an emergency")
async def close(parts: Wired, overseer: Overseer, body: Closing, key: IdempotencyKey = None) -> Accepted:
    fact = GroupClosed(body.group, overseer.subject, body.why, body.then)
    return await _stand(parts, overseer, "group_closed", fact, body.model_dump(), key)


@router.post("/groups/reopen", status_code=202, summary="End an emergency closure: the calendar counts again")
async def reopen(parts: Wired, overseer: Overseer, body: Reopening, key: IdempotencyKey = None) -> Accepted:
    fact = GroupReopened(body.group, overseer.subject, body.why)
    return await _stand(parts, overseer, "group_reopened", fact, body.model_dump(), key)


async def _stand(
    parts: Parts, overseer: Principal, action: str, fact: GroupClosed | GroupReopened,
    after: dict[str, str | None], key: str | None,
) -> Accepted:  # fmt: skip
    """In every pool of the tenant that has the group; audited."""
    pools = list(await parts.directory.pools_of(overseer.tenant))
    live = await parts.projection.tenant(overseer.tenant)
    if fact.group is not None:
        having = {pool_id for pool_id, pool in live.pools.items() if fact.group in pool.groups}
        pools = [pool for pool in pools if pool.pool_id in having]
    if not pools:
        raise NotFound("no such group")
    await noted(parts, overseer, action, "groups", fact.group or "*", after)
    event_id = event_id_of(overseer, f"{action}:{fact.group or '*'}", key)
    for pool in pools:
        one = event_id if len(pools) == 1 else f"{event_id}:{pool.pool_id}"[:64]
        await parts.commands.publish(overseer.tenant, pool, fact.group or pool.pool_id, one, fact)
    return Accepted(event_id=event_id)
