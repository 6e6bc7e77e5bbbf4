"""HTTP of the router: the journal for readers that missed something, policies, live facts, and why things happened."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from services.router import policies
from services.router.explanation import explain_contact
from services.router.journal import Store
from services.router.live import LiveFacts
from services.router.policy_document import PolicyRefused, check_document
from services.router.publishing import committed, envelopes
from shared.clock import Clock
from shared.contracts.wire import encode
from shared.directory import AgentPool, Directory
from shared.errors import Conflict, NotFound
from shared.http import decode_cursor, encode_cursor, problem
from shared.postgres import Pool
from shared.security import EVERY_TENANT, Principal, Role, allow
from shared.yaml_document import DocumentFault

YAML = "application/yaml"
PAGE = 1000

router = APIRouter(prefix="/v1")

Staff = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ANALYST, Role.ADMIN))]
Overseer = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ANALYST, Role.ADMIN, Role.SERVICE))]
Waiter = Annotated[Principal, Depends(allow(Role.SERVICE, Role.AGENT, Role.SUPERVISOR, Role.ADMIN))]
Author = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ADMIN))]
Administrator = Annotated[Principal, Depends(allow(Role.ADMIN))]
Room = Annotated[Principal, Depends(allow(Role.SERVICE))]
ForTenant = Annotated[
    str | None, Query(max_length=64, description="Only with a service's token, which names no tenant itself")
]
PoolName = Annotated[str | None, Query(max_length=64, description="Agent pool; the tenant's only one by default")]


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


class PolicyFault(BaseModel):
    line: int
    column: int
    path: str
    message: str


class PolicyCheck(BaseModel):
    ok: bool
    errors: list[PolicyFault] = []
    warnings: list[PolicyFault] = []


class PolicyAccepted(BaseModel):
    """Saved, and on its way to the pool's partition; `PolicyApplied` says when it is in force."""

    version: int
    hash: str


class SavedPolicy(BaseModel):
    version: int
    hash: str
    author: str
    note: str
    created_at: str


class PolicyPage(BaseModel):
    items: list[SavedPolicy]
    next: str | None = None


class CurrentPolicy(SavedPolicy):
    policy: dict[str, Any]


def tenant_of(principal: Principal, wanted: str | None) -> str:
    """The tenant of a request: the token's; only a service, whose token names none, says it itself."""
    if principal.tenant != EVERY_TENANT:
        return principal.tenant
    if wanted is None:
        raise NotFound("a service's token needs ?tenant=")
    return wanted


async def _pool(request: Request, principal: Principal, tenant: str | None, pool: str | None) -> AgentPool:
    directory: Directory = request.app.state.directory
    return await directory.pool(tenant_of(principal, tenant), pool)


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
    return await live.of_pool(await _pool(request, principal, tenant, pool))


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


@router.get(
    "/policy",
    tags=["policy"],
    summary="The newest policy: YAML by default, JSON by Accept",
    responses={200: {"content": {YAML: {}}, "model": CurrentPolicy}},
)
async def current_policy(
    request: Request, principal: Overseer, tenant: ForTenant = None, pool: PoolName = None
) -> Response:
    found = await policies.newest(request.app.state.api_pool, await _pool(request, principal, tenant, pool))
    if found is None:
        raise NotFound("no policy was ever published")
    headers = {"ETag": f'"{found.version}"', "UCC-Policy-Version": str(found.version)}
    if "application/json" not in request.headers.get("accept", ""):
        return Response(found.document, media_type=YAML, headers=headers)
    body = CurrentPolicy(**_saved(found).model_dump(), policy=dict(found.mapping))
    return JSONResponse(body.model_dump(), headers=headers)


@router.get("/policy/versions", tags=["policy"], summary="Who published what, newest first")
async def policy_versions(
    request: Request,
    principal: Overseer,
    tenant: ForTenant = None,
    pool: PoolName = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> PolicyPage:
    before = decode_cursor(cursor, int)[0] if cursor else 2**31 - 1
    where = await _pool(request, principal, tenant, pool)
    found = await policies.headings(request.app.state.api_pool, where, min(max(before, 0), 2**31 - 1), limit)
    following = encode_cursor(found[-1].version) if len(found) == limit else None
    return PolicyPage(items=[_saved(heading) for heading in found], next=following)


@router.post("/policy/check", tags=["policy"], summary="What would be wrong with this document, line by line",
             openapi_extra={"requestBody": {"content": {YAML: {"schema": {"type": "string"}}}, "required": True}})  # fmt: skip
async def check_policy(request: Request, _author: Author) -> PolicyCheck:
    try:
        check_document(await _document(request))
    except PolicyRefused as refused:
        return PolicyCheck(ok=False, errors=[PolicyFault(**asdict(fault)) for fault in refused.faults])
    return PolicyCheck(ok=True)


@router.put("/policy", tags=["policy"], summary="Publish a policy", status_code=202, response_model=PolicyAccepted,
            openapi_extra={"requestBody": {"content": {YAML: {"schema": {"type": "string"}}}, "required": True}})  # fmt: skip
async def publish_policy(
    request: Request,
    principal: Administrator,
    note: Annotated[str, Query(max_length=500)] = "",
    pool: PoolName = None,
    base_version: Annotated[int | None, Query(ge=0, description="Refuse if another version came between")] = None,
) -> Response:
    where = await _pool(request, principal, None, pool)
    api_pool: Pool = request.app.state.api_pool
    try:
        checked = check_document(await _document(request))
    except PolicyRefused as refused:
        return problem(422, "policy_refused", "the document cannot be put in force",
                       errors=[_as_field_error(fault) for fault in refused.faults])  # fmt: skip
    if base_version is not None:
        there = await policies.newest(api_pool, where)
        if (there.version if there else 0) != base_version:
            raise Conflict("policy_changed", "another version was published meanwhile; read it first")
    saved = await policies.publish(
        api_pool, where, checked, author=principal.subject, note=note, clock=request.app.state.clock
    )
    return JSONResponse({"version": saved.version, "hash": saved.hash}, 202)


async def _document(request: Request) -> str:
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise PolicyRefused([DocumentFault(1, 1, "", "not UTF-8")]) from error
    if "\x00" in text:
        raise PolicyRefused([DocumentFault(1, 1, "", "holds a NUL character")])
    return text


def _saved(found: policies.PolicyVersion | policies.PolicyHeading) -> SavedPolicy:
    return SavedPolicy(
        version=found.version,
        hash=found.hash,
        author=found.author,
        note=found.note,
        created_at=found.created_at.isoformat(),
    )


def _as_field_error(fault: DocumentFault) -> dict[str, str]:
    return {
        "field": fault.path or "policy",
        "message": f"line {fault.line}, column {fault.column}: {fault.message}",
        "code": "policy",
    }
