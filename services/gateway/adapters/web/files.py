"""Files and transcripts of a visitor's conversation, in and out; what is taken is told by its first bytes."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.gateway.adapters.uploads import KINDS, kind_of, shown_name
from services.gateway.adapters.web import visits
from services.gateway.adapters.web.access import Charged, SiteOf, VisitorOf
from services.gateway.adapters.web.routes import Key, open_visit
from services.gateway.adapters.web.settings import Language, Uploads, Words
from services.gateway.downloads import QUIET, download
from shared.errors import NotFound, Refused

router = APIRouter(prefix="/v1/web/{site}", tags=["web chat"])

WHOLE: int = 5_000
"""Messages of a transcript at most."""
_AUTHORS: Mapping[str, Words] = {
    "customer": Words(zh="我", en="Me"),
    "agent": Words(zh="客服", en="Agent"),
    "bot": Words(zh="智能助手", en="Assistant"),
    "system": Words(zh="系统", en="System"),
}
_TITLE = Words(zh="会话记录", en="Transcript")
_FILE = Words(zh="文件", en="File")


def checked(body: bytes, limits: Uploads) -> str:
    """The kind of a file that may be sent. Raises HTTP 413, 415."""
    if len(body) > limits.max_bytes:
        raise HTTPException(413, f"at most {limits.max_bytes} bytes")
    kind = kind_of(body)
    if kind is None or kind not in limits.kinds:
        raise HTTPException(415, f"files of these kinds are taken: {', '.join(limits.kinds)}")
    return kind


class FileTaken(BaseModel):
    """The message the file lies with."""

    message_id: str
    contact_id: str
    file_id: str
    media_type: str
    size: int
    name: str


_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@router.post(
    "/files", status_code=202, dependencies=[Charged], summary="Send a file; the body is the file itself",
    openapi_extra={"requestBody": _BODY},
)  # fmt: skip
async def send_file(
    request: Request, site: SiteOf, visitor: VisitorOf, key: Annotated[Key, Query()],
    name: Annotated[str, Query(max_length=256)] = "",
) -> FileTaken:  # fmt: skip
    limits = site.settings.uploads
    if int(request.headers.get("content-length") or 0) > limits.max_bytes:
        raise HTTPException(413, f"at most {limits.max_bytes} bytes")
    visit = await open_visit(site, visitor)
    async with site.port.database() as connection:
        if await visits.files_of_contact(connection, visit.contact_id) >= limits.per_contact:
            raise Refused("too_many_files", f"at most {limits.per_contact} files in a conversation")
    body = await request.body()
    kind = checked(body, limits)
    shown = shown_name(name, kind)
    kept = await site.port.keep_file(visit.contact_id, body, KINDS[kind], shown)
    said = await site.port.said(visit.subject or "", key, None, (kept,))
    return FileTaken(
        message_id=said.message_id, contact_id=visit.contact_id, file_id=kept.file_id, media_type=kept.media_type,
        size=kept.size, name=shown,
    )  # fmt: skip


@router.get("/files/{attachment_id}", response_class=Response, summary="A file of the visitor's own conversation")
async def get_file(
    site: SiteOf, visitor: VisitorOf, attachment_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9\-]{1,64}$")]
) -> Response:
    async with site.port.database() as connection:
        found = await visits.file_of_visitor(connection, site.port.gateway_id, visitor.visitor_id, attachment_id)
    if found is None:
        raise NotFound("no such file")
    return download(found, attachment_id)


@router.get("/transcript", response_class=Response, summary="The visitor's conversation as text or as a page")
async def transcript(
    site: SiteOf, visitor: VisitorOf, form: Annotated[Literal["txt", "html"], Query(alias="format")] = "txt",
    language: Language = "zh",
) -> Response:  # fmt: skip
    text = await transcript_of(site, visitor.visitor_id, form, language)
    media_type = "text/html" if form == "html" else "text/plain"
    day = datetime.fromtimestamp(site.port.now() / 1e6, UTC).strftime("%Y%m%d")
    headers = {**QUIET, "Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="chat-{day}.{form}"'}
    return Response(text, media_type=f"{media_type}; charset=utf-8", headers=headers)


async def transcript_of(site: SiteOf, visitor_id: str, form: Literal["txt", "html"], language: Language) -> str:
    """All that was said, in the tenant's local time."""
    async with site.port.database() as connection:
        messages = await visits.visitor_messages(
            connection, site.port.gateway_id, visitor_id, site.settings.visitor_days, WHOLE
        )
    zone = ZoneInfo(await site.port.time_zone())
    lines = [_line(message, zone, language) for message in messages]
    title = f"{site.settings.title.of(language)} · {_TITLE.of(language)}"
    return _page(title, lines, language) if form == "html" else "\r\n".join([title, "", *map("  ".join, lines), ""])


def _line(message: Mapping[str, Any], zone: ZoneInfo, language: Language) -> tuple[str, str, str]:
    at = datetime.fromtimestamp(message["sent_at"] / 1e6, zone).strftime("%Y-%m-%d %H:%M:%S")
    files = [f"[{_FILE.of(language)}: {a.get('name') or a['media_type']}]" for a in message["attachments"]]
    return at, _AUTHORS[message["author"]].of(language), " ".join(filter(None, [message["text"], *files]))


def _page(title: str, lines: Sequence[tuple[str, str, str]], language: Language) -> str:
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>\n" for line in lines)
    tag = "en" if language == "en" else "zh-CN"
    name = html.escape(title)
    head = f'<!doctype html>\n<html lang="{tag}"><meta charset="utf-8"><title>{name}</title>\n'
    return f"{head}<h1>{name}</h1>\n<table>\n{rows}</table>\n</html>\n"
