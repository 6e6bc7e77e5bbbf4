"""An answer by fax: drawn, shown in the conversation, sent once, reported; whatever breaks is said and not sent twice."""

from __future__ import annotations

import asyncio
import io
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageChops

from services.gateway import fax_store
from services.gateway.adapters.fax.directory import DirectoryTransport
from services.gateway.adapters.letters import LetterDrawer, _fonts
from services.gateway.domain.documents import TIFF
from services.gateway.domain.fax_transport import FaxResult, OutgoingFax
from services.gateway.domain.letters import Letter, Letterhead
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
    """The only line there is."""
    made = Line()
    monkeypatch.setattr(parts.fax_lines, "transport", lambda _tenant, _gateway_id: made)
    monkeypatch.setattr(outgoing_faxes, "KEEP_SECONDS", 0.05)
    return made


@pytest.fixture
async def messages(open_topic: Callable[[str], Any]) -> Topic:
    return await open_topic(CONVERSATION_MESSAGES)


async def received(house: House) -> tuple[str, str]:
    """A fax from +86 21 5555 1234; its contact and gateway."""
    gateway = await house.gateway()
    answer = await deposit(gateway, group4_tiff(1), **{"from": "021-5555 1234", "subject": uuid.uuid4().hex})
    assert answer.status_code == 202, answer.text
    return answer.json()["contact_id"], gateway.gateway_id


async def ask(house: House, contact_id: str, source: str = "/ivr", **changes: Any) -> str:
    """Publish a SendFax; its command id."""
    command_id = uuid.uuid4().hex
    fields = {
        "title": "关于您的租金账单与维修申请的答复",
        "body": BODY,
        "not_after": now_us() + 3_600_000_000,
        **changes,
    }
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
    monkeypatch.setitem(vars(parts.settings), "fax_retry_minutes", (0.0, 0.0))
    line.results = [FaxResult("busy"), FaxResult("no_answer"), FaxResult("no_carrier")]
    contact_id, _ = await received(house)
    command_id = await ask(house, contact_id)
    done = await job(house, command_id, "delivered", "failed")
    assert (done["state"], done["reason"], done["attempts"]) == ("failed", "no_carrier", 3)
    reported = await messages.until(of("FaxReported", contact_id), 30)
    assert (reported.data.outcome, reported.data.attempts, reported.data.reason) == ("failed", 3, "no_carrier")
    said = await messages.until(lambda e: of("MessageSent", contact_id)(e) and e.data.author == "system", 30)
    assert "no fax machine answered" in said.data.text


async def test_a_call_nobody_knows_the_end_of_is_never_repeated(house: House, line: Line, messages: Topic) -> None:
    line.results = [RuntimeError("the modem fell off the table")]
    contact_id, _ = await received(house)
    command_id = await ask(house, contact_id)
    done = await job(house, command_id, "delivered", "failed")
    assert (done["state"], done["reason"], len(line.sent)) == ("failed", "unknown", 1)
    reported = await messages.until(of("FaxReported", contact_id), 30)
    assert (reported.data.outcome, reported.data.reason) == ("failed", "unknown")


@pytest.mark.parametrize(
    ("traced", "state", "calls"),
    [(FaxResult("delivered", 1), "delivered", 0), (FaxResult("unknown"), "failed", 0), (None, "delivered", 1)],
)
async def test_a_sender_that_died_is_traced_before_anything_is_sent(
    house: House, parts: Parts, line: Line, traced: FaxResult | None, state: str, calls: int
) -> None:
    """What a dead instance leaves: a job that is being sent, by nobody who is heard of."""
    line.traces = [traced]
    contact_id, _ = await received(house)
    command_id = uuid.uuid4().hex
    async with worker_transaction(parts.worker) as connection:
        file_id = await connection.fetchval("SELECT file_id FROM files WHERE contact_id = $1", contact_id)
        left = fax_store.NewJob(
            "jinfeng", command_id, contact_id, "ivr", "+862155551234", "t", "F-1", now_us() + 10**10, file_id, 1
        )
        await fax_store.add_job(connection, left)
        await connection.execute(
            "UPDATE fax_jobs SET state = 'sending', attempts = 1, sender = 'dead', heard_at = now() - interval '5 minutes' "
            "WHERE job_id = $1", command_id,
        )  # fmt: skip
    done = await job(house, command_id, "delivered", "failed")
    assert (done["state"], done["attempts"], len(line.sent)) == (state, 1, calls)


async def test_an_instance_that_was_taken_over_says_nothing(house: House, parts: Parts, line: Line) -> None:
    """It was stopped in the middle of a call; meanwhile another traced the job and finished it."""
    contact_id, _ = await received(house)
    command_id = await ask(house, contact_id)
    await job(house, command_id, "delivered")
    async with worker_transaction(parts.worker) as connection:
        late = fax_store.ClaimedJob("jinfeng", command_id, contact_id, "+1", "f", 1, 1, 0, adopted=False)
        assert not await fax_store.finish_job(connection, late, "stopped", "failed", "busy")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"to": "12"}, "no_number"), ({"template": "poster"}, "no_template"), ({"body": "很长。\n" * 1_500}, "too_long")],
)
async def test_what_cannot_be_sent_is_reported_at_once(
    house: House, line: Line, messages: Topic, changes: dict[str, Any], reason: str
) -> None:
    contact_id, _ = await received(house)
    command_id = await ask(house, contact_id, **changes)
    done = await job(house, command_id, "failed")
    assert (done["reason"], done["file_id"], line.sent) == (reason, None, [])
    reported = await messages.until(of("FaxReported", contact_id), 30)
    assert (reported.data.command_id, reported.data.reason, reported.data.attempts) == (command_id, reason, 0)


async def test_too_late_is_too_late(house: House, line: Line, parts: Parts) -> None:
    contact_id, _ = await received(house)
    stale = await ask(house, contact_id, not_after=now_us() - 1_000_000)
    assert (await job(house, stale, "failed"))["reason"] == "too_late"
    line.results = [FaxResult("busy")]
    retried = await ask(house, contact_id, not_after=now_us() + 20_000_000)  # the first retry would come after a minute
    done = await job(house, retried, "failed")
    assert (done["reason"], done["attempts"]) == ("busy", 1)


async def test_without_a_line_nothing_is_promised(house: House) -> None:
    contact_id, _ = await received(house)
    assert (await job(house, await ask(house, contact_id), "failed"))["reason"] == "no_line"


async def in_hand(house: House, contact_id: str, agent_id: str = "agent-7") -> dict[str, str]:
    """The contact is the agent's; a token of theirs."""
    await house.rows("UPDATE gateway.contacts SET agent_id = $2 WHERE contact_id = $1", contact_id, agent_id)
    return token(Role.AGENT, agent_id=agent_id)


async def test_an_agent_looks_at_the_letter_and_sends_it(house: House, line: Line) -> None:
    contact_id, _ = await received(house)
    agent = await in_hand(house, contact_id)
    letter = {"title": "答复", "body": BODY}
    seen = await house.http.post("/v1/faxes/preview.png", json={**letter, "contact_id": contact_id}, headers=agent)
    assert (seen.status_code, seen.headers["content-type"], seen.headers["ucc-pages"]) == (200, "image/png", "1")
    click = {**agent, "Idempotency-Key": "click-1"}
    sent = await house.http.post(f"/v1/contacts/{contact_id}/faxes", json=letter, headers=click)
    assert (sent.status_code, sent.json()["pages"]) == (202, 1)
    again = await house.http.post(f"/v1/contacts/{contact_id}/faxes", json=letter, headers=click)
    assert again.json() == sent.json()
    await job(house, sent.json()["command_id"], "delivered")
    assert len(line.sent) == 1
    listed = (await house.http.get("/v1/faxes/outgoing", params={"contact_id": contact_id}, headers=agent)).json()[
        "items"
    ]
    assert [(f["state"], f["number"], f["requested_by"], f["reference"]) for f in listed] == [
        ("delivered", "***1234", "agent-7", sent.json()["reference"])
    ]
    overseer = await house.http.get("/v1/faxes/outgoing", params={"limit": 1}, headers=token(Role.SUPERVISOR))
    assert overseer.json()["items"][0]["number"] == "+862155551234"
    after = overseer.json()["next"]
    older = await house.http.get("/v1/faxes/outgoing", params={"cursor": after}, headers=token(Role.SUPERVISOR))
    assert older.status_code == 200
    assert sent.json()["command_id"] not in {f["fax_id"] for f in older.json()["items"]}


async def test_wrong_letters_are_refused_in_words(house: House, line: Line) -> None:
    contact_id, _ = await received(house)
    agent = await in_hand(house, contact_id)
    path = f"/v1/contacts/{contact_id}/faxes"
    for letter, field_name, code in (
        ({"title": "x", "body": "很长。\n" * 1_500}, "body", "too_long"),
        ({"title": "x", "to": "twelve"}, "to", "no_number"),
        ({"title": "x", "template": "poster"}, "template", "no_template"),
    ):
        for where in (path, "/v1/faxes/preview.png"):
            given = letter if where == path else {**letter, "contact_id": contact_id}
            answer = await house.http.post(where, json=given, headers=agent)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field_name)
            assert answer.json()["errors"][0]["code"] == code
    for wrong in ({}, {"title": " "}, {"title": "a\nb"}, {"title": "x", "colour": "red"}):
        assert (await house.http.post(path, json=wrong, headers=agent)).status_code == 422
    others = token(Role.AGENT, agent_id="agent-8")
    assert (await house.http.post(path, json={"title": "x"}, headers=others)).status_code == 409
    rival = token(Role.AGENT, tenant="rival", agent_id="agent-7")
    assert (await house.http.post(path, json={"title": "x"}, headers=rival)).status_code == 404
    assert line.sent == []


async def test_a_line_of_the_house_sorts_and_answers(
    house: House, tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch, messages: Topic, contact_events: Topic
) -> None:
    """A gateway row of kind `fax`: its entry says whose fax it is and that the ivr answers first; its folder takes the answer."""
    monkeypatch.setitem(vars(parts.settings), "fax_folder", str(tmp_path))
    settings = {
        "entries": [{"entry": "+862160001000", "business_line": "rental", "self_service": True, "language": "zh"}],
        "letterhead": {"name": "金丰易居", "phone": "021-5555 0100"},
    }
    made = await house.http.post(
        "/v1/gateways", json={"title": "Fax", "kind": "fax", "settings": settings}, headers=token(Role.ADMIN)
    )
    assert made.status_code == 201, made.text
    answer = await house.http.post(
        "/v1/faxes", headers={"Authorization": f"ApiKey {made.json()['api_key']}"},
        data={"from": "+86 21 5555 1234", "to": "+862160001000"}, files={"file": ("f.tiff", group4_tiff(1))},
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    contact_id = answer.json()["contact_id"]
    arrived = (await contact_events.until(of("ContactArrived", contact_id), 30)).data
    assert (arrived.business_line, arrived.self_service, arrived.language) == ("rental", True, "zh")
    command_id = await ask(house, contact_id)
    assert (await job(house, command_id, "delivered", "failed"))["state"] == "delivered"
    (file,) = (tmp_path / "jinfeng").iterdir()
    assert file.name == f"{command_id}-862155551234.tiff"
    wrong = {"title": "Fax", "kind": "fax", "settings": {"transport": "/etc/passwd"}}
    assert (await house.http.post("/v1/gateways", json=wrong, headers=token(Role.ADMIN))).status_code == 422


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="no Tesseract here")
async def test_what_a_fax_says_travels_with_it_and_is_found_again(
    house: House, contact_events: Topic, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own letter, faxed back to us, upside down: read, announced with its text, shown upright, found by its words."""
    monkeypatch.setattr(parts.reader, "_languages", "chi_sim+eng")
    monkeypatch.setattr(house.http, "timeout", httpx.Timeout(200))
    marker = f"合同编号{uuid.uuid4().int % 10**8:08d}"
    drawn = await LetterDrawer().compose(
        Letter(
            Letterhead("王芳"), "+86 21 6000 1000", "关于热水器维修的请求", f"{BODY}\n{marker}", "2026年3月5日", "F-1"
        ),
        1,
    )
    with Image.open(io.BytesIO(drawn.tiff)) as sheet:
        turned = io.BytesIO()
        sheet.rotate(180).save(turned, "TIFF", compression="group4", dpi=(204, 196))
    gateway = await house.gateway()
    answer = (await deposit(gateway, turned.getvalue(), subject=uuid.uuid4().hex)).json()
    arrived = (await contact_events.until(of("ContactArrived", answer["contact_id"]), 30)).data
    assert "热水器维修" in arrived.text
    agent = token(Role.AGENT)
    (page,) = (await house.http.get(f"/v1/files/{answer['file_id']}/pages", headers=agent)).json()["items"]
    assert (page["page"], page["turned"]) == (1, True)
    assert page["confidence"] > 75
    found = (await house.http.get("/v1/files", params={"query": "热水器 维修的"}, headers=agent)).json()["items"]
    assert answer["file_id"] in {item["file_id"] for item in found}
    assert all("热水器维修的" in "".join(item["excerpt"].split()) for item in found)
    rival = token(Role.AGENT, tenant="rival")
    assert (await house.http.get("/v1/files", params={"query": "热水器"}, headers=rival)).json()["items"] == []
    assert (await house.http.get(f"/v1/files/{answer['file_id']}/pages", headers=rival)).status_code == 404
    assert (await house.http.get("/v1/files", params={"query": " x "}, headers=agent)).status_code == 422
    shown = await house.http.get(f"/v1/files/{answer['file_id']}/pages/1.png", headers=agent)
    with Image.open(io.BytesIO(shown.content)) as upright, Image.open(io.BytesIO(drawn.pngs[0])) as original:
        apart = ImageChops.difference(upright.convert("L"), original.convert("L")).histogram()
        assert sum(apart[200:]) < 0.01 * upright.width * upright.height


async def test_a_file_in_the_folder_is_a_fax_that_was_sent(tmp_path: Path) -> None:
    fax = OutgoingFax("jinfeng", "job-1", 1, "+862155551234", 1, b"II*\x00")
    folder = DirectoryTransport(tmp_path)
    assert await folder.trace(fax) is None
    assert await folder.send(fax) == await folder.send(fax) == await folder.trace(fax) == FaxResult("delivered", 1)
    assert (tmp_path / "in the way").write_bytes(b"") == 0
    assert await DirectoryTransport(tmp_path / "in the way").send(fax) == FaxResult("failed")
