"""What reports are asked: filters to rows, page after page in a stable order (API role, one tenant at a time).

Every report is a `Table`: columns with their words, and a way to read the rows that follow a key. Pages, files and
programs all read the same tables; durations are seconds there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.router.domain.reporting.rows import AgentRow
from services.router.reporting.periods import Periods
from services.router.reporting.store import measures
from shared.contracts.metrics import SECOND, Definitions, Wording
from shared.contracts.wire import adapter
from shared.postgres import Connection, Pool, named_statements, tenant_transaction

SQL = named_statements(Path(__file__).parents[1] / "sql" / "report_questions.sql")
Key = tuple[Any, ...]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; None asks for all. `agents`: already narrowed to teams, sites and what the asker may see."""

    tenant: str
    periods: Periods
    directions: Sequence[str] = ("inbound",)
    groups: Sequence[str] | None = None
    channels: Sequence[str] | None = None
    agents: Sequence[str] | None = None
    unanswered: bool = True  # contacts nobody talked to belong to no team, and are shown beside those of `agents`
    disposition: str | None = None
    ended: str | None = None
    counted_until: int = 0  # µs; time still running counts up to here


@dataclass(frozen=True, slots=True)
class Column:
    """`unit`: "s", "%", or nothing; `of`: counted things and figures have their definition."""

    name: str
    words: Wording
    unit: str = ""
    means: Wording | None = None


def _plain(name: str, zh: str, en: str, unit: str = "") -> Column:
    return Column(name, Wording(zh, en), unit)


START, END = _plain("start", "开始", "Start"), _plain("end", "结束", "End")
GROUP, CHANNEL = _plain("group", "问题分组", "Group"), _plain("channel", "渠道", "Channel")
AGENT = _plain("agent", "坐席", "Agent")
TALK, HOLD, WRAP = (
    _plain("talk", "通话", "Talk", "s"), _plain("hold", "保持", "Hold", "s"), _plain("wrap", "话后", "Wrap-up", "s"),
)  # fmt: skip


def defined_columns(definitions: Definitions, of: str) -> list[Column]:
    """The counted things and figures of groups or agents, in the order of the definitions."""
    found = [
        Column(name, measure.words, "s" if measure.unit == "µs" else "", measure.means)
        for name, measure in definitions.measures.items()
        if measure.of == of
    ]
    found += [
        Column(name, metric.words, "%" if metric.unit == "percent" else "s", metric.formula)
        for name, metric in definitions.metrics.items()
        if metric.of == of
    ]
    return found


def figures(counts: Mapping[str, int], definitions: Definitions, of: str) -> Row:
    """Counts and the figures computed of them; `waiting` is what the outcomes leave over."""
    whole = dict(counts)
    if of == "group":
        whole["waiting"] = whole.get("offered", 0) - sum(
            whole.get(end, 0) for end in {*definitions.ends.values(), "answered"}
        )
    shown: Row = {}
    for name, measure in definitions.measures.items():
        if measure.of == of:
            n = whole.get(name, 0)
            shown[name] = seconds(n) if measure.unit == "µs" else n
    for name, metric in definitions.metrics.items():
        if metric.of == of:
            shown[name] = metric.value(whole)  # a quantile has no denominator, and is read from the stays
    return shown


def seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else round(microseconds / SECOND, 1)


class Table:
    """One report. `beginning` is the key before the first row."""

    columns: Sequence[Column]
    beginning: Key

    async def read(self, connection: Connection, after: Key, limit: int) -> list[tuple[Key, Row]]:
        """Rows following a key, with theirs."""
        raise NotImplementedError

    async def totals(self, connection: Connection) -> Row | None:
        """The same figures over everything asked for; None where they mean nothing."""
        return None


class GroupTable(Table):
    """Interval × group × channel; without one of the two, all together."""

    beginning = (0, "", "")

    def __init__(self, filters: Filters, definitions: Definitions, split: Sequence[str]) -> None:
        self._filters = filters
        self._definitions = definitions
        self._by_group, self._by_channel = "group" in split, "channel" in split
        keys = [START, END, *([GROUP] if self._by_group else []), *([CHANNEL] if self._by_channel else [])]
        self.columns = [*keys, *defined_columns(definitions, "group")]

    async def read(self, connection: Connection, after: Key, limit: int) -> list[tuple[Key, Row]]:
        periods = self._filters.periods
        return await self._counts(connection, periods, self._by_group, self._by_channel, after, limit)

    async def totals(self, connection: Connection) -> Row | None:
        periods = self._filters.periods
        whole = Periods(periods.zone, periods.beginnings[:1], periods.end)
        rows = await self._counts(connection, whole, False, False, self.beginning, 1)
        return rows[0][1] if rows else figures({}, self._definitions, "group")

    async def _counts(
        self, connection: Connection, periods: Periods, by_group: bool, by_channel: bool, after: Key, limit: int
    ) -> list[tuple[Key, Row]]:
        f, names = self._filters, measures(self._definitions, "group")
        asked = (
            f.tenant,
            list(periods.beginnings),
            periods.start,
            periods.end,
            list(f.directions),
            f.groups,
            f.channels,
        )
        records = await connection.fetch(SQL["group_counts"], *asked, by_group, by_channel, *after, limit)
        if not records:
            return []
        first, last = periods.of(records[0]["period"])[0], periods.of(records[-1]["period"])[1]
        waits = await connection.fetch(
            SQL["wait_quantiles"], f.tenant, list(periods.beginnings), first, last, *asked[4:], by_group, by_channel
        )
        quantiles = {tuple(r)[:3]: r for r in waits}
        found: list[tuple[Key, Row]] = []
        for record in records:
            key = tuple(record)[:3]
            start, end = periods.of(key[0])
            row: Row = {"start": periods.local(start), "end": periods.local(end)}
            if by_group:
                row["group"] = key[1]
            if by_channel:
                row["channel"] = key[2]
            row |= figures({name: record[name] for name in names}, self._definitions, "group")
            wait = quantiles.get(key)
            row |= {name: seconds(wait[name]) if wait else None for name in ("wait_p50", "wait_p90")}
            found.append((key, row))
        return found


class AgentTable(Table):
    """Day (or interval) × agent: time by state, breaks by reason, what was handled. Time still running is counted too."""

    beginning = (0, "")

    def __init__(self, filters: Filters, definitions: Definitions) -> None:
        self._filters = filters
        self._definitions = definitions
        self._running: tuple[str, str] | None = None
        self.columns = [
            START, END, AGENT, *defined_columns(definitions, "agent"), _plain("breaks", "小休（按原因）", "Breaks by reason", "s"),
        ]  # fmt: skip

    async def read(self, connection: Connection, after: Key, limit: int) -> list[tuple[Key, Row]]:
        return await self._counts(connection, self._filters.periods, True, after, limit)

    async def totals(self, connection: Connection) -> Row | None:
        periods = self._filters.periods
        whole = Periods(periods.zone, periods.beginnings[:1], periods.end)
        rows = await self._counts(connection, whole, False, self.beginning, 1)
        return rows[0][1] if rows else figures({}, self._definitions, "agent")

    async def _counts(
        self, connection: Connection, periods: Periods, by_agent: bool, after: Key, limit: int
    ) -> list[tuple[Key, Row]]:
        f, names = self._filters, measures(self._definitions, "agent")
        staff, breaks = await self._time_running(connection)
        asked = (f.tenant, list(periods.beginnings), periods.start, periods.end, f.agents)
        records = await connection.fetch(SQL["staff_counts"], *asked, staff, *after, limit, by_agent)
        pauses: dict[Key, dict[str, float]] = {}
        for r in await connection.fetch(SQL["break_counts"], *asked, breaks, by_agent) if records else ():
            pauses.setdefault((r["period"], r["agent_id"]), {})[r["reason"]] = seconds(r["passed"]) or 0.0
        found: list[tuple[Key, Row]] = []
        for record in records:
            key = tuple(record)[:2]
            start, end = periods.of(key[0])
            row: Row = {"start": periods.local(start), "end": periods.local(end)}
            if by_agent:
                row["agent"] = key[1]
            row |= figures({name: record[name] for name in names}, self._definitions, "agent")
            row["breaks"] = dict(sorted(pauses.get(key, {}).items()))
            found.append((key, row))
        return found

    async def _time_running(self, connection: Connection) -> tuple[str, str]:
        """What no count holds yet: since each agent's last change, up to the newest counted input; as rows of the tables."""
        if self._running is None:
            f, zero = self._filters, dict.fromkeys(measures(self._definitions, "agent"), 0)
            staff: list[Row] = []
            breaks: list[Row] = []
            for agent in await known_agents(connection, f.tenant, f.agents):
                for quarter, passed in agent.spread(min(f.counted_until, f.periods.end)):
                    if quarter < f.periods.start:
                        continue
                    where = {"tenant_id": agent.tenant_id, "pool_id": agent.pool_id, "partition": agent.partition,
                             "agent_id": agent.agent_id, "quarter": quarter}  # fmt: skip
                    staff.append({**where, **zero, "signed_in": passed, agent.activity: passed})
                    if agent.activity == "not_ready":
                        breaks.append({**where, "reason": agent.reason, "passed": passed})
            self._running = json.dumps(staff), json.dumps(breaks)
        return self._running


async def known_agents(
    connection: Connection,
    tenant: str,
    agents: Sequence[str] | None = None,
    teams: Sequence[str] | None = None,
    sites: Sequence[str] | None = None,
) -> list[AgentRow]:
    """Agents as last told, by id, team and site."""
    records = await connection.fetch(SQL["agents_known"], tenant, agents, teams, sites)
    return [adapter(AgentRow).validate_json(record["row"]) for record in records]


class DispositionTable(Table):
    """How conversations were coded, and why customers came."""

    beginning = ("", "", "", "")
    columns = (
        GROUP, CHANNEL, _plain("disposition", "小结", "Disposition"), _plain("reason", "联络原因", "Contact reason"),
        _plain("conversations", "会话数", "Conversations"), _plain("by_timeout", "超时默认", "Defaulted"), TALK, HOLD, WRAP,
    )  # fmt: skip

    def __init__(self, filters: Filters) -> None:
        self._filters = filters

    async def read(self, connection: Connection, after: Key, limit: int) -> list[tuple[Key, Row]]:
        f = self._filters
        records = await connection.fetch(
            SQL["dispositions"], f.tenant, f.periods.start, f.periods.end, list(f.directions), f.groups, f.channels,
            f.agents, f.disposition, *after, limit,
        )  # fmt: skip
        return [
            (tuple(r)[:4], {
                "group": r["group_id"], "channel": r["channel"], "disposition": r["disposition"], "reason": r["reason"],
                "conversations": r["conversations"], "by_timeout": r["by_timeout"],
                "talk": seconds(r["talk"]), "hold": seconds(r["hold"]), "wrap": seconds(r["wrap"]),
            })
            for r in records
        ]  # fmt: skip


class ContactTable(Table):
    """One row a contact."""

    beginning = (-1, "", 0)
    columns = (
        _plain("contact", "联络编号", "Contact"), CHANNEL, _plain("direction", "方向", "Direction"),
        _plain("line", "业务线", "Business line"), _plain("groups", "分组路径", "Group path"),
        _plain("arrived", "到达", "Arrived"), _plain("queued", "开始排队", "Queued"), _plain("waited", "等待", "Waited", "s"),
        _plain("connected", "接通", "Connected"), _plain("agents", "坐席", "Agents"), TALK, HOLD, WRAP,
        _plain("transfers", "转接次数", "Transfers"), _plain("disposition", "小结", "Disposition"),
        _plain("reason", "联络原因", "Contact reason"), _plain("ended", "结束", "Ended"), _plain("end", "结果", "End"),
        _plain("ended_by", "结束方", "Ended by"), _plain("tier", "客户等级", "Tier"), _plain("customer", "客户编号", "Customer"),
        _plain("policy", "策略版本", "Policy version"), _plain("rating", "评分", "Rating"), _plain("scale", "评分上限", "Of"),
    )  # fmt: skip

    def __init__(self, filters: Filters) -> None:
        self._filters = filters

    def _asked(self) -> tuple[object, ...]:
        f = self._filters
        return (
            f.tenant, f.periods.start, f.periods.end, list(f.directions), f.groups, f.channels, f.agents, f.unanswered,
            f.disposition, f.ended,
        )  # fmt: skip

    async def read(self, connection: Connection, after: Key, limit: int) -> list[tuple[Key, Row]]:
        records = await connection.fetch(SQL["contacts"], *self._asked(), *after, limit)
        return [((r["arrived_at"], r["contact_id"], r["born"]), self._row(r)) for r in records]

    def _row(self, r: Any) -> Row:
        local = self._filters.periods.local
        return {
            "contact": r["contact_id"], "channel": r["channel"], "direction": r["direction"], "line": r["business_line"],
            "groups": list(r["groups"]), "arrived": local(r["arrived_at"]),
            "queued": None if r["queued_at"] is None else local(r["queued_at"]), "waited": seconds(r["waited"]),
            "connected": None if r["connected_at"] is None else local(r["connected_at"]), "agents": list(r["agents"]),
            "talk": seconds(r["talk"]), "hold": seconds(r["hold"]), "wrap": seconds(r["wrap"]), "transfers": r["transfers"],
            "disposition": r["disposition"], "reason": r["reason"],
            "ended": None if r["ended_at"] is None else local(r["ended_at"]), "end": r["ended"], "ended_by": r["ended_by"],
            "tier": r["tier"], "customer": r["customer_id"], "policy": r["policy_version"], "rating": r["score"],
            "scale": r["scale"],
        }  # fmt: skip

    async def totals(self, connection: Connection) -> Row | None:
        r = await connection.fetchrow(SQL["contact_totals"], *self._asked())
        assert r is not None
        counted = {name: r[name] for name in ("contacts", "open", "transfers")}
        return {**counted, **{name: seconds(r[name]) for name in ("waited", "talk", "hold", "wrap")}}


class InteractionTable(Table):
    """One row an agent's part in a contact."""

    beginning = (-1, "")
    columns = (
        _plain("interaction", "会话编号", "Interaction"), _plain("contact", "联络编号", "Contact"), AGENT, GROUP, CHANNEL,
        _plain("direction", "方向", "Direction"), _plain("accepted", "接受", "Accepted"), _plain("started", "接通", "Connected"),
        _plain("ended", "结束", "Ended"), _plain("why", "如何结束", "How it ended"), _plain("waited", "等待", "Waited", "s"),
        _plain("consult", "被咨询", "Consulted", "s"), TALK, HOLD, _plain("parked", "等客户回复", "Waited for customer", "s"), WRAP,
        _plain("transferred_in", "转入", "Passed on to"), _plain("disposition", "小结", "Disposition"),
        _plain("reason", "联络原因", "Contact reason"), _plain("by_timeout", "超时默认", "Defaulted"),
    )  # fmt: skip

    def __init__(self, filters: Filters) -> None:
        self._filters = filters

    async def read(self, connection: Connection, after: Key, limit: int) -> list[tuple[Key, Row]]:
        f, local = self._filters, self._filters.periods.local
        records = await connection.fetch(
            SQL["interactions"], f.tenant, f.periods.start, f.periods.end, list(f.directions), f.groups, f.channels,
            f.agents, *after, limit,
        )  # fmt: skip
        found: list[tuple[Key, Row]] = []
        for r in records:
            row: Row = {
                "interaction": r["interaction_id"], "contact": r["contact_id"], "agent": r["agent_id"], "group": r["group_id"],
                "channel": r["channel"], "direction": r["direction"], "accepted": local(r["accepted_at"]),
                "started": None if r["started_at"] is None else local(r["started_at"]),
                "ended": None if r["ended_at"] is None else local(r["ended_at"]), "why": r["why"],
            }  # fmt: skip
            row |= {name: seconds(r[name]) for name in ("waited", "consult", "talk", "hold", "parked", "wrap")}
            row |= {name: r[name] for name in ("transferred_in", "disposition", "reason", "by_timeout")}
            found.append(((r["accepted_at"], r["interaction_id"]), row))
        return found


async def page(pool: Pool, tenant: str, table: Table, after: Key, limit: int) -> list[tuple[Key, Row]]:
    """One page in a transaction of its own: a long export never holds one open."""
    async with tenant_transaction(pool, tenant) as connection:
        return await table.read(connection, after, limit)
