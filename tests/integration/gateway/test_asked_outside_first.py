"""Outside parties whom an agent asks first, on the browser's telephone and on TwiML: rung once, and nobody left alone."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator

import pytest_asyncio

from shared.contracts.contact_events import DialAnswered, OutsideLeft
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ContactTransferred,
    DialRequested,
    DialSettled,
    TransferSettled,
)
from tests.integration.gateway.conformance.driver import Customer, observing
from tests.integration.gateway.conformance.drivers import Twiml
from tests.integration.gateway.conformance.twiml_gateway import Leg
from tests.integration.gateway.conftest import House, Topic, now_us
from tests.integration.gateway.test_passed_on_outside import ANSWERS, BUSY, gateway_id, in_conversation, outcome_of
from tests.integration.gateway.test_twiml import LATER, PLUMBER, Line
from tests.integration.gateway.test_web import VisitorFrames

__all__ = ["gateway_id"]


async def asks(house: House, contact_id: str, gateway: str, number: str, *, joined: bool = False) -> str:
    """The router's decision when the agent asks the party first, told twice; the attempt."""
    attempt = f"d-{uuid.uuid4().hex[:8]}"
    wanted = DialRequested(
        contact_id, attempt, 1, 30, now_us() + LATER, "agent-7", gateway, "plumber", number, None,
        now_us() + 75 * SECOND, "t-1", joined,
    )  # fmt: skip
    for _ in range(2):
        await house.router.decides(wanted)
    return attempt


def not_handed_over(contact_id: str, why: str = "cancelled") -> ConsultationEnded:
    return ConsultationEnded(contact_id, "agent-7", "t-1", why)


# ---- the browser's telephone


async def test_the_caller_hears_that_they_wait_and_are_back(
    house: House, gateway_id: str, contact_events: Topic
) -> None:
    call = await in_conversation(house, gateway_id)
    async with call.stream() as response:
        stream = VisitorFrames(response)
        attempt = await asks(house, call.contact_id, gateway_id, ANSWERS)
        kind, answered = await outcome_of(contact_events, attempt)
        assert (kind, answered.by) == ("DialAnswered", "person")
        settled = DialSettled(call.contact_id, attempt, "answered", "person", None, "t-1")
        await house.router.decides(settled)
        await stream.until("state", state="held")
        await house.router.decides(not_handed_over(call.contact_id))
        await stream.until("state", state="connected")


async def test_handed_over_the_caller_is_with_the_party(house: House, gateway_id: str, contact_events: Topic) -> None:
    call = await in_conversation(house, gateway_id)
    async with call.stream() as response:
        stream = VisitorFrames(response)
        attempt = await asks(house, call.contact_id, gateway_id, ANSWERS, joined=True)
        assert (await outcome_of(contact_events, attempt))[0] == "DialAnswered"
        await house.router.decides(ContactTransferred(call.contact_id, "agent-7", "t-1", "outside", "plumber"))
        await house.router.decides(TransferSettled(call.contact_id, "agent-7", "t-1", "answered"))
        await stream.until("state", state="outside")


async def test_busy_is_told(house: House, gateway_id: str, contact_events: Topic) -> None:
    call = await in_conversation(house, gateway_id)
    kind, failed = await outcome_of(contact_events, await asks(house, call.contact_id, gateway_id, BUSY))
    assert (kind, failed.outcome) == ("DialFailed", "busy")


# ---- TwiML


@pytest_asyncio.fixture(loop_scope="session")
async def line(house: House) -> AsyncGenerator[Line]:
    driver = Twiml(house)
    async with driver.running(), observing(house) as observed:
        yield Line(driver, observed)


async def in_consultation(line: Line, *, joined: bool = False) -> tuple[Customer, Leg, Leg, str]:
    """Customer, the agent's leg, the party's leg, the attempt."""
    customer, agent, _ = await line.talking()
    attempt = await asks(line.driver.house, customer.contact_id, line.driver.gateway_id, PLUMBER, joined=joined)
    answered = await line.observed.event(customer, "DialAnswered", attempt_id=attempt)
    assert isinstance(answered, DialAnswered)
    network = line.driver.network
    await network.until_together(customer.contact_id, 3 if joined else 2)
    party = [leg for leg in network.legs.values() if leg.near_end == PLUMBER and not leg.inbound]
    assert len(party) == 1  # told twice it is rung once
    settled = DialSettled(customer.contact_id, attempt, "answered", None, line.driver.gateway_id, "t-1", joined)
    await line.driver.house.router.decides(settled)
    return customer, agent, party[0], attempt


async def test_agent_and_party_talk_the_customer_waits_and_comes_back(line: Line) -> None:
    customer, agent, party, _ = await in_consultation(line)
    network, room = line.driver.network, customer.contact_id
    assert set(network.in_room(room)) == {agent, party}
    await line.driver.house.router.decides(not_handed_over(room))
    await network.until_over(party)
    await network.until_together(room, 2)
    assert set(network.in_room(room)) == {agent, customer.handle}
    await line.driver.leaves(customer)


async def test_handed_over_customer_and_party_go_on_until_the_party_hangs_up(line: Line) -> None:
    customer, agent, party, _ = await in_consultation(line)
    network, room = line.driver.network, customer.contact_id
    await line.driver.house.router.decides(ContactTransferred(room, "agent-7", "t-1", "outside", "plumber"))
    await network.until_over(agent)
    await network.until_together(room, 2)
    assert set(network.in_room(room)) == {party, customer.handle}
    await network.hang_up(party)
    ended = await line.observed.event(customer, "ContactEnded")
    assert (ended.by, ended.reason) == ("system", "outside_hung_up")
    await line.driver.leaves(customer)


async def test_in_a_conference_the_party_hangs_up_and_the_agent_keeps_the_customer(line: Line) -> None:
    customer, agent, party, attempt = await in_consultation(line, joined=True)
    network, room = line.driver.network, customer.contact_id
    await network.hang_up(party)
    left = await line.observed.event(customer, "OutsideLeft", attempt_id=attempt)
    assert isinstance(left, OutsideLeft)
    await line.driver.house.router.decides(not_handed_over(room, "party_left"))
    assert set(network.in_room(room)) == {agent, customer.handle}
    await line.driver.leaves(customer)


async def test_the_party_is_busy_and_the_customer_never_left(line: Line) -> None:
    network = line.driver.network
    network.phones[PLUMBER] = "busy"
    customer, agent, _ = await line.talking()
    attempt = await asks(line.driver.house, customer.contact_id, line.driver.gateway_id, PLUMBER)
    assert (await line.observed.event(customer, "DialFailed", attempt_id=attempt)).outcome == "busy"
    await line.driver.house.router.decides(not_handed_over(customer.contact_id, "busy"))
    assert set(network.in_room(customer.contact_id)) == {agent, customer.handle}
    await line.driver.leaves(customer)


async def test_the_customer_leaves_while_agent_and_party_talk(line: Line) -> None:
    customer, agent, party, _ = await in_consultation(line)
    await line.driver.leaves(customer)
    assert (await line.observed.event(customer, "ContactEnded")).by == "customer"
    await line.observed.closed(customer, line.driver)
    await line.driver.network.until_over(agent)
    await line.driver.network.until_over(party)
