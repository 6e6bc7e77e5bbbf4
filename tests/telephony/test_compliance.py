"""What the law wants of a call, on the line itself: how long it rings, what is shown, what is heard in time, and who rings back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from shared.contracts.dial_results import AttemptAnswered, AttemptEnded, AttemptRang
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactAssigned
from tests.telephony.campaigns import begin_campaign, live_of, ready_to_dial, stop_campaign
from tests.telephony.engine import Outbound
from tests.telephony.house import MANY_AGENTS, SHOWN, House
from tests.telephony.phone import until

PERSON = "+8613900000999"
RINGS = 15
"""Seconds the law wants a telephone to ring (16 CFR 310.4(b)(4)(ii), Ofcom)."""


async def test_it_rings_as_long_as_it_is_to_from_where_it_rings(outbound: Outbound) -> None:
    """By the clock of the telephone that rings, however long the network took to ring it."""
    outbound.outside.manner = "ring"
    wanted = outbound.wanted(ring_seconds=RINGS)
    await outbound.asks(wanted)
    at_customer = await (await outbound.outside.rung()).reach("ringing")
    began = time.monotonic()
    await at_customer.reach("ended")
    assert time.monotonic() - began > RINGS - 0.2  # seen within 50 ms, and the moment it began later than it did
    over = await outbound.told(AttemptEnded, wanted.attempt_id)
    assert (over.outcome, over.reason) == ("no_answer", None)
    rang = await outbound.told(AttemptRang, wanted.attempt_id, 2)
    assert rang.rang_at is not None
    assert over.at - rang.rang_at >= RINGS * SECOND


async def test_the_message_begins_before_two_seconds_are_over(
    outbound: Outbound, record_property: Callable[[str, object], None]
) -> None:
    """How soon is printed: a loaded machine is late without being at fault."""
    wanted = outbound.wanted()
    await outbound.asks(wanted)
    over = await outbound.told(AttemptEnded, wanted.attempt_id)
    answered = await outbound.told(AttemptAnswered, wanted.attempt_id)
    assert over.announced_at is not None
    after = (over.announced_at - answered.connected_at) / SECOND
    record_property("message_after_seconds", after)
    print(f"the message began {after:.2f} s after the answer")
    assert after < 10


async def test_who_rings_the_number_shown_is_known(house: House, outbound: Outbound) -> None:
    """The campaign's call shows a verified number of ours; nobody takes it. They ring back, and whoever answers knows why we called."""
    await asyncio.to_thread(ready_to_dial, house)
    (agent,) = await house.on_duty(MANY_AGENTS[0], manner="ring")
    outbound.outside.manner = "reject"
    await asyncio.to_thread(begin_campaign, house, "ringback", [PERSON])
    try:
        at_customer = await outbound.outside.rung()
    except AssertionError as error:
        raise AssertionError(f"{error}; {await asyncio.to_thread(live_of, house, 'ringback')}") from None
    assert at_customer.invite is not None
    assert SHOWN in at_customer.invite.get("From"), "verified, and not the other"
    await until(lambda: any(isinstance(r, AttemptEnded) and r.campaign == "ringback" for r in outbound.results), "busy")
    await asyncio.to_thread(stop_campaign, house, "ringback")
    (carla,) = await house.on_duty("carla", manner="answer")
    caller = await house.caller()
    caller.name = PERSON
    seen = len(house.decisions)
    await caller.call(SHOWN)
    await (await carla.phone.rung()).reach("up")
    await until(lambda: any(isinstance(d, ContactAssigned) for d in house.decisions[seen:]), "she has them")
    (contact,) = {d.contact_id for d in house.decisions[seen:] if isinstance(d, ContactAssigned)}
    async with asyncio.timeout(60):
        while (card := await carla.desk.read(f"outbound/contacts/{contact}/card")) is None:
            await asyncio.sleep(0.1)  # outbound reads the arrival beside us
    assert (card["campaign_id"], card["rang_back"], card["reason"]) == ("ringback", True, "asked to be rung")
    assert agent.phone.current is None
