"""Imports of customers and deals by file: taken, worked off in the background, answered for row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Query, UploadFile
from fastapi.responses import StreamingResponse

from services.profile.api.access import InRoom, PathId, Room, tenant_of
from services.profile.api.resources import Code, Cursor, Document, FieldFault, Limit, Page, rfc3339, time_cursor
from services.profile.domain.columns import Kind
from services.profile.store import imports
from shared.http import encode_cursor
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1/imports", tags=["imports"])
Importer = Annotated[Principal, Depends(allow(Role.ADMIN, Role.SUPERVISOR))]
PAGE = 1000


def _document(row: asyncpg.Record) -> Document:
    return {
        "import_id": row["import_id"], "kind": row["kind"], "source": row["source"], "state": row["state"],
        "failure": row["failure"], "columns": row["columns"], "uploaded_at": rfc3339(row["uploaded_at"]),
        "uploaded_by": row["uploaded_by"], "finished_at": rfc3339(row["finished_at"]), "rows": row["total_rows"],
        "done": row["done_rows"], "created": row["created"], "updated": row["updated"], "unchanged": row["unchanged"],
        "rejected": row["rejected"],
    }  # fmt: skip


@router.post("", status_code=202, response_model=Document, summary="CSV or XLSX; worked off in the background")
async def begin(
    room: InRoom, principal: Importer, kind: Annotated[Kind, Query()], source: Annotated[Code, Query()], file: UploadFile
) -> Document:  # fmt: skip
    """Importing a file twice changes nothing the second time. `source`: the system the records come from."""
    content = await file.read()
    if not content:
        raise FieldFault("file", "is empty")
    uploaded_at = datetime.now(UTC)  # wall time, whatever the policy clock: it is compared with source systems' own
    async with room.of_tenant(principal) as connection:
        import_id = await imports.begin(
            connection, tenant_of(principal), kind, source, content, principal.subject, uploaded_at
        )
        return _document(await imports.read(connection, tenant_of(principal), import_id))


@router.get("", response_model=Page[Document], summary="Newest first")
async def listed(room: InRoom, principal: Importer, limit: Limit = 50, cursor: Cursor = None) -> Page[Document]:
    async with room.of_tenant(principal) as connection:
        rows = await imports.listed(connection, tenant_of(principal), time_cursor(cursor), limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    more = encode_cursor(last["uploaded_at"].isoformat(), last["import_id"]) if last else None
    return Page(items=[_document(row) for row in rows[:limit]], next=more)


@router.get("/{import_id}", response_model=Document, summary="Progress and true counts")
async def read(import_id: PathId, room: InRoom, principal: Importer) -> Document:
    async with room.of_tenant(principal) as connection:
        return _document(await imports.read(connection, tenant_of(principal), import_id))


@router.get(
    "/{import_id}/rejected.csv",
    response_class=StreamingResponse,
    summary="Rejected rows: line, reasons, the row as it was",
)
async def rejected(import_id: PathId, room: InRoom, principal: Importer) -> StreamingResponse:
    async with room.of_tenant(principal) as connection:
        header = (await imports.read(connection, tenant_of(principal), import_id))["columns"]
    return StreamingResponse(
        _rejected_lines(room, principal, import_id, header), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="rejected-{import_id}.csv"'},
    )  # fmt: skip


async def _rejected_lines(room: Room, principal: Principal, import_id: str, header: list[str]) -> AsyncGenerator[str]:
    """A page of rows at a time: no transaction stays open while the other side reads."""
    yield "\ufeff" + _csv_line(["line", "reasons", *header])  # the mark lets Excel see that it is UTF-8
    after = 0
    while True:
        async with room.of_tenant(principal) as connection:
            rows = await imports.rejected(connection, tenant_of(principal), import_id, after, PAGE)
        for row in rows:
            reasons = "; ".join(f"{fault['field']}: {fault['message']}" for fault in row["faults"])
            yield _csv_line([str(row["line"]), reasons, *row["cells"]])
            after = row["line"]
        if len(rows) < PAGE:
            return


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
