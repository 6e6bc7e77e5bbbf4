"""Contacts whose gateway no longer holds them: reconciled on its word, failed when its lease runs out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from services.gateway import store
from services.gateway.credentials import Credential
from services.gateway.domain.cloud_events import contact_id_of
from services.gateway.domain.sessions import failed_with_gateway
from services.gateway.parts import Parts
from shared import telemetry
from shared.contracts.fields import Channel
from shared.errors import Refused
from shared.postgres import tenant_transaction, worker_transaction

log = telemetry.logger("gateway")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`unknown`: subjects the gateway holds and UCC has no open contact for; it should end them."""

    alive: int
    failed: int
    unknown: list[str]


async def reconcile(
    parts: Parts, credential: Credential, alive: Collection[str], until: int | None, webhook_id: str | None
) -> Reconciled:
    """End as failed what this gateway no longer holds, of what came up to `until` (µs; None: until now).

    `webhook_id`: of a signed request, which counts once, for repeated later it would end newer contacts. Raises Refused.
    """
    now = parts.clock.now()
    holds = {contact_id_of(credential.tenant, credential.gateway_id, subject): subject for subject in alive}
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        if webhook_id is not None and not await store.use_signature(
            connection, credential.tenant, credential.gateway_id, webhook_id
        ):
            raise Refused("repeated_request", "this signed request was carried out before")
        believed = await store.open_contacts_of_gateway(connection, credential.gateway_id)
        gone = [
            contact
            for contact in believed
            if contact.contact_id not in holds
            and not contact.callback
            and contact.channel is not Channel.FAX
            and (until is None or contact.opened_at <= until)
        ]
        for contact in gone:
            await store.say(connection, failed_with_gateway(contact, "gateway_reconciled", now), contact.partition)
    known = {contact.contact_id for contact in believed}
    return Reconciled(
        len(holds.keys() & known),
        len(gone),
        sorted(subject for contact_id, subject in holds.items() if contact_id not in known),
    )


async def fail_lost_gateways(parts: Parts) -> int:
    """End the contacts of gateways whose lease ran out; how many. A fax lies here and outlives its gateway, and so does the
    wish to be called back."""
    failed, now = 0, parts.clock.now()
    async with worker_transaction(parts.worker) as connection:
        for gateway_id in await store.claim_lost_leases(connection, parts.settings.gateway_lease_seconds):
            contacts = await store.open_contacts_of_gateway(connection, gateway_id)
            lost = [contact for contact in contacts if contact.channel is not Channel.FAX and not contact.callback]
            for contact in lost:
                await store.say(connection, failed_with_gateway(contact, "gateway_lost", now), contact.partition)
            failed += len(lost)
            telemetry.count("ucc_gateway_leases_lost_total")
            log.error("gateway lost; its contacts end as failed", gateway_id=gateway_id, contacts=len(lost))
    return failed
