"""Turns told once a change, notes no customer sees, the word at a chat's close, and ratings: stars, a key, a link used once."""

from __future__ import annotations

import asyncio
import re
import uuid
from dataclasses import replace
from typing import Any

from services.gateway.domain.sessions import HeldContact
from services.gateway.handlers import ratings
from shared.contracts.contact_events import ConversationTurned, RatingGiven, RatingInvited
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CONVERSATION_MESSAGES
from shared.security import Role
from tests.integration.gateway.conftest import House, assigned, closed, now_us, queued, token
from tests.integration.gateway.test_web import SiteAtTest, VisitorAtTest, make_site


async def served(site: SiteAtTest) -> VisitorAtTest:
    """A visitor whom agent-7 has."""
    visitor = await site.visitor()
    contact_id = await visitor.begins()
    await site.house.router.decides(queued(contact_id, site.gateway_id, Channel.WEB))
    offer = replace(assigned(contact_id, site.gateway_id, f"o-{contact_id}", Channel.WEB), agent_id="agent-7")
    await site.house.router.decides(offer)
    async with visitor.stream() as stream:
        _, snapshot = await stream.next()
        if (snapshot["state"] or {}).get("state") != "agent":
            await stream.until("state", state="agent")
    return visitor


async def told(contact_events: Any, contact_id: str, kind: type[Any]) -> Any:
    event = await contact_events.until(lambda e: isinstance(e.data, kind) and e.data.contact_id == contact_id)
    return event.data


async def test_the_router_hears_of_turns_not_of_messages(house: House, contact_events: Any) -> None:
    site = await make_site(house)
    visitor = await served(site)
    for words in ("马上来", "请稍等"):
        await visitor.hears(words)
    turns: dict[str, str] = {}

    def heard(many: int, event: Any) -> bool:
        if isinstance(event.data, ConversationTurned) and event.data.contact_id == visitor.contact_id:
            turns[event.id] = event.data.to
        return len(turns) >= many

    await contact_events.until(lambda e: heard(1, e))
    for words in ("好的", "还在吗？"):
        assert (await visitor.says(words)).is_success
    await contact_events.until(lambda e: heard(2, e))
    await visitor.hears("在的")
    await contact_events.until(lambda e: heard(3, e))
    assert list(turns.values()) == ["customer", "agent", "customer"]


async def test_a_note_among_colleagues_never_reaches_the_visitor(house: House) -> None:
    site = await make_site(house)
    visitor = await served(site)
    async with visitor.stream() as stream:
        await stream.next()
        note = MessageSent(
            uuid.uuid4().hex, visitor.contact_id, "agent", now_us(), "agent-9", "客户很着急", audience="staff"
        )
        envelope = Envelope(note.message_id, "/console", note.sent_at, "jinfeng", visitor.contact_id, note)
        await house.producer.publish(CONVERSATION_MESSAGES, envelope, key=visitor.contact_id)
        await visitor.hears("您好")
        frame = await stream.until("message")
        assert frame["message"]["text"] == "您好"
    async with visitor.stream() as again:
        _, snapshot = await again.next()
    assert [m["text"] for m in snapshot["messages"]] == ["漏水了", "您好"]
    answer = await house.http.get(f"/v1/contacts/{visitor.contact_id}/conversation", headers=token(Role.AGENT))
    shown = {m["text"]: m["audience"] for m in answer.json()["items"]}
    assert shown["客户很着急"] == "staff"


async def test_a_chat_closed_for_silence_says_so_and_asks_how_it_was(house: House, contact_events: Any) -> None:
    site = await make_site(house)
    visitor, stranger = await served(site), await site.visitor()
    over = replace(
        closed(visitor.contact_id, site.gateway_id, Channel.WEB),
        by="system", reason="no_answer_from_customer", rating_scale=5, agent_id="agent-7",
    )  # fmt: skip
    async with visitor.stream() as stream:
        await stream.next()
        await house.router.decides(over)
        state = await stream.until("state", state="ended")
        assert state["rating"] == 5
        notice = await stream.until("message")
        assert notice["message"]["author"] == "bot"
        assert "closed" in notice["message"]["text"]
    assert (await told(contact_events, visitor.contact_id, RatingInvited)).scale == 5
    assert (await stranger.post("rating", contact_id=visitor.contact_id, score=1)).status_code == 404
    assert (await visitor.post("rating", contact_id=visitor.contact_id, score=6)).status_code == 409
    assert (await visitor.post("rating", contact_id=visitor.contact_id, score=4)).status_code == 202
    again = await visitor.post("rating", contact_id=visitor.contact_id, score=1)
    assert (again.status_code, again.json()["type"]) == (409, "urn:ucc:problem:rated_already")
    given = await told(contact_events, visitor.contact_id, RatingGiven)
    assert (given.score, given.scale, given.via) == (4, 5, "web")
    async with visitor.stream() as stream:
        _, snapshot = await stream.next()
    assert snapshot["state"]["rating"] is None  # not asked again


async def test_a_link_opens_one_question_once(house: House, contact_events: Any) -> None:
    """Sent where messages are sent; good for this contact, this gateway and one answer."""
    site, other = await make_site(house), await make_site(house)
    visitor = await served(site)
    sms = replace(closed(visitor.contact_id, site.gateway_id, Channel.WEB), rating_scale=5, agent_id="agent-7")
    await house.router.decides(sms)
    await told(contact_events, visitor.contact_id, RatingInvited)
    parts = house.app.state.parts
    parts_with = replace(
        parts, settings=parts.settings.model_copy(update={"gateway_public_url": "https://ucc.example/"})
    )
    held = HeldContact("jinfeng", visitor.contact_id, Channel.SMS, 0, gateway_id=site.gateway_id)
    link = ratings.link_of(parts_with, held)
    assert link is not None
    path = re.sub(r"^https://ucc\.example", "", link)
    page = await house.http.get(path, params={"lang": "en"})
    assert page.status_code == 200
    assert "How satisfied" in page.text
    assert "script" not in page.headers["content-security-policy"].replace("default-src 'none'", "")
    assert (await house.http.get(path.replace(site.gateway_id, other.gateway_id))).status_code == 404
    assert (await house.http.get(path[:-3] + "abc")).status_code == 404
    assert (await house.http.get(f"/rate/{site.gateway_id}/{visitor.token}")).status_code == 404
    first, second = await asyncio.gather(
        *(house.http.post(path, data={"score": score, "lang": "en"}) for score in (2, 5))
    )
    assert sorted("Thank you, we have" in answer.text for answer in (first, second)) == [False, True]
    given = await told(contact_events, visitor.contact_id, RatingGiven)
    assert (given.via, given.scale) == ("link", 5)
