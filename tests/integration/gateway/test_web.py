"""The web channel as visitors' browsers meet it: sessions, streams that lose and repeat nothing, and what is refused."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from shared.contracts.channel_commands import Choice, Gather, PlayPrompt, Utterance
from shared.contracts.conversation_messages import MessageSent, MessageStateChanged, PromptAnswered, TypingShown
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CHANNEL_COMMANDS, CONVERSATION_MESSAGES
from shared.security import Role
from tests.integration.gateway.conftest import House, assigned, closed, now_us, queued, token

IDENTITY_KEY = "a secret the site and this row share"
SETTINGS: dict[str, Any] = {
    "lines": [{"business_line": "rental", "title": {"zh": "租房", "en": "Renting"}}],
    "entries": [{"entry": "/contact", "business_line": "rental", "self_service": False}],
    "origins": ["https://homes.example"],
    "identity_key": IDENTITY_KEY,
    "sessions_per_minute": 10_000,
    "messages_per_minute": 10_000,
}


@dataclass
class SiteAtTest:
    """A row of kind web, and visitors of it."""

    house: House
    gateway_id: str

    @property
    def url(self) -> str:
        return f"/v1/web/{self.gateway_id}"

    async def visitor(self, **wish: str) -> VisitorAtTest:
        answer = await self.house.http.post(f"{self.url}/sessions", json=wish)
        assert answer.status_code == 201, answer.text
        return VisitorAtTest(self, answer.json()["token"])


@dataclass
class VisitorAtTest:
    site: SiteAtTest
    token: str
    contact_id: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.site.house.http.post(f"{self.site.url}/{path}", json=body or None, headers=self.headers)

    async def begins(self, text: str = "漏水了", **more: Any) -> str:
        answer = await self.post("contacts", key=uuid.uuid4().hex, business_line="rental", text=text, **more)
        assert answer.status_code == 202, answer.text
        self.contact_id = answer.json()["contact_id"]
        return self.contact_id

    async def says(self, text: str, key: str | None = None) -> httpx.Response:
        return await self.post("messages", key=key or uuid.uuid4().hex, text=text)

    @contextlib.asynccontextmanager
    async def stream(self, cursor: int | None = None) -> AsyncIterator[VisitorFrames]:
        headers = {**self.headers, **({"Last-Event-ID": str(cursor)} if cursor is not None else {})}
        url = f"{self.site.url}/stream"
        async with self.site.house.http.stream("GET", url, headers=headers, timeout=30) as response:
            assert response.status_code == 200
            yield VisitorFrames(response)

    async def hears(self, text: str) -> str:
        """An agent writes."""
        reply = MessageSent(uuid.uuid4().hex, self.contact_id, "agent", now_us(), "agent-7", text)
        envelope = Envelope(reply.message_id, "/console", reply.sent_at, "jinfeng", self.contact_id, reply)
        await self.site.house.producer.publish(CONVERSATION_MESSAGES, envelope, key=self.contact_id)
        return reply.message_id


@dataclass
class VisitorFrames:
    response: httpx.Response
    lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.response.aiter_lines()

    async def next(self, seconds: float = 15) -> tuple[int | None, dict[str, Any]]:
        """The next frame with its number (None for what only passes by)."""
        number: int | None = None
        async with asyncio.timeout(seconds):
            async for line in self.lines:
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    return number, json.loads(line[6:])
        raise AssertionError("the stream ended")

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        while True:
            _, frame = await self.next()
            if frame["type"] == kind and all(frame.get(k) == v for k, v in fields.items()):
                return frame


async def make_site(house: House, tenant: str = "jinfeng", **changes: Any) -> SiteAtTest:
    body = {"title": "Site", "kind": "web", "settings": {**SETTINGS, **changes}}
    answer = await house.http.post("/v1/gateways", json=body, headers=token(Role.ADMIN, tenant=tenant))
    assert answer.status_code == 201, answer.text
    return SiteAtTest(house, answer.json()["gateway_id"])


@pytest.fixture
async def site(house: House) -> SiteAtTest:
    return await make_site(house)


async def test_a_conversation_both_ways(site: SiteAtTest, contact_events: Any) -> None:
    visitor = await site.visitor()
    async with visitor.stream() as stream:
        _, snapshot = await stream.next()
        assert (snapshot["messages"], snapshot["state"]) == ([], None)
        contact_id = await visitor.begins(
            page={"url": "https://u:p@homes.example/flat/7?secret=1#x", "title": "<b>Flat 7</b>"}
        )
        arrived = await contact_events.until(lambda e: e.data.contact_id == contact_id)
        assert arrived.data.entry == "/contact"
        assert not arrived.data.self_service
        assert (arrived.data.address_kind, arrived.data.identity) == ("web", "claimed")
        first = await stream.until("message")
        assert (first["message"]["author"], first["message"]["text"]) == ("customer", "漏水了")
        await site.house.router.decides(queued(contact_id, site.gateway_id, Channel.WEB))
        await stream.until("state", state="waiting")
        await site.house.router.decides(assigned(contact_id, site.gateway_id, f"o-{contact_id}", Channel.WEB))
        await stream.until("state", state="agent")
        await visitor.hears("马上来")
        heard = await stream.until("message")
        assert heard["message"]["author"] == "agent"
        assert "agent_id" not in heard["message"]
    answer = await site.house.http.get(f"/v1/contacts/{contact_id}/conversation", headers=token(Role.AGENT))
    assert [m["text"] for m in answer.json()["items"]] == ["漏水了", "马上来"]
    assert answer.json()["page"]["url"] == "https://homes.example/flat/7"
    assert answer.json()["page"]["title"] == "<b>Flat 7</b>"


async def test_no_frame_is_lost_or_repeated_when_the_line_breaks_after_each(site: SiteAtTest) -> None:
    visitor = await site.visitor()
    cursor: int | None = None
    seen: list[tuple[int | None, dict[str, Any]]] = []

    async def read_one() -> None:
        """One connection, one frame, and it breaks."""
        nonlocal cursor
        async with visitor.stream(cursor) as stream:
            while True:
                number, frame = await stream.next()
                if number is not None:
                    cursor = number
                    seen.append((number, frame))
                    return

    await read_one()
    contact_id = await visitor.begins("0")
    await site.house.router.decides(queued(contact_id, site.gateway_id, Channel.WEB))
    await site.house.router.decides(assigned(contact_id, site.gateway_id, f"o-{contact_id}", Channel.WEB))
    expected = ["0"]
    for n in range(1, 9):  # more is said while the page comes and goes
        if n % 2:
            await visitor.hears(str(n))
        else:
            assert (await visitor.says(str(n))).status_code == 202
        expected.append(str(n))
        await read_one()
    while sum(frame["type"] == "message" for _, frame in seen) < len(expected):
        await read_one()
    assert [f["message"]["text"] for _, f in seen if f["type"] == "message"] == expected
    assert sorted(f["state"] for _, f in seen if f["type"] == "state") == ["agent", "waiting"]
    numbers = [number or 0 for number, _ in seen[1:]]
    assert numbers == sorted(set(numbers))
    async with visitor.stream() as stream:
        _, snapshot = await stream.next()
    assert [m["text"] for m in snapshot["messages"]] == expected
    assert snapshot["state"]["state"] == "agent"


async def test_every_tab_of_a_visitor_sees_the_same_and_strangers_nothing(site: SiteAtTest) -> None:
    visitor, stranger = await site.visitor(), await site.visitor()
    async with visitor.stream() as one, visitor.stream() as two, stranger.stream() as other:
        for stream in (one, two, other):
            await stream.next()
        await visitor.begins("for my tabs only")
        await stranger.begins("something else")
        for stream in (one, two):
            assert (await stream.until("message"))["message"]["text"] == "for my tabs only"
        assert (await other.until("message"))["message"]["text"] == "something else"
    text = (await site.house.http.get(f"{site.url}/transcript", headers=stranger.headers)).text
    assert "something else" in text
    assert "for my tabs only" not in text


async def test_the_same_message_twice_is_one(site: SiteAtTest) -> None:
    visitor = await site.visitor()
    contact_id = await visitor.begins()
    key = uuid.uuid4().hex
    answers = [await visitor.says("nur einmal", key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["message_id"] for answer in answers}) == 1
    async with asyncio.timeout(15):
        while len(items := await _conversation(site.house, contact_id)) < 2:
            await asyncio.sleep(0.02)
    assert [item["text"] for item in items] == ["漏水了", "nur einmal"]
    again = [await visitor.post("contacts", key="the-same-key", text="x") for _ in range(2)]
    assert len({answer.json()["contact_id"] for answer in again}) == 1
    assert again[0].json()["joined"]  # the conversation was open already


async def _conversation(house: House, contact_id: str) -> list[dict[str, Any]]:
    answer = await house.http.get(f"/v1/contacts/{contact_id}/conversation", headers=token(Role.AGENT))
    assert answer.status_code == 200
    return answer.json()["items"]


async def test_only_a_token_of_this_site_opens(site: SiteAtTest) -> None:
    visitor, elsewhere = await site.visitor(), await (await make_site(site.house)).visitor()
    head, mark, tail = visitor.token.rpartition(".")
    altered = head + mark + ("A" if tail[0] != "A" else "B") + tail[1:]
    staff = token(Role.ADMIN)["Authorization"].removeprefix("Bearer ")
    for wrong in ("none", "nonsense", altered, elsewhere.token, staff, "x" * 10_000):
        for path in ("stream", "transcript"):
            answer = await site.house.http.get(f"{site.url}/{path}", headers={"Authorization": f"Bearer {wrong}"})
            assert answer.status_code == 401
    assert (await VisitorAtTest(site, altered).post("contacts", key="some-key-1", text="x")).status_code == 401
    made = (await site.house.http.post(f"{site.url}/sessions", json={"token": visitor.token})).json()
    assert made["same"]
    assert not (await site.house.http.post(f"{site.url}/sessions", json={"token": elsewhere.token})).json()["same"]


def _word(key: str = IDENTITY_KEY, **claims: Any) -> str:
    said = {"id": "customer-7", "name": "王芳", "exp": int(time.time()) + 600, **claims}
    return jwt.encode({"alg": "HS256"}, said, OctKey.import_key(key.encode()))


async def test_the_sites_word_makes_a_visitor_known(site: SiteAtTest, contact_events: Any) -> None:
    visitor = await site.visitor(identity=_word())
    contact_id = await visitor.begins("hello")
    arrived = (await contact_events.until(lambda e: e.data.contact_id == contact_id)).data
    assert (arrived.identity, arrived.address_kind, arrived.address) == ("verified", "web", "customer-7")
    assert arrived.display_name == "王芳"
    async with asyncio.timeout(20):
        while not await _conversation(site.house, contact_id):
            await asyncio.sleep(0.02)
    other_browser = await site.visitor(identity=_word())
    async with other_browser.stream() as stream:
        _, snapshot = await stream.next()
    assert [m["text"] for m in snapshot["messages"]] == ["hello"]
    signed_out = await site.visitor(token=visitor.token)
    async with signed_out.stream() as stream:
        assert (await stream.next())[1]["messages"] == []
    for wrong in (_word(key="another secret of thirty-two bytes"), _word(exp=int(time.time()) - 1), _word(id=""), "x.y.z",
                  _word(exp=int(time.time()) + 10**7)):  # fmt: skip
        assert (await site.house.http.post(f"{site.url}/sessions", json={"identity": wrong})).status_code == 401


async def test_only_listed_pages_may_embed(site: SiteAtTest) -> None:
    http = site.house.http
    ours, foreign = {"Origin": "https://homes.example"}, {"Origin": "https://evil.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = await http.options(f"{site.url}/messages", headers={**ours, **asked})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://homes.example"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    assert (await http.options(f"{site.url}/messages", headers={**foreign, **asked})).status_code == 403
    assert (await http.post(f"{site.url}/sessions", json={}, headers=foreign)).status_code == 403
    refused = await http.post(f"{site.url}/messages", json={}, headers=ours)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://homes.example"  # the widget can read why


async def test_too_much_at_once_is_refused(house: House) -> None:
    site = await make_site(house, sessions_per_minute=3, messages_per_minute=4)
    visitors = [await site.visitor() for _ in range(3)]
    answer = await house.http.post(f"{site.url}/sessions", json={})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    await visitors[0].begins()
    codes = [(await visitors[0].says("more")).status_code for _ in range(5)]
    assert codes[-1] == 429
    await visitors[1].begins()  # each visitor for themselves


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("page.png", b"<html><script>alert(1)</script>", 415),
        ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 415),
        ("run.exe", b"MZ\x90\x00\x03\x00\x00\x00", 415),
        ("empty.txt", b"", 415),
        ("large.txt", b"a" * 70_000, 413),
    ],
)
async def test_files_that_are_not_taken(house: House, name: str, body: bytes, status: int) -> None:
    site = await make_site(house, uploads={"max_bytes": 65_536})
    visitor = await site.visitor()
    await visitor.begins()
    query = {"key": uuid.uuid4().hex, "name": name}
    answer = await house.http.post(f"{site.url}/files", params=query, content=body, headers=visitor.headers)
    assert answer.status_code == status


async def test_a_file_both_sides_can_read_and_no_browser_runs(house: House) -> None:
    site = await make_site(house, uploads={"per_contact": 2})
    visitor, stranger = await site.visitor(), await site.visitor()
    contact_id = await visitor.begins()
    url, query = f"{site.url}/files", {"key": uuid.uuid4().hex, "name": "../../<b>tap</b>.html"}
    sent = [await house.http.post(url, params=query, content=PNG, headers=visitor.headers) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [202, 202]
    assert len({answer.json()["message_id"] for answer in sent}) == 1
    file = sent[0].json()
    assert file["name"].endswith(".png")
    assert "<" not in file["name"]
    assert "/" not in file["name"]
    for where, headers in ((url, visitor.headers), ("/v1/files", token(Role.AGENT))):
        got = await house.http.get(f"{where}/{file['file_id']}", headers=headers)
        assert got.content == PNG
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"].startswith("sandbox")
        assert got.headers["content-type"] == "image/png"
    assert (await house.http.get(f"{url}/{file['file_id']}", headers=stranger.headers)).status_code == 404
    second = {"key": uuid.uuid4().hex, "name": "b.txt"}
    assert (await house.http.post(url, params=second, content=b"note", headers=visitor.headers)).status_code == 202
    third = {"key": uuid.uuid4().hex, "name": "c.txt"}
    assert (await house.http.post(url, params=third, content=b"more", headers=visitor.headers)).status_code == 409
    async with asyncio.timeout(15):
        while not [m for m in await _conversation(house, contact_id) if m["attachments"]]:
            await asyncio.sleep(0.02)


async def test_buttons_of_a_question_and_their_answer(site: SiteAtTest, open_topic: Any) -> None:
    messages = await open_topic(CONVERSATION_MESSAGES)
    visitor = await site.visitor()
    async with visitor.stream() as stream:
        await stream.next()
        contact_id = await visitor.begins("hello")
        await site.house.router.decides(queued(contact_id, site.gateway_id, Channel.WEB))
        await stream.until("state", state="waiting")
        choices = (Choice("1", "租房"), Choice("2", "报修"))
        step = f"step-{contact_id[:8]}"
        prompt = PlayPrompt(
            uuid.uuid4().hex, contact_id, now_us() + 30_000_000, "ivr", step, (Utterance("需要什么？"),),
            Gather("digits", choices=choices),
        )  # fmt: skip
        envelope = Envelope(prompt.command_id, "/ivr", now_us(), "jinfeng", contact_id, prompt)
        await site.house.producer.publish(CHANNEL_COMMANDS, envelope, key=contact_id)
        shown = await stream.until("choices")
        assert [c["label"] for c in shown["choices"]] == ["租房", "报修"]
        bot = await stream.until("message", contact_id=contact_id)
        while bot["message"]["author"] != "bot":
            bot = await stream.until("message")
        assert bot["message"]["message_id"] == shown["after"]
        async with visitor.stream() as another:
            _, snapshot = await another.next()
            assert snapshot["choices"]["step"] == step
        await visitor.says("报修")
        answered = await messages.until(lambda e: isinstance(e.data, PromptAnswered) and e.data.step == step)
        assert (answered.data.outcome, answered.data.digits) == ("digits", "2")


async def test_writing_and_reading_are_seen_on_the_other_side(site: SiteAtTest, open_topic: Any) -> None:
    messages = await open_topic(CONVERSATION_MESSAGES)
    visitor = await site.visitor()
    async with visitor.stream() as stream:
        await stream.next()
        contact_id = await visitor.begins()
        mine = (await stream.until("message"))["message"]["message_id"]
        typing = TypingShown(uuid.uuid4().hex, contact_id, "agent", now_us())
        read = MessageStateChanged(uuid.uuid4().hex, contact_id, mine, "read", now_us())
        for said in (typing, read):
            envelope = Envelope(said.message_id, "/console", now_us(), "jinfeng", contact_id, said)
            await site.house.producer.publish(CONVERSATION_MESSAGES, envelope, key=contact_id)
        seen = [await stream.next(), await stream.next()]
        assert {"type": "typing", "author": "agent"} in [frame for _, frame in seen]
        assert {"type": "receipt", "message_id": mine, "state": "read"} in [frame for _, frame in seen]
        theirs = await visitor.hears("ok?")
        await stream.until("message")
    assert (await visitor.post("typing")).status_code == 204
    assert (await visitor.post("receipts", state="read", message_ids=[theirs])).status_code == 204
    assert (
        await messages.until(lambda e: isinstance(e.data, TypingShown) and e.data.author == "customer")
    ).tenant == "jinfeng"
    async with asyncio.timeout(15):
        while (await _conversation(site.house, contact_id))[-1]["state"] != "read":
            await asyncio.sleep(0.02)


async def test_who_left_the_page_is_let_go_and_goes_on_later(house: House, contact_events: Any) -> None:
    site = await make_site(house, idle_minutes=0.02)
    visitor = await site.visitor()
    contact_id = await visitor.begins("anybody there?")
    await house.router.decides(queued(contact_id, site.gateway_id, Channel.WEB))
    ended = await contact_events.until(
        lambda e: type(e.data).__name__ == "ContactEnded" and e.data.contact_id == contact_id, seconds=30
    )
    assert (ended.data.by, ended.data.reason) == ("customer", "left")
    await house.router.decides(closed(contact_id, site.gateway_id, Channel.WEB))
    async with asyncio.timeout(15):
        while (await visitor.says("hello again")).status_code != 409:
            await asyncio.sleep(0.02)
        again = await visitor.post("contacts", key=uuid.uuid4().hex, text="I am back", business_line="rental")
        assert again.json()["continues"] == contact_id
        while "I am back" not in [m["text"] for m in await _conversation(house, again.json()["contact_id"])]:
            await asyncio.sleep(0.02)
    items = await _conversation(house, again.json()["contact_id"])
    assert "anybody there?" in [item["text"] for item in items]
    assert "system" in [item["author"] for item in items]  # that they had left


async def test_a_message_left_is_a_contact_that_says_where_its_answer_goes(
    site: SiteAtTest, contact_events: Any
) -> None:
    visitor = await site.visitor()
    nowhere = await visitor.post("deposits", key=uuid.uuid4().hex, text="Call me")
    assert nowhere.status_code == 422
    left = await visitor.post("deposits", key=uuid.uuid4().hex, text="Call me", phone="138 0000 0000", language="en")
    assert left.status_code == 202
    assert not left.json()["by_mail"]
    contact_id = visitor.contact_id = left.json()["contact_id"]
    arrived = (await contact_events.until(lambda e: e.data.contact_id == contact_id)).data
    assert (arrived.channel, arrived.address_kind, arrived.address) == ("web", "phone", "138 0000 0000")
    async with visitor.stream() as stream:
        assert (await stream.next())[1]["state"] is None  # it is no conversation of theirs
    await visitor.hears("reads nobody")
    async with asyncio.timeout(20):
        while True:
            answer = await site.house.http.get(f"/v1/contacts/{contact_id}/conversation", headers=token(Role.AGENT))
            if [m for m in answer.json()["items"] if m["state"] == "failed"]:
                break
            await asyncio.sleep(0.05)
    assert answer.json()["answer_to"] == "138 0000 0000"
    assert any("138 0000 0000" in (m["text"] or "") for m in answer.json()["items"] if m["author"] == "system")


async def test_the_widget_is_light_and_compared_before_it_is_sent_again(site: SiteAtTest) -> None:
    http = site.house.http
    first = await http.get("/widget/ucc-chat.js")
    assert first.status_code == 200
    assert len(first.content) <= 46 * 1024
    again = await http.get("/widget/ucc-chat.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert (await http.get("/widget/nothing.js")).status_code == 404
    page = await http.get(f"/widget/demo/{site.gateway_id}", params={"lang": "en"})
    assert "script-src 'self'" in page.headers["content-security-policy"]
    config = await http.get(f"{site.url}/config")
    assert config.json()["open"]
    assert "identity" not in config.text
    unchanged = await http.get(f"{site.url}/config", headers={"If-None-Match": config.headers["etag"]})
    assert unchanged.status_code == 304
