"""Texts beyond the common suite: conversations that end and begin again, opting out, tries, odd gateways, reports."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest_asyncio

from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CONSENTS, CONVERSATION_MESSAGES
from tests.integration.gateway.conformance.driver import BUSINESS_LINE, Customer, Observed, create_channel, observing
from tests.integration.gateway.conformance.drivers import ENTRY, Sms, caller_number
from tests.integration.gateway.conftest import House, Topic, now_us


@dataclass
class Desk:
    driver: Sms
    observed: Observed

    async def agent_says(self, customer: Customer, words: str | None) -> MessageSent:
        message = MessageSent(uuid.uuid4().hex, customer.contact_id, "agent", now_us(), agent_id="agent-7", text=words)
        envelope = Envelope(message.message_id, "/console", now_us(), "jinfeng", customer.contact_id, message)
        await self.driver.house.producer.publish(CONVERSATION_MESSAGES, envelope, key=customer.contact_id)
        return message

    async def talking(self) -> Customer:
        customer = await self.driver.arrives()
        await self.observed.queued(customer, self.driver)
        offer = await self.observed.assigned(customer, self.driver)
        await self.observed.event(customer, "ContactConnected", offer_id=offer)
        return customer

    async def over(self, customer: Customer) -> None:
        await self.observed.closed(customer, self.driver)
        async with asyncio.timeout(20):
            while not await self.driver.house.rows(
                "SELECT FROM gateway.contacts WHERE contact_id = $1 AND closed_at IS NOT NULL", customer.contact_id
            ):
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def driver(house: House) -> AsyncGenerator[Sms]:
    made = Sms(house)
    async with made.running():
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def desk(house: House, driver: Sms) -> AsyncGenerator[Desk]:
    async with observing(house) as seen:
        yield Desk(driver, seen)


async def test_the_first_text_is_the_first_message_and_says_who_writes(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    arrived = await desk.observed.event(customer, "ContactArrived")
    assert (arrived.text, arrived.address, arrived.address_kind, arrived.entry) == (
        "你好",
        customer.handle,
        "phone",
        ENTRY,
    )
    assert (await desk.observed.message(customer, "MessageSent")).text == "你好"


async def test_after_the_end_the_next_text_opens_another_contact(desk: Desk) -> None:
    customer = await desk.talking()
    await desk.driver.says(customer, "还在吗")
    await desk.over(customer)
    await desk.driver.says(customer, "又漏水了")
    again = Customer(await desk.driver.contact_of(customer.handle), customer.handle)
    assert again.contact_id != customer.contact_id
    assert (await desk.observed.event(again, "ContactArrived")).text == "又漏水了"
    await desk.driver.delivers_again(customer)  # of either contact: it opens none
    await desk.observed.settled()
    assert await desk.driver.contact_of(customer.handle) == again.contact_id
    texts = [e.data.text for e in desk.observed.messages.envelopes() if e.subject == again.contact_id]
    assert set(texts) == {"又漏水了"}


async def test_texts_at_once_open_one_contact_and_none_is_lost(desk: Desk) -> None:
    number, words = caller_number(), [f"第{n}条 {uuid.uuid4().hex[:6]}" for n in range(5)]
    answers = await asyncio.gather(*(desk.driver.network.text(number, ENTRY, each) for each in words))
    assert [answer.status_code for answer in answers] == [200] * 5
    await desk.observed.settled()
    said = {
        e.data.text: e.subject for e in desk.observed.messages.envelopes() if getattr(e.data, "text", None) in words
    }
    assert set(said) == set(words)
    assert len(set(said.values())) == 1


async def test_who_opts_out_is_left_in_peace(desk: Desk) -> None:
    customer = await desk.talking()
    consents = Topic(desk.driver.house.broker, CONSENTS)
    await consents.open()
    await desk.driver.says(customer, "退订")
    for channel in (Channel.SMS, Channel.PHONE):
        said = (await consents.until(lambda e, c=channel: (e.data.number, e.data.channel) == (customer.handle, c))).data
        assert (said.source, said.purpose) == ("sms_keyword", None)
    await consents.close()
    ended = await desk.observed.event(customer, "ContactEnded")
    assert (ended.by, ended.reason) == ("customer", "opted_out")
    await desk.driver.hears(customer, "您已退订")
    marked = await desk.observed.message(customer, "MessageSent", author="system")
    assert "opted out" in marked.text
    late = await desk.agent_says(customer, "请再考虑一下")
    failed = await desk.observed.message(customer, "MessageStateChanged", target=late.message_id)
    assert (failed.state, failed.reason) == ("failed", "opted_out")
    assert await desk.driver.times_heard(customer, "请再考虑一下") == 0
    await desk.over(customer)
    await desk.driver.says(customer, "我想租房")  # writes to us again: is answered
    again = Customer(await desk.driver.contact_of(customer.handle), customer.handle)
    await desk.agent_says(again, "欢迎回来")
    await desk.driver.hears(again, "欢迎回来")


async def test_a_busy_gateway_is_asked_again_and_sends_once(desk: Desk) -> None:
    customer = await desk.talking()
    desk.driver.network.refusals = 2
    words = f"马上到 {uuid.uuid4().hex[:6]}"
    await desk.agent_says(customer, words)
    await desk.driver.hears(customer, words)
    assert await desk.driver.times_heard(customer, words) == 1


async def test_a_gateway_that_stays_away_is_said_to_have_failed(desk: Desk) -> None:
    customer = await desk.talking()
    desk.driver.network.refusals = 4
    message = await desk.agent_says(customer, "有人吗")
    failed = await desk.observed.message(customer, "MessageStateChanged", target=message.message_id)
    assert (failed.state, failed.reason) == ("failed", "status 503")


async def test_long_texts_say_how_many_parts_and_too_long_ones_are_not_sent(desk: Desk) -> None:
    customer = await desk.talking()
    message = await desk.agent_says(customer, "长" * 100)
    delivered = await desk.observed.message(customer, "MessageStateChanged", target=message.message_id)
    assert (delivered.state, delivered.reason) == ("delivered", "2 parts")
    endless = await desk.agent_says(customer, "长" * 1_000)
    failed = await desk.observed.message(customer, "MessageStateChanged", target=endless.message_id)
    assert (failed.state, failed.reason) == ("failed", "too_long: 15 parts")


async def test_a_failed_delivery_is_reported_with_its_reason(desk: Desk) -> None:
    customer = await desk.talking()
    message = await desk.agent_says(customer, "您好")
    await desk.observed.message(customer, "MessageStateChanged", target=message.message_id)
    reference = desk.driver.network.ids[message.message_id]
    assert (await desk.driver.network.report(reference, "undelivered")).json() == {"outcome": "taken"}
    failed = await desk.observed.message(customer, "MessageStateChanged", target=message.message_id, state="failed")
    assert failed.reason == "30003"
    assert (await desk.driver.network.report(reference, "queued")).json() == {"outcome": "passed_over"}


async def test_an_odd_gateway_is_read_by_its_settings(desk: Desk, house: House) -> None:
    made = await create_channel(house, "sms", {
        "entries": [{"entry": "*", "business_line": BUSINESS_LINE, "self_service": False}],
        "send_url": "http://127.0.0.1:9/texts", "sent_id": None,
        "incoming": {"id": "MessageSid", "sender": "From", "entry": "To", "text": "Body"},
        "signature": {"kind": "hmac", "header": "X-Hub", "algorithm": "sha1", "encoding": "base64", "prefix": "sha1=",
                      "secret": "a secret of theirs"},
    })  # fmt: skip
    number, form = caller_number(), "application/x-www-form-urlencoded"
    body = f"MessageSid=SM{uuid.uuid4().hex}&From={number.replace('+', '%2B')}&To=10690001&Body=hello&More=x".encode()
    signature = "sha1=" + base64.b64encode(hmac.digest(b"a secret of theirs", body, hashlib.sha1)).decode()
    url = f"/v1/sms/{made['gateway_id']}/inbound"
    headers = {"content-type": form, "x-hub": signature}
    assert (await house.http.post(url, content=body, headers=headers)).json() == {"outcome": "taken"}
    changed = body.replace(b"hello", b"hallo")
    assert (await house.http.post(url, content=changed, headers=headers)).status_code == 401
    arrived = (await desk.observed.contact_events.until(lambda e: getattr(e.data, "address", None) == number)).data
    assert (arrived.entry, arrived.text, arrived.self_service) == ("10690001", "hello", False)
    # the gateway is away: after the tries the agent learns that the text did not leave
    contact = Customer(arrived.contact_id, number)
    message = await desk.agent_says(contact, "hi")
    failed = await desk.observed.message(contact, "MessageStateChanged", target=message.message_id)
    assert (failed.state, failed.reason) == ("failed", "ConnectError")


async def test_what_is_not_found_is_named_and_nothing_of_it_is_quoted(desk: Desk) -> None:
    body = {"message": {"id": "m-1"}, "from": "not a number", "to": ENTRY}
    answer = await desk.driver.network.post(desk.driver.network.inbound_url, body)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith("from, text")
    raw = json.dumps([1, 2]).encode()
    assert (await desk.driver.network.deliver(desk.driver.network.inbound_url, raw)).status_code == 422
    assert (await desk.driver.network.deliver(desk.driver.network.reports_url, b"{")).status_code == 422
