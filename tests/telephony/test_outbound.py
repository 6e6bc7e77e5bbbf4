"""Outbound's calls through a real Asterisk: an agent at once, or the message that says who called; each attempt one outcome."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.contracts.consents import ConsentWithdrawn
from shared.contracts.dial_requests import CancelCall, TellAttempt
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactAssigned, InteractionStarted
from tests.integration.gateway.conftest import now_us
from tests.telephony.engine import CAMPAIGN, NUMBER, Outbound
from tests.telephony.house import OUTSIDE_HERTZ, House
from tests.telephony.phone import Manner, until


async def test_who_answers_has_an_agent_at_once(outbound: Outbound) -> None:
    """Carla's phone answers by itself; the pop is that of the number."""
    house = outbound.house
    (carla,) = await house.on_duty("carla", manner="ring")
    outbound.outside.manner = "ring"
    wanted = outbound.wanted(caller_id="+862155550100")
    await outbound.asks(wanted, wanted)
    at_customer = await (await outbound.outside.rung()).reach("ringing")
    await until(lambda: len(outbound.said(AttemptRang, wanted.attempt_id)) == 2, "it is told that it rings")
    assert at_customer.invite is not None
    assert "+862155550100" in at_customer.invite.get("From")
    outbound.outside.answer(at_customer)
    at_agent = await (await carla.phone.rung()).reach("up")
    await at_agent.hearing(OUTSIDE_HERTZ)
    answered = await outbound.told(AttemptAnswered, wanted.attempt_id)
    contact = answered.contact_id
    assert contact is not None
    assert (await house.hears(ContactAssigned, contact)).unoffered
    connected = await outbound.told(AttemptConnected, wanted.attempt_id)
    assert connected.agent_id == "carla"
    await house.hears(InteractionStarted, contact)
    pop = await asyncio.to_thread(_pop_of, house, contact)
    assert NUMBER[-4:] in str(pop)
    await outbound.asks(CancelCall(wanted.attempt_id, CAMPAIGN, house.gateway_id, "paused"))
    at_customer.hang_up()
    assert await outbound.outcome(wanted.attempt_id) == ("talked", "hung_up_by_customer")
    await at_agent.reach("ended")
    await outbound.asks(TellAttempt(wanted.attempt_id, CAMPAIGN, house.gateway_id), wanted)
    await outbound.told(AttemptEnded, wanted.attempt_id, 3)
    assert len({str(over) for over in outbound.said(AttemptEnded, wanted.attempt_id)}) == 1
    assert len([call for call in outbound.outside.calls.values() if not call.outgoing]) == 1


async def test_nobody_is_there_and_the_message_is_heard(outbound: Outbound) -> None:
    wanted = outbound.wanted()
    await outbound.asks(wanted)
    at_customer = await (await outbound.outside.rung()).reach("up")
    await until(lambda: _loud(at_customer), "somebody speaks")
    at_customer.press("9")
    over = await outbound.told(AttemptEnded, wanted.attempt_id)
    answered = await outbound.told(AttemptAnswered, wanted.attempt_id)
    assert (over.outcome, over.announced) == ("abandoned", True)
    assert over.announced_at is not None
    assert over.announced_at - answered.connected_at < 10 * SECOND
    await at_customer.reach("ended")
    await until(lambda: bool(outbound.consents), "the refusal is told")
    (refusal,) = [c for c in outbound.consents if c.attempt_id == wanted.attempt_id]
    assert isinstance(refusal, ConsentWithdrawn)
    assert (refusal.number, refusal.campaign, refusal.source) == (NUMBER, CAMPAIGN, "outbound_key")


async def test_hung_up_before_anybody_came(outbound: Outbound) -> None:
    wanted = outbound.wanted()
    await outbound.asks(wanted)
    at_customer = await (await outbound.outside.rung()).reach("up")
    at_customer.hang_up()
    assert await outbound.outcome(wanted.attempt_id) == ("abandoned", "hung_up_by_customer")


@pytest.mark.parametrize(
    ("manner", "outcome", "reason"),
    [
        ("busy", "busy", "user_busy"),
        ("reject", "busy", "rejected"),
        ("vacant", "sit_vacant", "unallocated_number"),
        ("moved", "sit_intercept", "number_changed"),
        ("out_of_order", "sit_reorder", "out_of_order"),
        ("no_circuit", "failed", "no_circuit"),
    ],
)
async def test_nobody_is_reached(outbound: Outbound, manner: Manner, outcome: str, reason: str) -> None:
    outbound.outside.manner = manner
    wanted = outbound.wanted()
    await outbound.asks(wanted)
    assert await outbound.outcome(wanted.attempt_id) == (outcome, reason)
    assert not outbound.said(AttemptAnswered, wanted.attempt_id)


async def test_it_rings_out(outbound: Outbound) -> None:
    outbound.outside.manner = "ring"
    wanted = outbound.wanted(ring_seconds=5)
    await outbound.asks(wanted)
    assert (await outbound.outcome(wanted.attempt_id))[0] == "no_answer"


async def test_a_ringing_call_is_given_up_and_a_stale_one_never_begun(outbound: Outbound) -> None:
    outbound.outside.manner = "ring"
    stale, wanted = outbound.wanted(not_after=now_us() - SECOND), outbound.wanted()
    await outbound.asks(stale, wanted)
    at_customer = await (await outbound.outside.rung()).reach("ringing")
    await outbound.asks(CancelCall(wanted.attempt_id, CAMPAIGN, outbound.house.gateway_id, "opted_out"))
    await at_customer.reach("ended")
    assert await outbound.outcome(wanted.attempt_id) == ("cancelled", "opted_out")
    assert await outbound.outcome(stale.attempt_id) == ("cancelled", "stale")
    assert not outbound.said(AttemptRang, stale.attempt_id)


async def test_the_gateway_dies_while_it_rings_and_nobody_is_called_twice(outbound: Outbound) -> None:
    house = outbound.house
    (carla,) = await house.on_duty("carla", manner="ring")
    outbound.outside.manner = "ring"
    wanted = outbound.wanted(ring_seconds=60, connect_milliseconds=30_000)  # decisions take a while to flow again
    await outbound.asks(wanted)
    at_customer = await (await outbound.outside.rung()).reach("ringing")
    house.services["gateway"].kill()
    await asyncio.to_thread(house.services["gateway"].start)  # the agent's page goes on beating
    outbound.outside.answer(at_customer)
    answered = await outbound.told(AttemptAnswered, wanted.attempt_id)
    await house.hears(ContactAssigned, str(answered.contact_id))
    at_agent = await (await carla.phone.rung()).reach("up")
    await at_agent.hearing(OUTSIDE_HERTZ)
    at_agent.hang_up()
    assert await outbound.outcome(wanted.attempt_id) == ("talked", "hung_up_by_agent")
    assert len([call for call in outbound.outside.calls.values() if not call.outgoing]) == 1


async def test_what_fell_with_the_gateway_is_unknown(outbound: Outbound) -> None:
    """It rang out while nobody was there to hear how."""
    house = outbound.house
    outbound.outside.manner = "ring"
    wanted = outbound.wanted(ring_seconds=60)
    await outbound.asks(wanted)
    at_customer = await (await outbound.outside.rung()).reach("ringing")
    house.services["gateway"].kill()
    at_customer.hang_up()
    await asyncio.to_thread(house.services["gateway"].start)  # the agent's page goes on beating
    assert (await outbound.outcome(wanted.attempt_id))[0] == "unknown"


def _pop_of(house: House, contact: str) -> Any:
    administration = house.administration()
    try:
        return administration.call("GET", "profile", f"/v1/contacts/{contact}/pop")
    finally:
        administration.close()


def _loud(call: Any) -> bool:
    heard = call.audio.heard(0.5)
    return len(heard) > 2000 and float(abs(heard.astype("float64")).mean()) > 200
