"""Our copy of refusals: written before anything more is dialled, read by every authorisation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import asyncpg

from services.outbound.domain.compliance import HeldRefusal
from services.outbound.domain.purposes import Purpose
from services.outbound.store.statements import SQL
from shared.contracts.consents import ConsentWithdrawn
from shared.postgres import Connection


async def of_keys(connection: Connection, tenant: str, keys: Sequence[str]) -> Mapping[str, Sequence[HeldRefusal]]:
    """Refusals by the key of the person or number they were said for."""
    found: defaultdict[str, list[HeldRefusal]] = defaultdict(list)
    for row in await connection.fetch(SQL["refusals_of"], tenant, list(keys)):
        purpose = Purpose(row["purpose"]) if row["purpose"] else None
        found[row["subject_key"]].append(HeldRefusal(row["withdrawn_at"], purpose))
    return found


async def keep(connection: Connection, tenant: str, fact: ConsentWithdrawn, keys: Sequence[str]) -> None:
    """Heard twice it is one refusal."""
    await connection.execute(
        SQL["keep_refusals"], tenant, fact.refusal_id, list(keys), fact.purpose or "", fact.withdrawn_at, fact.source,
        fact.campaign, fact.attempt_id,
    )  # fmt: skip


async def silence(connection: Connection, tenant: str, keys: Sequence[str], purposes: Sequence[str]) -> None:
    """Records of who refused are not dialled any more, in all campaigns of these purposes."""
    await connection.execute(SQL["silence_records"], tenant, list(keys), list(purposes))


async def unsilence(connection: Connection, tenant: str, keys: Sequence[str], purpose: str) -> None:
    """Records of who consented after all are judged again."""
    await connection.execute(SQL["unsilence_records"], tenant, list(keys), purpose)


async def listed(connection: Connection, tenant: str, before: tuple[int, str], limit: int) -> list[asyncpg.Record]:
    """Newest first."""
    return await connection.fetch(SQL["list_refusals"], tenant, *before, limit)


async def hold_back_dialling(connection: Connection, tenant: str) -> None:
    """Wait until everybody who authorises in this tenant is done; nobody else begins before the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('outbound.refusals:' || $1, 0))", tenant)


async def dialling(connection: Connection, tenant: str) -> None:
    """Authorise: refusals that are being written are waited for; those written later find what is committed here."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('outbound.refusals:' || $1, 0))", tenant
    )
