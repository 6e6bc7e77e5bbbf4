"""Calling customers back on the browser's telephone: whose number stays here, one dial per attempt, and what becomes of it."""

# ruff: noqa: F811

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from services.gateway import store
from services.gateway.adapters.simulator.exchange import carry_out
from services.gateway.adapters.simulator.ringing import give_up_unanswered
from services.gateway.adapters.simulator.settings import SimulatorSettings
from services.gateway.credentials import Credential
from services.gateway.handlers import leases
from shared.contracts import routing_decisions as decided
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import HeadStart, QueueCause
from shared.postgres import tenant_transaction
from tests.integration.gateway.conftest import House, Topic, assigned, now_us, queued
from tests.integration.gateway.test_simulator import NUMBER, SETTINGS, Call, dial, gateway_id  # noqa: F401

Decision = Any


def callback_queued(callback_id: str, origin: str, gateway: str) -> Decision:
    return decided.CallbackQueued(
        callback_id,
        Channel.PHONE,
        "rental",
        "general",
        "agent_first",
        now_us(),
        "customer",
        3,
        origin,
        gateway_id=gateway,
    )


def waiting(callback_id: str, gateway: str) -> Decision:
    return decided.ContactQueued(
        callback_id, Channel.PHONE, "rental", "general", (), now_us(), now_us(), now_us(), now_us(), HeadStart(),
        QueueCause.CALLBACK, 1, gateway_id=gateway,
    )  # fmt: skip


def dialled(callback_id: str, gateway: str, attempt: str, seconds: int = 30, late: bool = False) -> Decision:
    not_after = now_us() + (-1 if late else 20) * SECOND
    return decided.DialRequested(callback_id, attempt, 1, seconds, not_after, "agent-7", gateway)


async def asked(house: House, gateway: str, contact_events: Topic) -> tuple[Call, str]:
    """A caller who waits and asks to be called back; the callback's contact id."""
    call = await dial(house, gateway, caller=0)
    await house.router.decides(queued(call.contact_id, gateway))
    answers = [await call.post("callback") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202], answers[0].text
    callback_id = answers[0].json()["callback_id"]
    assert answers[1].json() == {"callback_id": callback_id}  # pressed twice it is one callback
    wish = await contact_events.until(lambda e: getattr(e.data, "callback_id", None) == callback_id)
    assert (wish.data.contact_id, wish.data.address, wish.data.gateway_id) == (call.contact_id, NUMBER, gateway)
    await house.router.decides(callback_queued(callback_id, call.contact_id, gateway))
    await house.router.decides(waiting(callback_id, gateway))
    return call, callback_id


async def ringing(house: House, gateway: str) -> str:
    """The attempt that rings on the played person's telephone."""
    version = -1
    for _ in range(40):
        answer = await house.http.get(f"/v1/simulator/{gateway}/phones/0", params={"version": version}, timeout=30)
        said = answer.json()
        if said["attempt_id"] is not None:
            return said["attempt_id"]
        version = said["version"]
    raise AssertionError("the telephone stays silent")


async def outcome_of(contact_events: Topic, attempt: str) -> Any:
    found = await contact_events.until(lambda e: getattr(e.data, "attempt_id", None) == attempt, seconds=30)
    return found.data


async def test_called_back_and_connected(house: House, gateway_id: str, contact_events: Topic) -> None:
    _, callback_id = await asked(house, gateway_id, contact_events)
    attempt, offer = f"d-{uuid.uuid4().hex[:8]}", f"o-{uuid.uuid4().hex[:8]}"
    await house.router.decides(assigned(callback_id, gateway_id, offer))
    await house.router.decides(dialled(callback_id, gateway_id, attempt))
    assert await ringing(house, gateway_id) == attempt
    path = f"/v1/simulator/{gateway_id}/phones/0/pick-up"
    taken = [await house.http.post(path, json={"attempt_id": attempt}) for _ in range(2)]
    assert [answer.status_code for answer in taken] == [200, 409]
    assert taken[0].json()["contact_id"] == callback_id
    answered = await outcome_of(contact_events, attempt)
    assert (type(answered).__name__, answered.contact_id, answered.by) == ("DialAnswered", callback_id, "person")
    connected = await contact_events.until(lambda e: getattr(e.data, "offer_id", None) == offer, seconds=20)
    assert type(connected.data).__name__ == "ContactConnected"


@pytest.mark.parametrize("way", ["refused", "nobody"])
async def test_nobody_is_reached(house: House, gateway_id: str, contact_events: Topic, way: str) -> None:
    _, callback_id = await asked(house, gateway_id, contact_events)
    attempt = f"d-{uuid.uuid4().hex[:8]}"
    await house.router.decides(dialled(callback_id, gateway_id, attempt, 30 if way == "refused" else 1))
    if way == "refused":
        assert await ringing(house, gateway_id) == attempt
        path = f"/v1/simulator/{gateway_id}/phones/0/pick-up"
        await house.http.post(path, json={"attempt_id": attempt, "answers": False})
    failed = await outcome_of(contact_events, attempt)
    assert (type(failed).__name__, failed.outcome) == ("DialFailed", "busy" if way == "refused" else "no_answer")


async def test_a_stale_request_is_not_dialled(house: House, gateway_id: str, contact_events: Topic) -> None:
    _, callback_id = await asked(house, gateway_id, contact_events)
    attempt = f"d-{uuid.uuid4().hex[:8]}"
    await house.router.decides(dialled(callback_id, gateway_id, attempt, late=True))
    failed = await outcome_of(contact_events, attempt)
    assert failed.outcome in ("cancelled", "unknown")
    silent = await house.http.get(f"/v1/simulator/{gateway_id}/phones/0")
    assert silent.json()["attempt_id"] is None


async def test_killed_between_intent_and_dial_it_is_never_dialled_again(
    house: House,
    gateway_id: str,
    contact_events: Topic,
) -> None:
    """The intent is written, the process dies, another takes the same request up: it says `unknown`, and nothing rings."""
    _, callback_id = await asked(house, gateway_id, contact_events)
    port, _ = house.app.state.channels.port(gateway_id, "simulator")
    wanted = dialled(callback_id, gateway_id, f"d-{uuid.uuid4().hex[:8]}")
    begun = await port.begin_dial(wanted)
    assert (begun.number, begun.fresh) == (NUMBER, True)
    await house.router.decides(wanted)
    failed = await outcome_of(contact_events, wanted.attempt_id)
    assert failed.outcome == "unknown"
    assert (await house.http.get(f"/v1/simulator/{gateway_id}/phones/0")).json()["attempt_id"] is None


async def test_killed_between_dial_and_outcome_it_rings_on_and_is_answered_once(
    house: House,
    gateway_id: str,
    contact_events: Topic,
) -> None:
    """The telephone rings, the process dies, its successor hears the same request: the same ringing goes on."""
    _, callback_id = await asked(house, gateway_id, contact_events)
    wanted = dialled(callback_id, gateway_id, f"d-{uuid.uuid4().hex[:8]}")
    await house.router.decides(wanted)
    attempt = await ringing(house, gateway_id)
    port, _ = house.app.state.channels.port(gateway_id, "simulator")
    settings = SimulatorSettings.model_validate(SETTINGS)
    async for event in port.events(0):
        if event.data == wanted:
            await carry_out(port, event, settings)  # what a successor does that had not noted how far it was
            break
    await give_up_unanswered(port, settings)
    path = f"/v1/simulator/{gateway_id}/phones/0/pick-up"
    assert (await house.http.post(path, json={"attempt_id": attempt})).status_code == 200
    await outcome_of(contact_events, attempt)
    await contact_events.fetch(1_000)
    outcomes = [e.data for e in contact_events.envelopes() if getattr(e.data, "attempt_id", None) == attempt]
    assert {type(outcome).__name__ for outcome in outcomes} == {"DialAnswered"}


async def test_a_lost_or_reconciled_gateway_leaves_its_callbacks_waiting(
    house: House,
    gateway_id: str,
    contact_events: Topic,
) -> None:
    _, callback_id = await asked(house, gateway_id, contact_events)
    port, _ = house.app.state.channels.port(gateway_id, "simulator")
    async with asyncio.timeout(20):
        while not (held := [c for c in await port.open_contacts() if c.contact_id == callback_id]):
            await asyncio.sleep(0.05)
    assert held[0].callback
    async with tenant_transaction(house.app.state.parts.api, "jinfeng") as connection:
        believed = await store.open_contacts_of_gateway(connection, gateway_id)
    assert [c.contact_id for c in believed if c.callback] == [callback_id]
    done = await leases.reconcile(house.app.state.parts, Credential("jinfeng", gateway_id, "jinfeng"), (), None, None)
    assert callback_id not in {
        e.data.contact_id for e in contact_events.envelopes() if type(e.data).__name__ == "ContactEnded"
    }
    assert done.alive == 0
