"""Whoever does not want to be called (or written to) any more says so here, through whichever channel; outbound and the
profile hear of it on `consents`. A refusal said twice is one."""

from __future__ import annotations

from typing import Final

from services.gateway import attempt_store
from services.gateway.credentials import Credential
from services.gateway.parts import Parts
from shared import telemetry
from shared.contracts.consents import ConsentSource, ConsentWithdrawn
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import Channel
from shared.contracts.wire import CONSENTS
from shared.postgres import Connection, enqueue, tenant_transaction

SOURCE: Final = "/gateway/refusals"


async def by_key(parts: Parts, credential: Credential, attempt_id: str) -> None:
    """The key pressed in a call of outbound: everything but what the person asked for themselves."""
    now = parts.clock.now()
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        attempt = await attempt_store.find(connection, credential.tenant, attempt_id)
        if attempt is None or attempt.number is None:
            return
        refusal = ConsentWithdrawn(
            stable_id("refusal", credential.tenant, attempt_id), Channel.PHONE, "outbound_key", now,
            campaign=attempt.wanted.campaign, attempt_id=attempt_id, customer_id=attempt.wanted.customer_id,
            contact_id=attempt.contact_id, number=attempt.number,
        )  # fmt: skip
        await say(connection, credential.tenant, refusal)


async def by_number(
    parts: Parts, tenant: str, number: str, channel: Channel, source: ConsentSource, key: str, contact_id: str | None = None
) -> None:  # fmt: skip
    """A person refuses by their number (E.164); `key` of whatever they said it with."""
    now = parts.clock.now()
    refusal_id = stable_id("refusal", tenant, source, channel, key)
    refusal = ConsentWithdrawn(refusal_id, channel, source, now, contact_id=contact_id, number=number)
    async with tenant_transaction(parts.api, tenant) as connection:
        await say(connection, tenant, refusal)


async def say(connection: Connection, tenant: str, refusal: ConsentWithdrawn) -> None:
    """In the transaction of what it was said with."""
    envelope = Envelope(refusal.refusal_id, SOURCE, refusal.withdrawn_at, tenant, refusal.refusal_id, refusal)
    key = stable_id("person", tenant, refusal.number or "")  # as the profile's own words: one person's are in order
    await enqueue(connection, CONSENTS, envelope, partition=None, key=key)
    telemetry.count("ucc_refusals_total", source=refusal.source)
