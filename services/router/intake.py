"""From Kafka records to facts the core can hear: validated, in their place, without personal data.

What cannot be heard (unreadable, unknown tenant or pool, meant for another partition, a policy version nobody wrote) goes to
the dead-letter topic with the reason, and the partition flows on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.structs import ConsumerRecord

from services.router.domain.inputs import Fact, PolicyInForce
from services.router.domain.policy.document import PolicyErrors, parse_policy
from services.router.policy.calendars import hours_of
from services.router.policy.store import PolicyStore
from shared import telemetry
from shared.contracts.contact_events import PolicyPublished
from shared.contracts.envelope import Envelope
from shared.contracts.fields import without_personal
from shared.contracts.wire import CONTACT_EVENTS, InvalidMessage, decode
from shared.directory import AgentPool, Directory
from shared.errors import BrokerUnavailable
from shared.kafka import Producer

RETRY_SECONDS = 0.5

Record = ConsumerRecord[Any, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """A fact in its place, not yet an input: the partition's order, time and position come when it is decided."""

    record: Record
    tenant: str
    pool: str
    event_id: str
    occurred_at: int
    fact: Fact


class Intake:
    """Turns the records of one partition into facts; shared by nothing, cheap to make."""

    def __init__(self, partition: int, directory: Directory, policies: PolicyStore, producer: Producer) -> None:
        self._partition = partition
        self._directory = directory
        self._policies = policies
        self._producer = producer
        self._pools: dict[str, dict[str, AgentPool]] = {}

    async def hear(self, records: Sequence[Record]) -> list[Heard]:
        """The facts among `records`, in order; the rest is in the dead-letter topic when this returns."""
        heard: list[Heard] = []
        refreshed = False
        for record in records:
            envelope: Envelope[Any] | None = None
            try:
                envelope = decode(CONTACT_EVENTS, record.headers, record.value)
                if not refreshed and self._misses(envelope):
                    await self._refresh()  # at most once a batch: strangers must not cost a query each
                    refreshed = True
                pool = self._place(envelope)
                fact = await self._fact(envelope, pool)
            except InvalidMessage as error:
                await self.dead_letter(record, str(error), envelope.tenant if envelope else None)
                continue
            heard.append(Heard(record, envelope.tenant, pool, envelope.id, envelope.time, fact))
        telemetry.count("ucc_messages_consumed_total", len(records), topic=CONTACT_EVENTS)
        return heard

    async def dead_letter(self, record: Record, fault: str, tenant: str | None) -> None:
        """Lay a record aside, however long the broker takes: its offset must not be passed before."""
        while True:
            try:
                return await self._producer.dead_letter(record, fault, tenant=tenant)
            except BrokerUnavailable:
                await asyncio.sleep(RETRY_SECONDS)

    def _misses(self, envelope: Envelope[Any]) -> bool:
        pools = self._pools.get(envelope.tenant)
        return pools is None or (envelope.pool is not None and envelope.pool not in pools)

    async def _refresh(self) -> None:
        found: dict[str, dict[str, AgentPool]] = {}
        for pool in await self._directory.pools():
            found.setdefault(pool.tenant_id, {})[pool.pool_id] = pool
        self._pools = found

    def _place(self, envelope: Envelope[Any]) -> str:
        """The pool of an event. Raises InvalidMessage for one that does not belong on this partition."""
        pools = self._pools.get(envelope.tenant)
        if pools is None:
            raise InvalidMessage("ce_tenant: no such tenant with an agent pool")
        if envelope.pool is None:
            here = [pool.pool_id for pool in pools.values() if pool.partition == self._partition]
            if len(here) != 1:
                raise InvalidMessage("ce_pool: missing, and the tenant has not exactly one pool on this partition")
            return here[0]
        pool = pools.get(envelope.pool)
        if pool is None:
            raise InvalidMessage("ce_pool: the tenant has no such agent pool")
        if pool.partition != self._partition:
            raise InvalidMessage(f"misplaced: the pool lives on partition {pool.partition}, not {self._partition}")
        return pool.pool_id

    async def _fact(self, envelope: Envelope[Any], pool: str) -> Fact:
        if isinstance(envelope.data, PolicyPublished):
            wanted = envelope.data
            policy = await self._policies.version(envelope.tenant, pool, wanted.version)
            if policy is None or policy.hash != wanted.hash:
                raise InvalidMessage("hash: no policy document of this version and hash was ever saved")
            try:
                hours, until = hours_of(parse_policy(policy.mapping), envelope.time)
            except PolicyErrors as error:  # saved by a release that asked for less
                raise InvalidMessage(f"policy: version {wanted.version} can no longer be read: {error}") from error
            return PolicyInForce(policy.version, policy.hash, policy.mapping, hours, until, wanted.waiting)
        return without_personal(envelope.data)
