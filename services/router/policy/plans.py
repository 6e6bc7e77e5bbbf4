"""Policies to come: set for a time, or waiting for a second administrator; published exactly once when their time is there.

A plan that is due becomes a version in the same transaction that settles it. So a router killed at any moment either did
both or neither, and of several routers one does it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import asyncpg

from services.router.journal import SQL
from services.router.policy.document import CheckedDocument
from services.router.policy.store import PolicyHeading, Publication, Waiting, hash_of, publish_in
from shared import telemetry
from shared.clock import Clock
from shared.directory import AgentPool, Directory
from shared.errors import Conflict, NotFound, Refused
from shared.postgres import Connection, Pool, tenant_transaction

POLL_SECONDS = 1.0
SETTLED_SHOWN = 20
"""Settled plans listed at most, besides all that are to come."""

log = telemetry.logger("router")

PlanState = Literal["proposed", "scheduled", "published", "cancelled", "outdated"]


@dataclass(frozen=True, slots=True)
class PlanHeading:
    """A plan without its document.

    `proposed` waits for a second administrator, `scheduled` for its time; `outdated` came to nothing, because another
    version was published since that its author had not seen.
    """

    plan_id: str
    state: PlanState
    hash: str
    base_version: int
    waiting: Waiting
    publish_at: int | None  # µs of policy time; None: as soon as it is approved
    author: str
    note: str
    approved_by: str | None
    settled_by: str | None
    version: int | None  # what it became
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Plan(PlanHeading):
    document: str = ""
    mapping: Mapping[str, object] | None = None

    @property
    def publication(self) -> Publication:
        """What it becomes when its time is there."""
        checked = CheckedDocument(self.document, self.mapping or {})
        return Publication(checked, self.author, self.note, self.waiting, self.approved_by, request_id=self.plan_id)


async def lay_down(
    api_pool: Pool, pool: AgentPool, plan_id: str, wanted: Publication, state: PlanState, base: int, at: int | None
) -> PlanHeading:
    """Keep a plan. The same id again gives the plan that is there. Raises Conflict where that is another document."""
    digest = hash_of(wanted.checked.document)
    async with tenant_transaction(api_pool, pool.tenant_id) as connection:
        await connection.execute(
            SQL["plan_policy"], pool.tenant_id, pool.pool_id, plan_id, state, wanted.checked.document,
            json.dumps(wanted.checked.mapping, ensure_ascii=False), digest, base, wanted.waiting, at,
            wanted.author, wanted.note,
        )  # fmt: skip
        plan = await _plan(connection, pool, plan_id)
    if plan.hash != digest:
        raise Conflict("idempotency_key_reused", "this Idempotency-Key planned another document")
    return plan


async def plans(api_pool: Pool, pool: AgentPool) -> Sequence[PlanHeading]:
    """What is to come, in its order, then what was settled last."""
    async with tenant_transaction(api_pool, pool.tenant_id) as connection:
        rows = await connection.fetch(SQL["policy_plans"], pool.tenant_id, pool.pool_id, SETTLED_SHOWN)
    return [PlanHeading(**dict(row)) for row in rows]


async def plan_of(api_pool: Pool, pool: AgentPool, plan_id: str) -> Plan:
    """Raises NotFound."""
    async with tenant_transaction(api_pool, pool.tenant_id) as connection:
        return await _plan(connection, pool, plan_id)


async def cancel(api_pool: Pool, pool: AgentPool, plan_id: str, by: str) -> PlanHeading:
    """It will not be published. Raises NotFound, Refused once it is settled."""
    async with tenant_transaction(api_pool, pool.tenant_id) as connection:
        plan = await _plan(connection, pool, plan_id)
        if plan.state == "cancelled":
            return plan
        if plan.state not in ("proposed", "scheduled"):
            raise Refused("plan_settled", f"this plan is {plan.state} already")
        await _settle(connection, pool, plan_id, "cancelled", settled_by=by)
        return await _plan(connection, pool, plan_id)


async def approve(api_pool: Pool, pool: AgentPool, plan_id: str, by: str, now: int) -> PlanHeading:
    """The second administrator agrees: published at once, or at its time. Raises NotFound, Refused, Conflict."""
    try:
        async with tenant_transaction(api_pool, pool.tenant_id) as connection:
            plan = await _plan(connection, pool, plan_id)
            if plan.approved_by == by:
                return plan
            if plan.state != "proposed":
                raise Refused("plan_settled", f"this plan is {plan.state} already")
            if plan.author == by:
                raise Refused("same_person", "somebody other than its author must approve it")
            if plan.publish_at is not None and plan.publish_at > now:
                await _settle(connection, pool, plan_id, "scheduled", approved_by=by)
            else:
                await _publish(connection, pool, replace(plan, approved_by=by), now)
            return await _plan(connection, pool, plan_id)
    except asyncpg.UniqueViolationError as error:
        raise Conflict("policy_changed", "somebody published another version meanwhile; read it first") from error


async def _plan(connection: Connection, pool: AgentPool, plan_id: str) -> Plan:
    row = await connection.fetchrow(SQL["policy_plan"], pool.tenant_id, pool.pool_id, plan_id)
    if row is None:
        raise NotFound("no such plan")
    fields: dict[str, Any] = dict(row)
    return Plan(**{**fields, "mapping": json.loads(fields["mapping"])})


async def _settle(
    connection: Connection, pool: AgentPool, plan_id: str, state: PlanState, *,
    approved_by: str | None = None, settled_by: str | None = None, version: int | None = None,
) -> None:  # fmt: skip
    await connection.execute(
        SQL["settle_policy_plan"], pool.tenant_id, pool.pool_id, plan_id, state, approved_by, settled_by, version
    )


async def _publish(connection: Connection, pool: AgentPool, plan: Plan, now: int) -> PolicyHeading | None:
    """Make it the next version, unless one came between that its author had not seen."""
    if await connection.fetchval(SQL["plan_is_outdated"], pool.tenant_id, pool.pool_id, plan.plan_id):
        await _settle(connection, pool, plan.plan_id, "outdated", approved_by=plan.approved_by)
        return None
    saved = await publish_in(connection, pool, plan.publication, now)
    await _settle(connection, pool, plan.plan_id, "published", approved_by=plan.approved_by, version=saved.version)
    return saved


class PlanPublisher:
    """Publishes plans when their time is there. Every router runs one; a plan is in one's hands at a time."""

    def __init__(self, workers: Pool, directory: Directory, clock: Clock) -> None:
        self._workers = workers
        self._directory = directory
        self._clock = clock

    async def run(self) -> None:
        """Publish until cancelled. Raises when the database is lost: run it again."""
        while True:
            while await self.publish_due():
                pass
            await asyncio.sleep(POLL_SECONDS)

    async def publish_due(self) -> bool:
        """Settle the first plan that is due. Whether there was one."""
        now = self._clock.now()
        try:
            async with self._workers.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(SQL["due_policy_plan"], now)
                if row is None:
                    return False
                pool = await self._directory.pool(row["tenant_id"], row["pool_id"])
                plan = await _plan(connection, pool, row["plan_id"])
                saved = await _publish(connection, pool, plan, now)
        except asyncpg.UniqueViolationError:
            return True  # another version came first: look again, now knowing it
        if saved is None:
            log.warning("planned policy is outdated and not published", tenant=pool.tenant_id, plan=plan.plan_id)
        else:
            log.info("planned policy published", tenant=pool.tenant_id, plan=plan.plan_id, version=saved.version)
        return True
