"""Clients as anybody outside would write them: signed, patient, harmless to repeat; and a call's life at the exchange."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from deploy.clients import gateway as gateway_module
from deploy.clients.gateway import GatewayClient, GatewayRefused, cloud_event
from deploy.clients.streams import Frame
from deploy.clients.switchboard import LegEnd, Switchboard
from shared.clock import VirtualClock
from shared.contracts.fields import SECOND
from shared.security import verify_webhook

SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()


class Scripted(httpx.AsyncBaseTransport):
    """Answers requests in the order given and remembers them."""

    def __init__(self, *answers: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return self.answers.pop(0)(request)


def accepted(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(202, json={"accepted": 1, "contacts": {"call-1": "c-1"}})


def busy(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, headers={"retry-after": "0"})


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("gone", request=request)


async def test_an_event_is_signed_and_repeated_with_its_own_id_until_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_module, "RETRY_SECONDS", 0)
    script = Scripted(busy, broken, accepted)
    client = GatewayClient("http://gateway", "gw-1", SECRET, transport=script)
    contacts = await client.send(cloud_event("ContactArrived", "call-1", 1, {"channel": "phone"}))
    assert contacts == {"call-1": "c-1"}
    assert len({json.loads(request.content)[0]["id"] for request in script.requests}) == 1
    assert all(verify_webhook(SECRET, dict(r.headers), r.content) for r in script.requests)
    assert {r.headers["ucc-gateway"] for r in script.requests} == {"gw-1"}


async def test_a_fax_is_signed_though_it_is_not_text() -> None:
    script = Scripted(lambda _request: httpx.Response(202, json={"contact_id": "c-1", "file_id": "f", "pages": 1}))
    client = GatewayClient("http://gateway", "gw-1", SECRET, transport=script)
    await client.fax(b"%PDF-1.7 \xe9\xff", {"business_line": "rental"})
    assert verify_webhook(SECRET, dict(script.requests[0].headers), script.requests[0].content)


async def test_a_refusal_for_good_is_an_error_a_closed_chat_an_answer() -> None:
    refuse = Scripted(
        lambda _r: httpx.Response(422, json={"title": "invalid"}), lambda _r: httpx.Response(409, json={})
    )
    client = GatewayClient("http://gateway", "gw-1", SECRET, transport=refuse)
    with pytest.raises(GatewayRefused, match="422"):
        await client.send(cloud_event("ContactArrived", "call-1", 1, {}))
    assert await client.write("chat-1", "m-1", "在吗") is False


async def test_a_broken_stream_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.clients.streams.RECONNECT_SECONDS", 0)

    def events(*lines: str) -> Callable[[httpx.Request], httpx.Response]:
        return lambda _r: httpx.Response(
            200, headers={"content-type": "text/event-stream"}, text="\n".join([*lines, "", ""])
        )

    script = Scripted(
        events("id: 7", "event: OfferMade", 'data: {"subject": "a"}'),
        broken,
        events("id: 8", "event: ContactClosed", 'data: {"subject": "a"}'),
    )
    client = GatewayClient("http://gateway", "gw-1", SECRET, transport=script)
    stream = client.stream()
    frames = [await anext(stream), await anext(stream)]
    assert [(frame.type, frame.cursor) for frame in frames] == [("OfferMade", "7"), ("ContactClosed", "8")]
    assert "last-event-id" not in script.requests[0].headers
    assert script.requests[2].headers["last-event-id"] == "7"


class Exchange:
    """A switchboard whose gateway is the test: what it hears and what it is told."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.board = Switchboard(self, self.clock)  # type: ignore[arg-type]  the part of a GatewayClient a leg uses

    async def send(self, event: dict[str, Any]) -> dict[str, str]:
        self.heard.append((event["type"], event["data"]))
        return {event["subject"]: "c-1"}

    def stream(self) -> AsyncIterator[Frame]:
        raise NotImplementedError

    def call(self, *, patience: int | None, talk: int | None) -> asyncio.Task[LegEnd]:
        self.leg = self.board.open("call-1", "phone" if talk is not None else "web")
        return asyncio.create_task(
            self.board.contact(
                self.leg,
                {"business_line": "rental"},
                patience=None if patience is None else patience * SECOND,
                talk=None if talk is None else lambda _agent: talk * SECOND,
            )
        )

    async def tell(self, kind: str, **body: Any) -> None:
        self.leg.frames.put_nowait(Frame(kind, {"contact_id": "c-1", **body}, ""))
        await self.settle()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def after(self, seconds: int) -> None:
        await self.settle()
        self.clock.advance(seconds * SECOND)
        await self.settle()

    @property
    def types(self) -> list[str]:
        return [kind for kind, _ in self.heard]


async def test_a_served_call_lasts_its_service_time() -> None:
    exchange = Exchange()
    call = exchange.call(patience=30, talk=60)
    await exchange.after(10)
    await exchange.tell("ContactAssigned", agent_id="a-1", offer_id="o-1", waited=10 * SECOND)
    await exchange.after(59)
    assert exchange.types == ["ContactArrived", "ContactConnected"]
    await exchange.after(1)
    assert exchange.heard[-1] == ("ContactEnded", {"by": "customer"})
    await exchange.tell("ContactClosed", end="served")
    ended = await call
    assert (ended.end, ended.waited, ended.talked, ended.assigned) == ("served", 10 * SECOND, 60 * SECOND, 1)


async def test_a_caller_leaves_at_their_patience() -> None:
    exchange = Exchange()
    call = exchange.call(patience=30, talk=60)
    await exchange.after(30)
    assert exchange.types == ["ContactArrived", "ContactAbandoned"]
    await exchange.tell("ContactClosed", end="abandoned_in_queue")
    ended = await call
    assert (ended.end, ended.assigned, ended.waited) == ("abandoned_in_queue", 0, 30 * SECOND)


async def test_an_assignment_that_crosses_the_leaving_is_not_connected() -> None:
    exchange = Exchange()
    call = exchange.call(patience=30, talk=60)
    await exchange.after(30)
    await exchange.tell("ContactAssigned", agent_id="a-1", offer_id="o-1", waited=30 * SECOND)
    await exchange.tell("ContactClosed", end="abandoned_while_offered")
    await call
    assert exchange.types == ["ContactArrived", "ContactAbandoned"]


async def test_the_agent_may_end_first() -> None:
    exchange = Exchange()
    call = exchange.call(patience=None, talk=600)
    await exchange.settle()
    await exchange.tell("ContactAssigned", agent_id="a-1", offer_id="o-1", waited=0)
    await exchange.tell("EndContact", command_id="k")
    assert exchange.heard[-1] == ("ContactEnded", {"by": "agent"})
    await exchange.tell("ContactClosed", end="served")
    assert (await call).end == "served"


async def test_a_web_contact_is_connected_and_ended_by_the_gateway_service() -> None:
    exchange = Exchange()
    visit = exchange.call(patience=300, talk=None)
    await exchange.settle()
    await exchange.tell("ContactAssigned", agent_id="a-1", offer_id="o-1", waited=0)
    await exchange.after(1_000)
    await exchange.tell("ContactClosed", end="served")
    await visit
    assert exchange.types == ["ContactArrived"]
    assert exchange.board.legs == {}
