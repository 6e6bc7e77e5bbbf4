"""Files agents send into a conversation they have in hand; what is taken is told by its first bytes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel

from services.gateway.adapters.uploads import KINDS, kind_of, shown_name
from services.gateway.api.access import PartsOf
from services.gateway.handlers import conversation
from shared.errors import Forbidden
from shared.security import Principal, Role, allow

router = APIRouter(tags=["conversations"])

MAX_BYTES = 20 * 1024 * 1024
_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


class FileSent(BaseModel):
    """The message the file lies with."""

    message_id: str
    file_id: str
    media_type: str
    size: int
    name: str


@router.post(
    "/v1/contacts/{contact_id}/files", status_code=202, summary="Send the customer a file; the body is the file itself",
    openapi_extra={"requestBody": _BODY},
)  # fmt: skip
async def send_file(
    request: Request,
    parts: PartsOf,
    principal: Annotated[Principal, Depends(allow(Role.AGENT))],
    contact_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")],
    key: Annotated[str, Query(pattern=r"^[A-Za-z0-9_\-]{8,64}$", description="the page's own id of the message")],
    name: Annotated[str, Query(max_length=256)] = "",
) -> FileSent:
    if principal.agent_id is None:
        raise Forbidden("this account has no agent")
    body = await request.body()
    if len(body) > MAX_BYTES:
        raise HTTPException(413, f"at most {MAX_BYTES} bytes")
    kind = kind_of(body)
    if kind is None:
        raise HTTPException(415, f"files of these kinds are taken: {', '.join(KINDS)}")
    file = conversation.NewFile(key, body, KINDS[kind], shown_name(name, kind))
    message_id, kept = await conversation.agent_sent_file(parts, principal.tenant, contact_id, principal.agent_id, file)
    return FileSent(
        message_id=message_id, file_id=kept.file_id, media_type=kept.media_type, size=kept.size, name=file.name
    )
