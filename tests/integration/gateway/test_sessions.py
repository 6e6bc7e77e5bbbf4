"""Sessions: chats and faxes connect here, calls at their own gateway; nothing a gateway must hear is lost."""

from __future__ import annotations

import asyncio
import uuid

from services.gateway import store
from services.gateway.domain.cloud_events import contact_id_of
from services.gateway.domain.sessions import GatewayEvent
from shared.contracts.channel_commands import HoldContact
from shared.contracts.fields import Channel
from shared.postgres import worker_transaction
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
        assert (await stream.next())[1] == "ContactQueued"
        number, kind, data = await stream.next()
        assert (kind, data["subject"], data["offer_id"]) == ("OfferMade", "call-1", "o-1")
        assert await stream.types(2) == ["ContactAssigned", "ContactClosed"]
    async with gateway.stream(after=number) as again:
        assert await again.types(3) == ["StreamOpened", "ContactAssigned", "ContactClosed"]
    assert not [e for e in contact_events.envelopes() if e.type == "ContactConnected" and e.subject == contact]


async def test_a_gateway_that_was_away_hears_what_the_journal_kept(house: House) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("call-2")
    await house.router.decides(queued(contact, gateway.gateway_id), publish=False)  # Kafka never had it
    await house.router.decides(offered(contact, gateway.gateway_id, "o-2"), publish=False)
    await house.router.decides(assigned(contact, gateway.gateway_id, "o-2"))
    async with gateway.stream(after=0) as stream:
        assert await stream.types(4) == ["StreamOpened", "ContactQueued", "OfferMade", "ContactAssigned"]


async def test_reconnecting_anywhere_loses_and_repeats_nothing(house: House) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("busy")
    parts = house.app.state.parts

    async def write(writer: int) -> None:
        for number in range(40):
            told = [
                GatewayEvent(
                    gateway.gateway_id, "jinfeng", contact, HoldContact(f"w{writer}-{number}-{part}", contact, 1, "a")
                )
                for part in range(3)
            ]
            async with worker_transaction(parts.worker) as connection:
                await store.append_events(connection, told)

    async def read() -> list[tuple[int, str]]:
        heard: list[tuple[int, str]] = []
        while len(heard) < 360:
            async with gateway.stream(after=heard[-1][0] if heard else 0) as stream:
                await stream.next()
                for _ in range(min(37, 360 - len(heard))):
                    number, _, data = await stream.next()
                    heard.append((number, data["command_id"]))
        return heard

    reading = asyncio.ensure_future(read())
    await asyncio.gather(*(write(writer) for writer in range(3)))
    heard = await reading
    assert [number for number, _ in heard] == list(range(1, 361))
    for writer in range(3):
        own = [command for _, command in heard if command.startswith(f"w{writer}-")]
        assert own == [f"w{writer}-{number}-{part}" for number in range(40) for part in range(3)]


async def test_a_stream_pruned_too_far_says_so(house: House) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("long-ago")
    told = [
        GatewayEvent(gateway.gateway_id, "jinfeng", contact, HoldContact(f"k{n}", contact, 1, "a")) for n in range(10)
    ]
    async with worker_transaction(house.app.state.parts.worker) as connection:
        await store.append_events(connection, told)
        await store.prune(connection, 4, 24)
    async with gateway.stream(after=2) as stream:
        assert (await stream.next())[:2] == (6, "StreamReset")
        assert [(await stream.next())[0] for _ in range(4)] == [7, 8, 9, 10]
    async with gateway.stream(after=7) as stream:
        assert [(await stream.next())[:2] for _ in range(2)] == [(7, "StreamOpened"), (8, "HoldContact")]
    async with gateway.stream(after=99) as stream:
        assert (await stream.next())[:2] == (10, "StreamReset")


async def test_an_event_waits_for_the_key_its_contact_is_known_by(house: House) -> None:
    gateway = await house.gateway()
    contact = contact_id_of("jinfeng", gateway.gateway_id, "late-key")
    async with gateway.stream() as stream:
        await stream.next()
        await house.router.decides(
            queued(contact, gateway.gateway_id), offered(contact, gateway.gateway_id, "o-late")
        )  # before the gateway's own bookkeeping
        waiting = asyncio.ensure_future(stream.next())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        assert await gateway.arrives("late-key") == contact
        assert (await waiting)[2]["subject"] == "late-key"


async def test_decisions_about_nobodys_contacts_pass(house: House) -> None:
    stranger, gateway = uuid.uuid4().hex, await house.gateway()
    contact = await gateway.arrives("after")
    await house.router.decides(
        queued(stranger, None), offered(stranger, None, "o-x"), assigned(stranger, "gw-unknown", "o-x"),
        queued(contact, gateway.gateway_id), offered(contact, gateway.gateway_id, "o-y"),
    )  # fmt: skip
    async with gateway.stream(after=0) as stream:
        assert await stream.types(3) == ["StreamOpened", "ContactQueued", "OfferMade"]
