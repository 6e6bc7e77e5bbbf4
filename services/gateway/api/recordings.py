"""Recordings for supervisors (of their people), administrators and, where the rules allow it, the agents themselves.

Hearing is written down; taking a copy away or deleting needs a reason.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Path, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, Field

from services.gateway import recording_store as kept_in
from services.gateway.api.access import PartsOf
from services.gateway.api.admin import Admin
from services.gateway.domain.recordings import Range, byte_range
from services.gateway.handlers import recordings
from services.gateway.recording_store import Kept, Rules, Wanted
from shared.contracts.fields import SECOND
from shared.contracts.wire import to_iso
from shared.errors import NotFound
from shared.http import decode_cursor, encode_cursor
from shared.postgres import tenant_transaction
from shared.security import Principal, Role, allow

router = APIRouter(tags=["recordings"])

Listener = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ADMIN))]
Overseer = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ADMIN))]
RecordingId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
Code = Annotated[str | None, Query(pattern=r"^[\w.:\-]{1,64}$")]
Reason = Annotated[
    str, Query(min_length=3, max_length=256, pattern=r"^[^\x00-\x1f]+$", description="Why; it is written down")
]
_QUIET = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "private, no-store"}


class PauseView(BaseModel):
    """A secure entry that was left out: where in the sound (seconds from its start), and how long it took."""

    at_second: float
    seconds: float


class RecordingView(BaseModel):
    recording_id: str
    contact_id: str
    started_at: str
    ended_at: str
    seconds: int
    consent_played: bool
    pauses: list[PauseView]
    hung_up_by: str | None
    agents: list[str]
    group: str | None
    delete_after: str


class Recordings(BaseModel):
    items: list[RecordingView]
    next: str | None


class Shape(BaseModel):
    """Loudness (0–255) of 400 equal slices."""

    peaks: list[int]


class NoteView(BaseModel):
    number: int
    recording_id: str
    contact_id: str
    action: str
    who: str
    reason: str | None
    at: str


class Notes(BaseModel):
    items: list[NoteView]
    next: str | None


class RecordingRules(BaseModel):
    """How many days recordings are kept, and whether agents may hear their own."""

    days: Annotated[int, Field(ge=1, le=3650)]
    agents_listen: bool


@router.get("/v1/recordings", summary="Recordings in one's sight, newest first")
async def list_recordings(
    parts: PartsOf,
    principal: Listener,
    agent: Code = None,
    group: Code = None,
    contact: Code = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    before: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> Recordings:
    wanted = Wanted(agent, group, contact, None, _microseconds(since), _microseconds(before))
    place = decode_cursor(cursor, int, str) if cursor else None
    async with tenant_transaction(parts.api, principal.tenant) as connection:
        scope = await recordings.in_sight(parts, connection, principal, wanted)
        found = await kept_in.page(connection, scope, place, limit)
    last = found[-1] if len(found) == limit else None
    return Recordings(
        items=[_view(kept) for kept in found], next=encode_cursor(last.started_at, last.recording_id) if last else None
    )


@router.get("/v1/recordings/audit", summary="What was done with recordings, newest first")
async def list_notes(
    parts: PartsOf,
    admin: Admin,
    recording: Code = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> Notes:
    before = decode_cursor(cursor, int)[0] if cursor else None
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        found = await kept_in.notes(connection, recording, before, limit)
    items = [
        NoteView(
            number=n.number, recording_id=n.recording_id, contact_id=n.contact_id, action=n.action, who=n.who,
            reason=n.reason, at=to_iso(n.at),
        )
        for n in found
    ]  # fmt: skip
    return Notes(items=items, next=encode_cursor(found[-1].number) if len(found) == limit else None)


@router.get("/v1/recordings/rules", summary="How long recordings are kept, and who may listen")
async def get_rules(parts: PartsOf, principal: Overseer) -> RecordingRules:
    async with tenant_transaction(parts.api, principal.tenant) as connection:
        rules = await recordings.rules_of(parts, connection, principal.tenant)
    return RecordingRules(days=rules.days, agents_listen=rules.agents_listen)


@router.put("/v1/recordings/rules", status_code=204, summary="Set them; recordings already kept follow")
async def put_rules(parts: PartsOf, admin: Admin, body: RecordingRules) -> None:
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        await kept_in.set_rules(connection, admin.tenant, Rules(body.days, body.agents_listen))


@router.get(
    "/v1/recordings/{recording_id}", response_class=Response, summary="The sound, whole or a range, to be played"
)
async def play(
    parts: PartsOf, principal: Listener, recording_id: RecordingId, header: Annotated[str | None, Header(alias="Range")] = None
) -> Response:  # fmt: skip
    async with tenant_transaction(parts.api, principal.tenant) as connection:
        kept = await recordings.find(parts, connection, principal, recording_id)
        wanted = byte_range(header, kept.bytes)
        if wanted == "unsatisfiable":
            raise HTTPException(416, "no such bytes", headers={"Content-Range": f"bytes */{kept.bytes}"})
        part = wanted or Range(0, kept.bytes - 1)
        if part.first == 0:
            await recordings.note(parts, connection, principal, kept, "heard")
        body = await kept_in.sound(connection, kept.recording_id, part)
    headers = {**_QUIET, "Accept-Ranges": "bytes"}
    if wanted is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{kept.bytes}"
    return Response(body, 206 if wanted else 200, media_type="audio/wav", headers=headers)


@router.get("/v1/recordings/{recording_id}/shape", summary="Its loudness over time, for drawing")
async def shape(parts: PartsOf, principal: Listener, recording_id: RecordingId) -> Shape:
    async with tenant_transaction(parts.api, principal.tenant) as connection:
        kept = await recordings.find(parts, connection, principal, recording_id)
        drawn = await kept_in.peaks(connection, kept.recording_id)
    return Shape(peaks=list(drawn or b""))


@router.get("/v1/recordings/{recording_id}/download", response_class=Response, summary="A copy to take away")
async def download(
    request: Request, parts: PartsOf, principal: Overseer, recording_id: RecordingId, reason: Reason
) -> Response:
    async with tenant_transaction(parts.api, principal.tenant) as connection:
        kept = await recordings.find(parts, connection, principal, recording_id)
        await recordings.note(parts, connection, principal, kept, "downloaded", reason)
        body = await kept_in.sound(connection, kept.recording_id, Range(0, kept.bytes - 1))
    headers = {**_QUIET, "Content-Disposition": f'attachment; filename="{recording_id}.wav"'}
    return Response(body, media_type="audio/wav", headers=headers)


@router.delete("/v1/recordings/{recording_id}", status_code=204, summary="Delete a recording before its time")
async def delete(parts: PartsOf, admin: Admin, recording_id: RecordingId, reason: Reason) -> None:
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        kept = await recordings.find(parts, connection, admin, recording_id)
        if not await kept_in.delete(connection, kept.recording_id):
            raise NotFound("no such recording")
        await recordings.note(parts, connection, admin, kept, "deleted", reason)


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * SECOND)


def _pauses(kept: Kept) -> list[PauseView]:
    """What was left out shortens the sound: later pauses lie earlier in it."""
    found: list[PauseView] = []
    left_out = 0
    for pause in kept.pauses:
        length = pause["ended_at"] - pause["started_at"]
        at = pause["started_at"] - kept.started_at - left_out
        found.append(PauseView(at_second=round(at / SECOND, 1), seconds=round(length / SECOND, 1)))
        left_out += length
    return found


def _view(kept: Kept) -> RecordingView:
    return RecordingView(
        recording_id=kept.recording_id, contact_id=kept.contact_id, started_at=to_iso(kept.started_at),
        ended_at=to_iso(kept.ended_at), seconds=kept.seconds, consent_played=kept.consent_played, pauses=_pauses(kept),
        hung_up_by=kept.hung_up_by, agents=list(kept.agents), group=kept.group, delete_after=to_iso(kept.delete_after),
    )  # fmt: skip
