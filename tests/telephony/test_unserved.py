"""All of UCC is down: callers reach the static queue, and are counted afterwards, each once, as what they were."""

from __future__ import annotations

import asyncio

from shared.contracts.routing_decisions import ContactClosed, ContactEnd, OfferMade
from tests.telephony.house import CARE, GUARD, PHONE_PASSWORD, House
from tests.telephony.phone import Phone, until

IMPORTED = ("static_queue_answered", "static_queue_abandoned")


async def test_calls_served_without_ucc_are_told_afterwards(house: House) -> None:
    before = {d.contact_id for d in house.decisions if isinstance(d, ContactClosed)}
    guard = await Phone.open(GUARD, house.exchange.sip, hertz=1900)
    await guard.register(PHONE_PASSWORD)
    await asyncio.to_thread(house.kill)
    try:
        served = await house.call(CARE, hertz=500)
        await served.hearing(1900)
        served.hang_up()
        guard.manner = "ring"
        left = await house.call(CARE, hertz=500)
        await left.reach("up")
        left.hang_up()
        await house.exchange.quiet()
        slips = house.exchange.folder / "shared" / "calls"
        await until(lambda: len(list(slips.glob("*.done"))) == 2, "both calls left a slip")
    finally:
        guard.close()
        await asyncio.to_thread(house.start)
    await until(lambda: not list(slips.glob("*.done")), "the slips were read")

    def told() -> dict[str, ContactClosed]:
        ends = [d for d in house.decisions if isinstance(d, ContactClosed) and d.end is ContactEnd.FAILED]
        return {d.contact_id: d for d in ends if d.contact_id not in before}

    await until(lambda: len(told()) >= 2, "both contacts have ended")
    assert len(told()) == 2
    for contact_id in told():
        assert house.said(OfferMade, contact_id) == [], "nobody was rung for a caller long gone"
        assert len(house.said(ContactClosed, contact_id)) == 1
