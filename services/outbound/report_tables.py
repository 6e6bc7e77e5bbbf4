"""The compliance report on paper: the same tables as HTML to print, as Markdown and as CSV, in Chinese or English."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal

from services.outbound.domain.abandonment import DAY_WINDOW, AbandonmentFigures, ClockOrigin
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.report import ComplianceReport, RuleFinding, Unit
from services.outbound.domain.suppressions import CATALOGUE, InWords

Language = Literal["zh", "en"]

_WORDS: Final = {
    "title": InWords("外呼合规报告", "Compliance report of outbound calls"),
    "campaign": InWords("活动", "campaign"),
    "period": InWords("期间", "period"),
    "dialled": InWords("已拨", "calls dialled"),
    "advice": InWords(
        "本报告不是法律意见。规则集由运营者选定并签字负责。",
        "This report is no legal advice. The operator chose the rulesets and signs for the choice.",
    ),
    "signature": InWords("签字：____________________　日期：____________", "Signed: ____________________  Date: ____________"),
    "rules": InWords("规则", "Rules"),
    "rule": InWords("规则", "rule"),
    "says": InWords("内容", "what it says"),
    "source": InWords("出处", "source"),
    "counted": InWords("计数", "counted"),
    "against": InWords("违反", "against it"),
    "worst": InWords("最差值", "worst"),
    "limit": InWords("限值", "limit"),
    "verdict": InWords("结论", "verdict"),
    "abandonment": InWords("放弃率（所有口径）", "Abandonment, in every variant"),
    "window": InWords("窗口", "window"),
    "clock": InWords("计时起点", "clock from"),
    "answered": InWords("人接听", "answered by a person"),
    "abandoned": InWords("放弃", "abandoned"),
    "rate": InWords("放弃率", "rate"),
    "adjusted": InWords("含误判机器（95% 区间）", "with false machines (95% interval)"),
    "worst_rate": InWords("每日终了时最高", "highest at a day's end"),
    "outcomes": InWords("拨打结果", "What became of the calls"),
    "outcome": InWords("结果", "outcome"),
    "suppressed": InWords("未外呼的原因与次数", "Not dialled, by reason"),
    "reason": InWords("原因", "reason"),
    "times": InWords("次数", "times"),
    "kept": InWords("符合", "kept"),
    "nothing_counted": InWords("无可计", "nothing to count"),
    "connected": InWords("接通", "line opened"),
    "greeting_began": InWords("问候开始", "greeting began"),
    "greeting_ended": InWords("问候结束", "greeting ended"),
    "calls": InWords("次", "calls"),
    "percent": InWords("%", "%"),
    "seconds": InWords("秒", "s"),
    "hours": InWords("小时", "h"),
    "days": InWords("天", "days"),
    "business_days": InWords("工作日", "business days"),
}  # fmt: skip
OUTCOMES: Final[Mapping[DialOutcome | None, InWords]] = {
    None: InWords("进行中", "under way"),
    DialOutcome.ANSWERED_PERSON: InWords("人接听", "answered by a person"),
    DialOutcome.MACHINE: InWords("应答机", "machine"),
    DialOutcome.FAX: InWords("传真机", "fax"),
    DialOutcome.BUSY: InWords("占线", "busy"),
    DialOutcome.NO_ANSWER: InWords("无人接听", "no answer"),
    DialOutcome.SIT_VACANT: InWords("空号", "vacant number"),
    DialOutcome.SIT_INTERCEPT: InWords("号码变更", "intercepted"),
    DialOutcome.SIT_REORDER: InWords("网络忙", "network busy"),
    DialOutcome.FAILED: InWords("线路失败", "line failed"),
    DialOutcome.CANCELLED: InWords("未拨出", "not dialled"),
    DialOutcome.ABANDONED: InWords("接通无人", "abandoned"),
    DialOutcome.UNKNOWN: InWords("结果未明", "unknown"),
}
_VERDICT_BROKEN: Final = InWords("违反", "BROKEN")


@dataclass(frozen=True, slots=True)
class ReportTable:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(report: ComplianceReport, language: Language) -> list[ReportTable]:
    """The rules with their verdicts, abandonment in every variant, what was suppressed."""
    say = _Speaker(language)
    rules = ReportTable(
        say("rules"),
        tuple(map(say, ("rule", "says", "source", "counted", "against", "worst", "limit", "verdict"))),
        tuple(_rule_row(finding, say) for finding in report.findings),
    )
    abandonment = ReportTable(
        say("abandonment"),
        tuple(map(say, ("window", "clock", "answered", "abandoned", "rate", "adjusted", "worst_rate"))),
        tuple(
            (
                "24 h" if line.within == DAY_WINDOW else "30 d",
                say(line.origin.value),
                str(line.at_end.counts.persons),
                str(line.at_end.abandoned(line.origin)),
                _percent(line.at_end.rate(line.origin)),
                _adjusted(line.at_end, line.origin),
                _percent(line.worst.rate(line.origin)) if line.worst else "–",
            )
            for line in report.abandonment
        ),
    )
    often = sorted(report.suppressed.items(), key=lambda pair: (-pair[1], pair[0].value))
    suppressed = ReportTable(
        say("suppressed"),
        (say("reason"), say("times")),
        tuple((say.of(CATALOGUE[reason].title), str(times)) for reason, times in often),
    )
    outcomes = ReportTable(
        say("outcomes"),
        (say("outcome"), say("times")),
        tuple((say.of(words), str(report.outcomes[o])) for o, words in OUTCOMES.items() if report.outcomes.get(o)),
    )
    return [rules, abandonment, outcomes, suppressed]


def as_csv(report: ComplianceReport, language: Language, zone: tzinfo = UTC) -> str:
    """One file, the tables below one another, each under its title. Begins with a byte order mark, for spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(_particulars(report, language, zone))
    for table in tables_of(report, language):
        writer.writerow([])
        writer.writerow([table.title])
        writer.writerow(table.header)
        writer.writerows([_inert(cell) for cell in row] for row in table.rows)
    return "\ufeff" + out.getvalue()


def as_markdown(report: ComplianceReport, language: Language, zone: tzinfo = UTC) -> str:
    say = _Speaker(language)
    lines = [f"# {say('title')}", "", *(f"- {name}: {value}" for name, value in _particulars(report, language, zone))]
    lines += ["", say("advice")]
    for table in tables_of(report, language):
        lines += ["", f"## {table.title}", "", _piped(table.header), _piped(["---"] * len(table.header))]
        lines += [_piped(row) for row in table.rows]
    return "\n".join([*lines, "", say("signature"), ""])


def as_html(report: ComplianceReport, language: Language, zone: tzinfo = UTC) -> str:
    """A page of its own, to print: no script, no picture, nothing fetched."""
    say = _Speaker(language)
    particulars = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>"
        for name, value in _particulars(report, language, zone)
    )
    body = "".join(_html_table(table) for table in tables_of(report, language))
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f"<title>{html.escape(say('title'))}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(say('title'))}</h1><dl>{particulars}</dl><p>{html.escape(say('advice'))}</p>{body}"
        f'<p class="signature">{html.escape(say("signature"))}</p></body></html>\n'
    )


_STYLE: Final = (
    "body{font:10pt/1.4 system-ui,sans-serif;margin:2em;color:#111}table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}"
    "th,td{border:1px solid #999;padding:.25em .5em;text-align:left;vertical-align:top}th{background:#eee}"
    "td:last-child{white-space:nowrap}.broken td:last-child{font-weight:700;color:#b00020}tr{break-inside:avoid}"
    "dt{float:left;clear:left;width:9em;font-weight:600}dd{margin:0 0 .2em 9em}"
    ".signature{margin-top:3em}@page{size:A4 landscape;margin:12mm}"
)


def words_of(key: str) -> InWords:
    """The words of a verdict or a clock's origin."""
    return _VERDICT_BROKEN if key == "broken" else _WORDS[key]


def measures(finding: RuleFinding) -> tuple[InWords, InWords]:
    """The worst value and the limit, each with its unit."""
    zh, en = (_measures(finding, _Speaker(language)) for language in ("zh", "en"))
    return InWords(zh[0], en[0]), InWords(zh[1], en[1])


class _Speaker:
    def __init__(self, language: Language) -> None:
        self._language: Language = language

    def __call__(self, key: str) -> str:
        return self.of(_WORDS[key])

    def of(self, words: InWords) -> str:
        return words.zh if self._language == "zh" else words.en


def _rule_row(finding: RuleFinding, say: _Speaker) -> tuple[str, ...]:
    clause = finding.rule.clause
    worst, limit = _measures(finding, say)
    return (
        f"{clause.id} ({finding.ruleset})",
        say.of(clause.words),
        f"{clause.source}, {clause.since or clause.dated}",
        str(finding.counted),
        str(finding.broken),
        worst,
        limit,
        say.of(words_of(finding.verdict.value)),
    )


def _measures(finding: RuleFinding, say: _Speaker) -> tuple[str, str]:
    # a limit of business days is counted by the calendar; the worst value is the time that passed
    worst_unit = Unit.DAYS if finding.unit is Unit.BUSINESS_DAYS else finding.unit
    return _measure(finding.worst, worst_unit, say), _measure(finding.limit, finding.unit, say)


def _measure(value: float | None, unit: Unit, say: _Speaker) -> str:
    if value is None or unit is Unit.NONE:
        return "–"
    digits = f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{digits}{'' if unit is Unit.PERCENT else ' '}{say(unit.value)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _adjusted(figures: AbandonmentFigures, origin: ClockOrigin) -> str:
    if not figures.counts.machines:
        return "–"
    share = figures.adjusted_rate(origin)
    return f"{_percent(share.value)} ({_percent(share.low)}–{_percent(share.high)})"


def _particulars(report: ComplianceReport, language: Language, zone: tzinfo) -> list[tuple[str, str]]:
    say = _Speaker(language)
    chosen = "; ".join(f"{say.of(r.name)} ({r.id}@{r.version}, {r.dated})" for r in report.rulesets)
    return [
        (say("campaign"), report.campaign),
        (say("period"), f"{_moment(report.since, zone)} – {_moment(report.until, zone)} ({zone})"),
        (say("rules"), chosen),
        (say("dialled"), str(report.dialled)),
    ]


def _moment(at: int, zone: tzinfo) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _html_table(table: ReportTable) -> str:
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in table.header)
    broken = (_VERDICT_BROKEN.zh, _VERDICT_BROKEN.en)
    rows = "".join(
        f"<tr{' class=broken' if row[-1] in broken else ''}>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
        for row in table.rows
    )
    return f"<h2>{html.escape(table.title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _inert(cell: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell
