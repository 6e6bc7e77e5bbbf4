"""The web channel's mails: a transcript to its visitor, and a message left whose answer goes out as a letter."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator

import pytest_asyncio

from services.gateway.adapters.web.settings import Words
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CONVERSATION_MESSAGES
from tests.integration.gateway.conformance.drivers import Email
from tests.integration.gateway.conftest import House, now_us, queued
from tests.integration.gateway.test_web import SiteAtTest, make_site

TITLE = Words(zh="会话记录", en="Transcript of your chat")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def post(house: House) -> AsyncGenerator[Email]:
    made = Email(house)
    async with made.running():
        yield made


async def letter_to(post: Email, address: str) -> str:
    """Subject and text of the letter that came."""
    async with asyncio.timeout(30):
        while not (letters := post.server.letters_to(address)):
            await asyncio.sleep(0.05)
    body = letters[0].get_body(("plain",))
    assert body is not None
    return f"{letters[0]['Subject']}\n{body.get_content()}"


async def test_a_transcript_goes_to_whom_the_visitor_says(house: House, post: Email) -> None:
    site: SiteAtTest = await make_site(house, mail=post.gateway_id)
    visitor = await site.visitor()
    await visitor.begins("请把记录发给我")
    async with asyncio.timeout(20):  # the conversation has heard it
        while "请把记录发给我" not in (await house.http.get(f"{site.url}/transcript", headers=visitor.headers)).text:
            await asyncio.sleep(0.02)
    address = f"w{uuid.uuid4().hex[:8]}@example.com"
    answer = await visitor.post("transcript/mail", to=address, language="zh")
    assert (answer.status_code, answer.json()) == (202, {"state": "sent"})
    letter = await letter_to(post, address)
    assert TITLE.zh in letter
    assert "请把记录发给我" in letter
    codes = [(await visitor.post("transcript/mail", to=address)).status_code for _ in range(3)]
    assert codes[-1] == 429  # nobody's mails are sent in heaps
    assert (await visitor.post("transcript/mail", to="a@b.example, c@d.example")).status_code == 422


async def test_a_site_without_mail_offers_the_download_only(house: House, post: Email) -> None:
    for settings in ({}, {"mail": "gw-nowhere"}):
        visitor = await (await make_site(house, **settings)).visitor()
        assert (await visitor.post("transcript/mail", to="a@b.example")).status_code == 409
    theirs = await make_site(house, tenant="rival", mail=post.gateway_id)
    assert (await (await theirs.visitor()).post("transcript/mail", to="a@b.example")).status_code == 409


async def test_a_message_left_is_answered_by_letter(house: House, post: Email) -> None:
    visitor = await (await make_site(house, mail=post.gateway_id)).visitor()
    address = f"w{uuid.uuid4().hex[:8]}@example.com"
    left = await visitor.post(
        "deposits", key=uuid.uuid4().hex, text="漏水了，请回信", email=address, name="王芳", language="zh"
    )
    assert (left.status_code, left.json()["by_mail"]) == (202, True)
    contact_id = left.json()["contact_id"]
    await house.router.decides(queued(contact_id, post.gateway_id, Channel.EMAIL))
    reply = MessageSent(uuid.uuid4().hex, contact_id, "agent", now_us(), "agent-7", "师傅下午到。")
    envelope = Envelope(reply.message_id, "/console", now_us(), "jinfeng", contact_id, reply)
    await house.producer.publish(CONVERSATION_MESSAGES, envelope, key=contact_id)
    letter = await letter_to(post, address)
    assert "网站留言" in letter
    assert "师傅下午到。" in letter
    assert "漏水了，请回信" in letter
