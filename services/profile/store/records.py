"""Writes records of existing systems, a batch of one source at a time, in a handful of statements however many they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from services.profile.domain.records import Held, Outcome, Plan, laid_over, plan, replaced
from services.profile.store.customers import new_id
from services.profile.store.statements import SQL
from shared.contracts.crm_records import CustomerRecorded, DealRecorded, Identity
from shared.contracts.fields import AddressKind
from shared.contracts.wire import EPOCH
from shared.postgres import Connection

MICROSECOND = timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


async def _held(
    connection: Connection, statement: str, tenant: str, source: str, keys: Sequence[str]
) -> tuple[dict[str, Held], dict[str, str]]:
    await connection.execute(SQL["lock_source"], tenant, source)
    rows = await connection.fetch(SQL[statement], tenant, source, keys)
    held = {row["key"]: Held((row["revised_at"] - EPOCH) // MICROSECOND, row["digest"]) for row in rows}
    return held, {row["key"]: row["id"] for row in rows}


async def apply_customers(
    connection: Connection, tenant: str, source: str, records: Sequence[CustomerRecorded]
) -> Sequence[Outcome]:
    """Write customers of one source (identities in normal form); deals that waited for them are theirs now.

    Needs a transaction. Harmless to repeat.
    """
    held, ids = await _held(connection, "held_customers", tenant, source, [r.key for r in records])
    planned = plan(records, held, laid_over)
    for key in planned.writes:
        ids.setdefault(key, new_id("cu"))
    for created, statement in ((True, "insert_customers"), (False, "update_customers")):
        writes = [w.record for w in planned.writes.values() if w.created is created]
        if writes:
            await connection.execute(
                SQL[statement], tenant, [ids[r.key] for r in writes], [r.name for r in writes], [r.tier for r in writes],
                [r.language for r in writes], [r.account_owner for r in writes], [r.preferences for r in writes],
                [r.note for r in writes],
            )  # fmt: skip
    await _write_records(connection, tenant, source, planned, ids, held)
    await _write_identities(connection, tenant, source, planned, ids)
    fresh = [key for key, write in planned.writes.items() if write.created]
    if fresh:
        await connection.execute(SQL["attach_waiting_deals"], tenant, source, fresh)
    return planned.outcomes


async def _write_records(
    connection: Connection, tenant: str, source: str, planned: Plan[CustomerRecorded], ids: dict[str, str], held: dict[str, Held]
) -> None:  # fmt: skip
    rows = [(key, moment(w.record.revised_at), w.digest) for key, w in planned.writes.items()]
    rows += [(key, moment(revised), held[key].digest) for key, revised in planned.confirmed.items()]
    if rows:
        keys, revised_at, digests = zip(*rows, strict=True)
        await connection.execute(
            SQL["write_customer_records"], tenant, source, keys, [ids[key] for key in keys], revised_at, digests
        )


async def _write_identities(
    connection: Connection, tenant: str, source: str, planned: Plan[CustomerRecorded], ids: dict[str, str]
) -> None:
    """The source's own list replaces what it gave before; its key is an identity of every customer of it."""
    listing = [w.record for w in planned.writes.values() if w.record.identities or w.created]
    if not listing:
        return
    rows = [
        (ids[record.key], str(identity.kind), identity.value, identity.label)
        for record in listing
        for identity in (Identity(AddressKind.CRM, record.key, source), *record.identities)
    ]
    owners, kinds, values, labels = zip(*rows, strict=True)
    changed = [ids[record.key] for record in listing if not planned.writes[record.key].created]
    if changed:
        await connection.execute(SQL["drop_identities"], tenant, source, changed, owners, kinds, values)
    await connection.execute(
        SQL["insert_identities"], tenant, source, [new_id("id") for _ in rows], owners, kinds, values, labels
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


async def apply_deals(
    connection: Connection, tenant: str, source: str, records: Sequence[DealRecorded]
) -> Sequence[Outcome]:
    """Write deals of one source. One whose customer is not known yet waits for it. Needs a transaction; harmless to repeat."""
    held, ids = await _held(connection, "held_deals", tenant, source, [r.key for r in records])
    planned = plan(records, held, replaced)
    if planned.confirmed:
        revised = [moment(at) for at in planned.confirmed.values()]
        await connection.execute(SQL["confirm_deals"], tenant, source, list(planned.confirmed), revised)
    deals = [w.record for w in planned.writes.values()]
    if deals:
        await connection.execute(
            SQL["write_deals"], tenant, source, [ids.get(d.key) or new_id("de") for d in deals], [d.key for d in deals],
            [d.customer_key for d in deals], [d.business_line for d in deals], [d.product for d in deals],
            [d.status for d in deals], [_day(d.signed_on) for d in deals], [_day(d.ends_on) for d in deals],
            [d.amount_cents for d in deals], [d.currency for d in deals], [d.site for d in deals],
            [moment(d.revised_at) for d in deals], [planned.writes[d.key].digest for d in deals],
        )  # fmt: skip
    return planned.outcomes
