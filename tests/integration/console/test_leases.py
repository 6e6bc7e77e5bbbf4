"""An open page is a lease: silence is told step by step, coming back is told, and each step once whoever sweeps."""

from __future__ import annotations

import asyncio

from services.console.leases import Leases
from shared.clock import RealClock
from shared.contracts import contact_events as ce
from shared.directory import Directory
from shared.postgres import open_pool
from shared.security import Role
from tests.integration.console.conftest import House
from tests.integration.console.test_commands import eventually


async def silence(house: House, agent_id: str, seconds: float) -> None:
    await house.owner.execute(
        "UPDATE console.page_leases SET seen_at = now() - make_interval(secs => $2) WHERE agent_id = $1",
        agent_id,
        seconds,
    )


async def test_silence_is_told_in_three_steps_and_the_return_too(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    agent_id = person["agent_id"]
    pool = await open_pool(house.settings.database_url, "console", "worker")
    leases = Leases(house.settings, RealClock(), Directory(pool), pool)

    async def hush(seconds: float) -> None:
        await silence(house, agent_id, seconds)
        for _ in range(4):
            await leases.sweep()

    async def back() -> None:
        leases.heartbeat(house.tenant, agent_id)
        await leases.sweep()

    async with house.agent(person) as desk:
        assert (await desk.post("/api/agent/sign-in")).status_code == 202
    since = await house.end_of_events()
    await hush(9)
    await hush(11)
    await back()
    await hush(16)
    await back()
    await hush(1801)
    await back()
    await pool.close()
    events = await house.events(since, count=8)
    away = ce.PresenceChanged(agent_id, ce.Presence.NOT_READY, "disconnected")
    assert [event.data for event in events if event.subject == agent_id] == [
        ce.EndpointLost(agent_id),
        ce.EndpointRestored(agent_id),
        ce.EndpointLost(agent_id),
        away,
        ce.EndpointRestored(agent_id),
        ce.EndpointLost(agent_id),
        away,
        ce.AgentSignedOut(agent_id),
    ]


async def test_a_pages_heartbeat_keeps_its_lease(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    async with house.agent(person) as desk:
        await desk.post("/api/agent/sign-in")
        await silence(house, person["agent_id"], 8)
        assert (await desk.post("/api/agent/heartbeat")).status_code == 204

    async def kept() -> bool:
        return await house.owner.fetchval(
            "SELECT seen_at > now() - interval '5 s' FROM console.page_leases WHERE agent_id = $1", person["agent_id"]
        )

    await eventually(kept, "the lease is fresh again")


async def test_two_instances_tell_a_loss_once(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    async with house.agent(person) as desk:
        await desk.post("/api/agent/sign-in")
    pool = await open_pool(house.settings.database_url, "console", "worker")
    other = Leases(house.settings, RealClock(), Directory(pool), pool)
    await silence(house, person["agent_id"], 11)
    since = await house.end_of_events()
    await asyncio.gather(*(sweeper.sweep() for sweeper in (house.app.state.parts.leases, other) for _ in range(3)))
    await silence(house, person["agent_id"], 16)
    await asyncio.gather(*(sweeper.sweep() for sweeper in (house.app.state.parts.leases, other) for _ in range(3)))
    await pool.close()
    events = await house.events(since, count=2)
    mine = [event.data for event in events if event.subject == person["agent_id"]]
    assert mine == [
        ce.EndpointLost(person["agent_id"]),
        ce.PresenceChanged(person["agent_id"], ce.Presence.NOT_READY, "disconnected"),
    ]


async def test_a_console_that_was_away_hears_pages_before_it_judges(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    async with house.agent(person) as desk:
        await desk.post("/api/agent/sign-in")
    await house.owner.execute(
        "UPDATE console.page_leases SET stage = 'unreachable' WHERE agent_id = $1", person["agent_id"]
    )
    pool = await open_pool(house.settings.database_url, "console", "worker")
    starting = Leases(house.settings, RealClock(), Directory(pool), pool)
    await silence(house, person["agent_id"], 60)
    starting.heartbeat(house.tenant, person["agent_id"])
    await starting.sweep(judge=False)
    stage = await house.owner.fetchval("SELECT stage FROM console.page_leases WHERE agent_id = $1", person["agent_id"])
    assert stage == "unreachable"
    await starting.sweep()
    stage = await house.owner.fetchval("SELECT stage FROM console.page_leases WHERE agent_id = $1", person["agent_id"])
    assert stage == "present"
    await pool.close()


async def test_signing_out_gives_the_lease_back(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    since = await house.end_of_events()
    async with house.agent(person) as desk:
        await desk.post("/api/agent/sign-in")
        assert (await desk.post("/api/agent/sign-out")).status_code == 202
    signed_in, signed_out = await house.events(since, count=2)
    assert signed_out.data == ce.AgentSignedOut(person["agent_id"], signed_in.data.session_id)
    assert (
        await house.owner.fetchval("SELECT count(*) FROM console.page_leases WHERE agent_id = $1", person["agent_id"])
        == 0
    )
