"""Recordings of real calls: consent told, a secure entry not in them, kept by UCC with who hung up, also over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

import httpx
import numpy as np
import pytest_asyncio

from services.gateway.adapters.sound import RATE, read
from shared.contracts.conversation_messages import RecordingKept
from shared.contracts.routing_decisions import ContactClosed
from shared.security import Role
from tests.telephony.audio import strength
from tests.telephony.house import CARE, TENANT, Agent, House, settings_of_gateway
from tests.telephony.phone import HOST, CallLeg
from tests.telephony.settings import set_up

CALLER_HERTZ = 500


@pytest_asyncio.fixture(loop_scope="session")
async def recorded(house: House) -> AsyncGenerator[House]:
    """The house while its calls are recorded from the connection on, and callers are told."""
    plan = house.exchange.plan
    assert plan is not None
    usual = settings_of_gateway(house, f"http://{HOST}:{house.wire.port}/ari")
    await set_up(house, {**usual, "recording": {"when": "always", "consent": "sound:vm-goodbye"}})
    yield house
    await house.rest()
    await set_up(house, usual)


async def ask(house: House, path: str, **query: Any) -> httpx.Response:
    token = house.ground.token("tests", TENANT, Role.ADMIN, seconds=24 * 3600)
    async with httpx.AsyncClient(base_url=house.ground.url("gateway"), trust_env=False, timeout=10) as client:
        return await client.get(path, params=query, headers={"authorization": f"Bearer {token}"})


async def kept(house: House, contact: str) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
    """The recording of a contact once it is there, and its samples."""
    said = await house.hears(RecordingKept, contact)
    listed = (await ask(house, "/v1/recordings", contact=contact)).json()["items"]
    (item,) = [one for one in listed if one["recording_id"] == said.recording_id]
    return item, read((await ask(house, f"/v1/recordings/{said.recording_id}")).content)


def heard_seconds(samples: np.ndarray[Any, Any], hertz: int) -> float:
    """For how long a tone is there, by half seconds."""
    halves = [samples[at : at + RATE // 2] for at in range(0, len(samples) - RATE // 2, RATE // 2)]
    return sum(strength(half, hertz) > 0.1 for half in halves) / 2


async def test_a_call_is_recorded_without_its_secure_entry(recorded: House) -> None:
    house = recorded
    (anna,) = await house.on_duty("anna")
    call = await house.call(CARE, hertz=CALLER_HERTZ)
    at_anna = await (await anna.phone.rung()).reach("up")
    contact = await house.contact_of(call)
    await at_anna.hearing(CALLER_HERTZ)
    await call.hearing(700)
    await asyncio.sleep(3)
    await secure(house, call, anna, contact, True)
    await asyncio.sleep(4)
    await secure(house, call, anna, contact, False)
    await asyncio.sleep(2)
    call.hang_up()
    closed = await house.hears(ContactClosed, contact)
    item, samples = await kept(house, contact)
    assert (closed.by, item["hung_up_by"], item["agents"]) == ("customer", "customer", ["anna"])
    (pause,) = item["pauses"]
    assert pause["seconds"] >= 3.5, "what was paused is said"
    assert heard_seconds(samples, CALLER_HERTZ) >= 3, "both are heard"
    assert heard_seconds(samples, 700) >= 3
    talked = len(samples) / RATE
    assert talked < (item_seconds(item) - 3), "what was said while paused is not in it"


def item_seconds(item: dict[str, Any]) -> float:
    """From start to end on the clock."""
    return (datetime.fromisoformat(item["ended_at"]) - datetime.fromisoformat(item["started_at"])).total_seconds()


async def secure(house: House, call: CallLeg, agent: Agent, contact: str, on: bool) -> None:
    """As the agent's page does it; returns when Asterisk has done it."""
    action = "pause" if on else "resume"
    assert await agent.desk.command(f"contacts/{contact}/record", {"action": action}, to_router=False)
    plan = house.exchange.plan
    assert plan is not None
    url, wanted = house.exchange.ari_url, "paused" if on else "recording"
    async with httpx.AsyncClient(auth=(plan.ari_user, plan.ari_password), trust_env=False) as ari, asyncio.timeout(30):
        channels = (await ari.get(f"{url}/channels")).json()
        (channel,) = [one["id"] for one in channels if one["caller"]["number"] == call.phone.name]
        asked = {"variable": "UCC_RECORDING"}
        name = (await ari.get(f"{url}/channels/{channel}/variable", params=asked)).json()["value"]
        while (await ari.get(f"{url}/recordings/live/{name}")).json()["state"] != wanted:
            await asyncio.sleep(0.05)


async def test_a_call_taken_over_from_a_killed_gateway_is_kept_too(recorded: House) -> None:
    house = recorded
    (anna,) = await house.on_duty("anna")
    call = await house.call(CARE, hertz=CALLER_HERTZ)
    at_anna = await (await anna.phone.rung()).reach("up")
    contact = await house.contact_of(call)
    await at_anna.hearing(CALLER_HERTZ)
    gateway = house.services["gateway"]
    gateway.kill()
    call.hang_up()
    await asyncio.to_thread(gateway.start)
    await house.hears(ContactClosed, contact)
    item, samples = await kept(house, contact)
    assert item["consent_played"]
    assert heard_seconds(samples, CALLER_HERTZ) > 0
