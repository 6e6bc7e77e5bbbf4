"""What visitors' browsers ask. A token names the visitor; which contact is meant is looked up, never believed."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.adapters.kind import port_of
from services.gateway.adapters.web import contacts, visits
from services.gateway.adapters.web.access import Charged, SiteOf, VisitorOf, client_of, state_of
from services.gateway.adapters.web.live import VisitorStream, still_there
from services.gateway.adapters.web.settings import Language
from services.gateway.adapters.web.tokens import Visitor, digest, identity_of, known_visitor, new_visitor, seal, unseal
from services.gateway.adapters.web.visits import Visit
from shared.contracts.conversation_messages import MessageStateChanged, TypingShown
from shared.contracts.envelope import stable_id
from shared.contracts.fields import Id, Name
from shared.errors import NotFound, Refused

router = APIRouter(prefix="/v1/web/{site}", tags=["web chat"])

Text = Annotated[str, Field(min_length=1, max_length=4_000, pattern=r"^[^\x00]*$")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{8,64}$")]
PageKey = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f]+$")]
Url = Annotated[str, Field(max_length=2_000)]
Title = Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SessionWish(Body):
    """`token`: the one the browser kept; `identity`: the site's signed word for who is signed in there."""

    token: Annotated[str, Field(max_length=4_000)] | None = None
    identity: Annotated[str, Field(max_length=4_000)] | None = None


class Session(BaseModel):
    """`known`: the site vouches for the visitor; `name`: as it calls them; `same`: the visitor of the token handed in."""

    token: str
    expires_at: int
    known: bool
    name: str | None
    same: bool


@router.get(
    "/config", response_class=JSONResponse, summary="What the widget shows: words, lines, colours, limits, open now"
)
async def config(request: Request, site: SiteOf) -> Response:
    settings = site.settings
    local = datetime.fromtimestamp(site.port.now() / 1e6, ZoneInfo(await site.port.time_zone()))
    shown = settings.model_dump(
        mode="json", include={"title", "greeting", "accent", "offline_text", "deposits", "uploads", "lines"}
    )
    answer = JSONResponse({**shown, "open": settings.open_at(local), "mail": settings.mail is not None})
    tag = f'"{digest(bytes(answer.body).decode())}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer


@router.post("/sessions", status_code=201, summary="A visitor's token, new or for longer")
async def begin_session(request: Request, site: SiteOf, body: SessionWish) -> Session:
    settings, port = site.settings, site.port
    await state_of(request).limits.charge(settings.sessions_per_minute, "session", port.gateway_id, client_of(request))
    now = time.time()
    former = unseal(body.token or "", port.gateway_id, port.secret, now)
    visitor = _visitor(site, body, former, now)
    return Session(
        token=seal(visitor, port.gateway_id, port.secret), expires_at=visitor.expires_at, known=visitor.customer is not None,
        name=visitor.name, same=former is not None and former.visitor_id == visitor.visitor_id,
    )  # fmt: skip


def _visitor(site: SiteOf, body: SessionWish, former: Visitor | None, now: float) -> Visitor:
    """Whom the site vouches for; else the former unknown visitor; else a new one. Who signed out of the site is new."""
    expires_at = int(now) + site.settings.visitor_days * 86_400
    if body.identity is not None:
        key = site.settings.identity_key
        identity = identity_of(body.identity, key, now) if key else None
        if identity is None:
            raise HTTPException(401, "the site's word for this visitor is not valid")
        return known_visitor(identity, site.port.secret, expires_at)
    if former is not None and former.customer is None:
        return Visitor(former.visitor_id, expires_at)
    return new_visitor(expires_at)


class PageNow(Body):
    url: Url | None = None
    title: Title | None = None


class NewContact(Body):
    """`key`: the page's own id of the contact; `entry`: key of the page it was begun on."""

    key: Key
    business_line: Name | None = None
    entry: PageKey | None = None
    text: Text | None = None
    language: Language | None = None
    page: PageNow | None = None


class ContactBegun(BaseModel):
    """`message_id`: of the first words; `continues`: the contact this goes on with; `joined`: it was open already."""

    contact_id: str
    message_id: str | None
    continues: str | None
    joined: bool


@router.post("/contacts", status_code=202, dependencies=[Charged], summary="Begin a conversation, or join the open one")
async def begin_contact(site: SiteOf, visitor: VisitorOf, body: NewContact) -> ContactBegun:
    beginning = contacts.Beginning(body.key, body.business_line, body.entry, body.text, body.language)
    begun = await contacts.begin(site.port, site.settings, visitor, beginning)
    if body.page is not None:
        await contacts.view_page(site.port, begun.contact_id, body.page.url, body.page.title)
    return ContactBegun(
        contact_id=begun.contact_id, message_id=begun.message_id, continues=begun.continues, joined=begun.joined
    )


class NewMessage(Body):
    """`key`: the page's own id of the message."""

    key: Key
    text: Text


class MessageTaken(BaseModel):
    message_id: str
    contact_id: str


@router.post(
    "/messages", status_code=202, dependencies=[Charged], summary="Say something; 409 contact_closed: begin anew"
)
async def say(site: SiteOf, visitor: VisitorOf, body: NewMessage) -> MessageTaken:
    subject = (await open_visit(site, visitor)).subject or ""
    said = await site.port.said(subject, body.key, body.text)
    return MessageTaken(message_id=said.message_id, contact_id=said.contact_id)


async def open_visit(site: SiteOf, visitor: Visitor) -> Visit:
    """The visitor's open conversation, marked as seen. Raises Refused("contact_closed") without one."""
    async with site.port.database() as connection:
        visit = await visits.latest_visit(connection, site.port.gateway_id, visitor.visitor_id)
        if visit is None or not visit.open or visit.subject is None:
            raise Refused("contact_closed", "no conversation is open")
        await visits.seen(connection, site.port.gateway_id, visitor.visitor_id)
    return visit


@router.get(
    "/stream", response_class=StreamingResponse, summary="Server-sent events: a snapshot, or all since Last-Event-ID"
)
async def stream(request: Request, site: SiteOf, visitor: VisitorOf) -> Response:
    cursor = request.headers.get("last-event-id", "")
    state, gateway_id = state_of(request), site.port.gateway_id
    frames = VisitorStream(
        site.port, site.settings, state.live.site(site.port), visitor,
        lambda: still_there(lambda: port_of(request, gateway_id, "web")),
    ).frames(int(cursor) if cursor.isdecimal() and len(cursor) < 19 else None)  # fmt: skip
    return StreamingResponse(
        frames, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


@router.post("/typing", status_code=204, dependencies=[Charged], summary="The visitor is writing")
async def typing(site: SiteOf, visitor: VisitorOf) -> None:
    visit = await open_visit(site, visitor)
    now = site.port.now()
    await site.port.converse(
        TypingShown(stable_id("typing", visit.contact_id, str(now)), visit.contact_id, "customer", now)
    )


class Receipt(Body):
    """What became of messages on the visitor's page."""

    state: Literal["delivered", "read"]
    message_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


@router.post("/receipts", status_code=204, dependencies=[Charged], summary="Messages have come, or were read")
async def receipts(site: SiteOf, visitor: VisitorOf, body: Receipt) -> None:
    async with site.port.database() as connection:
        visit = await visits.latest_visit(connection, site.port.gateway_id, visitor.visitor_id)
    if visit is None:
        raise NotFound("no conversation")
    now = site.port.now()
    for target in body.message_ids:
        message_id = stable_id(body.state, visit.contact_id, target)
        await site.port.converse(MessageStateChanged(message_id, visit.contact_id, target, body.state, now))


@router.post("/page", status_code=204, dependencies=[Charged], summary="The page of the site the visitor is on")
async def page(site: SiteOf, visitor: VisitorOf, body: PageNow) -> None:
    visit = await open_visit(site, visitor)
    await contacts.view_page(site.port, visit.contact_id, body.url, body.title)


class Score(Body):
    """`contact_id`: the conversation that is over, as its last state said."""

    contact_id: Id
    score: Annotated[int, Field(ge=1, le=10)]


@router.post("/rating", status_code=202, dependencies=[Charged], summary="How it was; 409 rated_already, not_asked")
async def rate(site: SiteOf, visitor: VisitorOf, body: Score) -> dict[str, str]:
    async with site.port.database() as connection:
        visit = await visits.visit_of_contact(connection, site.port.gateway_id, body.contact_id)
    if visit is None or visit["visitor_id"] != visitor.visitor_id:
        raise NotFound("no such conversation of yours")
    return {"taken": await site.port.rate(body.contact_id, body.score, "web")}


@router.post("/end", status_code=202, dependencies=[Charged], summary="The visitor ends the conversation")
async def end(site: SiteOf, visitor: VisitorOf) -> dict[str, str]:
    visit = await open_visit(site, visitor)
    await contacts.end(site.port, visit)
    return {"contact_id": visit.contact_id}
