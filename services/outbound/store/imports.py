"""Imports: a file kept in pieces, claimed by one worker at a time, its progress true after any crash."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Literal, cast

import asyncpg

from services.outbound.domain.deduplication import Wins
from services.outbound.domain.list_columns import Preset
from services.outbound.domain.list_faults import RowFault, RowRefusal
from services.outbound.store.statements import LISTS
from shared.errors import Conflict, NotFound
from shared.postgres import Connection

SPOOLED_BYTES = 8 << 20
"""A file larger than this waits on disk while it is worked off, not in memory."""


@dataclass(frozen=True, slots=True)
class ClaimedImport:
    """An import this worker goes on with, at row `done` (rows counted without the header)."""

    tenant: str
    import_id: str
    campaign_id: str
    list_id: str
    title: str
    reading: bool  # only to be read, not yet to be taken over
    fields: tuple[str | None, ...]
    wins: Wins
    time_zone: str | None
    registry_checked_on: date | None
    done: int
    tries: int  # this one, after others that came no further


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that became no record, and why."""

    line: int
    faults: Sequence[RowFault]
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class PieceDone:
    """What became of a piece: rows = created + updated + duplicates + rejected."""

    rows: int
    created: int
    updated: int
    duplicates: int
    rejected: Sequence[RejectedRow]  # duplicates among them


async def begin(
    connection: Connection, tenant: str, import_id: str, campaign_id: str, title: str, zone: str | None, user: str, now: int
) -> None:  # fmt: skip
    list_id = f"l-{import_id.removeprefix('im-')}"
    await connection.execute(
        LISTS["begin_import"], tenant, import_id, campaign_id, list_id, title, 0, zone, now, user
    )  # fmt: skip


async def keep_piece(connection: Connection, tenant: str, import_id: str, place: int, piece: bytes) -> None:
    await connection.execute(LISTS["keep_piece"], tenant, import_id, place, piece)


async def file_is_whole(connection: Connection, tenant: str, import_id: str, size: int) -> None:
    """All pieces are there: a worker may begin."""
    await connection.execute(LISTS["file_is_whole"], tenant, import_id, size)


async def claimable(connection: Connection) -> bool:
    return await connection.fetchval(LISTS["import_claimable"])


async def claim(connection: Connection, worker: str, lease_seconds: float) -> ClaimedImport | None:
    """The oldest import nobody works on."""
    row = await connection.fetchrow(LISTS["claim_import"], worker, lease_seconds)
    if row is None:
        return None
    return ClaimedImport(
        row["tenant_id"], row["import_id"], row["campaign_id"], row["list_id"], row["title"], row["state"] == "reading",
        tuple(row["fields"]), Wins(row["wins"]), row["time_zone"], row["registry_checked_on"], row["done_rows"],
        row["tries"],
    )  # fmt: skip


async def spool(connection: Connection, job: ClaimedImport) -> BinaryIO:
    """The file, open at its beginning; gone when it is closed."""
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=SPOOLED_BYTES))  # noqa: SIM115  closed by the caller
    place = 0
    while (piece := await connection.fetchval(LISTS["read_piece"], job.tenant, job.import_id, place)) is not None:
        file.write(piece)
        place += 1
    file.seek(0)
    return file


async def was_read(
    connection: Connection, job: ClaimedImport, worker: str, columns: Sequence[str],
    sample: Sequence[tuple[int, Sequence[str]]], fields: Sequence[str | None], rows: int,
) -> None:  # fmt: skip
    """What stands in it, for a person to confirm."""
    await connection.execute(
        LISTS["import_was_read"], job.tenant, job.import_id, worker, list(columns), [list(row) for row in sample], list(fields),
        rows,
    )  # fmt: skip


async def extend(connection: Connection, job: ClaimedImport, worker: str, lease_seconds: float) -> bool:
    """Still at it. False: it is another's, or was cancelled."""
    held = await connection.fetchval(LISTS["extend_import"], job.tenant, job.import_id, worker, lease_seconds)
    return held is not None


async def hold(connection: Connection, job: ClaimedImport, worker: str, done: int) -> bool:
    """Whether the import is still ours and stands at row `done`; nobody else moves it until the transaction ends."""
    return await connection.fetchval(LISTS["hold_import"], job.tenant, job.import_id, worker, done) is not None


async def went_on(connection: Connection, job: ClaimedImport, piece: PieceDone, lease_seconds: float) -> None:
    """A piece more is done, in the transaction that wrote its records."""
    refused = len(piece.rejected) - piece.duplicates
    await connection.execute(
        LISTS["import_went_on"], job.tenant, job.import_id, piece.rows, piece.created, piece.updated, piece.duplicates, refused,
        lease_seconds,
    )  # fmt: skip
    if piece.rejected:
        await connection.execute(
            LISTS["reject_rows"], job.tenant, job.import_id, [row.line for row in piece.rejected],
            [json.dumps([fault_document(fault) for fault in row.faults]) for row in piece.rejected],
            [json.dumps(list(row.cells)) for row in piece.rejected],
        )  # fmt: skip


async def finish(
    connection: Connection, job: ClaimedImport, worker: str, state: Literal["done", "failed"], now: int,
    failure: str | None = None, rows: int | None = None,
) -> None:  # fmt: skip
    """The import is over and its file forgotten."""
    await connection.execute(LISTS["finish_import"], job.tenant, job.import_id, worker, state, failure, now, rows)
    await connection.execute(LISTS["forget_file"], job.tenant, job.import_id)


def fault_document(fault: RowFault) -> dict[str, object]:
    return {"code": str(fault.code), "column": fault.column, "facts": dict(fault.facts)}


def fault_of(document: Mapping[str, object]) -> RowFault:
    facts = document["facts"]
    assert isinstance(facts, dict)
    return RowFault(RowRefusal(str(document["code"])), str(document["column"]), facts)


# ---- what people ask


async def read(connection: Connection, tenant: str, import_id: str) -> asyncpg.Record:
    """Raises NotFound."""
    row = await connection.fetchrow(LISTS["read_import"], tenant, import_id)
    if row is None:
        raise NotFound("no such import")
    return row


async def listed(
    connection: Connection, tenant: str, campaign_id: str, before: tuple[int, str], limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(LISTS["list_imports"], tenant, campaign_id, *before, limit)


async def keep_mapping(
    connection: Connection, tenant: str, import_id: str, fields: Sequence[str | None], wins: Wins, zone: str | None,
    registry_checked_on: date | None, title: str,
) -> None:  # fmt: skip
    """Raises Conflict where it is not (any more) to be mapped."""
    kept = await connection.fetchval(
        LISTS["keep_mapping"], tenant, import_id, list(fields), str(wins), zone, registry_checked_on, title
    )
    if kept is None:
        raise Conflict("state", "only an import that was read and not started has a mapping to choose")


async def start(connection: Connection, tenant: str, import_id: str, now: int) -> None:
    """Raises Conflict."""
    if await connection.fetchval(LISTS["start_import"], tenant, import_id, now) is None:
        raise Conflict("state", "the import was started already")


async def cancel(connection: Connection, tenant: str, import_id: str, now: int) -> None:
    """Raises Conflict where it is over."""
    if await connection.fetchval(LISTS["cancel_import"], tenant, import_id, now) is None:
        raise Conflict("state", "the import is over")
    await connection.execute(LISTS["forget_file"], tenant, import_id)


async def rejected(
    connection: Connection, tenant: str, import_id: str, after_line: int, limit: int
) -> list[asyncpg.Record]:
    """Rejected rows in order of their lines."""
    return await connection.fetch(LISTS["rejected_rows"], tenant, import_id, after_line, limit)


async def presets(connection: Connection, tenant: str) -> list[Preset]:
    return [Preset(row["name"], row["fields"]) for row in await connection.fetch(LISTS["presets"], tenant)]


async def keep_preset(connection: Connection, tenant: str, preset: Preset, user: str, now: int) -> None:
    await connection.execute(LISTS["keep_preset"], tenant, preset.name, dict(preset.fields), now, user)


async def drop_preset(connection: Connection, tenant: str, name: str) -> None:
    """Raises NotFound."""
    if await connection.fetchval(LISTS["drop_preset"], tenant, name) is None:
        raise NotFound("no such preset")
