"""Consents a list brought, from the rows that hold them to the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.outbound.store.attempts import SOURCE
from services.outbound.store.statements import LISTS, SQL
from shared.contracts.consents import ConsentGiven
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONSENTS, encode
from shared.postgres import Connection, wake_relay


@dataclass(frozen=True, slots=True)
class BroughtConsents:
    """What a list said of one record; `consents` as documents of ConsentGiven."""

    tenant: str
    campaign_id: str
    record_id: str
    consents: Sequence[Mapping[str, Any]]


async def take(connection: Connection, at_most: int) -> list[BroughtConsents]:
    """The oldest, of whatever tenant; gone with the transaction that tells them."""
    rows = await connection.fetch(LISTS["take_list_consents"], at_most)
    rows.sort(key=lambda row: row["consents_id"])
    return [BroughtConsents(row["tenant_id"], row["campaign_id"], row["record_id"], row["consents"]) for row in rows]


async def outbox_is_long(connection: Connection, most: int) -> bool:
    """Whether so many messages wait to be told already."""
    return await connection.fetchval(LISTS["messages_in_outbox"], most) >= most


async def tell(connection: Connection, tenant: str, now: int, consents: Sequence[ConsentGiven]) -> None:
    """Put them into the outbox, those of one number in order."""
    keys: list[str] = []
    headers: list[dict[str, str]] = []
    bodies: list[bytes] = []
    for consent in consents:
        event_id = stable_id("ConsentGiven", tenant, consent.consent_id)
        raw, body = encode(Envelope(event_id, SOURCE, now, tenant, consent.consent_id, consent))
        keys.append(stable_id("person", tenant, consent.number or ""))
        headers.append({name: value.decode() for name, value in raw})
        bodies.append(body)
    await connection.execute(SQL["enqueue_all"], tenant, CONSENTS, keys, headers, bodies)
    await wake_relay(connection)


async def told(connection: Connection, tenant: str, brought: Sequence[BroughtConsents], look_again_at: int) -> None:
    """Records that rest until their consent is told are judged at `look_again_at` (µs)."""
    columns = [one.campaign_id for one in brought], [one.record_id for one in brought]
    await connection.execute(LISTS["consents_told"], tenant, *columns, look_again_at)
