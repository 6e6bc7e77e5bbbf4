"""HTTP of the compliance report: as data for the page, and as a document to print, keep or send on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from services.outbound import report_tables
from services.outbound.api.access import InRoom, PathId, Reader, of_tenant
from services.outbound.domain.abandonment import ClockOrigin
from services.outbound.domain.campaigns import Campaign
from services.outbound.domain.contact_ledger import HOUR
from services.outbound.domain.report import AbandonmentLine, ComplianceReport, RuleFinding, Verdict
from services.outbound.domain.suppressions import CATALOGUE, InWords
from services.outbound.domain.windows import microseconds, zone_of
from services.outbound.handlers.compliance_report import report_of
from services.outbound.parts import Parts
from services.outbound.store import campaigns
from shared.errors import Refused
from shared.security import Principal

router = APIRouter(prefix="/v1", tags=["compliance"])

LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Period:
    first: date
    last: date
    zone: str | None


async def _period(
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to", description="included")],
    zone: Annotated[
        str | None, Query(max_length=64, description="IANA; whose days are meant (the tenant's own)")
    ] = None,
) -> Period:
    return Period(first, last, zone)


Asked = Annotated[Period, Depends(_period)]


class BothWords(BaseModel):
    zh: str
    en: str


class ReportRow(BaseModel):
    """A rule: `counted` calls looked at, `against` it, the worst and the limit with their units."""

    rule: str
    ruleset: str
    verdict: Verdict
    verdict_words: BothWords
    words: BothWords
    counted: int
    against: int
    measured: BothWords
    limit: BothWords
    source: str
    dated: date


class Rate(BaseModel):
    percent: float
    low: float
    high: float


class AbandonmentRow(BaseModel):
    """One variant at the end of the period; `worst_percent`: its highest within it."""

    hours: int
    clock: ClockOrigin
    clock_words: BothWords
    answered: int
    abandoned: int
    percent: float
    with_false_machines: Rate | None
    worst_percent: float | None
    worst_at: int | None


class CountRow(BaseModel):
    code: str
    words: BothWords
    n: int


class ReportDocument(BaseModel):
    campaign_id: str
    title: str
    purpose: str
    mode: str
    made_at: int
    first_day: date
    last_day: date
    rulesets: list[str]
    dialled: int
    rows: list[ReportRow]
    abandonment: list[AbandonmentRow]
    counts: list[CountRow]
    suppressed: list[CountRow]


async def _made(
    parts: Parts, asker: Principal, campaign_id: str, first: date, last: date, zone: ZoneInfo
) -> tuple[Campaign, ComplianceReport]:
    """Raises NotFound, and Refused for a period that is none."""
    if not first <= last or (last - first).days > LONGEST_DAYS:
        raise Refused("no_period", f"from a day to a later one, {LONGEST_DAYS} days at most")
    since = microseconds(datetime.combine(first, time(), zone)) - 1  # the first moment of the day is in it
    until = microseconds(datetime.combine(last + timedelta(days=1), time(), zone)) - 1
    async with of_tenant(parts, asker.tenant) as connection:
        campaign = await campaigns.read(connection, asker.tenant, campaign_id)
        return campaign, await report_of(
            connection, campaign, since, max(since + 1, min(until, parts.clock.now())), zone
        )


@router.get(
    "/campaigns/{campaign_id}/report", summary="Every rule with what was counted, the worst, the limit, the verdict"
)
async def report(parts: InRoom, asker: Reader, campaign_id: PathId, asked: Asked) -> ReportDocument:
    campaign, made = await _made(
        parts, asker, campaign_id, asked.first, asked.last, await _zone(parts, asker, asked.zone)
    )
    return ReportDocument(
        campaign_id=campaign_id, title=campaign.title, purpose=campaign.purpose, mode=campaign.mode,
        made_at=parts.clock.now(), first_day=asked.first, last_day=asked.last,
        rulesets=[f"{ruleset.id}@{ruleset.version}" for ruleset in made.rulesets], dialled=made.dialled,
        rows=[_row(finding) for finding in made.findings],
        abandonment=[_abandonment(line) for line in made.abandonment],
        counts=[
            CountRow(code=outcome or "open", words=_both(words), n=made.outcomes[outcome])
            for outcome, words in report_tables.OUTCOMES.items()
            if made.outcomes.get(outcome)
        ],
        suppressed=[
            CountRow(code=reason, words=_both(CATALOGUE[reason].title), n=n)
            for reason, n in sorted(made.suppressed.items(), key=lambda pair: -pair[1])
        ],
    )  # fmt: skip


async def _on_paper(
    parts: Parts, asker: Principal, campaign_id: str, form: Literal["html", "md", "csv"], asked: Period, lang: report_tables.Language
) -> Response:  # fmt: skip
    zone = await _zone(parts, asker, asked.zone)
    _, made = await _made(parts, asker, campaign_id, asked.first, asked.last, zone)
    render, media = {
        "html": (report_tables.as_html, "text/html"),
        "md": (report_tables.as_markdown, "text/markdown"),
        "csv": (report_tables.as_csv, "text/csv"),
    }[form]
    name = f"compliance-{campaign_id}-{asked.first}-{asked.last}.{form}"
    disposition = "inline" if form == "html" else "attachment"
    return Response(
        render(made, lang, zone),
        media_type=f"{media}; charset=utf-8",
        headers={"Content-Disposition": f'{disposition}; filename="{name}"', "Cache-Control": "no-store"},
    )


@router.get("/campaigns/{campaign_id}/report.html", summary="The report to print", response_class=Response)
async def printed(
    parts: InRoom, asker: Reader, campaign_id: PathId, asked: Asked, lang: report_tables.Language = "zh"
) -> Response:
    return await _on_paper(parts, asker, campaign_id, "html", asked, lang)


@router.get("/campaigns/{campaign_id}/report.md", summary="The report as Markdown", response_class=Response)
async def written(
    parts: InRoom, asker: Reader, campaign_id: PathId, asked: Asked, lang: report_tables.Language = "zh"
) -> Response:
    return await _on_paper(parts, asker, campaign_id, "md", asked, lang)


@router.get("/campaigns/{campaign_id}/report.csv", summary="The report for a spreadsheet", response_class=Response)
async def tabled(
    parts: InRoom, asker: Reader, campaign_id: PathId, asked: Asked, lang: report_tables.Language = "zh"
) -> Response:
    return await _on_paper(parts, asker, campaign_id, "csv", asked, lang)


async def _zone(parts: Parts, asker: Principal, asked: str | None) -> ZoneInfo:
    zone = zone_of(asked or (await parts.directory.tenant(asker.tenant)).time_zone)
    if not isinstance(zone, ZoneInfo):
        raise Refused("no_such_zone", "no such time zone")
    return zone


def _row(finding: RuleFinding) -> ReportRow:
    clause = finding.rule.clause
    measured, limit = report_tables.measures(finding)
    return ReportRow(
        rule=clause.id, ruleset=finding.ruleset, verdict=finding.verdict,
        verdict_words=_both(report_tables.words_of(finding.verdict)), words=_both(clause.words), counted=finding.counted,
        against=finding.broken, measured=_both(measured), limit=_both(limit), source=clause.source,
        dated=clause.since or clause.dated,
    )  # fmt: skip


def _abandonment(line: AbandonmentLine) -> AbandonmentRow:
    figures, origin = line.at_end, line.origin
    adjusted = figures.adjusted_rate(origin)
    rate = Rate(percent=_percent(adjusted.value), low=_percent(adjusted.low), high=_percent(adjusted.high))
    return AbandonmentRow(
        hours=line.within // HOUR, clock=origin, clock_words=_both(report_tables.words_of(origin)),
        answered=figures.counts.persons, abandoned=figures.abandoned(origin), percent=_percent(figures.rate(origin)),
        with_false_machines=rate if figures.counts.machines else None,
        worst_percent=_percent(line.worst.rate(origin)) if line.worst else None, worst_at=line.worst_at,
    )  # fmt: skip


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _both(words: InWords) -> BothWords:
    return BothWords(zh=words.zh, en=words.en)
