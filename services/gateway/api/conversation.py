"""A contact's conversation, for staff."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from services.gateway.api.access import PartsOf, Staff, seen_by
from services.gateway.handlers import conversation
from shared.http import decode_cursor, encode_cursor

router = APIRouter(tags=["conversations"])


class Message(BaseModel):
    """One message. `attachments`: file_id, media_type, size, pages, name. `state`: delivered, read or failed, where known.

    `audience`: everyone, or staff (a note among colleagues, which the customer does not see).
    """

    message_id: str
    contact_id: str
    author: str
    agent_id: str | None
    sent_at: str
    text: str | None
    attachments: list[dict[str, Any]]
    state: str | None = None
    audience: str = "everyone"


class VisitorPage(BaseModel):
    """Where the visitor of a chat is on the organisation's site; `at`: RFC 3339."""

    url: str | None
    title: str | None
    at: str


class Messages(BaseModel):
    """`page`: of a chat's visitor; `answer_to`: a message was left, and its answer goes to this e-mail or telephone."""

    items: list[Message]
    next: str | None
    page: VisitorPage | None = None
    answer_to: str | None = None


@router.get("/v1/contacts/{contact_id}/conversation", summary="What was written, in order, both sides")
async def get_conversation(
    parts: PartsOf,
    principal: Staff,
    contact_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")],
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    cursor: str | None = None,
) -> Messages:
    after = decode_cursor(cursor, int)[0] if cursor else 0
    async with seen_by(parts, principal) as connection:
        rows = await conversation.conversation(connection, contact_id, after, limit)
        page, answer_to = await conversation.visitor(connection, contact_id)
    full = len(rows) == limit
    return Messages(
        items=[Message(**{k: v for k, v in row.items() if k != "place"}) for row in rows],
        next=encode_cursor(rows[-1]["place"]) if full else None,
        page=VisitorPage(**page) if page else None,
        answer_to=answer_to,
    )
