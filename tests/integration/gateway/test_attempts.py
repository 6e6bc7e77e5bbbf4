"""Outbound's calls on the simulated network: dialled once, each with the one outcome it has, whatever is said twice or too late."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from services.gateway import attempt_store
from services.gateway.adapters.web.tokens import Visitor, seal
from services.gateway.api import refusals
from services.gateway.domain.attempts import attempt_of
from shared.contracts import routing_decisions as decided
from shared.contracts.contact_events import ContactArrived
from shared.contracts.dial_requests import Announcement, CancelCall, DialRequest, PlaceCall, TellAttempt
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND, Channel
from shared.contracts.wire import CONSENTS, DIAL_REQUESTS, DIAL_RESULTS
from shared.postgres import worker_transaction
from shared.security import Role
from tests.integration.gateway.conformance.driver import create_channel, restart
from tests.integration.gateway.conftest import House, Topic, assigned, closed, now_us, token

NUMBER = "+8613900000001"
ENTRIES = [{"entry": "100", "business_line": "rental", "self_service": True}]
ALWAYS = {"person": 1, "machine": 0, "fax": 0, "busy": 0, "sit_vacant": 0, "sit_intercept": 0, "sit_reorder": 0, "failed": 0,
          "person_rings": [2, 0.1], "told_after": 0.1, "talks": [0.5, 0], "announcement": 0.2, "patience": 600, "refuses": 1}  # fmt: skip
NOBODY = {**ALWAYS, "person": 0}


@dataclass
class Dialling:
    """A gateway row that dials, and what it says."""

    house: House
    gateway_id: str
    results: Topic
    consents: Topic
    contact_events: Topic

    def wanted(self, **changes: Any) -> PlaceCall:
        attempt_id = f"c1.{uuid.uuid4().hex}.1"
        call = PlaceCall(
            attempt_id, "c1", "r1", self.gateway_id, now_us() + 20 * SECOND, "rental-repair", "rental", "marketing",
            ring_seconds=20, number=NUMBER, display_name="王芳",
            announcement=Announcement("本次来电来自金凤租房", refusal_key="9"),
        )  # fmt: skip
        return dataclasses.replace(call, **changes)

    async def asks(self, *requests: DialRequest) -> None:
        for request in requests:
            envelope = Envelope(uuid.uuid4().hex, "/outbound", now_us(), "jinfeng", request.attempt_id, request)
            await self.house.producer.publish(DIAL_REQUESTS, envelope, key=request.campaign)

    async def told(self, kind: type[Any], attempt_id: str, **fields: Any) -> Any:
        found = await self.results.until(
            lambda e: (
                isinstance(e.data, kind)
                and e.data.attempt_id == attempt_id
                and all(getattr(e.data, name) == value for name, value in fields.items())
            ),
            30,
        )
        return found.data

    async def arrived(self, attempt_id: str) -> ContactArrived:
        return (await self.contact_events.until(lambda e: getattr(e.data, "attempt", None) == attempt_id, 30)).data

    async def distinct(self, attempt_id: str) -> list[str]:
        """Types of the facts told of an attempt; one told again has its id and counts once."""
        for _ in range(3):
            await self.results.fetch(100)
        return sorted(kind for kind, _ in {(e.type, e.id) for e in self.results.envelopes() if e.subject == attempt_id})


@asynccontextmanager
async def dialling(house: House, network: dict[str, Any]) -> AsyncIterator[Dialling]:
    made = await create_channel(house, "simulator", {"entries": ENTRIES, "network": network})
    topics = [Topic(house.broker, name) for name in (DIAL_RESULTS, CONSENTS, "contact-events")]
    for topic in topics:
        await topic.open()
    yield Dialling(house, made["gateway_id"], *topics)
    for topic in topics:
        await topic.close()


@pytest.fixture
async def people(house: House) -> AsyncIterator[Dialling]:
    """Everybody answers after about two seconds."""
    async with dialling(house, ALWAYS) as open_row:
        yield open_row


async def test_a_person_answers_and_talks_with_an_agent(people: Dialling) -> None:
    wanted = people.wanted()
    await people.asks(wanted, wanted)
    arrived = await people.arrived(wanted.attempt_id)
    assert (arrived.answered, arrived.campaign, arrived.group) == (True, "c1", "rental-repair")
    assert (arrived.address, arrived.display_name) == (NUMBER, "王芳")
    answered = await people.told(AttemptAnswered, wanted.attempt_id)
    assert answered.contact_id == arrived.contact_id
    offer = f"o-{uuid.uuid4().hex}"
    taken = dataclasses.replace(assigned(arrived.contact_id, people.gateway_id, offer), unoffered=True)
    queued_first = _queued(arrived.contact_id, people.gateway_id)
    await people.house.router.decides(queued_first, taken)
    connected = await people.told(AttemptConnected, wanted.attempt_id)
    assert connected.agent_id == "agent-7"
    await people.contact_events.until(lambda e: e.type == "ContactEnded" and e.subject == arrived.contact_id, 30)
    await people.house.router.decides(closed(arrived.contact_id, people.gateway_id))
    over = await people.told(AttemptEnded, wanted.attempt_id)
    assert (over.outcome, over.reason) == ("talked", "hung_up_by_customer")
    rang = await people.told(AttemptRang, wanted.attempt_id)
    assert rang.placed_at <= answered.connected_at <= connected.at
    await people.asks(wanted, TellAttempt(wanted.attempt_id, "c1", people.gateway_id))
    assert await people.distinct(wanted.attempt_id) == [
        "AttemptAnswered", "AttemptConnected", "AttemptEnded", "AttemptRang", "AttemptRang",
    ]  # fmt: skip
    assert await _number_kept(people.house, wanted.attempt_id) is None, "the person is forgotten with the outcome"


async def test_who_is_connected_before_the_answer_is_told_is_told_in_order(people: Dialling) -> None:
    """The router hears of a person first; on a loaded machine its decision overtakes the answer's own fact."""
    wanted = people.wanted()
    await people.asks(wanted)
    await people.told(AttemptRang, wanted.attempt_id)
    contact_id = attempt_of("jinfeng", wanted).contact_id
    taken = dataclasses.replace(assigned(contact_id, people.gateway_id, f"o-{uuid.uuid4().hex}"), unoffered=True)
    await people.house.router.decides(_queued(contact_id, people.gateway_id), taken)
    connected = await people.told(AttemptConnected, wanted.attempt_id)
    assert connected.agent_id == "agent-7"
    facts = [e.type for e in people.results.envelopes() if e.subject == wanted.attempt_id]
    assert facts.index("AttemptAnswered") < facts.index("AttemptConnected")


async def test_nobody_comes_and_the_announcement_is_heard(people: Dialling) -> None:
    wanted = people.wanted()
    await people.asks(wanted)
    arrived = await people.arrived(wanted.attempt_id)
    await people.told(AttemptAnswered, wanted.attempt_id)
    given_up = dataclasses.replace(
        closed(arrived.contact_id, people.gateway_id), end=decided.ContactEnd.ABANDONED_IN_QUEUE, by="system"
    )
    await people.house.router.decides(_queued(arrived.contact_id, people.gateway_id), given_up)
    over = await people.told(AttemptEnded, wanted.attempt_id)
    assert (over.outcome, over.announced) == ("abandoned", True)
    assert over.announced_at <= over.at
    refusal = (await people.consents.until(lambda e: e.data.attempt_id == wanted.attempt_id)).data
    assert (refusal.source, refusal.number, refusal.campaign, refusal.purpose) == ("outbound_key", NUMBER, "c1", None)


async def test_stale_unknown_and_given_up_attempts_are_never_dialled(people: Dialling) -> None:
    stale = people.wanted(not_after=now_us() - SECOND)
    elsewhere = people.wanted(gateway_id="nobody")
    nobody = people.wanted(number=None)
    await people.asks(stale, elsewhere, nobody)
    told = [await people.told(AttemptEnded, each.attempt_id) for each in (stale, elsewhere, nobody)]
    assert [(each.outcome, each.reason) for each in told] == [
        ("cancelled", "stale"), ("failed", "not_offered"), ("failed", "no_number"),
    ]  # fmt: skip
    first = people.wanted()
    await people.asks(CancelCall(first.attempt_id, "c1", people.gateway_id, "opted_out"), first)
    assert (await people.told(AttemptEnded, first.attempt_id)).reason == "opted_out"
    unheard = people.wanted()
    await people.asks(TellAttempt(unheard.attempt_id, "c1", people.gateway_id), unheard)
    assert (await people.told(AttemptEnded, unheard.attempt_id)).outcome == "unknown"
    for each in (stale, elsewhere, nobody, first, unheard):
        assert await people.distinct(each.attempt_id) == ["AttemptEnded"]


async def test_a_ringing_call_is_given_up(house: House) -> None:
    async with dialling(house, {**ALWAYS, "person_rings": [15, 0]}) as slow:
        wanted = slow.wanted()
        await slow.asks(wanted)
        await slow.told(AttemptRang, wanted.attempt_id)
        await slow.asks(CancelCall(wanted.attempt_id, "c1", slow.gateway_id, "paused"))
        over = await slow.told(AttemptEnded, wanted.attempt_id)
        assert (over.outcome, over.reason) == ("cancelled", "paused")


@pytest.mark.parametrize(("reached", "cause"), [("busy", 17), ("sit_vacant", 1), ("failed", 34), ("fax", None)])
async def test_who_is_not_a_person(house: House, reached: str, cause: int | None) -> None:
    async with dialling(house, {**NOBODY, reached: 1, "machine_rings": 0.4}) as row:
        wanted = row.wanted()
        await row.asks(wanted)
        over = await row.told(AttemptEnded, wanted.attempt_id)
        assert (over.outcome, over.cause) == (reached, cause)


async def test_a_restart_goes_on_with_the_calls_that_ring(house: House) -> None:
    async with dialling(house, {**ALWAYS, "person_rings": [3, 0]}) as row:
        wanted = row.wanted()
        await row.asks(wanted)
        await row.told(AttemptRang, wanted.attempt_id)
        await restart(house, row.gateway_id)
        assert (await row.arrived(wanted.attempt_id)).answered
        assert (await row.distinct(wanted.attempt_id)).count("AttemptAnswered") <= 1


async def test_an_agent_sees_the_record_first(people: Dialling) -> None:
    wanted = people.wanted(first="agent", agent_id="agent-7")
    await people.asks(wanted, wanted)
    wish = (await people.contact_events.until(lambda e: getattr(e.data, "attempt", None) == wanted.attempt_id, 30)).data
    assert (wish.campaign, wish.attempts, wish.agent_id, wish.mode) == ("c1", 1, "agent-7", "agent_first")
    assert wish.address == NUMBER
    waits = decided.CallbackQueued(
        wish.callback_id, Channel.PHONE, "rental", "rental-repair", "agent_first", now_us(), "agent", 1,
        gateway_id=people.gateway_id,
    )  # fmt: skip
    await people.house.router.decides(waits, closed(wish.callback_id, people.gateway_id))
    over = await people.told(AttemptEnded, wanted.attempt_id)
    assert (over.outcome, over.reason) == ("cancelled", "not_dialled")


def _queued(contact_id: str, gateway_id: str) -> decided.ContactQueued:
    at = now_us()
    return decided.ContactQueued(
        contact_id, Channel.PHONE, "rental", "rental-repair", (), at, at, at, at, decided.HeadStart(),
        decided.QueueCause.NEW, 1, gateway_id=gateway_id,
    )  # fmt: skip


async def _number_kept(house: House, attempt_id: str) -> str | None:
    async with house.app.state.parts.worker.acquire() as connection:
        return await connection.fetchval("SELECT number FROM attempts WHERE attempt_id = $1", attempt_id)


async def test_a_link_refuses_calls_and_texts(people: Dialling) -> None:
    house = people.house
    wanted = {"number": "021-5555 1234"}
    manager = token(Role.CAMPAIGN_MANAGER)
    assert (
        await house.http.post("/v1/refusal-links", json=wanted, headers=manager)
    ).status_code == 409  # no public address
    row = house.app.state.parts.credentials.adapter(people.gateway_id)
    sealed = seal(Visitor("+862155551234", 2**40), refusals.audience_of(row.gateway_id), row.secret)
    page = await house.http.get(f"/refuse/{row.gateway_id}/{sealed}", params={"lang": "en"})
    assert (page.status_code, "1234" in page.text, "+8621" in page.text) == (200, True, False)
    assert not people.consents.envelopes(), "looking at it refuses nothing"
    for _ in range(2):
        done = await house.http.post(f"/refuse/{row.gateway_id}/{sealed}", data={"lang": "zh"})
        assert (done.status_code, "不会再打扰" in done.text) == (200, True)
    for channel in (Channel.PHONE, Channel.SMS):
        said = (await people.consents.until(lambda e, c=channel: e.data.channel == c)).data
        assert (said.source, said.number, said.purpose) == ("web", "+862155551234", None)
    other = seal(Visitor("+862155551234", 2**40), f"rate {row.gateway_id}", row.secret)
    assert (await house.http.get(f"/refuse/{row.gateway_id}/{other}")).status_code == 404


async def test_a_previewed_customer_whom_nobody_plays_answers_by_their_fate(people: Dialling) -> None:
    wanted = people.wanted(first="agent", agent_id="agent-7")
    await people.asks(wanted)
    wish = (await people.contact_events.until(lambda e: getattr(e.data, "attempt", None) == wanted.attempt_id, 30)).data
    contact_id, gateway = wish.callback_id, people.gateway_id
    waits = decided.CallbackQueued(
        contact_id, Channel.PHONE, "rental", "rental-repair", "agent_first", now_us(), "agent", 1, gateway_id=gateway
    )
    offer = f"o-{uuid.uuid4().hex}"
    dial = decided.DialRequested(contact_id, wanted.attempt_id, 1, 20, now_us() + 20 * SECOND, "agent-7", gateway)
    await people.house.router.decides(waits, assigned(contact_id, gateway, offer), dial)
    assert (await people.told(AttemptAnswered, wanted.attempt_id)).by == "person"
    assert (await people.told(AttemptConnected, wanted.attempt_id)).agent_id == "agent-7"
    ended = await people.contact_events.until(lambda e: e.type == "ContactEnded" and e.subject == contact_id, 30)
    assert ended.data.by == "customer"
    await people.house.router.decides(closed(contact_id, gateway))
    assert (await people.told(AttemptEnded, wanted.attempt_id)).outcome == "talked"


async def test_what_ended_long_ago_is_forgotten_and_what_is_under_way_stays(people: Dialling) -> None:
    """Attempts and dials of 100 days ago; asked for again they are stale."""
    long_ago = now_us() - 100 * 86_400 * SECOND
    ended, under_way, recent, called_back = (people.wanted() for _ in range(4))
    house = people.house
    for wanted, at, over in ((ended, long_ago, "{}"), (under_way, long_ago, None), (recent, now_us(), "{}")):
        kept = attempt_of("jinfeng", wanted)
        await house.rows(
            "INSERT INTO gateway.attempts (tenant_id, attempt_id, gateway_id, contact_id, subject, wanted, asked_at, ended)"
            " VALUES ('jinfeng', $1, $2, $3, $4, '{}', $5, $6)",
            wanted.attempt_id, people.gateway_id, kept.contact_id, kept.subject, at, over,
        )  # fmt: skip
    for wanted, at in ((ended, long_ago), (under_way, long_ago), (recent, now_us()), (called_back, long_ago)):
        await house.rows(
            "INSERT INTO gateway.dials VALUES ('jinfeng', $1, 'x', $2, $3)", wanted.attempt_id, people.gateway_id, at
        )
    async with worker_transaction(house.app.state.parts.worker) as connection:
        while await attempt_store.forget(connection, now_us() - 90 * 86_400 * SECOND, 1_000):
            continue
    ids = [one.attempt_id for one in (ended, under_way, recent, called_back)]
    for table, stays in (("attempts", ids[1:3]), ("dials", ids[1:3])):
        rows = await house.rows(f"SELECT attempt_id FROM gateway.{table} WHERE attempt_id = ANY($1)", ids)
        assert {row["attempt_id"] for row in rows} == set(stays), table
    await house.rows("DELETE FROM gateway.attempts WHERE attempt_id = $1", under_way.attempt_id)
    await people.asks(dataclasses.replace(ended, not_after=long_ago))
    assert (await people.told(AttemptEnded, ended.attempt_id)).reason == "stale"
