"""The live picture for pages: one stream of frames, and questions about open contacts."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from services.console import push
from services.console.domain.service_level import FORMULAS
from services.console.domain.shapes import EVERYBODY, WALLBOARD, AgentView, ContactRow, agent_audience, own_floors
from services.console.parts import Parts, Wired
from services.console.projection import TenantLive
from services.console.roster import KINDS
from services.console.sessions import token_expiry, token_of
from services.console.store import roster
from shared.contracts.fields import Id, Name
from shared.errors import NotFound
from shared.postgres import tenant_transaction
from shared.security import Principal, Role, allow, principal_of

router = APIRouter(prefix="/api", tags=["live"])

Watcher = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ADMIN, Role.ANALYST))]
Staff = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.ANALYST))]
Anybody = Annotated[Principal, Depends(principal_of)]

CHANNELS: Final = {
    "agent": frozenset({Role.AGENT}),
    "wallboard": frozenset({Role.SUPERVISOR, Role.ADMIN, Role.ANALYST, Role.CAMPAIGN_MANAGER}),
    "floor": frozenset({Role.SUPERVISOR, Role.ADMIN}),
}
"""Which roles may watch what."""


class Contacts(BaseModel):
    items: list[ContactRow]
    total: int


class Catalogue(BaseModel):
    """Names of everything a frame tells by id or code."""

    version: int
    policy_hash: str
    agents: dict[str, Any]
    teams: dict[str, Any]
    sites: dict[str, Any]
    skills: dict[str, Any]
    business_lines: dict[str, Any]
    groups: dict[str, Any]
    tiers: dict[str, Any]
    reasons: dict[str, Any]
    presence_reasons: dict[str, Any]
    dispositions: dict[str, Any]
    request_reasons: dict[str, Any]
    outside: dict[str, Any]  # numbers of partners: names only
    exposure_cap: int | None


@router.get("/catalogue", summary="Names of staff, groups, skills and codes")
async def catalogue(parts: Wired, principal: Anybody) -> Catalogue:
    words = parts.policies.of(principal.tenant)
    async with tenant_transaction(parts.api_pool, principal.tenant) as connection:
        agents, kinds = await roster.names(connection)
    named = {kind: dict(words.names.get(kind, {})) for kind in
             ("business_lines", "tiers", "reasons", "presence_reasons", "dispositions", "request_reasons",
              "outside")}  # fmt: skip
    return Catalogue(
        version=words.version,
        policy_hash=words.hash,
        exposure_cap=words.exposure_cap,
        agents=agents,
        teams={team: {"name": name} for team, name in kinds["teams"].items()},
        sites={site: {"name": name} for site, name in kinds["sites"].items()},
        skills={**words.names.get("skills", {}), **kinds["skills"]},
        groups=dict(words.groups),
        **named,
    )


@router.get("/live/formulas", summary="What the wallboard's figures mean")
async def formulas(_principal: Anybody) -> dict[str, str]:
    return {variant.value: formula for variant, formula in FORMULAS.items()}


@router.get("/live/contacts", summary="Open contacts, waiting ones first by when they are due")
async def contacts(
    parts: Wired,
    watcher: Watcher,
    state: Annotated[str | None, Query(max_length=20)] = None,
    group: Annotated[Name | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Contacts:
    live = await parts.projection.tenant(watcher.tenant)
    rows = [
        contact.row()
        for pool in live.pools.values()
        for contact in pool.contacts.values()
        if state in (None, contact.state) and group in (None, contact.group)
    ]
    rows.sort(key=lambda row: (row.state not in ("waiting", "offered"), row.due_at or row.since, row.contact_id))
    return Contacts(items=rows[:limit], total=len(rows))


@router.get("/live/contacts/{contact_id}", summary="An open contact as it stands")
async def contact(parts: Wired, staff: Staff, contact_id: Annotated[Id, Path()]) -> ContactRow:
    live = await parts.projection.tenant(staff.tenant)
    pool = live.pool_of_contact(contact_id)
    if pool is None:
        raise NotFound("not open now")
    return pool.contacts[contact_id].row()


class ServedBy(BaseModel):
    agent_id: str
    display_name: str


@router.get("/contacts/{contact_id}/served-by", summary="Who has the customer now, by the name customers are told")
async def served_by(
    parts: Wired, _room: Annotated[Principal, Depends(allow(Role.SERVICE))], contact_id: Annotated[Id, Path()]
) -> ServedBy:
    found = parts.projection.served_by(contact_id)
    if found is None:
        raise NotFound("no conversation of this contact now")
    tenant, agent_id = found
    async with tenant_transaction(parts.api_pool, tenant) as connection:
        agent = await roster.find(connection, KINDS["agents"], agent_id)
    return ServedBy(agent_id=agent_id, display_name=agent["display_name"] if agent else agent_id)


class EventStream:
    """`GET /api/stream`, pure ASGI: nothing stands between the log of frames and the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        principal = principal_of(request)
        channels = self._channels(request, principal)
        parts: Parts = request.app.state.parts
        await parts.projection.ready.wait()
        live = await parts.projection.tenant(principal.tenant)
        audiences = self._audiences(channels, principal)
        expires_at = token_expiry(token_of(request))
        subscription = live.frames.subscribe(audiences, request.headers.get("last-event-id"), expires_at)
        await push.stream(subscription, lambda: snapshot(parts, live, channels, principal), receive, send)

    @staticmethod
    def _channels(request: Request, principal: Principal) -> list[str]:
        wanted = [name for name in request.query_params.get("channels", "").split(",") if name]
        if not wanted or not set(wanted) <= CHANNELS.keys():
            raise HTTPException(422, f"channels: some of {', '.join(CHANNELS)}")
        for name in wanted:
            if not principal.has(*CHANNELS[name]) or (name == "agent" and principal.agent_id is None):
                raise HTTPException(403, f"{name}: not for your roles")
        return wanted

    @staticmethod
    def _audiences(channels: list[str], principal: Principal) -> set[str]:
        audiences = {EVERYBODY}
        if "agent" in channels and principal.agent_id is not None:
            audiences.add(agent_audience(principal.agent_id))
        if "wallboard" in channels:
            audiences.add(WALLBOARD)
        if "floor" in channels:
            audiences.update(own_floors(principal.teams, principal.sites))
        return audiences


def snapshot(parts: Parts, live: TenantLive, channels: list[str], principal: Principal) -> bytes:
    """The first frame: all that the asked views show, as of the log's newest number."""
    projection = parts.projection
    views: dict[str, object] = {
        "now": parts.clock.now(),
        "clock_rate": parts.settings.clock_rate,
        "day": projection.today(live),
    }
    if "agent" in channels and principal.agent_id is not None:
        pool = live.pool_of_agent(principal.agent_id)
        views["agent"] = AgentView() if pool is None else pool.agent_view(principal.agent_id)
    if "wallboard" in channels:
        views["wallboard"] = projection.wallboard(live)
    if "floor" in channels:
        views["floor"] = projection.floor(live, own_floors(principal.teams, principal.sites))
    cursor = f"{live.frames.epoch}-{live.frames.last}"
    return push.encode_frame(cursor, push.encode_shape("snapshot", views))
