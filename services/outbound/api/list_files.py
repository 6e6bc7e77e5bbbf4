"""Lists as files: rejected rows with what is wrong and how to mend it, and records in the form they are imported from.

Both are written a page of rows at a time, no transaction being open while the other side reads, and both may be handed in again:
columns of ours begin with `ucc_` and are passed over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, timedelta
from typing import Annotated, Final, Literal

import asyncpg
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from services.outbound.api.access import InRoom, PathId, Planner, of_tenant, tenant_of
from services.outbound.domain.list_columns import NUMBERS, TEXTS
from services.outbound.domain.list_faults import mend, why
from services.outbound.domain.list_rows import for_spreadsheet
from services.outbound.domain.suppressions import Suppression
from services.outbound.parts import Parts
from services.outbound.store import campaigns, imports
from services.outbound.store.list_records import exported, own_fields
from shared.contracts.wire import EPOCH

router = APIRouter(prefix="/v1", tags=["lists"])
PAGE: Final = 2_000
MARK: Final = "\ufeff"
"""Lets Excel see that the file is UTF-8."""
Language = Annotated[Literal["zh", "en"], Query()]
ListQuery = Annotated[str, Query(max_length=64)]


@router.get("/imports/{import_id}/rejected.csv", response_class=StreamingResponse, summary="Rows that became no record")
async def rejected(
    import_id: PathId, parts: InRoom, principal: Planner, language: Language = "zh"
) -> StreamingResponse:
    """The columns of the file, then `ucc_line`, `ucc_fault` and `ucc_mend`; mended it may be imported as it is."""
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        header: list[str] = (await imports.read(connection, tenant, import_id))["columns"]
    return _csv(f"rejected-{import_id}.csv", _rejected(parts, tenant, import_id, header, language))


async def _rejected(
    parts: Parts, tenant: str, import_id: str, header: Sequence[str], language: str
) -> AsyncGenerator[str]:
    yield MARK + _lines([[*header, "ucc_line", "ucc_fault", "ucc_mend"]])
    after = 0
    while True:
        async with of_tenant(parts, tenant) as connection:
            rows = await imports.rejected(connection, tenant, import_id, after, PAGE)
        if rows:
            yield _lines([_rejected_cells(row, len(header), language) for row in rows])
            after = rows[-1]["line"]
        if len(rows) < PAGE:
            return


def _rejected_cells(row: asyncpg.Record, width: int, language: str) -> list[str]:
    faults = [imports.fault_of(document) for document in row["faults"]]
    told = [f"{fault.column}: {why(fault, language)}" if fault.column else why(fault, language) for fault in faults]
    cells = [*map(for_spreadsheet, row["cells"]), *[""] * (width - len(row["cells"]))]
    return [*cells, str(row["line"]), "; ".join(told), "; ".join(dict.fromkeys(mend(f, language) for f in faults))]


@router.get(
    "/campaigns/{campaign_id}/records.csv",
    response_class=StreamingResponse,
    summary="Records, with what became of them",
)
async def records(campaign_id: PathId, parts: InRoom, principal: Planner, list_id: ListQuery = "") -> StreamingResponse:
    """Imported elsewhere it gives the same records; what became of them stands beside in columns that begin with `ucc_`."""
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        await campaigns.read(connection, tenant, campaign_id)
        own = await own_fields(connection, tenant, campaign_id, list_id)
        details = {"list_id": list_id}
        await campaigns.audit(
            connection, tenant, parts.clock.now(), principal.subject, "records_exported", campaign_id, details
        )
    return _csv(f"records-{campaign_id}.csv", _records(parts, tenant, campaign_id, list_id, own))


_PLAIN: Final = (
    "key",
    "subject",
    "customer_id",
    *TEXTS,
    "language",
    "time_zone",
    "region",
    "priority",
    "value",
    "not_before",
)
_BESIDE: Final = (
    "ucc_record", "ucc_state", "ucc_state_reason", "ucc_attempts", "ucc_conversations", "ucc_last_outcome", "ucc_last_attempt",
)  # fmt: skip


async def _records(
    parts: Parts, tenant: str, campaign_id: str, list_id: str, own: Sequence[str]
) -> AsyncGenerator[str]:
    yield MARK + _lines([[*NUMBERS, *_PLAIN, *(f"field.{name}" for name in own), *_BESIDE]])
    after = ""
    while True:
        async with of_tenant(parts, tenant) as connection:
            rows = await exported(connection, tenant, campaign_id, list_id, after, PAGE)
        if rows:
            yield _lines([_record_cells(row, own) for row in rows])
            after = rows[-1]["record_id"]
        if len(rows) < PAGE:
            return


def _record_cells(row: asyncpg.Record, own: Sequence[str]) -> list[str]:
    numbers = [n["number"] for n in row["numbers"]][: len(NUMBERS)]
    payload, fields = row["payload"], row["payload"].get("fields", {})
    plain = [
        row["source_key"] or "", row["subject"], row["customer_id"] or "", *(payload.get(name) or "" for name in TEXTS),
        row["language"] or "", row["address_zone"] or "", row["region"] or "", str(row["priority"] or ""), _amount(row["value"]),
        _time(None if row["attempts"] or row["reason"] == Suppression.CONSENT_ON_ITS_WAY else row["not_before"]),
        *(fields.get(name) or "" for name in own),
    ]  # fmt: skip
    beside = [
        row["record_id"], row["state"], row["reason"] or "", str(row["attempts"]), str(row["contacts"]), row["last_outcome"] or "",
        _time(row["last_attempt_at"]),
    ]  # fmt: skip
    return [*numbers, *[""] * (len(NUMBERS) - len(numbers)), *map(for_spreadsheet, plain), *beside]


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}" if cents else ""


def _time(at: int | None) -> str:
    return "" if at is None else (EPOCH + timedelta(microseconds=at)).astimezone(UTC).isoformat()


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _csv(name: str, lines: AsyncGenerator[str]) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
