"""Nothing is dialled around the gate: what outbound refuses, and what it does not answer, never rings."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from deploy.embedded import EmbeddedBroker, create_database, fresh_name
from shared.contracts.dial_results import AttemptEnded, AttemptRang
from shared.contracts.fields import SECOND
from shared.contracts.wire import CONTACT_EVENTS
from tests.conftest import Broker
from tests.integration.gateway.conformance.driver import create_channel
from tests.integration.gateway.conftest import House, Topic, now_us, open_house, serving
from tests.integration.gateway.test_attempts import ALWAYS, dialling
from tests.integration.gateway.test_callbacks import asked, dialled, ringing
from tests.integration.gateway.test_simulator import NUMBER, SETTINGS


class Door:
    """Outbound's `POST /v1/authorisations`, which answers as it is told."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | None = {"allowed": False, "reason": "opted_out"}
        self.asked: list[dict[str, Any]] = []

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/authorisations")
        async def authorise(request: Request) -> JSONResponse:
            self.asked.append(await request.json())
            return JSONResponse({"title": "away"}, 503) if self.answer is None else JSONResponse(self.answer)

        return app


async def _refused_then_called(house: House, door: Door, contact_events: Topic) -> None:
    made = await create_channel(house, "simulator", SETTINGS)
    gateway = made["gateway_id"]
    _, callback_id = await asked(house, gateway, contact_events)
    for attempt, answer in (("a1", {"allowed": False, "reason": "opted_out"}), ("a2", None)):
        door.answer = answer
        await house.router.decides(dialled(callback_id, gateway, attempt))
        failed = await contact_events.until(lambda e, a=attempt: getattr(e.data, "attempt_id", None) == a, 30)
        assert (failed.type, failed.data.outcome) == ("DialFailed", "cancelled")
    door.answer = {"allowed": True}
    await house.router.decides(dialled(callback_id, gateway, "a3"))
    assert await ringing(house, gateway) == "a3"
    assert door.asked[0] == {
        "tenant": "jinfeng", "attempt_id": "a1", "contact_id": callback_id, "number": NUMBER, "purpose": "requested_callback",
    }  # fmt: skip


async def _campaign_refused(house: House, door: Door) -> None:
    async with dialling(house, ALWAYS) as row:
        wanted = row.wanted(first="agent", caller_id="+862155550100")
        await row.asks(wanted)
        wish = (
            await row.contact_events.until(lambda e: getattr(e.data, "attempt", None) == wanted.attempt_id, 30)
        ).data
        door.answer = {"allowed": False, "reason": "cap_24h"}
        port, _ = house.app.state.channels.port(row.gateway_id, "simulator")
        again = dialled(wish.callback_id, row.gateway_id, wanted.attempt_id)
        assert await port.begin_dial(again) is None
        assert (door.asked[-1]["purpose"], door.asked[-1]["campaign"]) == ("marketing", "c1")
        failed = {"attempt_id": wanted.attempt_id, "outcome": "cancelled"}
        subject = (await _kept(house, wanted.attempt_id))["subject"]
        await port.report("DialFailed", subject, "failed", failed)
        over = await row.told(AttemptEnded, wanted.attempt_id)
        assert (over.outcome, over.reason) == ("cancelled", "cap_24h")
        allowed = row.wanted(first="agent", caller_id="+862155550100", not_after=now_us() + 60 * SECOND)
        await row.asks(allowed)
        wish = (
            await row.contact_events.until(lambda e: getattr(e.data, "attempt", None) == allowed.attempt_id, 30)
        ).data
        door.answer = {"allowed": True}
        begun = await port.begin_dial(dialled(wish.callback_id, row.gateway_id, allowed.attempt_id))
        assert begun is not None
        assert (begun.fresh, begun.caller_id) == (True, "+862155550100")
        assert (await row.told(AttemptRang, allowed.attempt_id)).rang_at is None


async def _kept(house: House, attempt_id: str) -> Any:
    async with house.app.state.parts.worker.acquire() as connection:
        return await connection.fetchrow("SELECT subject FROM attempts WHERE attempt_id = $1", attempt_id)


async def test_the_gate_is_asked_before_every_call_back(postgres_server: str, migrated_template: str) -> None:
    """A gateway and a broker of its own: another's consumer groups would take half of what is asked."""
    door, embedded = Door(), EmbeddedBroker()
    broker = Broker(embedded.bootstrap_servers, "in-memory", 4)
    database_url = create_database(postgres_server, fresh_name("ucc_gate"), template=migrated_template)
    async with serving(door.app()) as url:
        async with open_house(database_url, broker, authorise_dials=True, outbound_url=url) as house:
            contact_events = Topic(broker, CONTACT_EVENTS)
            await contact_events.open()
            await _refused_then_called(house, door, contact_events)
            await _campaign_refused(house, door)
            await contact_events.close()
