"""HTTP of what-if: call records uploaded to be tried, runs asked for, followed, cancelled, their results read."""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from services.router.api.access import PoolName, pool_of
from services.router.domain.policy.document import PolicyErrors, parse_policy
from services.router.journal import SQL
from services.router.policy import store as policies
from services.router.policy.document import PolicyRefused, check_document
from services.router.what_if.edits import Edit, EditRefused, described, edited
from services.router.what_if.jobs import WhatIfJobs
from services.router.what_if.records.as_record import from_json, starting_policy
from services.router.what_if.records.mapping import map_text, presets
from services.router.what_if.records.queue_log import PRESET as QUEUE_LOG
from shared.child_process import ChildFailed, run_module
from shared.contracts.fields import SECOND
from shared.directory import AgentPool
from shared.errors import Conflict, NotFound
from shared.http import decode_cursor, encode_cursor, problem
from shared.postgres import Pool, tenant_transaction
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1/what-if", tags=["what-if"])

Asker = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ANALYST, Role.ADMIN))]
Key = Annotated[str, Path(pattern=r"^[\w\-]{1,64}$")]
LONGEST = 31 * 86_400 * SECOND
"""A period at most, µs."""
UNFINISHED = 3
"""Runs of one tenant that may wait or run at once."""
LARGEST = 25_000_000
"""Bytes of a call record at most."""
READER = "services.router.what_if.records.child"
READING_SECONDS = 120.0


class PolicyChoice(BaseModel):
    """Which policy: the newest (default), a version, the caller's draft, or a document. Of a call record, without a choice, one made
    from it (a group a queue, each with a skill those who served it hold)."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    draft: bool = False
    document: Annotated[str | None, Field(max_length=1_000_000)] = None


class Wanted(BaseModel):
    """A run. Either a period of the journal (`begins`, `ends`) or a call record (`record_id`)."""

    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    begins: datetime | None = None
    ends: datetime | None = None
    record_id: Annotated[str | None, Field(pattern=r"^[\w\-]{1,64}$")] = None
    policy: PolicyChoice = PolicyChoice()
    edits: Annotated[list[Edit], Field(max_length=50)] = []
    seeds: Annotated[int, Field(ge=1, le=50)] = 10


class Asked(BaseModel):
    run_id: str


class Run(BaseModel):
    """`share` of the work done, 0–1; `doing`: reading, modelling, running, comparing."""

    run_id: str
    title: str
    asked_by: str
    asked_at: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    doing: str
    share: float
    fault: str | None


class RunPage(BaseModel):
    items: list[Run]
    next: str | None = None


class FinishedRun(Run):
    """With what was asked and what came out (docs/what-if.md tells its parts); null until it is done."""

    question: dict[str, Any]
    result: dict[str, Any] | None


class SavedRecord(BaseModel):
    """`read` rows = `calls` that queued + `rejected` + what queued nowhere or is no call. Times in µs."""

    record_id: str
    name: str
    mapping: str
    uploaded_by: str
    uploaded_at: str
    begins: int
    ends: int
    read: int
    calls: int
    rejected: int


class RejectedRow(BaseModel):
    line: int
    why: str
    raw: str


class Uploaded(SavedRecord):
    """`rejected_rows` holds the first 1,000 as they were written: they are told once and kept nowhere."""

    groups: list[str]
    tiers: list[str]
    agents: int
    rejected_rows: list[RejectedRow]


class RecordPage(BaseModel):
    items: list[SavedRecord]


class PresetMapping(BaseModel):
    name: str
    yaml: str


class MappingPage(BaseModel):
    items: list[PresetMapping]


def _store(request: Request) -> Pool:
    return request.app.state.api_pool


@router.get("/mappings", summary="Presets that read call records")
async def mappings(_asker: Asker) -> MappingPage:
    items = [PresetMapping(name=name, yaml=map_text(name)) for name in presets()]
    return MappingPage(items=[*items, PresetMapping(name=QUEUE_LOG, yaml="")])


@router.post("/records", summary="Upload a call record", status_code=201, response_model=Uploaded)
async def upload(
    request: Request, principal: Asker, file: Annotated[UploadFile, File()],
    mapping: Annotated[str, Form(pattern=r"^[\w\-]{1,64}$")] = "generic-csv",
    yaml: Annotated[str | None, Form(max_length=100_000)] = None,
    day: Annotated[str | None, Form(max_length=32)] = None,
) -> Response:  # fmt: skip
    """`mapping`: a preset; `yaml`: a mapping of one's own instead; `day`: only that day, as the table writes it.

    Names and numbers are dropped on the way in: kept are times, groups, tiers and agents as agent-01 ….
    """
    content = await file.read(LARGEST + 1)
    if len(content) > LARGEST:
        return problem(413, "too_large", f"a call record has at most {LARGEST // 1_000_000} MB")
    asked = json.dumps({"mapping": mapping, "yaml": yaml, "day": day or None}).encode()
    try:
        told = json.loads(await run_module(READER, given=asked + b"\n" + content, seconds=READING_SECONDS))
    except ChildFailed as failed:
        return problem(422, "record_unreadable", f"reading it {failed}")
    if "fault" in told:
        return problem(422, "record_unreadable", told["fault"])
    record_id = f"rec-{uuid.uuid4().hex[:12]}"
    packed = zlib.compress(json.dumps(told.pop("kept")).encode(), 6)
    saved = Uploaded(
        record_id=record_id, name=(file.filename or "record").replace("\x00", "")[:200], mapping="own" if yaml else mapping,
        uploaded_by=principal.subject, uploaded_at=datetime.now(UTC).isoformat(), **told,
    )  # fmt: skip
    async with tenant_transaction(_store(request), principal.tenant) as connection:
        await connection.execute(
            SQL["save_what_if_record"], principal.tenant, record_id, saved.name, saved.mapping, principal.subject,
            saved.begins, saved.ends, saved.read, saved.calls, saved.rejected, packed,
        )  # fmt: skip
    return JSONResponse(saved.model_dump(), 201)


@router.get("/records", summary="Call records, newest first")
async def records(request: Request, principal: Asker, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> RecordPage:
    async with tenant_transaction(_store(request), principal.tenant) as connection:
        rows = await connection.fetch(SQL["what_if_records"], principal.tenant, limit)
    return RecordPage(
        items=[SavedRecord(**{**dict(row), "uploaded_at": row["uploaded_at"].isoformat()}) for row in rows]
    )


@router.get("/records/{record_id}/policy", summary="The policy a call record begins with, made from it")
async def record_policy(request: Request, principal: Asker, record_id: Key) -> dict[str, Any]:
    return _starting(await _record(request, principal.tenant, record_id))


@router.delete("/records/{record_id}", summary="Forget a call record", status_code=204)
async def drop_record(request: Request, principal: Asker, record_id: Key) -> Response:
    async with tenant_transaction(_store(request), principal.tenant) as connection:
        gone = await connection.fetchval(SQL["drop_what_if_record"], principal.tenant, record_id)
    if gone is None:
        raise NotFound("no such call record")
    return Response(status_code=204)


@router.post("/runs", summary="Ask what would have been", status_code=202, response_model=Asked)
async def ask(request: Request, principal: Asker, wanted: Wanted, pool: PoolName = None) -> Response:
    where = await pool_of(request, principal, None, pool)
    try:
        question = await _question(request, principal, where, wanted)
    except (PolicyRefused, PolicyErrors, EditRefused) as refused:
        return problem(422, "policy_refused", "the policy asked about cannot be put in force", errors=_faults(refused))
    except ValueError as error:
        return problem(422, "invalid", str(error))
    run_id = f"whatif-{uuid.uuid4().hex[:12]}"
    title = wanted.title or _title(wanted, _language(request))
    async with tenant_transaction(_store(request), principal.tenant) as connection:
        if await connection.fetchval(SQL["what_if_unfinished"], principal.tenant) >= UNFINISHED:
            raise Conflict("too_many_runs", f"{UNFINISHED} runs are under way; cancel one or wait")
        await connection.execute(
            SQL["ask_what_if"], principal.tenant, where.pool_id, run_id, title, principal.subject,
            json.dumps(question, ensure_ascii=False),
        )  # fmt: skip
    jobs: WhatIfJobs = request.app.state.what_if_jobs
    jobs.wake()
    return JSONResponse({"run_id": run_id}, 202)


@router.get("/runs", summary="Runs, newest first")
async def runs(
    request: Request, principal: Asker, limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> RunPage:  # fmt: skip
    before = decode_cursor(cursor, int, str) if cursor else (2**62, "")
    moment = datetime.fromtimestamp(min(max(before[0], 0), 4_000_000_000_000_000) / SECOND, UTC)
    async with tenant_transaction(_store(request), principal.tenant) as connection:
        rows = await connection.fetch(
            SQL["what_if_runs"], principal.tenant, moment, before[1].replace("\x00", ""), limit
        )
    items = [_run(row) for row in rows]
    last = rows[-1] if len(rows) == limit else None
    following = encode_cursor(round(last["asked_at"].timestamp() * SECOND), last["run_id"]) if last else None
    return RunPage(items=items, next=following)


@router.get("/runs/{run_id}", summary="One run: how far it is, and what came out")
async def run(request: Request, principal: Asker, run_id: Key) -> FinishedRun:
    async with tenant_transaction(_store(request), principal.tenant) as connection:
        row = await connection.fetchrow(SQL["what_if_run"], principal.tenant, run_id)
    if row is None:
        raise NotFound("no such run")
    result = None if row["result"] is None else json.loads(zlib.decompress(row["result"]))
    return FinishedRun(**_run(row).model_dump(), question=json.loads(row["question"]), result=result)


@router.delete("/runs/{run_id}", summary="Cancel a run; one that is over is forgotten", status_code=204)
async def drop_run(request: Request, principal: Asker, run_id: Key) -> Response:
    async with tenant_transaction(_store(request), principal.tenant) as connection:
        gone = await connection.fetchval(SQL["cancel_what_if"], principal.tenant, run_id)
        gone = gone or await connection.fetchval(SQL["drop_what_if"], principal.tenant, run_id)
    if gone is None:
        raise NotFound("no such run")
    return Response(status_code=204)


def _run(row: Any) -> Run:
    return Run(**{**{name: row[name] for name in Run.model_fields}, "asked_at": row["asked_at"].isoformat()})


async def _question(request: Request, principal: Principal, where: AgentPool, wanted: Wanted) -> dict[str, Any]:
    """What is written down for the run. Raises ValueError (and its kinds), NotFound."""
    common: dict[str, Any] = {
        "seeds": wanted.seeds,
        "edits": [edit.model_dump() for edit in wanted.edits],
        "choice": wanted.policy.model_dump(exclude={"document"}),
    }
    if wanted.record_id is not None:
        kept = await _record(request, principal.tenant, wanted.record_id)
        before = parse_policy(_starting(kept)).to_mapping()
        chosen = await _chosen(request, principal, where, wanted.policy) if _chooses(wanted.policy) else before
        return {**common, "record_id": wanted.record_id, "before": before, "policy": _checked(chosen, wanted.edits)}
    if wanted.begins is None or wanted.ends is None:
        raise ValueError("needs begins and ends, or a record_id")
    begins, ends = _micros(wanted.begins), _micros(wanted.ends)
    if not 0 < ends - begins <= LONGEST:
        raise ValueError("ends must lie behind begins, by 31 days at most")
    chosen = await _chosen(request, principal, where, wanted.policy)
    return {
        **common,
        "begins": begins,
        "ends": ends,
        "partition": where.partition,
        "policy": _checked(chosen, wanted.edits),
    }


def _micros(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("times need an offset (2026-11-20T08:00:00+08:00)")
    return int(moment.timestamp()) * SECOND


def _checked(policy: Mapping[str, Any], edits: list[Edit]) -> dict[str, object]:
    return parse_policy(edited(policy, edits)).to_mapping()


def _chooses(choice: PolicyChoice) -> bool:
    return choice.draft or choice.version is not None or choice.document is not None


async def _chosen(
    request: Request, principal: Principal, where: AgentPool, choice: PolicyChoice
) -> Mapping[str, Any]:  # fmt: skip
    """The complete mapping of the chosen policy. Raises PolicyRefused, NotFound."""
    if choice.document is not None:
        return check_document(choice.document).mapping
    if choice.version is not None:
        return (await policies.saved_version(_store(request), where, choice.version)).mapping
    if choice.draft:
        async with tenant_transaction(_store(request), where.tenant_id) as connection:
            row = await connection.fetchrow(SQL["policy_draft"], where.tenant_id, where.pool_id, principal.subject)
        if row is None:
            raise NotFound("there is no draft of yours")
        return check_document(row["document"]).mapping
    newest = await policies.newest(_store(request), where)
    if newest is None:
        raise NotFound("no policy was ever published")
    return newest.mapping


async def _record(request: Request, tenant: str, record_id: str) -> dict[str, Any]:
    async with tenant_transaction(_store(request), tenant) as connection:
        content = await connection.fetchval(SQL["what_if_record"], tenant, record_id)
    if content is None:
        raise NotFound("no such call record")
    return json.loads(zlib.decompress(content))


def _starting(kept: Mapping[str, Any]) -> dict[str, Any]:
    return starting_policy(from_json(kept))


def _title(wanted: Wanted, language: str) -> str:
    words = [described(edit) for edit in wanted.edits]
    if words:
        return ("；" if language == "zh" else "; ").join(each.zh if language == "zh" else each.en for each in words)[
            :200
        ]
    if wanted.policy.draft:
        return "草稿" if language == "zh" else "draft"
    return f"v{wanted.policy.version}" if wanted.policy.version else ("策略" if language == "zh" else "policy")


def _language(request: Request) -> str:
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


def _faults(refused: PolicyRefused | PolicyErrors | EditRefused) -> list[dict[str, str]]:
    if isinstance(refused, PolicyRefused):
        found = [(fault.path, f"line {fault.line}: {fault.message}") for fault in refused.faults]
    elif isinstance(refused, PolicyErrors):
        found = list(refused.errors)
    else:
        found = [("edits", str(refused))]
    return [{"field": path or "policy", "message": message, "code": "policy"} for path, message in found]
