"""What customers say of contacts: on the timeline, and a low word opens one case with a promised call, however often heard."""

from __future__ import annotations

import time
from typing import Any

from services.profile.domain.history import history_of
from services.profile.domain.ratings import case_of
from services.profile.store.history import moment, write_history
from services.profile.store.ratings import open_case, write_ratings
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    ContactClosed,
    ContactEnd,
    ContactQueued,
    ContactRated,
    HeadStart,
    QueueCause,
)
from tests.integration.profile.conftest import House


async def hear(house: House, facts: list[Any]) -> None:
    """As `FollowDecisions` does with a batch, without its watermark: the same words may come again."""
    batch = [Envelope(f"d-{n}", "/router/1", 0, house.tenant, fact.contact_id, fact) for n, fact in enumerate(facts)]
    happened = history_of(batch)
    async with house.app.state.room.workers.acquire() as connection, connection.transaction():
        await write_history(connection, happened)
        await write_ratings(connection, happened.rated)
        for (tenant, _), rated in happened.rated.items():
            if rated.low:
                await open_case(connection, case_of(tenant, rated, moment(rated.at), "lead-1", 24))


def rated(contact: str, score: int, at: int) -> list[Any]:
    return [
        ContactQueued(contact, Channel.WEB, "rental", "g", (), at, at, at, at, HeadStart(), QueueCause.NEW, 1),
        ContactClosed(contact, ContactEnd.SERVED, at + SECOND, Channel.WEB, "rental", "customer", "g", at, 0, "a-9"),
        ContactRated(contact, "a-9", "g", Channel.WEB, score, 5, score <= 2, "web", at + 2 * SECOND),
    ]


async def test_a_low_rating_opens_one_case_with_a_promised_call(house: House, number: str) -> None:
    made = await house.customer(name="孙静", identities=[{"kind": "phone", "value": number}])
    customer, at = made["customer"]["customer_id"], time.time_ns() // 1000
    low, fine = await house.arrive(number), await house.arrive(number)
    for _ in range(2):
        await hear(house, rated(low, 1, at) + rated(fine, 5, at))
    async with house.client() as client:
        listed = (await client.get(f"/v1/cases?customer_id={customer}")).json()["items"]
        assert [(c["kind"], c["reason"], c["owner"], c["state"]) for c in listed] == [
            ("complaint", "low_rating", "lead-1", "open")
        ]
        case = (await client.get(f"/v1/cases/{listed[0]['case_id']}")).json()
        timeline = (await client.get(f"/v1/customers/{customer}/timeline")).json()["items"]
    assert [p["owner"] for p in case["promises"]] == ["lead-1"]
    assert case["contacts"] == [low]
    details = {item["id"]: item["detail"] for item in timeline}
    assert (details[low]["rating"], details[low]["rating_scale"], details[fine]["rating"]) == (1, 5, 5)


async def test_who_nobody_knows_cannot_be_called_back(house: House) -> None:
    """The word is kept with the contact; a case needs somebody to call."""
    contact, at = f"c-{time.time_ns()}", time.time_ns() // 1000
    await hear(house, rated(contact, 1, at))
    row = await house.owner.fetchrow("SELECT rating FROM profile.contacts WHERE contact_id = $1", contact)
    assert row is not None
    assert row["rating"] == 1
    assert not await house.owner.fetchval("SELECT count(*) FROM profile.case_contacts WHERE contact_id = $1", contact)
