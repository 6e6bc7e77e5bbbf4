"""One suite for every channel: what a customer does there becomes the same canonical facts, and what is decided reaches them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from shared.contracts.channel_commands import Choice, EndContact, Gather, PlayPrompt, Utterance
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CONVERSATION_MESSAGES
from tests.integration.gateway.conformance.driver import Ability, Customer, Driver, Observed, observing
from tests.integration.gateway.conformance.drivers import DRIVERS
from tests.integration.gateway.conftest import House, now_us

LATER = 60_000_000  # µs: how long a command may take


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=DRIVERS, ids=lambda driver: driver.name)
async def driver(request: pytest.FixtureRequest, house: House) -> AsyncGenerator[Driver]:
    made: Driver = request.param(house)
    async with made.running():
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def observed(house: House) -> AsyncGenerator[Observed]:
    async with observing(house) as seen:
        yield seen


def needs(driver: Driver, *abilities: Ability) -> None:
    if missing := set(abilities) - driver.abilities:
        pytest.skip(f"{driver.name}: nobody there {', '.join(sorted(missing))}")


def prompt(driver: Driver, customer: Customer, words: str, gather: Gather | None) -> PlayPrompt:
    command, step = uuid.uuid4().hex, uuid.uuid4().hex
    said = Utterance(words, "zh", audio=driver.voiced(words))
    return PlayPrompt(command, customer.contact_id, now_us() + LATER, "ivr", step, (said,), gather)


def marked(words: str) -> str:
    """Words no other test says."""
    return f"{words} {uuid.uuid4().hex[:8]}"


async def agent_says(house: House, customer: Customer, words: str) -> MessageSent:
    message = MessageSent(uuid.uuid4().hex, customer.contact_id, "agent", now_us(), agent_id="agent-7", text=words)
    envelope = Envelope(message.message_id, "/console", now_us(), "jinfeng", customer.contact_id, message)
    await house.producer.publish(CONVERSATION_MESSAGES, envelope, key=customer.contact_id)
    return message


async def connected(driver: Driver, observed: Observed) -> tuple[Customer, str]:
    customer = await driver.arrives()
    await observed.queued(customer, driver)
    offer = await observed.assigned(customer, driver)
    await observed.event(customer, "ContactConnected", offer_id=offer)
    return customer, offer


async def connects_in_the_end(driver: Driver, observed: Observed, customer: Customer, offer: str) -> None:
    """An adapter that cannot know whether it rang gives the offer up, once; then the router offers anew."""
    met = await observed.contact_events.until(
        lambda e: (
            e.type in ("ContactConnected", "ContactConnectFailed")
            and (e.subject, e.data.offer_id) == (customer.contact_id, offer)
        ),
        20,
    )
    if met.type == "ContactConnectFailed":
        await observed.queued(customer, driver)
        offer = await observed.assigned(customer, driver)
        await observed.event(customer, "ContactConnected", offer_id=offer)


async def test_a_customer_arrives(driver: Driver, observed: Observed) -> None:
    customer = await driver.arrives()
    arrived = await observed.event(customer, "ContactArrived")
    assert (arrived.channel, arrived.business_line, arrived.gateway_id) == (driver.channel, "rental", driver.gateway_id)


async def test_a_customer_leaves_before_anybody_served_them(driver: Driver, observed: Observed) -> None:
    needs(driver, "leaves")
    customer = await driver.arrives()
    await observed.event(customer, "ContactArrived")
    await observed.queued(customer, driver)
    await driver.leaves(customer)
    await observed.event(customer, "ContactAbandoned")


async def test_a_prompt_is_heard_and_answered_once(driver: Driver, observed: Observed) -> None:
    needs(driver, "prompts")
    customer = await driver.arrives()
    await observed.event(customer, "ContactArrived")
    words = marked("租房请按 1，购房请按 2。")
    asked = prompt(driver, customer, words, Gather("digits", choices=(Choice("1", "租房"), Choice("2", "购房"))))
    await observed.commands(asked)
    await driver.hears(customer, words)
    await driver.says(customer, "1")
    answer = await observed.message(customer, "PromptAnswered", step=asked.step)
    assert (answer.outcome, answer.digits) == ("digits", "1")
    last = prompt(driver, customer, marked("谢谢。"), None)
    await observed.commands(last)
    await driver.hears(customer, last.say[0].text)
    assert (await observed.message(customer, "PromptAnswered", step=last.step)).outcome == "played"
    await observed.settled()
    assert [kind for kind, _ in observed.ids(customer)].count("PromptAnswered") == 2


async def test_who_waits_is_told_so(driver: Driver, observed: Observed) -> None:
    needs(driver, "hears of its place")
    customer = await driver.arrives()
    await observed.event(customer, "ContactArrived")
    await observed.queued(customer, driver)
    await driver.hears(customer, driver.told_to_wait)


async def test_an_assignment_connects(driver: Driver, observed: Observed) -> None:
    customer, offer = await connected(driver, observed)
    await observed.settled()
    assert [kind for kind, _ in observed.ids(customer)].count("ContactConnected") == 1
    assert offer


async def test_words_go_both_ways_once(driver: Driver, observed: Observed, house: House) -> None:
    needs(driver, "writes")
    customer, _ = await connected(driver, observed)
    words = marked("您好，有什么可以帮您？")
    await agent_says(house, customer, words)
    await driver.hears(customer, words)
    answer = marked("水管漏水了")
    await driver.says(customer, answer)
    said = await observed.messages.until(
        lambda e: e.subject == customer.contact_id and e.type == "MessageSent" and answer in (e.data.text or ""), 20
    )
    assert said.data.author == "customer"
    assert await driver.times_heard(customer, words) == 1


async def test_our_words_are_reported_delivered(driver: Driver, observed: Observed, house: House) -> None:
    needs(driver, "reports")
    customer, _ = await connected(driver, observed)
    message = await agent_says(house, customer, marked("师傅下午到。"))
    assert (await observed.message(customer, "MessageStateChanged", target=message.message_id)).state == "delivered"


async def test_an_agent_ends_it(driver: Driver, observed: Observed) -> None:
    customer, _ = await connected(driver, observed)
    command = EndContact(uuid.uuid4().hex, customer.contact_id, now_us() + LATER, "agent-7")
    await observed.commands(command)
    assert (await observed.event(customer, "ContactEnded")).by == "agent"
    await observed.closed(customer, driver)
    await driver.sees_the_end(customer)


async def test_a_customer_ends_it(driver: Driver, observed: Observed) -> None:
    needs(driver, "is heard leaving")
    customer, _ = await connected(driver, observed)
    await driver.leaves(customer)
    assert (await observed.event(customer, "ContactEnded")).by == "customer"
    await observed.closed(customer, driver)


async def test_whatever_is_delivered_again_is_the_same(driver: Driver, observed: Observed) -> None:
    customer, _ = await connected(driver, observed)
    await observed.settled()
    before = observed.ids(customer)
    contacts = len(await observed.house.rows("SELECT FROM gateway.contacts WHERE gateway_id = $1", driver.gateway_id))
    await driver.delivers_again(customer)
    await observed.settled()
    assert observed.ids(customer) == before
    after = len(await observed.house.rows("SELECT FROM gateway.contacts WHERE gateway_id = $1", driver.gateway_id))
    assert after == contacts


async def test_a_restart_in_the_middle_neither_loses_nor_doubles(
    driver: Driver, observed: Observed, house: House
) -> None:
    customer = await driver.arrives()
    await observed.event(customer, "ContactArrived")
    await observed.queued(customer, driver)
    offer = await observed.assigned(customer, driver)
    await driver.restarts()
    await connects_in_the_end(driver, observed, customer, offer)
    words = marked("我还在。")
    if "writes" in driver.abilities:
        await agent_says(house, customer, words)
        await driver.hears(customer, words)
    await driver.restarts()
    command = EndContact(uuid.uuid4().hex, customer.contact_id, now_us() + LATER, "agent-7")
    await observed.commands(command)
    assert (await observed.event(customer, "ContactEnded")).by == "agent"
    await observed.settled()
    kinds = [kind for kind, _ in observed.ids(customer)]
    assert [kinds.count(kind) for kind in ("ContactArrived", "ContactConnected", "ContactEnded")] == [1, 1, 1]
    if "writes" in driver.abilities:
        assert await driver.times_heard(customer, words) == 1


async def test_a_forged_credential_is_refused(driver: Driver, observed: Observed) -> None:
    status = await driver.intrudes()
    if status == 0:
        pytest.skip(f"{driver.name}: nobody can knock there")
    assert status in (401, 403)
    await observed.settled()
    assert not [
        e for e in observed.contact_events.envelopes() if getattr(e.data, "gateway_id", "") == driver.gateway_id
    ]
