"""Answering by fax: a look at the letter before it goes, sending it, and what became of those sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.gateway import fax_store
from services.gateway.api.access import PartsOf, Staff, seen_by
from services.gateway.downloads import QUIET
from services.gateway.handlers import letters
from shared.contracts.wire import EPOCH, from_iso
from shared.errors import Forbidden
from shared.http import decode_cursor, encode_cursor
from shared.security import Principal, Role, allow

router = APIRouter(tags=["faxes"])

ContactId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
AskedContact = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
Answering = Annotated[Principal, Depends(allow(Role.AGENT))]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")
]


class NewLetter(BaseModel):
    """`to`: a number as people write it; absent: back to where the contact's fax came from."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")]
    body: Annotated[str, Field(max_length=16_000)] = ""
    to: Annotated[str, Field(min_length=3, max_length=64)] | None = None
    language: Annotated[str, Field(pattern=r"^[\w.\-]{1,64}$")] = "zh"
    template: Annotated[str, Field(pattern=r"^[\w.\-]{1,64}$")] = "letter"

    def asked(self) -> letters.Asked:
        return letters.Asked(letters.Words(self.title, self.body, self.language, self.template), self.to)


class PreviewedLetter(NewLetter):
    """`page`: which of the letter's pages to show."""

    contact_id: AskedContact | None = None
    page: Annotated[int, Field(ge=1, le=100)] = 1


class LetterAccepted(BaseModel):
    """`command_id` is also the fax's id among those outgoing."""

    command_id: str
    pages: int
    reference: str


class OutgoingFax(BaseModel):
    """`number` is cut to its last digits for who may not see it whole. `reason`: of the last attempt that failed."""

    fax_id: str
    contact_id: str
    requested_by: str
    number: str | None
    title: str
    reference: str
    file_id: str | None
    pages: int
    state: Literal["queued", "sending", "delivered", "failed"]
    attempts: int
    reason: str | None
    created_at: datetime
    next_at: datetime | None
    finished_at: datetime | None


class OutgoingFaxes(BaseModel):
    items: list[OutgoingFax]
    next: str | None


@router.post(
    "/v1/faxes/preview.png", response_class=Response, summary="The letter as the other side's machine will print it"
)
async def preview_letter(parts: PartsOf, principal: Answering, body: PreviewedLetter) -> Response:
    drawn = await letters.previewed(parts, principal.tenant, body.contact_id, body.asked())
    png = drawn.pngs[min(body.page, len(drawn.pngs)) - 1]
    headers = {**QUIET, "Cache-Control": "no-store", "UCC-Pages": str(len(drawn.pngs))}
    return Response(png, media_type="image/png", headers=headers)


@router.post("/v1/contacts/{contact_id}/faxes", status_code=202, summary="Answer a contact by fax")
async def send_letter(
    parts: PartsOf, principal: Answering, contact_id: ContactId, body: NewLetter, key: IdempotencyKey = None
) -> LetterAccepted:
    """Of a contact in one's hands, or that was last there. The same Idempotency-Key again is the same fax."""
    if principal.agent_id is None:
        raise Forbidden("this account has no agent")
    command_id, drawn = await letters.send(
        parts, principal.tenant, principal.agent_id, contact_id, body.asked(), key
    )  # fmt: skip
    return LetterAccepted(
        command_id=command_id, pages=len(drawn.pngs), reference=letters.reference_of(command_id)
    )  # fmt: skip


@router.get("/v1/faxes/outgoing", summary="Faxes sent and to be sent, newest first")
async def list_outgoing(
    parts: PartsOf,
    principal: Staff,
    contact_id: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> OutgoingFaxes:
    after = _place(*decode_cursor(cursor, str, str)) if cursor else None
    async with seen_by(parts, principal) as connection:
        rows = await fax_store.outgoing(connection, contact_id, after, limit)
    items = [_view(row, principal) for row in rows]
    more = len(rows) == limit
    return OutgoingFaxes(
        items=items, next=encode_cursor(items[-1].created_at.isoformat(), items[-1].fax_id) if more else None
    )


def _place(at: str, fax_id: str) -> tuple[datetime, str]:
    return EPOCH + timedelta(microseconds=from_iso(at)), fax_id


def _view(row: dict[str, Any], principal: Principal) -> OutgoingFax:
    whole = principal.has(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE)
    number: str | None = row["number"]
    waiting = row["state"] == "queued"
    return OutgoingFax(
        **{**row, "number": number if whole or number is None else f"***{number[-4:]}", "next_at": row["next_at"] if waiting else None},
        fax_id=row["job_id"],
    )  # fmt: skip
