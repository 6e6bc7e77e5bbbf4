"""A fax over real lines: received, read, matched, answered by fax, and received by the other side as a readable page."""

from __future__ import annotations

import asyncio
import shutil
import time
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from PIL import Image

from deploy.asterisk.plan import ExchangePlan, Trunk
from services.gateway.adapters.asterisk.ari import Ari
from services.gateway.adapters.asterisk.dialling import Answerer, CallOutcome, Dialler
from services.gateway.adapters.asterisk.faxing import AsteriskFax, AsteriskFaxSettings
from services.gateway.adapters.asterisk.shared_folder import SharedFolder
from services.gateway.adapters.letters import LetterDrawer
from services.gateway.domain.fax_transport import FaxResult, OutgoingFax
from services.gateway.domain.letters import Letter, Letterhead
from shared.contracts.conversation_messages import FaxReported
from shared.contracts.routing_decisions import ContactClosed, ContactEnd, SelfServiceAwaited
from tests.brokers import free_port
from tests.telephony.exchange import Exchange, find, free_udp_port
from tests.telephony.house import FAX, House, settings_of_gateway
from tests.telephony.phone import HOST, Phone, until
from tests.telephony.settings import set_up

THEIRS = "+862166600001"
"""The fax number of the customer."""
PASSWORD = "an-exchange-of-tests"
DEMO = Path(__file__).parents[2] / "deploy" / "demo"
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
NEEDED = "tesseract"


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def customers() -> AsyncGenerator[Exchange]:
    """The other side: an exchange of a customer with a fax machine."""
    root = find()
    if root is None:
        pytest.skip("no Asterisk here")
    exchange = Exchange(root)
    first = 41_000 + free_port() % 10_000
    exchange.set_up(
        ExchangePlan(
            app="customer", ari_password=PASSWORD, http_port=free_port(), sip_bind=HOST, sip_port=free_udp_port(),
            rtp_first=first, rtp_last=first + 200, trunks=(Trunk(host=HOST, codecs=("ulaw",)),), fax_lines=(THEIRS,),
        )
    )  # fmt: skip
    await exchange.start()
    yield exchange
    exchange.remove()


def line_of(exchange: Exchange, to: Exchange, number: str) -> AsteriskFax:
    """The fax machine at one exchange, dialling the other."""
    plan = exchange.plan
    assert plan is not None
    settings = AsteriskFaxSettings(dial=_dial(to), caller_id=number, station=number)

    def ari(app: str) -> Ari:
        return Ari(exchange.ari_url, plan.ari_user, plan.ari_password, app)

    return AsteriskFax(settings, SharedFolder(**exchange.shared_folder), ari, plan.app)


def _dial(to: Exchange) -> str:
    return f"PJSIP/trunk/sip:{{number}}@{HOST}:{to.sip[1]}"


async def page(body: str) -> bytes:
    """A letter as a customer writes it, ready for the line."""
    letter = Letter(Letterhead("王芳"), FAX, "咨询", body, "2026-11-22", "-", "zh")
    return (await LetterDrawer().compose(letter, 1)).tiff


def a_fax(number: str, tiff: bytes) -> OutgoingFax:
    return OutgoingFax("customer", uuid.uuid4().hex, 1, number, 1, tiff)


@pytest.mark.skipif(shutil.which(NEEDED) is None, reason=f"no {NEEDED} here, which reads faxes")
async def test_a_fax_is_read_matched_and_answered_by_fax(house: House, customers: Exchange) -> None:
    await set_up(house, {**_usual(house), "fax": {"dial": _dial(customers), "caller_id": FAX, "station": FAX}})
    await asyncio.to_thread(_teach, house)
    answered = customers.folder / "shared" / "in"
    before = set(answered.glob("*.done"))
    line = line_of(customers, house.exchange, THEIRS)
    sent = await line.send(a_fax(FAX, await page("请问租房押金要交几个月？可以按月付房租吗？")))
    assert sent == FaxResult("delivered", 1)
    came = await _first(house, SelfServiceAwaited)
    report = await house.hears(FaxReported, came.contact_id, seconds=150)
    assert (report.outcome, report.pages) == ("delivered", 1)
    closed = await house.hears(ContactClosed, came.contact_id)
    assert closed.end == ContactEnd.SELF_SERVED
    await until(lambda: len(set(answered.glob("*.done")) - before) == 1, "the answer was received")
    (slip,) = set(answered.glob("*.done")) - before
    assert "status=SUCCESS" in slip.read_text()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with Image.open(slip.with_suffix(".tif")) as received:
        assert received.width == 1728
        received.convert("L").resize((864, round(received.height * 204 / 196 / 2))).save(PICTURES / "fax-answer.png")


def _usual(house: House) -> dict[str, object]:
    return settings_of_gateway(house, f"http://{HOST}:{house.wire.port}/ari")


def _teach(house: House) -> None:
    """The demo tenant's answer about deposits and its fax dialogue."""
    questions = yaml.safe_load((DEMO / "questions.yaml").read_text(encoding="utf-8"))["questions"]
    deposit = next(q for q in questions if q["id"] == "rental-deposit") | {"group": "care", "reason": None}
    others = [q | {"group": "care", "reason": None} for q in questions if q["id"] in ("rental-pets", "rental-viewing")]
    body = yaml.safe_dump({"questions": [deposit, *others]}, allow_unicode=True).encode()
    dialogue = (DEMO / "dialogues" / "fax.yaml").read_bytes()
    administration = house.administration()
    headers = {"content-type": "application/yaml"}
    try:
        done = administration.call("POST", "ivr", "/v1/questions:import", content=body, headers=headers)
        assert done["rejected"] == 0, done
        administration.call("PUT", "ivr", "/v1/dialogues/fax", content=dialogue, headers=headers)
    finally:
        administration.close()


async def _first(house: House, kind: type[SelfServiceAwaited]) -> SelfServiceAwaited:
    """The contact of the fax just sent: reading takes a while."""
    known = len(house.decisions)

    def faxes() -> list[SelfServiceAwaited]:
        return [d for d in house.decisions if isinstance(d, kind) and d.channel == "fax"]

    await until(lambda: bool(faxes()), f"a fax is announced (after {known} decisions)", seconds=120)
    return faxes()[-1]


async def test_a_line_without_a_machine_is_told_from_a_busy_one(house: House, customers: Exchange) -> None:
    tiff = await page("你好")
    phone = await Phone.open("nobody", customers.sip, manner="busy")
    try:
        settings = AsteriskFaxSettings(dial=f"PJSIP/trunk/sip:{{number}}@{HOST}:{phone.port}", station=THEIRS)
        plan = customers.plan
        assert plan is not None
        busy = AsteriskFax(
            settings, SharedFolder(**customers.shared_folder),
            lambda app: Ari(customers.ari_url, plan.ari_user, plan.ari_password, app), plan.app,
        )  # fmt: skip
        fax = a_fax("123", tiff)
        assert await busy.send(fax) == FaxResult("busy")
        assert await busy.trace(fax) == FaxResult("busy"), "who asks after a crash learns it"
        assert await busy.trace(a_fax("123", tiff)) is None, "what never began may be sent"
    finally:
        phone.close()


async def test_a_placed_call_says_whether_it_rang_was_answered_busy_or_unobtainable(customers: Exchange) -> None:
    plan = customers.plan
    assert plan is not None
    dialler = Dialler(lambda app: Ari(customers.ari_url, plan.ari_user, plan.ari_password, app), plan.app)
    phone = await Phone.open("callee", customers.sip, manner="answer", hertz=600)
    there = f"PJSIP/trunk/sip:callee@{HOST}:{phone.port}"
    rings: list[float] = []
    try:
        async with dialler.line():

            async def place(name: str, endpoint: str, seconds: int = 30) -> CallOutcome:
                placed = await dialler.place_call(
                    f"{name}-{uuid.uuid4().hex[:8]}", endpoint, caller_id="4000", seconds=seconds,
                    rang=lambda: rings.append(time.monotonic()),
                )  # fmt: skip
                return placed.outcome

            attempt = f"attempt-{uuid.uuid4().hex[:8]}"
            answered = await dialler.place_call(attempt, there, caller_id="4000", seconds=30)
            assert (answered.outcome, answered.rang) == (CallOutcome.ANSWERED, True)
            again = await dialler.place_call(attempt, there, caller_id="4000", seconds=30)
            assert again.outcome is CallOutcome.FAILED, "the same attempt is not dialled twice"
            await dialler.hang_up(attempt)
            machine = await dialler.place_call(
                f"screened-{uuid.uuid4().hex[:8]}", there, caller_id="4000", seconds=30, screen=True
            )
            assert machine.answerer is Answerer.MACHINE, "who talks on and on is none who says hello and waits"
            phone.manner = "busy"
            assert await place("busy", there) is CallOutcome.BUSY
            phone.manner = "reject"
            assert await place("reject", there) is CallOutcome.REJECTED
            phone.manner = "ring"
            assert await place("ring", there, seconds=2) is CallOutcome.NO_ANSWER
            assert rings, "progress is told"
            assert await place("nothing", "PJSIP/nobody-has-this-name") is CallOutcome.FAILED
    finally:
        phone.close()
