"""What was read on stored pages, and finding a page by what stands on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from services.gateway import fax_store
from services.gateway.api.access import PartsOf, Staff, seen_by
from services.gateway.domain.readings import excerpt
from shared.contracts.wire import EPOCH, from_iso
from shared.errors import NotFound
from shared.http import decode_cursor, encode_cursor

router = APIRouter(tags=["documents"])


class Page(BaseModel):
    """`text` null: not read (no reader on the server, or not in time). `confidence` 0 to 100; null: nothing written there."""

    page: int
    text: str | None
    confidence: float | None
    turned: bool


class Pages(BaseModel):
    items: list[Page]


class FoundPage(BaseModel):
    file_id: str
    contact_id: str
    media_type: str
    pages: int
    received_at: datetime
    page: int
    excerpt: str
    confidence: float | None


class FoundPages(BaseModel):
    items: list[FoundPage]
    next: str | None


@router.get("/v1/files", summary="Pages of stored documents that contain a text, newest first")
async def search_files(
    parts: PartsOf,
    principal: Staff,
    query: Annotated[str, Query(min_length=2, max_length=100, pattern=r"\S\s*\S")],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> FoundPages:
    after = _place(*decode_cursor(cursor, str, str, int)) if cursor else None
    async with seen_by(parts, principal) as connection:
        found = await fax_store.search(connection, query, after, limit)
    items = [
        FoundPage(
            file_id=page.file_id, contact_id=page.contact_id, media_type=page.media_type, pages=page.pages,
            received_at=page.received_at, page=page.page, excerpt=excerpt(page.text, query), confidence=page.confidence,
        )
        for page in found
    ]  # fmt: skip
    last = items[-1] if len(items) == limit else None
    return FoundPages(
        items=items, next=encode_cursor(last.received_at.isoformat(), last.file_id, last.page) if last else None
    )


@router.get("/v1/files/{file_id}/pages", summary="What was read on a document's pages")
async def get_readings(
    parts: PartsOf, principal: Staff, file_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9\-]{1,64}$")]
) -> Pages:
    async with seen_by(parts, principal) as connection:
        read = await fax_store.readings(connection, file_id)
    if not read:
        raise NotFound("no such document with pages")
    return Pages(
        items=[
            Page(page=number, text=page.text, confidence=page.confidence, turned=page.turned)
            for number, page in enumerate(read, 1)
        ]
    )


def _place(at: str, file_id: str, page: int) -> tuple[datetime, str, int]:
    return EPOCH + timedelta(microseconds=from_iso(at)), file_id, page
