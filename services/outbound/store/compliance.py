"""Rows the compliance report is made of, read person by person, so that its size does not matter."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg

from services.outbound.domain.compliance import HeldRefusal
from services.outbound.domain.contact_ledger import LedgerEntry
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.purposes import Purpose, silences
from services.outbound.domain.report import ReportedAttempt
from services.outbound.domain.suppressions import Suppression
from services.outbound.zones import holidays_of
from shared.postgres import Connection, named_statements

SQL: Final = named_statements(Path(__file__).parent.parent / "sql" / "compliance.sql")
_SUPPRESSED: Final = "suppressed."

Refusals = Mapping[str, Sequence[HeldRefusal]]


async def persons(
    connection: Connection, tenant: str, campaign_id: str, since: int, until: int, horizon: int
) -> AsyncGenerator[list[ReportedAttempt]]:
    """The attempts to each person the campaign called in (since, until], with the horizon before. In a transaction."""
    refused = await _refusals(connection, tenant, campaign_id, since, until)
    person, rows = "", list[ReportedAttempt]()
    async for row in connection.cursor(
        SQL["attempts_of_persons_called"], tenant, campaign_id, since, until, since - horizon, prefetch=2_000
    ):
        if row["person_key"] != person and rows:
            yield rows
            rows = []
        person = row["person_key"]
        rows.append(_attempt(row, refused))
    if rows:
        yield rows


async def answered(
    connection: Connection, tenant: str, campaign_id: str, since: int, until: int
) -> Sequence[asyncpg.Record]:
    return await connection.fetch(SQL["answered_within"], tenant, campaign_id, since, until)


async def suppressed(
    connection: Connection, tenant: str, campaign_id: str, since: int, until: int
) -> Mapping[Suppression, int]:
    """How often each reason kept a record back, by the hours of the period."""
    found: Counter[Suppression] = Counter()
    for row in await connection.fetch(SQL["hours_within"], tenant, campaign_id, since, until):
        for name, times in row["counts"].items():
            if name.startswith(_SUPPRESSED):
                found[Suppression(name.removeprefix(_SUPPRESSED))] += times
    return found


async def _refusals(connection: Connection, tenant: str, campaign_id: str, since: int, until: int) -> Refusals:
    found: defaultdict[str, list[HeldRefusal]] = defaultdict(list)
    for row in await connection.fetch(SQL["refusals_of_persons_called"], tenant, campaign_id, since, until):
        purpose = Purpose(row["purpose"]) if row["purpose"] else None
        found[row["subject_key"]].append(HeldRefusal(row["withdrawn_at"], purpose))
    return found


def _attempt(row: asyncpg.Record, refused: Refusals) -> ReportedAttempt:
    outcome = DialOutcome(row["outcome"]) if row["outcome"] else None
    purpose, at = Purpose(row["purpose"]), row["at"]
    entry = LedgerEntry(
        at,
        row["number_key"],
        purpose,
        row["subject"] or None,
        row["campaign_id"],
        row["record_id"],
        outcome,
        row["refused"],
    )
    kept: Mapping[str, Any] = row["authorisation"] or {}
    wanted = kept.get("wanted_since")
    standing = [
        refusal.at
        for key in (row["person_key"], row["number_key"])
        for refusal in refused.get(key, ())
        if refusal.at <= at and silences(refusal.purpose, purpose) and (wanted is None or refusal.at >= wanted)
    ]
    regions = tuple(kept.get("regions", ()))
    rang = row["rang_at"] or row["placed_at"]
    return ReportedAttempt(
        entry, tuple(kept.get("zones", ())), regions, holidays_of(regions, at),
        agent_guaranteed=kept.get("agent_guaranteed", False), agentless=kept.get("agentless", False),
        consented=kept.get("consented", False), customer=kept.get("customer", False),
        on_registry=kept.get("on_registry", False), registry_at=kept.get("registry_at"),
        refused_at=min(standing, default=None),
        rang_for=_between(rang, row["ended_at"]), announced_after=_between(row["answered_at"], row["announced_at"]),
    )  # fmt: skip


def _between(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None else end - start
