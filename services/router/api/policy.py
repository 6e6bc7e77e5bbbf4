"""HTTP of the policy: read, checked, compared, published now or at a time, approved, rolled back; and drafts that stay."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from services.router.api.access import YAML, Author, ForTenant, Overseer, PoolName, pool_of
from services.router.api.policy_forms import (
    CurrentPolicy,
    Draft,
    Edit,
    Edited,
    PlanPage,
    PolicyAccepted,
    PolicyChange,
    PolicyCheck,
    PolicyDifference,
    PolicyFault,
    PolicyPage,
    PolicyReview,
    ReviewWish,
    SavedPlan,
    SavedPolicy,
)
from services.router.domain.core import Policy, parse_policy
from services.router.domain.policy.model import DEFAULT_TIME_ZONE, Approval
from services.router.policy import plans as policy_plans
from services.router.policy import store as policies
from services.router.policy.document import PolicyRefused, check_document
from services.router.policy.editing.changes import Change, changes_between, text_diff, touches_waiting
from services.router.policy.editing.checking import doubts_about
from services.router.policy.editing.chinese import in_chinese
from services.router.policy.editing.picture import picture_of
from services.router.policy.editing.staff import Colleague, staff_from
from services.router.policy.editing.surgery import with_value
from services.router.policy.schema import policy_schema
from services.router.policy.store import PolicyHeading, PolicyVersion, Publication, Waiting
from shared.clock import Clock
from shared.contracts.envelope import stable_id
from shared.directory import AgentPool
from shared.errors import Conflict, NotFound
from shared.http import decode_cursor, encode_cursor, problem
from shared.postgres import Pool, tenant_transaction
from shared.security import Principal, Role, allow
from shared.yaml_document import DocumentFault, DocumentRefused

router = APIRouter(prefix="/v1/policy", tags=["policy"])

Administrator = Annotated[Principal, Depends(allow(Role.ADMIN))]
Language = Annotated[Literal["zh", "en"], Query(description="Of faults, warnings and changes")]
Key = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")
]
PlanId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
Note = Annotated[str, Query(max_length=500)]
Choice = Annotated[
    Waiting | None,
    Query(
        description="Whether it applies to those who wait; required when targets, skills, relaxation or head starts change"
    ),
]
Base = Annotated[int | None, Query(ge=0, description="Refuse if another version came between")]
At = Annotated[
    datetime | None,
    Query(description="Publish at this time; without an offset in the time zone of the policy in force"),
]
WRITTEN = {"requestBody": {"content": {YAML: {"schema": {"type": "string"}}}, "required": True}}
NEWEST = 2**31 - 1


@router.get(
    "", summary="The newest policy: YAML by default, JSON by Accept",
    responses={200: {"content": {YAML: {}}, "model": CurrentPolicy}},
)  # fmt: skip
async def current_policy(
    request: Request, principal: Overseer, tenant: ForTenant = None, pool: PoolName = None
) -> Response:
    where = await pool_of(request, principal, tenant, pool)
    found = await policies.newest(_store(request), where)
    if found is None:
        raise NotFound("no policy was ever published")
    return _shown(request, found)


@router.get("/versions", summary="Who published what, newest first")
async def policy_versions(
    request: Request,
    principal: Overseer,
    tenant: ForTenant = None,
    pool: PoolName = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> PolicyPage:
    before = decode_cursor(cursor, int)[0] if cursor else NEWEST
    where = await pool_of(request, principal, tenant, pool)
    found = await policies.headings(_store(request), where, min(max(before, 0), NEWEST), limit)
    following = encode_cursor(found[-1].version) if len(found) == limit else None
    return PolicyPage(items=[_saved(heading) for heading in found], next=following)


@router.get(
    "/versions/{version}", summary="One version: YAML by default, JSON by Accept",
    responses={200: {"content": {YAML: {}}, "model": CurrentPolicy}},
)  # fmt: skip
async def policy_version(
    request: Request, principal: Overseer, version: Annotated[int, Path(ge=1, le=NEWEST)], tenant: ForTenant = None,
    pool: PoolName = None,
) -> Response:  # fmt: skip
    where = await pool_of(request, principal, tenant, pool)
    return _shown(request, await policies.saved_version(_store(request), where, version))


@router.get("/schema", summary="JSON Schema of the document", response_class=JSONResponse)
async def schema(_principal: Overseer) -> Response:
    return JSONResponse(_schema(), media_type="application/schema+json")


@router.post("/check", summary="What is wrong with this document, and what is doubtful, line by line",
             openapi_extra=WRITTEN)  # fmt: skip
async def check_policy(request: Request, _author: Author, lang: Language = "en") -> PolicyCheck:
    clock: Clock = request.app.state.clock
    try:
        document = await _document(request)
        checked = check_document(document)
    except PolicyRefused as refused:
        return PolicyCheck(ok=False, errors=_faults(refused, lang))
    doubts = doubts_about(checked, clock.now(), None, lang)
    return PolicyCheck(ok=True, warnings=[PolicyFault(**asdict(doubt.fault), code=doubt.code) for doubt in doubts])


@router.post(
    "/review", summary="A draft against the version in force and the roster: faults, warnings, changes, picture"
)
async def review_policy(
    request: Request, principal: Author, wish: ReviewWish, pool: PoolName = None, lang: Language = "zh"
) -> PolicyReview:
    where = await pool_of(request, principal, None, pool)
    last = await policies.newest(_store(request), where)
    base = last.version if last else 0
    clock: Clock = request.app.state.clock
    try:
        checked = check_document(_clean(wish.document))
    except PolicyRefused as refused:
        return PolicyReview(ok=False, errors=_faults(refused, lang), base_version=base)
    staff = None if wish.roster is None else staff_from(entry.model_dump() for entry in wish.roster)
    doubts = doubts_about(checked, clock.now(), staff, lang)
    policy = parse_policy(checked.mapping)
    return PolicyReview(
        ok=True,
        warnings=[PolicyFault(**asdict(doubt.fault), code=doubt.code) for doubt in doubts],
        base_version=base,
        needs_approval=last is not None and parse_policy(last.mapping).approval is Approval.TWO_PEOPLE,
        difference=_difference(last, checked.document, policy, staff, lang),
        picture=picture_of(policy, clock.now(), staff),
    )


@router.post("/edit", summary="One value of a document changed, everything else as its author wrote it")
async def edit_policy(_author: Author, edit: Edit) -> Edited:
    """Nothing is kept. 422 where the place cannot be changed by itself."""
    try:
        return Edited(document=with_value(_clean(edit.document), edit.path, edit.value))
    except DocumentRefused as refused:
        raise PolicyRefused(refused.faults) from refused


@router.get("/diff", summary="What differs between two versions, in words and as text")
async def policy_difference(
    request: Request,
    principal: Overseer,
    old: Annotated[int, Query(alias="from", ge=1, le=NEWEST)],
    new: Annotated[int, Query(alias="to", ge=1, le=NEWEST)],
    tenant: ForTenant = None,
    pool: PoolName = None,
    lang: Language = "zh",
) -> PolicyDifference:
    where = await pool_of(request, principal, tenant, pool)
    before = await policies.saved_version(_store(request), where, old)
    after = await policies.saved_version(_store(request), where, new)
    return _difference(before, after.document, parse_policy(after.mapping), None, lang, f"v{new}")


@router.put("", summary="Publish a policy: now, at a time, or once a second administrator has approved it",
            status_code=202, response_model=PolicyAccepted, openapi_extra=WRITTEN)  # fmt: skip
async def publish_policy(
    request: Request, principal: Administrator, note: Note = "", pool: PoolName = None, base_version: Base = None,
    waiting: Choice = None, at: At = None, key: Key = None,
) -> Response:  # fmt: skip
    where = await pool_of(request, principal, None, pool)
    return await _publish(request, principal, where, await _document(request), note, base_version, waiting, at, key)


@router.post("/rollback", summary="Publish an older version again, as a new one", status_code=202,
             response_model=PolicyAccepted)  # fmt: skip
async def roll_back(
    request: Request, principal: Administrator, version: Annotated[int, Query(ge=1, le=NEWEST)], note: Note = "",
    pool: PoolName = None, base_version: Base = None, waiting: Choice = None, at: At = None, key: Key = None,
) -> Response:  # fmt: skip
    where = await pool_of(request, principal, None, pool)
    old = await policies.saved_version(_store(request), where, version)
    return await _publish(
        request, principal, where, old.document, note or f"v{version}", base_version, waiting, at, key, version
    )


@router.get("/plans", summary="Policies to come, and the last that were settled")
async def policy_plan_list(
    request: Request, principal: Overseer, tenant: ForTenant = None, pool: PoolName = None
) -> PlanPage:
    where = await pool_of(request, principal, tenant, pool)
    zone = await _zone(request, where)
    return PlanPage(items=[_planned(plan, zone) for plan in await policy_plans.plans(_store(request), where)])


@router.get("/plans/{plan_id}", summary="The document of a plan", response_class=Response,
            responses={200: {"content": {YAML: {"schema": {"type": "string"}}}}})  # fmt: skip
async def plan_document(
    request: Request, principal: Overseer, plan_id: PlanId, tenant: ForTenant = None, pool: PoolName = None
) -> Response:
    where = await pool_of(request, principal, tenant, pool)
    return Response((await policy_plans.plan_of(_store(request), where, plan_id)).document, media_type=YAML)


@router.post("/plans/{plan_id}/approve", summary="The second administrator agrees")
async def approve_plan(request: Request, principal: Administrator, plan_id: PlanId, pool: PoolName = None) -> SavedPlan:
    """Published at once, or at its time. 409 for its own author, and for a plan that is settled."""
    where = await pool_of(request, principal, None, pool)
    clock: Clock = request.app.state.clock
    plan = await policy_plans.approve(_store(request), where, plan_id, principal.subject, clock.now())
    return _planned(plan, await _zone(request, where))


@router.delete("/plans/{plan_id}", summary="Cancel a plan")
async def cancel_plan(request: Request, principal: Administrator, plan_id: PlanId, pool: PoolName = None) -> SavedPlan:
    where = await pool_of(request, principal, None, pool)
    plan = await policy_plans.cancel(_store(request), where, plan_id, principal.subject)
    return _planned(plan, await _zone(request, where))


@router.get("/draft", summary="What the caller was writing")
async def draft(request: Request, principal: Author, pool: PoolName = None) -> Draft | None:
    """null when there is none."""
    where = await pool_of(request, principal, None, pool)
    async with tenant_transaction(_store(request), where.tenant_id) as connection:
        row = await connection.fetchrow(policies.SQL["policy_draft"], where.tenant_id, where.pool_id, principal.subject)
    if row is None:
        return None
    return Draft(base_version=row["base_version"], document=row["document"], saved_at=row["saved_at"].isoformat())


@router.put("/draft", summary="Keep what the caller is writing", status_code=204, openapi_extra=WRITTEN)
async def keep_draft(
    request: Request, principal: Author, base_version: Annotated[int, Query(ge=0, le=NEWEST)], pool: PoolName = None
) -> Response:
    """Nothing is checked: a draft may be wrong."""
    where = await pool_of(request, principal, None, pool)
    document = await _document(request)
    if len(document) > 1_000_000:
        return problem(422, "too_long", "a draft holds at most 1,000,000 characters")
    async with tenant_transaction(_store(request), where.tenant_id) as connection:
        await connection.execute(
            policies.SQL["save_policy_draft"], where.tenant_id, where.pool_id, principal.subject, base_version, document
        )
    return Response(status_code=204)


@router.delete("/draft", summary="Throw away what the caller was writing", status_code=204)
async def drop_draft(request: Request, principal: Author, pool: PoolName = None) -> Response:
    where = await pool_of(request, principal, None, pool)
    async with tenant_transaction(_store(request), where.tenant_id) as connection:
        await connection.execute(policies.SQL["drop_policy_draft"], where.tenant_id, where.pool_id, principal.subject)
    return Response(status_code=204)


async def _publish(
    request: Request, principal: Principal, where: AgentPool, document: str, note: str, base_version: int | None,
    waiting: Waiting | None, at: datetime | None, key: str | None, restores: int | None = None,
) -> Response:  # fmt: skip
    """Publish, plan or propose, as the wish and the policy in force say."""
    clock: Clock = request.app.state.clock
    checked = check_document(document)
    last = await policies.newest(_store(request), where)
    base = last.version if last else 0
    if base_version is not None and base != base_version and key is None:
        raise Conflict("policy_changed", "another version was published meanwhile; read it first")
    in_force = None if last is None else parse_policy(last.mapping)
    if waiting is None and in_force is not None:
        changes = changes_between(in_force, parse_policy(checked.mapping))
        if touches_waiting(changes):
            return problem(422, "waiting_choice_required", "say whether it applies to those who wait: waiting=apply or keep",
                           errors=[_change_error(change) for change in changes if change.touches_waiting])  # fmt: skip
    wanted = Publication(
        checked, principal.subject, note, waiting or "apply", restores=restores,
        request_id=None if key is None else f"{principal.subject}:{key}",
    )  # fmt: skip
    zone = in_force.time_zone if in_force else DEFAULT_TIME_ZONE
    due = None if at is None else _microseconds(at, zone)
    two_people = in_force is not None and in_force.approval is Approval.TWO_PEOPLE
    if two_people or (due is not None and due > clock.now()):
        plan_id = str(uuid4()) if key is None else stable_id("policy-plan", where.tenant_id, principal.subject, key)
        state: Literal["proposed", "scheduled"] = "proposed" if two_people else "scheduled"
        plan = await policy_plans.lay_down(_store(request), where, plan_id, wanted, state, base, due)
        told = _planned(plan, zone)
        accepted = PolicyAccepted(state=state, hash=plan.hash, plan_id=plan_id, publish_at=told.publish_at)
    else:
        saved = await policies.publish(_store(request), where, wanted, clock.now())
        accepted = PolicyAccepted(state="published", hash=saved.hash, version=saved.version)
    return JSONResponse(accepted.model_dump(), 202)


def _store(request: Request) -> Pool:
    store: Pool = request.app.state.api_pool
    return store


def _shown(request: Request, found: PolicyVersion) -> Response:
    headers = {"ETag": f'"{found.version}"', "UCC-Policy-Version": str(found.version)}
    if "application/json" not in request.headers.get("accept", ""):
        return Response(found.document, media_type=YAML, headers=headers)
    body = CurrentPolicy(**_saved(found).model_dump(), policy=dict(found.mapping))
    return JSONResponse(body.model_dump(), headers=headers)


@cache
def _schema() -> dict[str, Any]:
    return policy_schema()


def _difference(
    last: PolicyVersion | None, document: str, policy: Policy, staff: tuple[Colleague, ...] | None, lang: str,
    name: str = "draft",
) -> PolicyDifference:  # fmt: skip
    if last is None:
        return PolicyDifference(changes=[], touches_waiting=False, text=text_diff("", document, "–", name))
    changes = changes_between(parse_policy(last.mapping), policy, staff)
    told = [
        PolicyChange(path=c.path, what=c.what, before=c.before, after=c.after, message=getattr(c.words, lang),
                     touches_waiting=c.touches_waiting)
        for c in changes
    ]  # fmt: skip
    text = text_diff(last.document, document, f"v{last.version}", name)
    return PolicyDifference(changes=told, touches_waiting=touches_waiting(changes), text=text)


def _microseconds(at: datetime, zone: str) -> int:
    moment = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp() * 1_000_000)


async def _zone(request: Request, where: AgentPool) -> str:
    last = await policies.newest(_store(request), where)
    return parse_policy(last.mapping).time_zone if last else DEFAULT_TIME_ZONE


async def _document(request: Request) -> str:
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise PolicyRefused([DocumentFault(1, 1, "", "not UTF-8")]) from error
    return _clean(text)


def _clean(text: str) -> str:
    if "\x00" in text:
        raise PolicyRefused([DocumentFault(1, 1, "", "holds a NUL character")])
    return text


def _faults(refused: PolicyRefused, lang: str) -> list[PolicyFault]:
    faults = [PolicyFault(**asdict(fault)) for fault in refused.faults]
    return [f.model_copy(update={"message": in_chinese(f.message)}) for f in faults] if lang == "zh" else faults


def _saved(found: PolicyHeading) -> SavedPolicy:
    return SavedPolicy(
        version=found.version, hash=found.hash, author=found.author, note=found.note,
        created_at=found.created_at.isoformat(), waiting=found.waiting, approved_by=found.approved_by,
        restores=found.restores,
    )  # fmt: skip


def _planned(plan: policy_plans.PlanHeading, zone: str) -> SavedPlan:
    due = None
    if plan.publish_at is not None:
        due = datetime.fromtimestamp(plan.publish_at / 1e6, ZoneInfo(zone)).isoformat()
    return SavedPlan(
        plan_id=plan.plan_id, state=plan.state, hash=plan.hash, base_version=plan.base_version, waiting=plan.waiting,
        publish_at=due, author=plan.author, note=plan.note, approved_by=plan.approved_by, settled_by=plan.settled_by,
        version=plan.version, created_at=plan.created_at.isoformat(),
        settled_at=None if plan.settled_at is None else plan.settled_at.isoformat(),
    )  # fmt: skip


def _change_error(change: Change) -> dict[str, str]:
    return {"field": change.path, "message": f"{change.before} → {change.after}", "code": "touches_waiting"}


def document_refused(_request: Request, refused: Exception) -> Response:
    """The answer to a document that cannot be put in force: every fault with its line."""
    assert isinstance(refused, PolicyRefused)
    errors = [
        {
            "field": fault.path or "policy",
            "message": f"line {fault.line}, column {fault.column}: {fault.message}",
            "code": "policy",
        }
        for fault in refused.faults
    ]
    return problem(422, "policy_refused", "the document cannot be put in force", errors=errors)
