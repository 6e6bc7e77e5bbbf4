"""HTTP of the router: the journal for readers that missed something, live facts, and why things happened."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from services.router.api.access import ForTenant, Overseer, PoolName, Room, Staff, Waiter, pool_of, tenant_of
from services.router.domain.dialling import Dialling, dialling_of
from services.router.explanation import explain_contact
from services.router.journal import Store
from services.router.live import LiveFacts
from services.router.publishing import committed, envelopes
from shared.clock import Clock
from shared.contracts.fields import Channel
from shared.contracts.wire import encode
from shared.directory import Directory
from shared.errors import NotFound
from shared.postgres import Pool

PAGE = 1000

router = APIRouter(prefix="/v1")


class JournaledDecision(BaseModel):
    """A decision as it travels on Kafka."""

    headers: dict[str, str]
    body: str


class DecisionPage(BaseModel):
    items: list[JournaledDecision]
    last: int
    """The last committed sequence of the partition."""


class PlaceInQueue(BaseModel):
    """`waiting` counts the contact itself. Seconds are the rest of its wait (half, nine in ten are answered by then)."""

    contact_id: str
    group: str
    position: int
    waiting: int
    p50_seconds: int | None
    """None: unknown."""
    p90_seconds: int | None


class ExpectedWait(BaseModel):
    """What somebody who came to the group by this channel now could expect: in so many seconds half, and nine in ten, are answered."""

    pool: str
    group: str
    channel: Channel
    waiting: int
    p50_seconds: int | None
    """None: unknown."""
    p90_seconds: int | None


class ExpectedWaits(BaseModel):
    items: list[ExpectedWait]


@router.get("/journal/{partition}/decisions", tags=["journal"], summary="Committed decisions after a sequence")
async def journal_decisions(
    request: Request,
    _room: Room,
    partition: int,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> DecisionPage:
    store: Store = request.app.state.store
    head = await store.head(partition) if 0 <= partition < 2**31 else None
    if head is None:
        raise NotFound("no such partition")
    items: list[JournaledDecision] = []
    for row in await store.rows_with_decisions_after(partition, after, limit):
        for envelope in envelopes(partition, committed(row), after):
            headers, body = encode(envelope)
            items.append(JournaledDecision(headers={k: v.decode() for k, v in headers}, body=body.decode()))
        if len(items) >= limit:
            break
    return DecisionPage(items=items[:limit], last=head.sequence)


@router.get("/state", tags=["state"], summary="Live contacts and agents of the caller's tenant, as committed")
async def live_state(
    request: Request, principal: Overseer, tenant: ForTenant = None, pool: PoolName = None
) -> dict[str, Any]:
    live: LiveFacts = request.app.state.live
    return await live.of_pool(await pool_of(request, principal, tenant, pool))


@router.get("/contacts/{contact_id}/explanation", tags=["state"], summary="What happened to a contact, and why")
async def explanation(
    request: Request, principal: Staff, contact_id: str, lang: Literal["zh", "en"] = "zh"
) -> dict[str, Any]:
    api_pool: Pool = request.app.state.api_pool
    live: LiveFacts = request.app.state.live
    clock: Clock = request.app.state.clock
    return await explain_contact(api_pool, live, principal.tenant, contact_id, lang, clock.now())


@router.get("/contacts/{contact_id}/place", tags=["state"], summary="Place in the queue, and an honest estimate")
async def place(request: Request, principal: Waiter, contact_id: str, tenant: ForTenant = None) -> PlaceInQueue:
    """Among the contacts of the same group and channel, by the real contact order; 404 once it waits for nobody."""
    directory: Directory = request.app.state.directory
    live: LiveFacts = request.app.state.live
    clock: Clock = request.app.state.clock
    pools = await directory.pools_of(tenant_of(principal, tenant))
    found = await live.place(pools, contact_id, clock.now())
    if found is None:
        raise NotFound("no such contact waits")
    return PlaceInQueue(contact_id=contact_id, **asdict(found))


@router.get("/waits", tags=["state"], summary="The wait somebody who came now could expect, by group and channel")
async def waits(request: Request, principal: Overseer, tenant: ForTenant = None) -> ExpectedWaits:
    """Groups and channels to which somebody came lately; of a closed group, or from too little, nothing is said."""
    directory: Directory = request.app.state.directory
    live: LiveFacts = request.app.state.live
    clock: Clock = request.app.state.clock
    pools = await directory.pools_of(tenant_of(principal, tenant))
    found = await live.prospects(pools, clock.now())
    return ExpectedWaits(items=[ExpectedWait(pool=pool, **asdict(prospect)) for pool, prospect in found])


@router.get("/dialling", tags=["state"], summary="Who could take calls of outbound groups, and what they are doing")
async def dialling(request: Request, _room: Room, tenant: ForTenant = None, pool: PoolName = None) -> Dialling:
    """Of one pool, as committed. Agents who are eligible for no outbound group are left out."""
    live: LiveFacts = request.app.state.live
    clock: Clock = request.app.state.clock
    state = await live.follow(await pool_of(request, _room, tenant, pool))
    return Dialling(clock.now(), False, (), ()) if state is None else dialling_of(state, clock.now())
