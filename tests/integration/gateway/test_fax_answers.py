"""An answer by fax: drawn, shown in the conversation, sent once, reported; whatever breaks is said and not sent twice."""

from __future__ import annotations

import asyncio
import difflib
import io
import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.gateway import fax_store
from services.gateway.adapters.fax.directory import DirectoryTransport
from services.gateway.adapters.letters import _fonts
from services.gateway.adapters.pages import render
from services.gateway.adapters.reading import PageReader
from services.gateway.domain.documents import TIFF
from services.gateway.domain.fax_transport import FaxResult, OutgoingFax
from services.gateway.handlers import outgoing_faxes
from services.gateway.parts import Parts
from shared.contracts.channel_commands import SendFax
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CHANNEL_COMMANDS, CONVERSATION_MESSAGES
from shared.postgres import worker_transaction
from shared.security import Role
from tests.integration.gateway.conftest import House, Topic, now_us, token
from tests.integration.gateway.test_faxes import deposit, group4_tiff

pytestmark = pytest.mark.skipif(not _fonts()[1], reason="no font with Chinese characters here")

BODY = """尊敬的王女士：

您好！您3月1日支付的租金人民币3,500元已经到账，账单上的滞纳金系统误计，我们已经冲销。

维修师傅将于星期五下午两点至四点上门，届时会提前半小时致电与您确认。"""


@dataclass
class Line:
    """A line whose calls end as the test says; it counts how often paper came out on the other side."""

    results: list[FaxResult | Exception] = field(default_factory=list)
    traces: list[FaxResult | None] = field(default_factory=list)
    sent: list[OutgoingFax] = field(default_factory=list)

    async def send(self, fax: OutgoingFax) -> FaxResult:
        self.sent.append(fax)
        result = self.results.pop(0) if self.results else FaxResult("delivered", fax.pages)
        if isinstance(result, Exception):
            raise result
        return result

    async def trace(self, fax: OutgoingFax) -> FaxResult | None:
        return self.traces.pop(0)


@pytest.fixture
def parts(house: House) -> Parts:
    return house.app.state.parts


@pytest.fixture
def line(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line()
    monkeypatch.setattr(parts.fax_lines, "transport", lambda _tenant, _gateway_id: made)
    monkeypatch.setattr(outgoing_faxes, "KEEP_SECONDS", 0.05)
    return made


@pytest.fixture
async def messages(open_topic: Callable[[str], Any]) -> AsyncIterator[Topic]:
    yield await open_topic(CONVERSATION_MESSAGES)


async def received(house: House) -> tuple[str, str]:
    """A fax from +86 21 5555 1234; its contact and gateway."""
    gateway = await house.gateway()
    answer = await deposit(gateway, group4_tiff(1), **{"from": "021-5555 1234", "subject": uuid.uuid4().hex})
    assert answer.status_code == 202, answer.text
    return answer.json()["contact_id"], gateway.gateway_id


async def ask(house: House, contact_id: str, source: str = "/ivr", **changes: Any) -> str:
    """Publish a SendFax; its command id."""
    command_id = uuid.uuid4().hex
    fields = {"title": "关于您的租金账单与维修申请的答复", "body": BODY, "not_after": now_us() + 3_600_000_000, **changes}
    command = SendFax(command_id, contact_id, requested_by="ivr" if source == "/ivr" else "agent-7", **fields)
    envelope = Envelope(command_id, source, now_us(), "jinfeng", contact_id, command)
    await house.producer.publish(CHANNEL_COMMANDS, envelope, key=contact_id)
    return command_id


async def job(house: House, command_id: str, *states: str) -> Any:
    """The job's row, once it is in one of the states."""
    async with asyncio.timeout(30):
        while True:
            rows = await house.rows("SELECT * FROM gateway.fax_jobs WHERE job_id = $1", command_id)
            if rows and rows[0]["state"] in states:
                return rows[0]
            await asyncio.sleep(0.05)


def of(kind: str, contact_id: str) -> Callable[[Envelope[Any]], bool]:
    return lambda e: e.type == kind and e.data.contact_id == contact_id


async def test_an_answer_is_drawn_shown_sent_and_reported(house: House, line: Line, messages: Topic) -> None:
    contact_id, _ = await received(house)
    command_id = await ask(house, contact_id)
    done = await job(house, command_id, "delivered", "failed")
    assert (done["state"], done["number"], done["attempts"], done["pages"]) == ("delivered", "+862155551234", 1, 1)
    assert [(fax.number, fax.attempt) for fax in line.sent] == [("+862155551234", 1)]
    shown = await messages.until(lambda e: of("MessageSent", contact_id)(e) and e.data.author == "bot", 30)
    assert [(a.media_type, a.pages) for a in shown.data.attachments] == [(TIFF, 1)]
    reported = await messages.until(of("FaxReported", contact_id), 30)
    assert (reported.data.outcome, reported.data.pages, reported.data.command_id) == ("delivered", 1, command_id)
    agent = token(Role.AGENT)
    page = await house.http.get(f"/v1/files/{shown.data.attachments[0].file_id}/pages/1.png", headers=agent)
    assert Image.open(io.BytesIO(page.content)).width == 1240
    with Image.open(io.BytesIO(line.sent[0].tiff)) as tiff:
        assert (tiff.size, tiff.info["compression"], tiff.info["dpi"]) == ((1728, 2292), "group4", (204, 196))
        assert tiff.tag_v2[262] == 0  # type: ignore[attr-defined]  # white is zero, as fax programs expect


async def test_the_same_command_twice_is_one_fax(house: House, line: Line, parts: Parts) -> None:
    contact_id, _ = await received(house)
    command_id = await ask(house, contact_id)
    await job(house, command_id, "delivered")
    command = SendFax(command_id, contact_id, now_us() + 10**9, "ivr", "又一次", body="x")
    await outgoing_faxes.accept(parts, Envelope(command_id, "/ivr", now_us(), "jinfeng", contact_id, command))
    assert len(line.sent) == 1
    assert len(await house.rows("SELECT 1 FROM gateway.fax_jobs WHERE contact_id = $1", contact_id)) == 1


async def test_busy_is_tried_again_and_given_up_after_the_last_time(
    house: House, line: Line, messages: Topic, monkeypatch: pytest.MonkeyPatch, parts: Parts
) -> None:
    monkeypatch.setattr(type(parts.settings), "fax_retry_minutes", (0.0, 0.0), raising=False)
    object.__setattr__(parts.settings, "fax_retry_minutes", (0.0, 0.0))
    line.results = [FaxResult("busy"), FaxResult("no_answer"), FaxResult("no_carrier")]
    contact_id, _ = await received(house)
    command_id = await ask(house, contact_id)
    done = await job(house, command_id, "delivered", "failed")
    assert (done["state"], done["reason"], done["attempts"]) == ("failed", "no_carrier", 3)
    reported = await messages.until(of("FaxReported", contact_id), 30)
    assert (reported.data.outcome, reported.data.attempts, reported.data.reason) == ("failed", 3, "no_carrier")
    said = await messages.until(lambda e: of("MessageSent", contact_id)(e) and e.data.author == "system", 30)
    assert "no fax machine answered" in said.data.text
