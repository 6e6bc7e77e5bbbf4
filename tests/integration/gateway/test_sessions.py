"""Sessions: chats and faxes connect here, calls at their own gateway; nothing a gateway must hear is lost."""

from __future__ import annotations

from shared.contracts.fields import Channel
from tests.integration.gateway.conftest import House, Topic, assigned, closed, offered, queued


async def test_web_contact_is_connected_on_assignment(house: House, contact_events: Topic) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("chat-1", "web", text="空调不制冷")
    arrived = await contact_events.until(lambda e: e.type == "ContactArrived" and e.subject == contact)
    assert (arrived.tenant, arrived.pool, arrived.data.gateway_id) == ("jinfeng", "main", gateway.gateway_id)
    await house.router.decides(
        queued(contact, gateway.gateway_id, Channel.WEB),
        offered(contact, gateway.gateway_id, "o-web", Channel.WEB),
        assigned(contact, gateway.gateway_id, "o-web", Channel.WEB),
    )
    connected = await contact_events.until(lambda e: e.type == "ContactConnected" and e.subject == contact)
    assert connected.data.offer_id == "o-web"


async def test_call_is_connected_by_its_own_gateway(house: House, contact_events: Topic) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("call-1")
    async with gateway.stream() as stream:
        assert (await stream.next())[1] == "StreamOpened"
        await house.router.decides(
            queued(contact, gateway.gateway_id), offered(contact, gateway.gateway_id, "o-1"),
            assigned(contact, gateway.gateway_id, "o-1"), closed(contact, gateway.gateway_id),
        )  # fmt: skip
        number, kind, data = await stream.next()
        assert (kind, data["subject"], data["offer_id"]) == ("OfferMade", "call-1", "o-1")
        assert await stream.types(2) == ["ContactAssigned", "ContactClosed"]
    async with gateway.stream(after=number) as again:
        assert await again.types(3) == ["StreamOpened", "ContactAssigned", "ContactClosed"]
    assert not [e for e in contact_events.envelopes() if e.type == "ContactConnected" and e.subject == contact]
