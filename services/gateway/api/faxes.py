"""Documents: fax deposits in; originals and page images out, to staff of their tenant."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile

from services.gateway import store
from services.gateway.api.access import Gateway, PartsOf, Staff, seen_by
from services.gateway.downloads import QUIET, download
from services.gateway.handlers import faxes
from shared.contracts.wire import InvalidMessage
from shared.errors import NotFound
from shared.http import problem

router = APIRouter(tags=["documents"])

FileId = Annotated[str, Path(pattern=r"^[A-Za-z0-9\-]{1,64}$")]
_TEXT = {"type": "string", "maxLength": 256}
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "TIFF or PDF"},
        "business_line": {
            "type": "string",
            "maxLength": 64,
            "description": "absent: as the gateway's entry for `to` says",
        },
        "from": {**_TEXT, "description": "the sender's fax number"},
        "to": {**_TEXT, "description": "the line it came in on"},
        "group": {"type": "string", "maxLength": 64},
        "language": {"type": "string", "maxLength": 64},
        "self_service": {"type": "boolean", "description": "the ivr answers what it can"},
        "subject": {**_TEXT, "description": "the gateway's own key of the fax; repeating it is harmless"},
    },
}


class FaxAccepted(BaseModel):
    contact_id: str
    file_id: str
    pages: int


@router.post(
    "/v1/faxes",
    status_code=202,
    response_model=FaxAccepted,
    summary="Deposit a fax; answered when stored and acknowledged",
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def deposit_fax(request: Request, parts: PartsOf, credential: Gateway) -> Response:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(415, "send multipart/form-data")
    async with request.form(max_files=1, max_fields=20) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            return problem(
                422, "invalid", "see errors", errors=[{"field": "file", "message": "missing", "code": "missing"}]
            )
        body = await file.read()
        if len(body) > parts.settings.fax_bytes:
            raise HTTPException(413, f"at most {parts.settings.fax_bytes} bytes")
        fax = faxes.Deposit(
            subject=_text(form, "subject") or f"fax-{uuid.uuid4().hex}",
            body=body,
            business_line=_text(form, "business_line"),
            sender=_text(form, "from"),
            called=_text(form, "to"),
            group=_text(form, "group"),
            language=_text(form, "language"),
            self_service=None
            if (asked := _text(form, "self_service")) is None
            else asked.lower() in ("true", "1", "yes"),
        )
    try:
        done = await faxes.deposit(parts, credential, fax)
    except InvalidMessage as error:
        return problem(422, "invalid", "the fax was not accepted", errors=[dict(fault) for fault in error.faults])
    answer = FaxAccepted(contact_id=done.contact_id, file_id=done.file_id, pages=done.pages)
    return Response(answer.model_dump_json(), 202, media_type="application/json")


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value.strip() or None if isinstance(value, str) else None


@router.get("/v1/files/{file_id}", response_class=Response, summary="The document as it was deposited")
async def get_file(parts: PartsOf, principal: Staff, file_id: FileId) -> Response:
    async with seen_by(parts, principal) as connection:
        found = await store.file(connection, file_id)
    if found is None:
        raise NotFound("no such document")
    return download(found, file_id)


@router.get("/v1/files/{file_id}/pages/{number}.png", response_class=Response, summary="One page as a picture, from 1")
async def get_page(
    parts: PartsOf, principal: Staff, file_id: FileId, number: Annotated[int, Path(ge=1, le=10_000)]
) -> Response:
    async with seen_by(parts, principal) as connection:
        png = await store.page(connection, file_id, number)
    if png is None:
        raise NotFound("no such page")
    return Response(png, media_type="image/png", headers=QUIET)
