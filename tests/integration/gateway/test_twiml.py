"""TwiML calls beyond the common suite: outcomes of ringing, sides of a hang-up, hold, transfers, supervision, failing open."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from services.gateway.adapters.twiml.documents import Writer
from shared.contracts.channel_commands import (
    Gather,
    HoldContact,
    JoinConsultation,
    PlayPrompt,
    RecordContact,
    SuperviseContact,
    Utterance,
)
from shared.contracts.routing_decisions import ConsultationStarted, ContactTransferred, DialRequested
from shared.errors import BrokerUnavailable
from shared.kafka import Producer
from shared.security import Role
from tests.integration.gateway.conformance.driver import Customer, Observed, observing, until
from tests.integration.gateway.conformance.drivers import Twiml, caller_number
from tests.integration.gateway.conformance.twiml_gateway import ACCOUNT, Leg
from tests.integration.gateway.conftest import House, now_us, token

PHONE = "sip:agent-7@phones.example"
PLUMBER = "+862155550100"
LATER = 60_000_000


class Recorded(Twiml):
    """A gateway whose conversations are recorded."""

    settings: ClassVar[Mapping[str, Any]] = {**Twiml.settings, "record": True}


class Voicemail(Twiml):
    """A gateway whose callers may leave a message."""

    settings: ClassVar[Mapping[str, Any]] = {**Twiml.settings, "voicemail": True}


class Rounds(Twiml):
    """A gateway without queues."""

    settings: ClassVar[Mapping[str, Any]] = {**Twiml.settings, "waiting": "round"}


@dataclass
class Line:
    driver: Twiml
    observed: Observed

    async def waiting(self) -> Customer:
        customer = await self.driver.arrives()
        await self.observed.event(customer, "ContactArrived")
        await self.observed.queued(customer, self.driver)
        await self.driver.hears(customer, "请稍候")
        return customer

    async def talking(self) -> tuple[Customer, Leg, str]:
        """Customer and agent-7 in one room: the customer, the agent's leg, the offer."""
        customer = await self.driver.arrives()
        await self.observed.event(customer, "ContactArrived")
        await self.observed.queued(customer, self.driver)
        offer = await self.observed.assigned(customer, self.driver)
        await self.observed.event(customer, "ContactConnected", offer_id=offer)
        network = self.driver.network
        await network.until_together(customer.contact_id, 2)
        agent = next(leg for leg in network.in_room(customer.contact_id) if not leg.inbound)
        return customer, agent, offer


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def driver(house: House) -> AsyncGenerator[Twiml]:
    made = Twiml(house)
    async with made.running():
        for agent in ("agent-8", "boss"):
            await house.http.put(
                f"/v1/agents/{agent}/endpoint", json={"kind": "sip", "address": agent}, headers=token(Role.ADMIN)
            )
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def line(house: House, driver: Twiml) -> AsyncGenerator[Line]:
    driver.network.phones.clear()
    async with observing(house) as seen:
        yield Line(driver, seen)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("busy", "busy"), ("no-answer", "no_answer"), ("declines", "rejected"), ("failed", "failed")],
)
async def test_a_phone_that_is_not_answered(line: Line, behaviour: str, reason: str) -> None:
    line.driver.network.phones[PHONE] = behaviour
    customer = await line.driver.arrives()
    await line.observed.event(customer, "ContactArrived")
    await line.observed.queued(customer, line.driver)
    offer = await line.observed.assigned(customer, line.driver)
    assert (await line.observed.event(customer, "ContactConnectFailed", offer_id=offer)).reason == reason
    line.driver.network.phones.clear()
    await line.observed.queued(customer, line.driver)  # it keeps its place; the next agent answers
    again = await line.observed.assigned(customer, line.driver)
    await line.observed.event(customer, "ContactConnected", offer_id=again)
    await line.driver.network.until_together(customer.contact_id, 2)
    await line.driver.leaves(customer)


async def test_who_waits_in_the_gateways_queue_and_hangs_up_has_left_once(line: Line) -> None:
    customer = await line.waiting()
    assert customer.handle.queue == line.driver.gateway_id
    await line.driver.leaves(customer)
    await line.observed.event(customer, "ContactAbandoned")
    mine = [form for _, form in line.driver.network.sent if form["CallSid"] == customer.handle.sid]
    assert [form["QueueResult"] for form in mine if "QueueResult" in form] == ["hangup"]
    await line.observed.settled()
    kinds = [kind for kind, _ in line.observed.ids(customer)]
    assert (kinds.count("ContactAbandoned"), kinds.count("ContactEnded")) == (1, 0)


async def test_an_assignment_takes_the_caller_out_of_the_queue(line: Line) -> None:
    customer, _, _ = await line.talking()
    assert customer.handle.queue is None
    await line.driver.leaves(customer)


async def test_a_caller_whose_call_away_is_lost_leaves_the_queue_after_the_music(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await line.waiting()
    monkeypatch.setattr(line.driver.network, "deaf", True)
    offer = await line.observed.assigned(customer, line.driver)
    await line.observed.event(customer, "ContactConnected", offer_id=offer)
    await line.driver.network.until_together(customer.contact_id, 2)
    mine = [form for _, form in line.driver.network.sent if form["CallSid"] == customer.handle.sid]
    assert [form["QueueResult"] for form in mine if "QueueResult" in form] == ["leave"]
    await line.driver.leaves(customer)


async def test_who_finds_the_queue_full_waits_in_rounds(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line.driver.network, "full", True)
    customer, _, _ = await line.talking()
    assert any("请稍候" in words for words in customer.handle.heard)
    await line.driver.leaves(customer)


async def test_without_queues_the_caller_waits_in_rounds(house: House) -> None:
    driver = Rounds(house)
    async with driver.running(), observing(house) as seen:
        line = Line(driver, seen)
        customer = await line.waiting()
        assert customer.handle.queue is None
        offer = await seen.assigned(customer, driver)
        await seen.event(customer, "ContactConnected", offer_id=offer)
        await driver.leaves(customer)


async def _message_of(line: Line, customer: Customer) -> None:
    """A line of the conversation holds the sound; the contact ended as a voicemail, once."""
    said = await line.observed.message(customer, "MessageSent", author="system")
    assert "留言" in said.text
    assert [(file.media_type, file.name) for file in said.attachments] == [("audio/wav", "voicemail.wav")]
    port, _ = line.driver.house.app.state.channels.port(line.driver.gateway_id, "twiml")
    assert (await port.file(said.attachments[0].file_id)).startswith(b"RIFF")
    ended = await line.observed.event(customer, "ContactEnded")
    assert (ended.by, ended.reason, ended.failed) == ("customer", "voicemail", False)
    await line.observed.settled()
    kinds = [kind for kind, _ in line.observed.ids(customer)]
    assert [kinds.count(kind) for kind in ("ContactEnded", "ContactAbandoned", "MessageSent")] == [1, 0, 1]


@pytest.mark.parametrize("finish", ["pound", "hangs up"])
async def test_who_would_rather_not_wait_leaves_a_message(house: House, finish: str) -> None:
    driver = Voicemail(house)
    async with driver.running(), observing(house) as seen:
        line = Line(driver, seen)
        customer = await line.waiting()
        driver.network.press(customer.handle, "1")  # means nothing
        await driver.hears(customer, "请按9键")
        driver.network.press(customer.handle, "9")
        await until(lambda: customer.handle.recorded_to is not None)
        if finish == "pound":
            driver.network.press(customer.handle, "#")
            await driver.hears(customer, "留言已收到")
            await driver.sees_the_end(customer)
        else:
            await driver.leaves(customer)
        await _message_of(line, customer)
        await driver.delivers_again(customer)
        await _message_of(line, customer)


@pytest.mark.parametrize("finish", ["pound", "hangs up"])
async def test_without_a_broker_a_message_can_be_left_and_arrives_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch, finish: str
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise BrokerUnavailable("no broker")

    driver = Voicemail(house)
    async with driver.running(), observing(house) as seen:
        with monkeypatch.context() as patched:
            patched.setattr(Producer, "publish", away)
            customer = await driver.arrives()
            await until(lambda: customer.handle.recorded_to is not None)
        if finish == "pound":
            driver.network.press(customer.handle, "#")
            await driver.sees_the_end(customer)
        else:
            await driver.leaves(customer)
        await seen.event(customer, "ContactArrived")
        await _message_of(Line(driver, seen), customer)


async def test_an_agent_hangs_up(line: Line) -> None:
    customer, agent, _ = await line.talking()
    await line.driver.network.hang_up(agent)
    assert (await line.observed.event(customer, "ContactEnded")).by == "agent"
    await line.observed.closed(customer, line.driver)
    await line.driver.sees_the_end(customer)
    await line.observed.settled()
    assert [kind for kind, _ in line.observed.ids(customer)].count("ContactEnded") == 1


async def test_a_customer_hangs_up_and_the_agents_leg_ends(line: Line) -> None:
    customer, agent, _ = await line.talking()
    await line.driver.leaves(customer)
    assert (await line.observed.event(customer, "ContactEnded")).by == "customer"
    await line.observed.closed(customer, line.driver)
    await line.driver.network.until_over(agent)


async def test_hold_takes_the_customer_out_of_the_room_and_back(line: Line) -> None:
    customer, agent, _ = await line.talking()
    for held, people in ((True, 1), (False, 2)):
        command = HoldContact(uuid.uuid4().hex, customer.contact_id, now_us() + LATER, "agent-7", held=held)
        await line.observed.commands(command)
        await line.driver.network.until_together(customer.contact_id, people)
    assert not agent.over
    await line.driver.leaves(customer)


async def test_a_blind_transfer_takes_the_customer_back_to_the_queue(line: Line) -> None:
    customer, agent, _ = await line.talking()
    await line.observed.queued(customer, line.driver)
    customer.handle.heard.clear()
    await line.driver.hears(customer, "请稍候")
    await line.driver.network.until_over(agent)
    await line.driver.leaves(customer)


async def _passed_on(line: Line) -> tuple[Customer, Leg, str]:
    """A customer whose agent let them go to a plumber's number; the agent's leg and the attempt."""
    customer, agent, _ = await line.talking()
    contact, attempt, decides = customer.contact_id, f"d-{uuid.uuid4().hex[:8]}", line.driver.house.router.decides
    await decides(ContactTransferred(contact, "agent-7", "t-1", "outside", "plumber"))
    wanted = DialRequested(
        contact,
        attempt,
        1,
        30,
        now_us() + LATER,
        None,
        line.driver.gateway_id,
        "plumber",
        PLUMBER,
        None,
        now_us() + LATER,
    )
    for _ in range(2):  # told twice it rings once
        await decides(wanted)
    return customer, agent, attempt


async def test_passed_on_to_an_outside_number_that_answers(line: Line) -> None:
    customer, agent, attempt = await _passed_on(line)
    network = line.driver.network
    await line.observed.event(customer, "DialAnswered", attempt_id=attempt)
    await network.until_over(agent)
    assert customer.handle.heard.count(f"rung {PLUMBER}") == 1
    network.party_leaves.set()
    ended = await line.observed.event(customer, "ContactEnded")
    assert (ended.by, ended.reason) == ("system", "outside_hung_up")
    await line.driver.leaves(customer)


async def test_passed_on_to_an_outside_number_that_is_busy(line: Line) -> None:
    line.driver.network.phones[PLUMBER] = "busy"
    customer, agent, attempt = await _passed_on(line)
    assert (await line.observed.event(customer, "DialFailed", attempt_id=attempt)).outcome == "busy"
    await line.driver.network.until_over(agent)
    customer.handle.heard.clear()
    await line.observed.queued(customer, line.driver)
    await line.driver.hears(customer, "请稍候")
    await line.driver.leaves(customer)


async def test_a_warm_transfer(line: Line) -> None:
    customer, agent, _ = await line.talking()
    offer, network = f"o-{uuid.uuid4().hex}", line.driver.network
    about = (customer.contact_id, "agent-7", "agent-8", "t-1", offer, "i-2", line.driver.gateway_id)
    await line.driver.house.router.decides(ConsultationStarted(*about))
    await until(lambda: len([leg for leg in network.in_room(customer.contact_id) if not leg.inbound]) == 2)
    await network.until_together(customer.contact_id, 2)  # the customer listens to music
    join = JoinConsultation(uuid.uuid4().hex, customer.contact_id, now_us() + LATER, "agent-7", "t-1")
    await line.observed.commands(join)
    await network.until_together(customer.contact_id, 3)
    await line.driver.house.router.decides(
        ContactTransferred(
            customer.contact_id, "agent-7", "t-1", "agent", "agent-8", "agent-8", "i-2", line.driver.gateway_id
        )
    )
    await network.until_over(agent)
    await network.until_together(customer.contact_id, 2)
    await line.driver.leaves(customer)
    assert (await line.observed.event(customer, "ContactEnded")).by == "customer"


async def test_a_supervisor_listens_then_whispers_then_leaves(line: Line) -> None:
    customer, agent, _ = await line.talking()

    async def asked(mode: str) -> None:
        command = SuperviseContact(uuid.uuid4().hex, customer.contact_id, now_us() + LATER, "boss", mode)  # type: ignore[arg-type]
        await line.observed.commands(command)

    network = line.driver.network
    await asked("listen")
    await network.until_together(customer.contact_id, 3)
    boss = next(leg for leg in network.in_room(customer.contact_id) if "boss" in leg.near_end)
    assert boss.muted
    await asked("whisper")
    await until(lambda: boss.coaches == agent.sid and not boss.muted)
    await asked("stop")
    await network.until_over(boss)
    await line.driver.leaves(customer)


async def test_secure_digits_stand_nowhere(line: Line) -> None:
    customer = await line.driver.arrives()
    await line.observed.event(customer, "ContactArrived")
    step, digits = uuid.uuid4().hex, "7391465"
    asked = PlayPrompt(
        uuid.uuid4().hex, customer.contact_id, now_us() + LATER, "ivr", step, (Utterance("请输入密码"),),
        Gather("digits", max_digits=8, secure=True), "pin",
    )  # fmt: skip
    await line.observed.commands(asked)
    await line.driver.hears(customer, "请输入密码")
    await line.driver.says(customer, digits)
    answer = await line.observed.message(customer, "PromptAnswered", step=step)
    assert (answer.outcome, answer.digits, answer.text) == ("refused", None, None)
    await line.observed.settled()
    records = [*line.observed.messages.records, *line.observed.contact_events.records]
    assert not [r for r in records if digits.encode() in (r.value or b"")]
    for table in ("notes", "messages", "events", "outbox"):
        rows = await line.driver.house.rows(f"SELECT t::text AS row FROM gateway.{table} t")
        assert not [row for row in rows if digits in row["row"]], table
    await line.driver.leaves(customer)


async def test_nobody_hears_dead_air(line: Line) -> None:
    """The ivr never says a word: after five seconds a person is looked for."""
    customer = await line.driver.arrives()
    ended = await line.observed.event(customer, "SelfServiceEnded")
    assert (ended.outcome, ended.reason) == ("failed", "ivr_silent")
    await line.driver.leaves(customer)


async def test_a_prompt_that_replaces_another_is_heard_at_once(line: Line) -> None:
    customer = await line.driver.arrives()
    await line.observed.event(customer, "ContactArrived")
    for words in ("第一个问题", "第二个问题"):
        step = uuid.uuid4().hex
        prompt = PlayPrompt(
            uuid.uuid4().hex, customer.contact_id, now_us() + LATER, "ivr", step, (Utterance(words),), Gather("digits")
        )
        await line.observed.commands(prompt)
        await line.driver.hears(customer, words)
    await line.driver.says(customer, "9")
    assert (await line.observed.message(customer, "PromptAnswered", step=step)).digits == "9"
    await line.observed.settled()
    assert [kind for kind, _ in line.observed.ids(customer)].count("PromptAnswered") == 1
    await line.driver.leaves(customer)


async def test_without_a_broker_callers_go_to_the_static_number(
    line: Line, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise BrokerUnavailable("no broker")

    row = house.app.state.parts.credentials.adapter(line.driver.gateway_id)
    entries = [{**entry, "fallback": "+862155550199"} for entry in row.settings["entries"]]
    answer = await house.http.put(
        f"/v1/gateways/{row.gateway_id}/settings", json={**row.settings, "entries": entries}, headers=token(Role.ADMIN)
    )
    assert answer.status_code == 204
    monkeypatch.setattr(Producer, "publish", away)
    leg = await line.driver.network.call(caller_number(), "+862155550100")
    await line.driver.network.until(leg, "dialled +862155550199")


async def test_a_number_that_is_no_entry_is_told_so(line: Line) -> None:
    leg = await line.driver.network.call(caller_number(), "+862155550999")
    await line.driver.network.until(leg, "not in service")


async def test_another_account_is_refused(line: Line) -> None:
    network = line.driver.network
    leg = Leg("CA" + uuid.uuid4().hex, caller_number(), "+862155550100", inbound=True)
    answer = await network.post(network.voice_url, leg, AccountSid="AC-somebody-else")
    assert answer.status_code == 403
    tampered = {**network.sent[-1][1], "AccountSid": ACCOUNT, "From": "+8613800000000"}
    signature = "c2lnbmVkIGZvciBzb21ldGhpbmcgZWxzZQ=="
    answer = await network.http.post(network.voice_url, data=tampered, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 401


async def test_a_recorded_conversation_is_announced_steered_and_kept(house: House) -> None:
    driver = Recorded(house)
    async with driver.running(), observing(house) as seen:
        line = Line(driver, seen)
        customer, _, _ = await line.talking()
        assert any("录音" in words for words in customer.handle.heard)
        for action, state in (("pause", "paused"), ("resume", "in-progress")):
            command = RecordContact(uuid.uuid4().hex, customer.contact_id, now_us() + LATER, "agent-7", action)  # type: ignore[arg-type]
            await seen.commands(command)
            await until(lambda state=state: driver.network.recordings.get(customer.handle.sid) == state)
        await driver.leaves(customer)
        told = f"{driver.network.voice_url.removesuffix('voice')}recording?contact={customer.contact_id}"
        sid = "RE" + uuid.uuid4().hex
        for _ in range(2):  # told twice it is kept once
            answer = await driver.network.post(
                told, customer.handle, RecordingSid=sid, RecordingDuration="1", RecordingStatus="completed"
            )
            assert answer.status_code == 204, answer.text
        kept = await seen.message(customer, "RecordingKept")
        assert kept.seconds == 1
        assert len(await house.rows("SELECT FROM gateway.recordings WHERE contact_id = $1", customer.contact_id)) == 1


async def test_a_sound_is_given_to_who_was_told_its_address(line: Line, house: House) -> None:
    port, settings = house.app.state.channels.port(line.driver.gateway_id, "twiml")
    key = Writer(settings, port.gateway_id, port.secret).audio_key("abc")
    url = f"/v1/twiml/{port.gateway_id}/audio/abc.wav"
    assert (await house.http.get(url)).status_code == 401
    assert (await house.http.get(url, params={"key": key[::-1]})).status_code == 401
    assert (await house.http.get(url, params={"key": key})).status_code == 404  # no ivr here


async def test_settings_are_checked_and_never_given_out(line: Line, house: House) -> None:
    wrong = {"title": "x", "kind": "twiml", "settings": {"account_sid": "AC1", "entries": []}}
    answer = await house.http.post("/v1/gateways", json=wrong, headers=token(Role.ADMIN))
    assert answer.status_code == 422
    assert {e["field"] for e in answer.json()["errors"]} >= {
        "settings.auth_token",
        "settings.entries",
        "settings.public_url",
    }
    assert "a token shared" not in (await house.http.get("/v1/gateways", headers=token(Role.ADMIN))).text
