"""Records on their way into a campaign, many at once: compared with who is there, then written by two statements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import asyncpg

from services.outbound.domain.deduplication import Deduplicated, Identified, Wins, deduplicate
from services.outbound.store.statements import LISTS, SQL
from shared.postgres import Connection


class NewRecord(NamedTuple):
    """A row of `records`, in the order of `staged_records`. `numbers` and `payload` are JSON; times µs."""

    record_id: str
    source_key: str | None
    person_key: str
    customer_id: str | None
    numbers: str
    address_zone: str | None = None
    region: str | None = None
    language: str | None = None
    priority: int = 0
    value: int = 0
    not_before: int | None = None
    requested_at: int | None = None
    payload: str = "{}"
    subject: str = ""  # "": the campaign's
    consented_at: int | None = None  # by a consent to what the campaign calls for
    consents: str | None = None  # JSON: ConsentGiven of each number, to be told


def numbers_json(numbers: Iterable[tuple[str, str]]) -> str:
    """Of (E.164, number key), in the order they are tried."""
    return json.dumps([{"number": number, "key": key} for number, key in numbers])


async def create_list(
    connection: Connection, tenant: str, list_id: str, campaign_id: str, title: str, source: str, now: int, *,
    lineage: str | None = None, registry_checked_on: date | None = None,
) -> None:  # fmt: skip
    """Asked twice it is one list."""
    await connection.execute(
        SQL["create_list"], tenant, list_id, campaign_id, title, source, lineage, registry_checked_on, now
    )


async def compared(
    connection: Connection, tenant: str, campaign_id: str, records: Sequence[NewRecord], wins: Wins, *, by_person: bool = True
) -> Deduplicated:  # fmt: skip
    """These records beside those of the campaign that share a person or a key with them. `by_person=False`: a person may be
    there several times (two deals of one customer), a key may not."""
    usual: str = await connection.fetchval(LISTS["subject_of_campaign"], tenant, campaign_id) or ""
    keys = [record.source_key for record in records if record.source_key is not None]
    rows = await connection.fetch(
        LISTS["held_records"], tenant, campaign_id, [record.person_key for record in records], keys
    )
    there = [
        Identified(row["record_id"], row["person_key"], row["source_key"], row["subject"] or usual) for row in rows
    ]
    identified = [
        Identified(record.record_id, record.person_key, record.source_key, record.subject or usual)
        for record in records
    ]
    if not by_person:
        identified, there = ([replace(one, person=one.record_id) for one in ones] for ones in (identified, there))
    return deduplicate(identified, there, wins)


async def add_records(
    connection: Connection, tenant: str, campaign_id: str, list_id: str, records: Sequence[NewRecord], wins: Wins, now: int, *,
    by_person: bool = True,
) -> Deduplicated:  # fmt: skip
    """Write what is new, and what replaces something where the last one wins. Needs a worker's transaction."""
    await connection.execute(LISTS["lock_lists"], tenant, campaign_id)
    outcome = await compared(connection, tenant, campaign_id, records, wins, by_person=by_person)
    await connection.execute(LISTS["stage_records"])
    for taken_by, statement, arguments in (
        (outcome.added, "insert_staged", (tenant, campaign_id, list_id, now)),
        (outcome.replaced, "update_staged", (tenant, campaign_id)),
    ):
        if taken_by:
            rows = [
                records[taken.row]._replace(record_id=record_id, source_key=taken.key)
                for record_id, taken in taken_by.items()
            ]
            await connection.copy_records_to_table("staged_records", records=rows)
            await connection.execute(LISTS[statement], *arguments)
            if any(row.consents for row in rows):
                await connection.execute(LISTS["keep_list_consents"], tenant, campaign_id)
            await connection.execute(LISTS["unstage_records"])
    return outcome


async def own_fields(connection: Connection, tenant: str, campaign_id: str, list_id: str) -> list[str]:
    """Names of the fields these records have beside the usual ones. `list_id` "": of the whole campaign."""
    rows = await connection.fetch(LISTS["own_fields"], tenant, campaign_id, list_id)
    return [row["name"] for row in rows]


async def exported(
    connection: Connection, tenant: str, campaign_id: str, list_id: str, after: str, limit: int
) -> list[asyncpg.Record]:
    """Records in the order of their ids, going on after one."""
    return await connection.fetch(LISTS["export_records"], tenant, campaign_id, list_id, after, limit)
