"""Customers passed on to an outside number by the browser's telephone: who answers, who does not, and nobody rung twice."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from shared.contracts import routing_decisions as decided
from shared.contracts.fields import SECOND
from shared.security import Role
from tests.integration.gateway.conftest import House, Topic, assigned, now_us, queued, token
from tests.integration.gateway.test_simulator import SETTINGS, Call, dial
from tests.integration.gateway.test_web import VisitorFrames

ANSWERS, BUSY, RINGS = "+862155550100", "+862155550101", "+862155550102"
OUTSIDE = [
    {"number": ANSWERS, "after_seconds": 0},
    {"number": BUSY, "does": "busy", "after_seconds": 0},
    {"number": RINGS, "does": "rings"},
]


@pytest.fixture
async def gateway_id(house: House) -> str:
    body = {"title": "Telephone", "kind": "simulator", "settings": {**SETTINGS, "outside": OUTSIDE}}
    answer = await house.http.post("/v1/gateways", json=body, headers=token(Role.ADMIN))
    assert answer.status_code == 201, answer.text
    return answer.json()["gateway_id"]


async def in_conversation(house: House, gateway_id: str) -> Call:
    call = await dial(house, gateway_id, caller=0)
    await house.router.decides(queued(call.contact_id, gateway_id))
    await house.router.decides(assigned(call.contact_id, gateway_id, f"o-{call.contact_id}"))
    return call


async def passes_on(house: House, call: Call, number: str, *, late: bool = False) -> str:
    """The router's decisions when the agent lets go; the attempt."""
    attempt, contact, gateway = f"d-{uuid.uuid4().hex[:8]}", call.contact_id, call.gateway_id
    passed_on = decided.ContactTransferred(contact, "agent-7", "t1", "outside", "plumber")
    await house.router.decides(passed_on)
    wanted = decided.DialRequested(
        contact, attempt, 1, 1, now_us() + (-1 if late else 20) * SECOND, None, gateway, "plumber", number, None,
        now_us() + 45 * SECOND,
    )  # fmt: skip
    for _ in range(2):  # told twice it rings once
        await house.router.decides(wanted)
    return attempt


async def outcome_of(contact_events: Topic, attempt: str) -> tuple[str, Any]:
    found = await contact_events.until(lambda e: getattr(e.data, "attempt_id", None) == attempt, seconds=30)
    return type(found.data).__name__, found.data


async def test_answered_the_customer_hears_so(house: House, gateway_id: str, contact_events: Topic) -> None:
    call = await in_conversation(house, gateway_id)
    async with call.stream() as response:
        stream = VisitorFrames(response)
        attempt = await passes_on(house, call, ANSWERS)
        await stream.until("state", state="waiting")
        kind, answered = await outcome_of(contact_events, attempt)
        assert (kind, answered.contact_id, answered.by) == ("DialAnswered", call.contact_id, "person")
        await house.router.decides(decided.TransferSettled(call.contact_id, "agent-7", "t1", "answered"))
        await stream.until("state", state="outside")


@pytest.mark.parametrize(("number", "outcome"), [(BUSY, "busy"), (RINGS, "no_answer")])
async def test_not_answered(house: House, gateway_id: str, contact_events: Topic, number: str, outcome: str) -> None:
    call = await in_conversation(house, gateway_id)
    kind, failed = await outcome_of(contact_events, await passes_on(house, call, number))
    assert (kind, failed.outcome) == ("DialFailed", outcome)


async def test_too_late_it_is_not_dialled(house: House, gateway_id: str, contact_events: Topic) -> None:
    call = await in_conversation(house, gateway_id)
    kind, failed = await outcome_of(contact_events, await passes_on(house, call, ANSWERS, late=True))
    assert kind == "DialFailed"
    assert failed.outcome in ("cancelled", "unknown")
