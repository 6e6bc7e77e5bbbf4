"""Events about agents that must not be told without the change in the database they tell of."""

from __future__ import annotations

import uuid

from shared.contracts.contact_events import (
    AgentProfileChanged,
    AgentSignedOut,
    EndpointLost,
    EndpointRestored,
    PresenceChanged,
)
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CONTACT_EVENTS
from shared.directory import AgentPool
from shared.postgres import Connection, enqueue

AgentFact = AgentProfileChanged | AgentSignedOut | EndpointLost | EndpointRestored | PresenceChanged


async def announce(connection: Connection, now: int, pool: AgentPool, fact: AgentFact) -> None:
    """Lay `fact` (at `now`, µs) into the outbox, in the caller's transaction, for the partition of the agent's pool."""
    envelope = Envelope(str(uuid.uuid4()), "/console", now, pool.tenant_id, fact.agent_id, fact, pool.pool_id)
    await enqueue(connection, CONTACT_EVENTS, envelope, partition=pool.partition, key=pool.pool_id)
