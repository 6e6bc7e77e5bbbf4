"""The past is forgotten when nothing asks for it any more; what is open, unknown or asked for longer stays, and so do refusals."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from services.outbound.domain.contact_ledger import DAY
from services.outbound.handlers.retention import PIECE, Retention
from tests.integration.outbound.conftest import GATEWAY, POOL, House

KEPT = 400
"""Days, by the service's settings."""


@pytest.fixture(autouse=True)
async def nothing_declared(house: House) -> AsyncGenerator[None]:
    """The operator of the house declares to keep five years; not here."""
    before = await house.owner.fetchval("SELECT keeps_days FROM outbound.operators WHERE tenant_id = $1", house.tenant)
    await declare(house, 0)
    yield
    await declare(house, before)


async def declare(house: House, days: int) -> None:
    await house.owner.execute("UPDATE outbound.operators SET keeps_days = $2 WHERE tenant_id = $1", house.tenant, days)


async def dialled(house: House, campaign_id: str, days_ago: int, state: str = "closed", keep_days: int = 30) -> str:
    """An attempt of long ago with its row of the ledger, what the gateway was answered, and who rang back."""
    attempt_id, at = f"{campaign_id}.{uuid.uuid4().hex[:8]}.1", house.now() - days_ago * DAY
    person = uuid.uuid4().hex
    row: dict[str, Any] = {
        "tenant_id": house.tenant, "attempt_id": attempt_id, "campaign_id": campaign_id, "record_id": attempt_id, "n": 1,
        "person_key": person, "number_key": person, "number_index": 0, "purpose": "service_followup", "subject": "",
        "mode": "preview", "first": "customer", "pool_id": POOL, "group_name": "g", "gateway_id": GATEWAY, "epoch": 1,
        "state": state, "authorised_at": at, "not_after": at, "ring_seconds": 20, "told_at": at,
        "closed_at": at if state == "closed" else None, "authorisation": json.dumps({"keep_days": keep_days}),
    }  # fmt: skip
    marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    async with house.owner.transaction():  # as the gate writes them: the service's own pass may be under way
        await house.owner.execute(f"INSERT INTO outbound.attempts ({', '.join(row)}) VALUES ({marks})", *row.values())
        await entered(house, attempt_id, campaign_id, at, person)
        await house.owner.execute(
            "INSERT INTO outbound.authorisations VALUES ($1, $2, $3, true, '{}')", house.tenant, attempt_id, at
        )
        await house.owner.execute(
            "INSERT INTO outbound.ring_backs VALUES ($1, $2, $2, $3)", house.tenant, attempt_id, at
        )
    return attempt_id


async def entered(house: House, attempt_id: str, campaign_id: str, at: int, person: str) -> None:
    await house.owner.execute(
        "INSERT INTO outbound.ledger (tenant_id, attempt_id, campaign_id, person_key, number_key, at, purpose, subject)"
        " VALUES ($1, $2, $3, $4, $4, $5, 'service_followup', '')",
        house.tenant, attempt_id, campaign_id, person, at,
    )  # fmt: skip


async def left(house: House, table: str) -> set[str]:
    rows = await house.owner.fetch(f"SELECT attempt_id FROM outbound.{table} WHERE tenant_id = $1", house.tenant)
    return {row["attempt_id"] for row in rows}


async def test_what_nothing_asks_for_is_forgotten_and_the_rest_stays(house: House) -> None:
    campaign_id = await house.campaign(state="stopped")
    old = await dialled(house, campaign_id, KEPT + 1)
    recent = await dialled(house, campaign_id, KEPT - 1)
    unknown = await dialled(house, campaign_id, KEPT + 200, state="unknown")
    open_yet = await dialled(house, campaign_id, KEPT + 200, state="connected")
    under_another_law = await dialled(house, campaign_id, KEPT + 200, keep_days=1_827)
    long_ago = house.now() - (KEPT + 1) * DAY
    await entered(house, "callback-old", "", long_ago, "p")
    await entered(house, "callback-new", "", house.now(), "p")
    for attempt_id in ("callback-old", unknown):
        await house.owner.execute(
            "INSERT INTO outbound.authorisations VALUES ($1, $2, $3, true, '{}') ON CONFLICT DO NOTHING",
            house.tenant, attempt_id, long_ago,
        )  # fmt: skip
    await house.owner.execute(
        "INSERT INTO outbound.refusals VALUES ($1, 'rf-old', 'p', '', 1, 'agent')", house.tenant
    )  # fmt: skip
    await Retention(house.parts).forget(house.tenant)
    stays = {recent, unknown, open_yet, under_another_law}
    assert await left(house, "attempts") & (stays | {old}) == stays
    assert await left(house, "ledger") & (stays | {old, "callback-old", "callback-new"}) == stays | {"callback-new"}
    assert await left(house, "authorisations") & (stays | {old, "callback-old"}) == stays
    assert await left(house, "ring_backs") & (stays | {old}) == stays
    assert await house.owner.fetchval("SELECT count(*) FROM outbound.refusals WHERE refusal_id = 'rf-old'") == 1
    await house.clear()


async def test_a_chosen_ruleset_and_the_operators_word_keep_everything_longer(house: House) -> None:
    await house.campaign(state="stopped", rulesets=["us"])
    campaign_id = await house.campaign(state="stopped")
    two_years = await dialled(house, campaign_id, 2 * 365)
    six_years = await dialled(house, campaign_id, 6 * 365)
    await declare(house, 2_500)
    await Retention(house.parts).forget(house.tenant)
    assert {two_years, six_years} <= await left(house, "attempts")
    await declare(house, 0)
    await Retention(house.parts).forget(house.tenant)
    assert {two_years, six_years} & await left(house, "attempts") == {two_years}


async def test_more_than_one_piece_goes_in_one_pass(house: House) -> None:
    tenant, before = house.tenant, house.now() - 3_000 * DAY
    await house.owner.execute(
        "INSERT INTO outbound.ledger (tenant_id, attempt_id, campaign_id, person_key, number_key, at, purpose, subject)"
        " SELECT $1, 'many-' || n, '', 'p', 'p', $2, 'marketing', '' FROM generate_series(1, $3) n",
        tenant, before, PIECE + 5,
    )  # fmt: skip
    await Retention(house.parts).forget(tenant)
    assert not [name for name in await left(house, "ledger") if name.startswith("many-")]
