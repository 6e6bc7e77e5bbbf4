"""HTTP of imports: a file is handed in once, its columns are confirmed on what its first rows would become, then it is taken over."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Final

import asyncpg
from fastapi import APIRouter, Query, UploadFile
from pydantic import Field

from services.outbound.api.access import (
    Body,
    Cursor,
    Document,
    InRoom,
    Limit,
    Line,
    Page,
    PathId,
    Planner,
    newest_first,
    of_tenant,
    tenant_of,
)
from services.outbound.domain.deduplication import Wins
from services.outbound.domain.list_columns import HEADERS, ListColumns, NoMapping, Preset, plain
from services.outbound.domain.list_faults import LANGUAGES, RowFault, mend, why
from services.outbound.domain.list_rows import RowReader
from services.outbound.domain.windows import zone_of
from services.outbound.handlers.list_rows import RecordMaker
from services.outbound.number_forms import NumberForms
from services.outbound.store import campaigns, imports
from services.outbound.store.list_records import NewRecord, compared
from services.outbound.zones import place_of_number
from shared.errors import InvalidMessage
from shared.http import encode_cursor
from shared.postgres import Connection

router = APIRouter(prefix="/v1/imports", tags=["lists"])
presets_router = APIRouter(prefix="/v1/import-presets", tags=["lists"])
PIECE_BYTES: Final = 1 << 20
CampaignQuery = Annotated[str, Query(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
Zone = Annotated[str, Field(max_length=64)]


class MappingIn(Body):
    """`mapping`: field → column as named in `columns`; none: as guessed. `wins`: who stands where a person or key comes twice."""

    mapping: dict[str, str] | None = None
    time_zone: Zone = ""
    wins: Wins = Wins.FIRST


class StartIn(MappingIn):
    """`preset`: keep the mapping under this name. `registry_checked_on`: when the numbers were compared with the registry."""

    name: Line | None = None
    registry_checked_on: date | None = None
    preset: Line | None = None


def column_names(header: Sequence[str]) -> list[str]:
    """Headers as people choose among them: none empty, none twice."""
    names: list[str] = []
    for place, text in enumerate(header, start=1):
        name = text.strip() or f"#{place}"
        names.append(name if name not in names else f"{name} #{place}")
    return names


def _mapping(row: asyncpg.Record) -> dict[str, str]:
    names = column_names(row["columns"])
    return {field: names[place] for place, field in enumerate(row["fields"]) if field is not None}


def document(row: asyncpg.Record) -> Document:
    return {
        "import_id": row["import_id"], "campaign_id": row["campaign_id"], "list_id": row["list_id"], "name": row["title"],
        "state": row["state"], "failure": row["failure"], "bytes": row["file_bytes"], "columns": column_names(row["columns"]),
        "mapping": _mapping(row), "wins": row["wins"], "time_zone": row["time_zone"],
        "registry_checked_on": row["registry_checked_on"], "uploaded_at": row["uploaded_at"], "uploaded_by": row["uploaded_by"],
        "started_at": row["started_at"], "finished_at": row["finished_at"], "rows": row["total_rows"], "done": row["done_rows"],
        "created": row["created"], "updated": row["updated"], "duplicates": row["duplicates"], "rejected": row["rejected"],
    }  # fmt: skip


def fields_of(row: asyncpg.Record, mapping: Mapping[str, str] | None) -> tuple[str | None, ...]:
    """The field of each column. Raises InvalidMessage naming what is wrong."""
    names = column_names(row["columns"])
    if mapping is None:
        chosen: list[str | None] = list(row["fields"])
    else:
        chosen = [None] * len(names)
        for field, column in mapping.items():
            if column not in names:
                raise _invalid(f"mapping.{field}", "no_column", "the file has no such column")
            place = names.index(column)
            if chosen[place] is not None:
                raise _invalid(f"mapping.{field}", "twice", "the column is mapped twice")
            chosen[place] = field
    try:
        return ListColumns.of(chosen, len(names)).fields
    except NoMapping as error:
        raise _invalid("mapping", error.code, str(error)) from error


def _invalid(field: str, code: str, message: str) -> InvalidMessage:
    return InvalidMessage(message, [{"field": field, "code": code, "message": message}])


def _zone(text: str) -> str | None:
    if text and zone_of(text) is None:
        raise _invalid("time_zone", "no_zone", "there is no such time zone")
    return text or None


def fault_words(fault: RowFault) -> Document:
    """A fault for people: what, where, how to mend it."""
    return {
        "code": fault.code, "column": fault.column, **{language: why(fault, language) for language in LANGUAGES},
        "mend": {language: mend(fault, language) for language in LANGUAGES},
    }  # fmt: skip


@router.post("", status_code=202, response_model=Document, summary="Hand in a CSV or XLSX; nothing is taken over yet")
async def begin(
    parts: InRoom, principal: Planner, campaign: CampaignQuery, file: UploadFile,
    name: Annotated[str, Query(max_length=256)] = "", time_zone: Annotated[str, Query(max_length=64)] = "",
) -> Document:  # fmt: skip
    """It is read in the background; `state` becomes `mapping` when its columns can be confirmed (`…/preview`, `…/start`)."""
    tenant, import_id = tenant_of(principal), f"im-{uuid.uuid4().hex[:12]}"
    title = (name or file.filename or import_id).replace("\x00", "")
    async with of_tenant(parts, tenant) as connection:
        await campaigns.read(connection, tenant, campaign)
        await imports.begin(
            connection, tenant, import_id, campaign, title, _zone(time_zone), principal.subject, parts.clock.now()
        )
        size = place = 0
        while piece := await file.read(PIECE_BYTES):
            await imports.keep_piece(connection, tenant, import_id, place, piece)
            size, place = size + len(piece), place + 1
        if size == 0:
            raise _invalid("file", "empty", "the file is empty")
        await imports.file_is_whole(connection, tenant, import_id, size)
        return document(await imports.read(connection, tenant, import_id))


@router.get("", response_model=Page[Document], summary="Newest first, of a campaign or of all")
async def listed(
    parts: InRoom, principal: Planner, campaign: CampaignQuery | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[Document]:
    async with of_tenant(parts, tenant_of(principal)) as connection:
        rows = await imports.listed(
            connection, tenant_of(principal), campaign or "", newest_first(cursor), limit + 1
        )  # fmt: skip
    more = encode_cursor(rows[limit - 1]["uploaded_at"], rows[limit - 1]["import_id"]) if len(rows) > limit else None
    return Page(items=[document(row) for row in rows[:limit]], next=more)


@router.get("/{import_id}", response_model=Document, summary="Progress and true counts")
async def read(import_id: PathId, parts: InRoom, principal: Planner) -> Document:
    async with of_tenant(parts, tenant_of(principal)) as connection:
        return document(await imports.read(connection, tenant_of(principal), import_id))


@router.post(
    "/{import_id}/preview", response_model=Document, summary="What the first 50 rows would become, and why not"
)
async def preview(import_id: PathId, wanted: MappingIn, parts: InRoom, principal: Planner) -> Document:
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        row = await imports.read(connection, tenant, import_id)
        fields = fields_of(row, wanted.mapping)
        home = await parts.directory.tenant(tenant)
        campaign = await campaigns.read(connection, tenant, row["campaign_id"])
        maker = RecordMaker(
            tenant, parts.settings.person_key_secret.get_secret_value(), NumberForms(home.default_country), row["list_id"],
            RowReader(ListColumns(fields)), parts.clock.now(), campaign.purpose, _zone(wanted.time_zone), home.time_zone,
        )  # fmt: skip
        return await _looked(connection, row, fields, maker, wanted.wins)


async def _looked(
    connection: Connection, row: asyncpg.Record, fields: Sequence[str | None], maker: RecordMaker, wins: Wins
) -> Document:  # fmt: skip
    sample: list[tuple[int, list[str]]] = [(line, cells) for line, cells in row["sample"]]
    made = [maker.make(line, cells) for line, cells in sample]
    places = [place for place, record in enumerate(made) if isinstance(record, NewRecord)]
    records = [record for record in made if isinstance(record, NewRecord)]
    outcome = await compared(connection, row["tenant_id"], row["campaign_id"], records, wins)
    faults = {place: record for place, record in enumerate(made) if not isinstance(record, NewRecord)}
    faults |= {places[place]: (fault,) for place, fault in maker.refusals(outcome).items()}
    twice = sum(faults[place][0].code.startswith("duplicate") for place in faults)
    return {
        "fields": [*HEADERS, *(name for name in fields if name is not None and name not in HEADERS)],
        "columns": column_names(row["columns"]),
        "mapping": {name: column_names(row["columns"])[place] for place, name in enumerate(fields) if name is not None},
        "total": row["total_rows"],
        "rows": [
            _looked_row(line, cells, fields, made[place], faults.get(place, ())) for place, (line, cells) in enumerate(sample)
        ],
        "counts": {
            "good": len(made) - len(faults), "rejected": len(faults) - twice, "duplicates": twice,
            "updated": outcome.replacements,
        },
    }  # fmt: skip


def _looked_row(
    line: int, cells: Sequence[str], fields: Sequence[str | None], record: NewRecord | tuple[RowFault, ...],
    faults: Sequence[RowFault],
) -> Document:  # fmt: skip
    """`becomes`: the numbers as they would be dialled, with the zones the law will look at."""
    numbers = [n["number"] for n in json.loads(record.numbers)] if isinstance(record, NewRecord) else []
    return {
        "row": line,
        "cells": list(cells),
        "values": {name: cell for name, cell in zip(fields, cells, strict=False) if name is not None},
        "becomes": [{"number": number, "zones": list(place_of_number(number).zones)} for number in numbers],
        "fault": fault_words(faults[0]) if faults else None,
        "faults": [fault_words(fault) for fault in faults],
    }


@router.post(
    "/{import_id}/start", status_code=202, response_model=Document, summary="Take it over, the columns being confirmed"
)
async def start(import_id: PathId, wanted: StartIn, parts: InRoom, principal: Planner) -> Document:
    tenant, now = tenant_of(principal), parts.clock.now()
    async with of_tenant(parts, tenant) as connection:
        row = await imports.read(connection, tenant, import_id)
        fields = fields_of(row, wanted.mapping) if row["state"] == "mapping" else tuple(row["fields"])
        zone = _zone(wanted.time_zone) or row["time_zone"]
        await imports.keep_mapping(
            connection,
            tenant,
            import_id,
            fields,
            wanted.wins,
            zone,
            wanted.registry_checked_on,
            wanted.name or row["title"],
        )
        await imports.start(connection, tenant, import_id, now)
        if wanted.preset:
            kept = {plain(text): field for text, field in zip(row["columns"], fields, strict=True)}
            await imports.keep_preset(connection, tenant, Preset(wanted.preset, kept), principal.subject, now)
        await campaigns.audit(
            connection, tenant, now, principal.subject, "import_started", row["campaign_id"], {"import_id": import_id}
        )
        return document(await imports.read(connection, tenant, import_id))


@router.post("/{import_id}/cancel", response_model=Document, summary="No further row; what is written stays")
async def cancel(import_id: PathId, parts: InRoom, principal: Planner) -> Document:
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        await imports.read(connection, tenant, import_id)
        await imports.cancel(connection, tenant, import_id, parts.clock.now())
        return document(await imports.read(connection, tenant, import_id))


@presets_router.get("", response_model=Page[Document], summary="Mappings kept by name")
async def presets(parts: InRoom, principal: Planner) -> Page[Document]:
    async with of_tenant(parts, tenant_of(principal)) as connection:
        known = await imports.presets(connection, tenant_of(principal))
    return Page(items=[{"name": preset.name, "fields": dict(preset.fields)} for preset in known], next=None)


@presets_router.delete("/{name}", status_code=204)
async def drop_preset(name: str, parts: InRoom, principal: Planner) -> None:
    async with of_tenant(parts, tenant_of(principal)) as connection:
        await imports.drop_preset(connection, tenant_of(principal), name)
