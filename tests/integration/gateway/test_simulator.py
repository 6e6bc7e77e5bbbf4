"""The telephone in the browser: a call from dialling to its end, secure digits that go nowhere, and whose call it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from shared.contracts.channel_commands import Choice, EndContact, Gather, PlayPrompt, Utterance
from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CHANNEL_COMMANDS, CONVERSATION_MESSAGES
from shared.security import Role
from tests.integration.gateway.conftest import House, Topic, assigned, closed, now_us, queued, token
from tests.integration.gateway.test_web import VisitorFrames

NUMBER = "+8617400000001"
SETTINGS = {
    "entries": [{"entry": "100", "business_line": "rental", "self_service": True, "title": "Main number"}],
    "callers": [{"label": "王芳", "number": NUMBER}],
}


@dataclass
class Call:
    house: House
    gateway_id: str
    token: str
    contact_id: str
    cursor: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.house.http.post(
            f"/v1/simulator/{self.gateway_id}/calls/{path}", json=body, headers=self.headers
        )

    def stream(self) -> Any:
        headers = {**self.headers, "Last-Event-ID": str(self.cursor)}
        return self.house.http.stream(
            "GET", f"/v1/simulator/{self.gateway_id}/calls/stream", headers=headers, timeout=30
        )

    async def is_asked(self, step: str, **gather: Any) -> None:
        """The ivr asks something."""
        prompt = PlayPrompt(
            uuid.uuid4().hex, self.contact_id, now_us() + 30_000_000, "ivr", step, (Utterance("请选择。", audio="abcdef0123456789"),),
            Gather("digits", choices=(Choice("1", "租房"),), **gather), "pin" if gather.get("secure") else None,
        )  # fmt: skip
        envelope = Envelope(prompt.command_id, "/ivr", now_us(), "jinfeng", self.contact_id, prompt)
        await self.house.producer.publish(CHANNEL_COMMANDS, envelope, key=self.contact_id)


@pytest.fixture
async def gateway_id(house: House) -> str:
    body = {"title": "Telephone", "kind": "simulator", "settings": SETTINGS}
    answer = await house.http.post("/v1/gateways", json=body, headers=token(Role.ADMIN))
    assert answer.status_code == 201, answer.text
    return answer.json()["gateway_id"]


async def dial(house: House, gateway_id: str, **more: Any) -> Call:
    answer = await house.http.post(f"/v1/simulator/{gateway_id}/calls", json={"entry": "100", **more})
    assert answer.status_code == 202, answer.text
    return Call(house, gateway_id, **answer.json())


async def test_a_call_from_dialling_to_its_end(
    house: House, gateway_id: str, contact_events: Topic, open_topic: Any
) -> None:
    messages = await open_topic(CONVERSATION_MESSAGES)
    config = await house.http.get(f"/v1/simulator/{gateway_id}/config")
    assert config.json()["callers"] == [{"label": "王芳"}]  # the number stays here
    call = await dial(house, gateway_id, caller=0)
    arrived = (await contact_events.until(lambda e: e.data.contact_id == call.contact_id)).data
    assert (arrived.channel, arrived.address, arrived.self_service) == ("phone", NUMBER, True)
    async with call.stream() as response:
        stream = VisitorFrames(response)
        await house.router.decides(queued(call.contact_id, gateway_id))
        await stream.until("state", state="waiting")
        await call.is_asked("s-menu")
        prompt = await stream.until("prompt")
        assert prompt["say"][0]["text"] == "请选择。"
        assert prompt["gather"]["choices"] == [{"key": "1", "label": "租房"}]
        assert (await call.post("answer", step="s-menu", outcome="digits", digits="1")).status_code == 204
        answered = await messages.until(
            lambda e: isinstance(e.data, PromptAnswered) and e.data.contact_id == call.contact_id
        )
        assert (answered.data.outcome, answered.data.digits) == ("digits", "1")
        offer = f"o-{call.contact_id}"
        await house.router.decides(assigned(call.contact_id, gateway_id, offer))
        await stream.until("state", state="connected")
        connected = await contact_events.until(lambda e: getattr(e.data, "offer_id", None) == offer, seconds=20)
        assert connected.data.contact_id == call.contact_id
        end = EndContact(uuid.uuid4().hex, call.contact_id, now_us() + 30_000_000, "agent-7")
        envelope = Envelope(end.command_id, "/console", now_us(), "jinfeng", call.contact_id, end)
        await house.producer.publish(CHANNEL_COMMANDS, envelope, key=call.contact_id)
        ended = await contact_events.until(
            lambda e: type(e.data).__name__ == "ContactEnded" and e.data.contact_id == call.contact_id, seconds=20
        )
        assert ended.data.by == "agent"
        await house.router.decides(closed(call.contact_id, gateway_id))
        await stream.until("state", state="ended")


async def test_secure_digits_go_nowhere(house: House, gateway_id: str, open_topic: Any) -> None:
    messages = await open_topic(CONVERSATION_MESSAGES)
    call = await dial(house, gateway_id)
    await call.is_asked("s-pin", secure=True, max_digits=6)
    assert (await call.post("verify", step="s-pin", digits="271828")).status_code == 204
    answered = await messages.until(
        lambda e: isinstance(e.data, PromptAnswered) and e.data.contact_id == call.contact_id
    )
    assert (answered.data.outcome, answered.data.digits) == ("refused", None)  # no profile answers here: never verified
    assert not [r for r in messages.records if b"271828" in (r.value or b"")]


async def test_hanging_up_and_whose_call_it_is(house: House, gateway_id: str, contact_events: Topic) -> None:
    call = await dial(house, gateway_id)
    other = await house.http.post(
        "/v1/gateways", json={"title": "Another", "kind": "simulator", "settings": SETTINGS}, headers=token(Role.ADMIN)
    )
    stranger = Call(house, other.json()["gateway_id"], call.token, call.contact_id, 0)
    assert (await stranger.post("hang-up")).status_code == 401
    assert [(await call.post("hang-up")).status_code for _ in range(2)] == [202, 202]
    ended = await contact_events.until(
        lambda e: type(e.data).__name__ == "ContactEnded" and e.data.contact_id == call.contact_id
    )
    assert ended.data.by == "customer"
    nobody = await house.http.post(f"/v1/simulator/{gateway_id}/calls", json={"entry": "100", "caller": 7})
    assert nobody.status_code == 404
    page = await house.http.get(f"/try/{gateway_id}", params={"lang": "en"})
    assert page.status_code == 200
    assert "frame-src 'self'" in page.headers["content-security-policy"]
