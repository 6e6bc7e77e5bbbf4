"""Recordings: kept when an adapter reports one, found and heard by those who may, deleted when their time is over."""

from __future__ import annotations

import asyncio

from services.gateway import recording_store as kept_in
from services.gateway.adapters.sound import sound_of
from services.gateway.credentials import Credential
from services.gateway.domain.recordings import Recorded, delete_after
from services.gateway.handlers import conversation
from services.gateway.parts import Parts
from services.gateway.recording_store import Kept, Rules, Wanted
from shared import telemetry
from shared.contracts.conversation_messages import RecordingKept
from shared.contracts.envelope import stable_id
from shared.errors import NotFound
from shared.postgres import Connection, tenant_transaction, worker_transaction
from shared.security import Principal, Role

log = telemetry.logger("gateway")

RETENTION_SECONDS = 60.0


async def keep(parts: Parts, credential: Credential, recorded: Recorded, wav: bytes) -> None:
    """Store a finished recording, then say so; twice is once. Raises UnreadableSound, BrokerUnavailable."""
    sound = await asyncio.to_thread(sound_of, wav)
    tenant = credential.tenant
    async with tenant_transaction(parts.api, tenant) as connection:
        days = (await rules_of(parts, connection, tenant)).days
        due = delete_after(recorded.ended_at, days)
        await kept_in.add(connection, tenant, credential.gateway_id, recorded, sound, due)
    message_id = stable_id("recording", tenant, recorded.recording_id)
    ready = RecordingKept(
        message_id, recorded.contact_id, recorded.recording_id, recorded.ended_at, sound.seconds
    )  # fmt: skip
    await conversation.converse(parts, credential, ready)


async def rules_of(parts: Parts, connection: Connection, tenant: str) -> Rules:
    """The tenant's own, else the service's settings."""
    settings = parts.settings
    return await kept_in.rules(connection, tenant) or Rules(settings.recording_days, settings.recording_agents_listen)


async def in_sight(parts: Parts, connection: Connection, principal: Principal, wanted: Wanted) -> Wanted:
    """Narrowed to what the asker may hear. Raises NotFound for an agent where agents may not listen."""
    if principal.has(Role.ADMIN):
        return wanted
    if principal.has(Role.SUPERVISOR):
        return Wanted(
            wanted.agent, wanted.group, wanted.contact, wanted.recording, wanted.since, wanted.before,
            principal.teams, principal.sites,
        )  # fmt: skip
    rules = await rules_of(parts, connection, principal.tenant)
    if principal.agent_id is None or not rules.agents_listen:
        raise NotFound("recordings are not open to agents here")
    return Wanted(
        principal.agent_id, wanted.group, wanted.contact, wanted.recording, wanted.since, wanted.before
    )  # fmt: skip


async def find(parts: Parts, connection: Connection, principal: Principal, recording_id: str) -> Kept:
    """One recording in the asker's sight. Raises NotFound."""
    wanted = await in_sight(parts, connection, principal, Wanted(recording=recording_id))
    found = await kept_in.page(connection, wanted, None, 1)
    if not found:
        raise NotFound("no such recording")
    return found[0]


async def note(
    parts: Parts, connection: Connection, principal: Principal, kept: Kept, action: str, reason: str | None = None
) -> None:
    """Write down who did what with a recording."""
    await kept_in.note(connection, principal.tenant, kept, action, principal.subject, reason, parts.clock.now())


async def expire(parts: Parts) -> None:
    """Delete recordings whose time is over, for ever."""
    while True:
        async with worker_transaction(parts.worker) as connection:
            gone = await kept_in.expire(connection, parts.clock.now())
        if gone:
            log.info("recordings expired", many=gone)
        else:
            await asyncio.sleep(RETENTION_SECONDS)
