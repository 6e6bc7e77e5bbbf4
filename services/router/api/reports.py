"""HTTP of the reports: intervals, agents, dispositions, contacts and interactions, as pages of JSON or as whole files.

Figures mean what `GET /v1/reports/definitions` says; `as_of` is the time of the newest contact event counted.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from services.router.reporting import files as report_files
from services.router.reporting import questions as report_questions
from services.router.reporting.files import CSV_TYPE, XLSX_TYPE, Language
from services.router.reporting.periods import Interval, TooLong, periods, today
from services.router.reporting.questions import (
    AgentTable,
    ContactTable,
    DispositionTable,
    Filters,
    GroupTable,
    InteractionTable,
    Table,
    known_agents,
)
from shared.clock import Clock
from shared.contracts.fields import Channel, Id, Name
from shared.contracts.metrics import definitions
from shared.contracts.routing_decisions import ContactEnd
from shared.contracts.wire import adapter
from shared.directory import Directory
from shared.http import decode_cursor, encode_cursor
from shared.postgres import Pool, tenant_transaction
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1/reports", tags=["reports"])

Reader = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ANALYST, Role.ADMIN))]
Names = Annotated[list[Name] | None, Query(max_length=500)]
Ids = Annotated[list[Id] | None, Query(max_length=500)]
Split = Annotated[str, Query(max_length=20, pattern=r"^(none|group|channel|group,channel)$")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=600)]
Format = Annotated[Literal["json", "csv", "xlsx"] | None, Query(description="By Accept where not named here")]
Directions = Annotated[Literal["inbound", "callback", "outbound", "all"], Query()]
EVERY_DIRECTION = ("inbound", "callback", "outbound")
FILES: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}},
    XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}},
}


class ReportPage(BaseModel):
    """Rows in order; `totals` are the same figures over everything asked for, not over this page alone."""

    items: list[dict[str, Any]]
    next: str | None
    totals: dict[str, Any] | None
    time_zone: str
    as_of: str | None
    definitions: int
    short_abandon_seconds: int
    interval: str | None = None


class Definition(BaseModel):
    of: str
    unit: str
    words: dict[str, str]
    means: dict[str, str]
    numerator: list[str] = []
    denominator: list[str] = []
    quantile: int | None = None
    variant: str | None = None
    at: str | None = None


class DefinitionsPage(BaseModel):
    version: int
    interval_minutes: list[int]
    short_abandon_seconds: int
    service_level_goal_percent: int
    time_zone: str
    measures: dict[str, Definition]
    metrics: dict[str, Definition]


class Asked:
    """The filters every report takes, from the query."""

    def __init__(
        self,
        group: Names = None,
        channel: Annotated[list[Channel] | None, Query(max_length=10)] = None,
        agent: Ids = None,
        team: Ids = None,
        site: Ids = None,
        direction: Directions = "inbound",
        from_: Annotated[date | None, Query(alias="from", description="Local date; today by default")] = None,
        to: Annotated[date | None, Query(description="Local date, inclusive; `from` by default")] = None,
    ) -> None:
        self.group, self.channel, self.agent, self.team, self.site = group, channel, agent, team, site
        self.directions = EVERY_DIRECTION if direction == "all" else (direction,)
        self.first, self.last = from_, to or from_


Asking = Annotated[Asked, Depends()]


class Wanted:
    """How the answer is to come: a page of JSON, or everything as a file."""

    def __init__(
        self,
        request: Request,
        limit: Limit = 200,
        cursor: Cursor = None,
        format: Format = None,
        lang: Language = "code",
    ) -> None:
        accepted = request.headers.get("accept", "")
        by_accept = "csv" if "text/csv" in accepted else "xlsx" if XLSX_TYPE in accepted else "json"
        self.limit, self.cursor = limit, cursor
        self.lang: Language = lang
        self.format = format or by_accept


Wish = Annotated[Wanted, Depends()]


async def _zone(request: Request, tenant: str) -> ZoneInfo:
    """The zone of the tenant's days: its policy's, else its own."""
    directory: Directory = request.app.state.directory
    async with tenant_transaction(request.app.state.api_pool, tenant) as connection:
        name = await connection.fetchval(report_questions.SQL["time_zone"], tenant)
    try:
        return ZoneInfo(name or (await directory.tenant(tenant)).time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise HTTPException(409, "the policy names a time zone that does not exist") from error


async def _counted_until(request: Request, tenant: str) -> int:
    """Time of the newest counted input of the tenant's pools, µs; 0: none."""
    directory: Directory = request.app.state.directory
    partitions = [pool.partition for pool in await directory.pools_of(tenant)]
    async with tenant_transaction(request.app.state.api_pool, tenant) as connection:
        return await connection.fetchval(report_questions.SQL["counted_until"], partitions) or 0


async def _filters(request: Request, principal: Principal, asked: Asked, interval: Interval = "total") -> Filters:
    clock: Clock = request.app.state.clock
    zone = await _zone(request, principal.tenant)
    first = asked.first or today(clock.now(), zone)
    try:
        span = periods(first, asked.last or first, interval, zone)
    except (TooLong, ValueError, OverflowError) as error:
        raise HTTPException(422, f"from, to: {error}") from error
    filters = Filters(
        principal.tenant, span, asked.directions, asked.group, asked.channel, asked.agent,
        unanswered=not (asked.agent or asked.team or asked.site),
        counted_until=await _counted_until(request, principal.tenant),
    )  # fmt: skip
    return await _narrowed(request, principal, asked, filters)


async def _narrowed(request: Request, principal: Principal, asked: Asked, filters: Filters) -> Filters:
    """Only agents of the teams and sites asked for, and of those a supervisor is scoped to."""
    scoped = not principal.has(Role.ADMIN, Role.ANALYST) and bool(principal.teams or principal.sites)
    if not (asked.team or asked.site or scoped):
        return filters
    async with tenant_transaction(request.app.state.api_pool, principal.tenant) as connection:
        found = await known_agents(connection, principal.tenant, filters.agents, asked.team, asked.site)
    if scoped:
        found = [a for a in found if set(a.teams) & set(principal.teams) or set(a.sites) & set(principal.sites)]
    return replace(filters, agents=[agent.agent_id for agent in found])


async def _answer(
    request: Request, principal: Principal, filters: Filters, table: Table, name: str, wanted: Wanted,
    interval: str | None = None,
) -> Response:  # fmt: skip
    pool: Pool = request.app.state.api_pool
    if wanted.format != "json":
        return _file(pool, principal.tenant, filters, table, name, wanted)
    after = table.beginning
    if wanted.cursor is not None:
        after = decode_cursor(wanted.cursor, *(type(part) for part in table.beginning))
    async with tenant_transaction(pool, principal.tenant) as connection:
        rows = await table.read(connection, after, wanted.limit)
        totals = await table.totals(connection)
    span, known = filters.periods, definitions()
    following = encode_cursor(*rows[-1][0]) if len(rows) == wanted.limit else None
    answer = ReportPage(
        items=[row for _, row in rows], next=following, totals=totals, time_zone=span.zone.key,
        as_of=span.local(filters.counted_until) if filters.counted_until else None, definitions=known.version,
        short_abandon_seconds=known.short_abandon_seconds, interval=interval,
    )  # fmt: skip
    return JSONResponse(answer.model_dump())


def _file(pool: Pool, tenant: str, filters: Filters, table: Table, name: str, wanted: Wanted) -> Response:
    span = filters.periods
    days = f"{span.local(span.start)[:10]}_{span.local(span.end - 1)[:10]}"
    headers = {
        "content-disposition": f'attachment; filename="{name}_{days}.{wanted.format}"',
        "cache-control": "no-store",
    }
    if wanted.format == "csv":
        stream = report_files.as_csv(pool, tenant, table, wanted.lang)
        return StreamingResponse(stream, media_type=CSV_TYPE, headers=headers)
    stream = report_files.as_xlsx(pool, tenant, table, wanted.lang)
    return StreamingResponse(stream, media_type=XLSX_TYPE, headers=headers)


def _responses() -> dict[int | str, dict[str, Any]]:
    return {200: {"content": FILES, "model": ReportPage}}


@router.get("/definitions", summary="What every figure means: counted things and formulas")
async def what_figures_mean(request: Request, principal: Reader) -> DefinitionsPage:
    known = definitions()
    measures = {
        name: Definition(
            of=m.of, at=m.at, unit="seconds" if m.unit == "µs" else m.unit, words=_both(m.words), means=_both(m.means)
        )
        for name, m in known.measures.items()
    }
    metrics = {
        name: Definition(
            of=m.of, unit=m.unit, words=_both(m.words), means=_both(m.formula), numerator=list(m.numerator),
            denominator=list(m.denominator), quantile=m.quantile, variant=m.variant,
        )
        for name, m in known.metrics.items()
    }  # fmt: skip
    return DefinitionsPage(
        version=known.version, interval_minutes=list(known.interval_minutes),
        short_abandon_seconds=known.short_abandon_seconds,
        service_level_goal_percent=known.service_level_goal_percent, time_zone=(await _zone(request, principal.tenant)).key,
        measures=measures, metrics=metrics,
    )  # fmt: skip


def _both(words: Any) -> dict[str, str]:
    return adapter(type(words)).dump_python(words)


@router.get("/intervals", summary="Interval × group × channel", response_model=ReportPage, responses=_responses())
async def intervals(
    request: Request, principal: Reader, asked: Asking, wanted: Wish,
    interval: Annotated[Interval, Query()] = "30", split: Split = "group,channel",
) -> Response:  # fmt: skip
    """A cohort belongs to the interval of its entry into the group. `split`: what rows are kept apart by besides time."""
    filters = await _filters(request, principal, asked, interval)
    table = GroupTable(filters, definitions(), [part for part in split.split(",") if part])
    return await _answer(request, principal, filters, table, "intervals", wanted, interval)


@router.get("/agents", summary="Day × agent", response_model=ReportPage, responses=_responses())
async def agents(
    request: Request, principal: Reader, asked: Asking, wanted: Wish, interval: Annotated[Interval, Query()] = "day"
) -> Response:
    """Time by state and reason, work done; of all directions. Time still running is counted up to `as_of`."""
    filters = await _filters(request, principal, asked, interval)
    return await _answer(request, principal, filters, AgentTable(filters, definitions()), "agents", wanted, interval)


@router.get("/dispositions", summary="How conversations were coded", response_model=ReportPage, responses=_responses())
async def dispositions(
    request: Request, principal: Reader, asked: Asking, wanted: Wish,
    disposition: Annotated[Name | None, Query()] = None,
) -> Response:  # fmt: skip
    filters = replace(await _filters(request, principal, asked), disposition=disposition)
    return await _answer(request, principal, filters, DispositionTable(filters), "dispositions", wanted)


@router.get("/contacts", summary="One row a contact", response_model=ReportPage, responses=_responses())
async def contacts(
    request: Request, principal: Reader, asked: Asking, wanted: Wish,
    disposition: Annotated[Name | None, Query()] = None, end: ContactEnd | None = None,
) -> Response:  # fmt: skip
    filters = replace(await _filters(request, principal, asked), disposition=disposition, ended=end)
    return await _answer(request, principal, filters, ContactTable(filters), "contacts", wanted)


@router.get(
    "/interactions", summary="One row an agent's part in a contact", response_model=ReportPage, responses=_responses()
)
async def interactions(request: Request, principal: Reader, asked: Asking, wanted: Wish) -> Response:
    filters = await _filters(request, principal, asked)
    return await _answer(request, principal, filters, InteractionTable(filters), "interactions", wanted)
