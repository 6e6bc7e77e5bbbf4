"""While a telephone we call rings, the card of whoever it is of is made: the pop does not wait for them to answer."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import pytest

from shared.contracts.dial_requests import CancelCall, DialRequest, PlaceCall
from shared.contracts.envelope import Envelope
from shared.contracts.wire import DIAL_REQUESTS
from tests.integration.profile.conftest import House


async def asked(house: House, request: DialRequest) -> None:
    envelope = Envelope(
        uuid.uuid4().hex, "/outbound", time.time_ns() // 1000, house.tenant, request.attempt_id, request
    )
    await house.producer.publish(DIAL_REQUESTS, envelope, key=request.campaign)


def call_to(number: str | None) -> PlaceCall:
    attempt = f"c.{uuid.uuid4().hex[:8]}.1"
    return PlaceCall(attempt, "c", "r", "g", 2**50, "care", "rental", "service_followup", number=number)


async def cards_of(house: House, customer_id: str) -> int:
    counted: Any = await house.owner.fetchval("SELECT count(*) FROM profile.cards WHERE customer_id = $1", customer_id)
    return int(counted)


async def test_the_card_is_there_before_anybody_answers(house: House, number: str) -> None:
    made = await house.customer(name="王小芳", tier="gold", identities=[{"kind": "phone", "value": number}])
    customer_id = made["customer"]["customer_id"]
    await house.owner.execute("DELETE FROM profile.cards WHERE customer_id = $1", customer_id)
    await asked(house, CancelCall("c.r.1", "c", "g", "paused"))
    await asked(house, call_to(None))
    await asked(house, call_to("+999"))
    await asked(house, call_to(number))
    async with asyncio.timeout(60):
        while not await cards_of(house, customer_id):
            await asyncio.sleep(0.05)
    pop = await house.pop(await house.arrive(number))
    assert pop["customer"]["customer_id"] == customer_id


@pytest.mark.parametrize("known", [0, 2])
async def test_a_number_of_nobody_or_of_several_prepares_nothing(house: House, number: str, known: int) -> None:
    made = [
        (await house.customer(name=name, identities=[{"kind": "phone", "value": number}]))["customer"]["customer_id"]
        for name in ("陈伟", "陈丽")[:known]
    ]
    for customer_id in made:
        await house.owner.execute("DELETE FROM profile.cards WHERE customer_id = $1", customer_id)
    await asked(house, call_to(number))
    pop = await house.pop(await house.arrive(number))
    assert (pop["customer"], len(pop["candidates"])) == (None, known)
