"""Rows of recordings ↔ their domain types; statements in `sql/recordings.sql`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.gateway.adapters.sound import Sound
from services.gateway.domain.recordings import CallEnd, Handling, Membership, Range, Recorded
from shared.postgres import Connection, named_statements

SQL: Final = named_statements(Path(__file__).parent / "sql" / "recordings.sql")
PIECE: Final = 512 * 1024
"""Bytes of sound in one row: about a minute of talk, so that a range reads little more than it plays."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which recordings are looked for; None and empty: no matter. `teams`, `sites`: in whose sight they must be."""

    agent: str | None = None
    group: str | None = None
    contact: str | None = None
    recording: str | None = None
    since: int | None = None  # µs
    before: int | None = None
    teams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording as it is listed. Times in µs."""

    recording_id: str
    contact_id: str
    started_at: int
    ended_at: int
    seconds: int
    bytes: int
    consent_played: bool
    pauses: Sequence[Mapping[str, int]]
    hung_up_by: str | None
    delete_after: int
    agents: Sequence[str]
    group: str | None


@dataclass(frozen=True, slots=True)
class Note:
    number: int
    recording_id: str
    contact_id: str
    action: str
    who: str
    reason: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Rules:
    days: int
    agents_listen: bool


# --- who took part ----------------------------------------------------------------------------------------------


async def set_memberships(connection: Connection, memberships: Sequence[Membership]) -> None:
    rows = [(m.tenant, m.agent_id, ",".join(m.teams), ",".join(m.sites)) for m in memberships]
    if rows:
        await connection.execute(SQL["set_memberships"], *map(list, zip(*rows, strict=True)))


async def add_handlings(connection: Connection, handlings: Sequence[Handling]) -> None:
    rows = {(h.tenant, h.contact_id, h.agent_id): h.group for h in reversed(handlings)}
    if rows:
        columns = zip(*((*key, group) for key, group in rows.items()), strict=True)
        await connection.execute(SQL["add_handlings"], *map(list, columns))


async def add_call_ends(connection: Connection, ends: Sequence[CallEnd]) -> None:
    rows = [(end.tenant, end.contact_id, end.by) for end in ends]
    if rows:
        await connection.execute(SQL["add_call_ends"], *map(list, zip(*rows, strict=True)))


# --- recordings -------------------------------------------------------------------------------------------------


async def add(
    connection: Connection, tenant: str, gateway_id: str, recorded: Recorded, sound: Sound, delete_after: int
) -> bool:
    """False when it is there already."""
    pauses = [{"started_at": pause.started_at, "ended_at": pause.ended_at} for pause in recorded.pauses]
    done = await connection.execute(
        SQL["add_recording"], tenant, recorded.recording_id, recorded.contact_id, gateway_id, recorded.started_at,
        recorded.ended_at, sound.seconds, len(sound.wav), recorded.consent_played, pauses, recorded.hung_up_by,
        sound.peaks, delete_after,
    )  # fmt: skip
    if done != "INSERT 0 1":
        return False
    pieces = [sound.wav[at : at + PIECE] for at in range(0, len(sound.wav), PIECE)]
    await connection.execute(SQL["add_recording_pieces"], tenant, recorded.recording_id, pieces)
    return True


async def page(
    connection: Connection, wanted: Wanted, after: tuple[int, str] | None, limit: int
) -> list[Kept]:  # fmt: skip
    """Newest first, after a place (started_at, recording_id)."""
    started_at, recording_id = after or (None, None)
    rows = await connection.fetch(
        SQL["recordings"], started_at, recording_id, wanted.since, wanted.before, wanted.contact, wanted.agent,
        wanted.group, list(wanted.teams), list(wanted.sites), wanted.recording, limit,
    )  # fmt: skip
    return [Kept(*row) for row in rows]


async def peaks(connection: Connection, recording_id: str) -> bytes | None:
    return await connection.fetchval(SQL["recording_peaks"], recording_id)


async def sound(connection: Connection, recording_id: str, wanted: Range) -> bytes:
    """The bytes of a range that lies within the recording."""
    first, last = wanted.first // PIECE, wanted.last // PIECE
    rows = await connection.fetch(SQL["recording_bytes"], recording_id, first, last)
    body = b"".join(row["body"] for row in rows)
    start = wanted.first - first * PIECE
    return body[start : start + wanted.length]


async def delete(connection: Connection, recording_id: str) -> bool:
    return await connection.fetchval(SQL["delete_recording"], recording_id) is not None


async def expire(connection: Connection, now: int) -> int:
    """Delete what is due, 100 at most; how many went."""
    done = await connection.execute(SQL["expire_recordings"], now)
    await connection.execute(SQL["forget_handlings"])
    await connection.execute(SQL["forget_call_ends"])
    return int(done.rsplit(" ", 1)[1])


# --- audit and rules --------------------------------------------------------------------------------------------


async def note(
    connection: Connection, tenant: str, kept: Kept, action: str, who: str, reason: str | None, at: int
) -> None:
    await connection.execute(SQL["note_recording"], tenant, kept.recording_id, kept.contact_id, action, who, reason, at)


async def notes(connection: Connection, recording_id: str | None, before: int | None, limit: int) -> list[Note]:
    return [Note(*row) for row in await connection.fetch(SQL["recording_notes"], recording_id, before, limit)]


async def rules(connection: Connection, tenant: str) -> Rules | None:
    row = await connection.fetchrow(SQL["recording_rules"], tenant)
    return None if row is None else Rules(*row)


async def set_rules(connection: Connection, tenant: str, rules: Rules) -> None:
    """Kept recordings follow the new days."""
    await connection.execute(SQL["set_recording_rules"], tenant, rules.days, rules.agents_listen)
    await connection.execute(SQL["rekeep_recordings"], tenant, rules.days)
