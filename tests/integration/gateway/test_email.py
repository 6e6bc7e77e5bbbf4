"""Mail beyond the common suite: threads, machines, delivery reports, files both ways, mailboxes that change or go away."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest_asyncio

from shared.contracts.channel_commands import Choice, Gather, PlayPrompt, Utterance
from shared.contracts.conversation_messages import Attachment, MessageSent
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CONVERSATION_MESSAGES
from tests.integration.gateway.conformance.driver import Customer, Observed, observing, restart, until
from tests.integration.gateway.conformance.drivers import ADDRESS, Email, body_of
from tests.integration.gateway.conformance.mail_servers import lay
from tests.integration.gateway.conftest import House, now_us

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 50
BOUNCE = """From: MAILER-DAEMON@mx.example
To: {ours}
Subject: Undelivered
Message-ID: <{id}@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

{about}
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {about}
Action: failed
Status: 5.1.1

--B
Content-Type: text/rfc822-headers

Message-ID: {original}

--B--
"""


@dataclass
class Desk:
    driver: Email
    observed: Observed

    async def agent_says(self, customer: Customer, words: str, *files: Attachment) -> MessageSent:
        message = MessageSent(
            uuid.uuid4().hex, customer.contact_id, "agent", now_us(), agent_id="agent-7", text=words, attachments=files
        )
        envelope = Envelope(message.message_id, "/console", now_us(), "jinfeng", customer.contact_id, message)
        await self.driver.house.producer.publish(CONVERSATION_MESSAGES, envelope, key=customer.contact_id)
        return message

    async def over(self, customer: Customer) -> None:
        await self.observed.closed(customer, self.driver)
        async with asyncio.timeout(20):
            while not await self.driver.house.rows(
                "SELECT FROM gateway.contacts WHERE contact_id = $1 AND closed_at IS NOT NULL", customer.contact_id
            ):
                await asyncio.sleep(0.02)

    async def contacts(self) -> int:
        sql = "SELECT FROM gateway.contacts WHERE gateway_id = $1"
        return len(await self.driver.house.rows(sql, self.driver.gateway_id))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def driver(house: House) -> AsyncGenerator[Email]:
    made = Email(house)
    async with made.running():
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def desk(house: House, driver: Email) -> AsyncGenerator[Desk]:
    driver.server.refusing = None
    async with observing(house) as seen:
        yield Desk(driver, seen)


async def test_a_mail_opens_a_contact_with_its_subject_first(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    arrived = await desk.observed.event(customer, "ContactArrived")
    assert (arrived.address_kind, arrived.address, arrived.display_name) == ("email", customer.handle, "王芳")
    assert (arrived.entry, arrived.text) == (ADDRESS, "租房咨询\n你好")
    assert (await desk.observed.message(customer, "MessageSent")).text == "租房咨询\n你好"


async def test_a_reply_is_threaded_signed_and_quotes(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    await desk.agent_says(customer, "师傅下午到。")
    await desk.driver.hears(customer, "师傅下午到。")
    (letter,) = desk.driver.server.letters_to(customer.handle)
    assert (letter["Subject"], letter["From"]) == ("Re: 租房咨询", f"租赁部 <{ADDRESS}>")
    assert letter["In-Reply-To"] in letter["References"]
    body = letter.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "师傅下午到。\n\n-- \n锦丰租赁\n\n王芳 写道：\n> 你好\n"


async def test_an_answer_after_the_end_opens_another_contact_that_names_the_former(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    await desk.agent_says(customer, "好了吗？")
    await desk.driver.hears(customer, "好了吗？")
    await desk.driver.says(customer, "好了")
    await desk.observed.message(customer, "MessageSent", text="好了")
    await desk.over(customer)
    before = await desk.contacts()
    await desk.driver.says(customer, "又坏了\n\n客服 写道：\n> 好了吗？")
    await desk.driver.read_to_the_end()
    again = Customer(await desk.driver.contact_of(customer), customer.handle)
    assert again.contact_id != customer.contact_id
    assert (await desk.observed.event(again, "ContactArrived")).text == "Re: 租房咨询\n又坏了"
    marked = await desk.observed.message(again, "MessageSent", author="system")
    assert customer.contact_id in marked.text
    await desk.driver.delivers_again(customer)
    assert await desk.contacts() == before + 1
    await desk.agent_says(again, "马上来")  # the thread goes on in the customer's program too
    await desk.driver.hears(again, "马上来")
    assert desk.driver.server.letters_to(customer.handle)[-1]["In-Reply-To"]
    await desk.observed.settled()
    assert not any("Continues" in body_of(letter) for letter in desk.driver.server.letters_to(customer.handle))


async def test_machines_open_nothing_and_are_never_answered(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    await desk.agent_says(customer, "您好")
    await desk.driver.hears(customer, "您好")
    ours, before = desk.driver.server.letters_to(customer.handle)[-1]["Message-ID"], await desk.contacts()
    stranger = Customer("", f"robot-{uuid.uuid4().hex[:8]}@example.com")
    await desk.driver.writes(stranger, "News", "Buy!", Precedence="bulk")
    await desk.driver.writes(customer, "Out of office", "我在休假", Auto_Submitted="auto-replied", In_Reply_To=ours)
    note = await desk.observed.message(customer, "MessageSent", author="system")
    assert note.text.endswith("Out of office\n我在休假")
    looped = desk.driver.server.letters_to(customer.handle)[-1].as_bytes()
    await lay(desk.driver.server, looped)
    await desk.driver.read_to_the_end()
    assert await desk.contacts() == before
    await desk.observed.settled()
    assert len(desk.driver.server.letters_to(customer.handle)) == 1
    assert desk.driver.server.letters_to(stranger.handle) == []


async def test_a_bounce_is_a_failed_message(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    message = await desk.agent_says(customer, "您好")
    await desk.driver.hears(customer, "您好")
    original = desk.driver.server.letters_to(customer.handle)[-1]["Message-ID"]
    before = await desk.contacts()
    bounce = BOUNCE.format(ours=ADDRESS, id=uuid.uuid4().hex, about=customer.handle, original=original)
    await lay(desk.driver.server, bounce.encode())
    failed = await desk.observed.message(customer, "MessageStateChanged", target=message.message_id)
    assert (failed.state, failed.reason) == ("failed", "status 5.1.1")
    assert await desk.contacts() == before


async def test_a_receiver_who_is_refused_is_a_failed_message(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    desk.driver.server.refusing = "550 no such user"
    message = await desk.agent_says(customer, "您好")
    failed = await desk.observed.message(customer, "MessageStateChanged", target=message.message_id)
    assert failed.state == "failed"
    assert failed.reason.startswith("550")


async def test_a_server_that_is_busy_is_asked_again(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    desk.driver.server.refusing = "451 later"
    await desk.agent_says(customer, "请稍等")
    await desk.observed.settled()
    desk.driver.server.refusing = None
    await desk.driver.hears(customer, "请稍等")
    assert await desk.driver.times_heard(customer, "请稍等") == 1


async def test_files_go_both_ways(desk: Desk, house: House) -> None:
    customer = Customer("", f"customer-{uuid.uuid4().hex[:10]}@example.com")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = customer.handle, ADDRESS, "照片"
    mail["Message-ID"] = f"<{uuid.uuid4().hex}@example.com>"
    mail.set_content("请看附件")
    mail.add_attachment(PNG, maintype="image", subtype="png", filename="厨房.png")
    mail.add_attachment(b"MZ\x90", maintype="application", subtype="octet-stream", filename="setup.exe")
    await lay(desk.driver.server, mail.as_bytes())
    customer.contact_id = await desk.driver.contact_of(customer)
    laid = await desk.observed.messages.until(
        lambda e: e.subject == customer.contact_id and bool(getattr(e.data, "attachments", ())), 20
    )
    (kept,) = laid.data.attachments
    assert (kept.media_type, kept.size) == ("image/png", len(PNG))
    assert "1 attachments not taken" in (await desk.observed.event(customer, "ContactArrived")).text
    await desk.agent_says(customer, "已收到，见回传", kept)
    await desk.driver.hears(customer, "已收到")
    (back,) = desk.driver.server.letters_to(customer.handle)[-1].iter_attachments()
    assert back.get_content() == PNG


async def test_a_mailbox_numbered_anew_is_read_again_and_nothing_happens_twice(desk: Desk, house: House) -> None:
    customer = await desk.driver.arrives()
    await desk.observed.event(customer, "ContactArrived")
    before = await desk.contacts()
    admin = await house.rows(
        "UPDATE gateway.notes SET value = value || '{\"validity\": 1}' WHERE gateway_id = $1 AND key = 'mailbox' RETURNING key",
        desk.driver.gateway_id,
    )
    assert admin
    await restart(house, desk.driver.gateway_id)
    words = f"还在吗 {uuid.uuid4().hex[:6]}"
    await desk.driver.says(customer, words)
    await desk.observed.message(customer, "MessageSent", text=words)
    await desk.driver.read_to_the_end()
    assert await desk.contacts() == before


async def test_prompts_come_as_one_letter_with_their_choices(desk: Desk) -> None:
    customer = await desk.driver.arrives()
    await desk.observed.event(customer, "ContactArrived")
    prompt = PlayPrompt(
        uuid.uuid4().hex, customer.contact_id, now_us() + 60_000_000, "ivr", "s-1",
        (Utterance("您好。"), Utterance("请选择：")), Gather("digits", choices=(Choice("1", "租房"), Choice("2", "购房"))),
    )  # fmt: skip
    await desk.observed.commands(prompt)
    await until(lambda: bool(desk.driver.server.letters_to(customer.handle)))
    (letter,) = desk.driver.server.letters_to(customer.handle)
    assert body_of(letter).replace("\r\n", "\n").startswith("您好。\n请选择：\n1 租房\n2 购房")
    assert letter["Auto-Submitted"] == "auto-replied"
