"""The web channel as visitors' browsers meet it: sessions, streams that lose and repeat nothing, and what is refused."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CONVERSATION_MESSAGES
from shared.security import Role
from tests.integration.gateway.conftest import House, assigned, now_us, queued, token

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
