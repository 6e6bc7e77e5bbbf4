"""Every service on a real broker: a caller waits, asks to be called back, is called and served; then the group is closed at one button."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from deploy.clients.desk import Desk
from deploy.tenants import create_pool, create_tenant
from shared.security import Role
from tests.integration.house.conftest import POLICY, House

TENANT = "callers"
NUMBER = "+8617400000009"
PASSWORD = "a long enough password"
OFFERED = "    callback: {offered: true, attempts: 2, retry_seconds: 5, answer_seconds: 60}\n"
WITHIN_SECONDS = 60


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while not (found := await look()):
            await asyncio.sleep(0.1)
        return found


async def furnished(house: House) -> str:
    """A tenant with one agent and a telephone in the browser; the telephone's gateway id."""
    partitions = house.ground.kafka_partitions
    await asyncio.to_thread(create_tenant, house.ground.database_url, TENANT, TENANT)
    await asyncio.to_thread(create_pool, house.ground.database_url, TENANT, "main", partitions=partitions)
    admin = house.bearer(TENANT, Role.ADMIN)
    yaml = {**admin, "content-type": "application/yaml"}
    await house.made("router", "PUT", "/v1/policy", yaml, content=(POLICY.rstrip() + "\n" + OFFERED).encode())
    roster = {
        "skills": {"skill": "rental", "name": {"zh": "租赁", "en": "Rental"}},
        "agents": {"agent_id": "ann", "display_name": "Ann", "pool": "main", "skills": [{"skill": "rental", "level": 5}]},
        "users": {"user_id": "u-ann", "user": "ann", "display_name": "Ann", "roles": ["agent"], "agent_id": "ann",
                  "password": PASSWORD},
    }  # fmt: skip
    for kind, body in roster.items():
        await house.made("console", "POST", f"/api/roster/{kind}", admin, json=body)
    settings = {
        "entries": [{"entry": "100", "business_line": "rental", "group": "rental", "self_service": False}],
        "callers": [{"label": "Wang", "number": NUMBER}],
    }
    body = {"title": "telephone", "kind": "simulator", "settings": settings}
    return (await house.made("gateway", "POST", "/v1/gateways", admin, json=body))["gateway_id"]


async def test_called_back_and_served_and_then_closed(house: House) -> None:
    telephone = f"/v1/simulator/{await furnished(house)}"
    service, supervisor = house.bearer(TENANT, Role.SERVICE), house.bearer(TENANT, Role.SUPERVISOR)
    agent = house.bearer(TENANT, Role.AGENT, agent_id="ann")

    async def contact(contact_id: str) -> dict[str, Any] | None:
        state = await house.made("router", "GET", "/v1/state", service)
        return next((c for c in state["contacts"] if c["contact_id"] == contact_id), None)

    async def dialled_in() -> tuple[str, dict[str, str]]:
        call = await house.made("gateway", "POST", f"{telephone}/calls", {}, json={"entry": "100", "caller": 0})
        return call["contact_id"], {"authorization": f"Bearer {call['token']}"}

    async def row(state: str) -> dict[str, Any] | None:
        found = await house.made("console", "GET", f"/api/callbacks?state={state}", supervisor)
        return found["items"][0] if found["items"] else None

    first, caller = await dialled_in()
    await until(lambda: _is(contact(first), "queued", "callback_offered"))
    asked = await house.made("gateway", "POST", f"{telephone}/calls/callback", caller, json={})
    callback = asked["callback_id"]
    waits = await until(lambda: _is(contact(callback), "queued"))
    assert waits["callback"]["origin"] == first
    assert (await until(lambda: row("open")))["state"] == "waiting"

    desk = Desk(house.ground.url("console"), TENANT, "ann", PASSWORD)
    await desk.authenticate()
    assert await desk.sign_in_available()
    beating = asyncio.create_task(desk.heartbeats())
    try:
        offered = await until(lambda: _is(contact(callback), "offered"))
        answer = {"contact_id": callback}
        await house.made("console", "POST", f"/api/offers/{offered['offer_id']}/accept", agent, json=answer)

        async def rings() -> str | None:
            return (await house.made("gateway", "GET", f"{telephone}/phones/0", {}))["attempt_id"]

        attempt = await until(rings)
        assert (await until(lambda: _state(row("open"), "dialling")))["attempts"] == 1
        taken = await house.made("gateway", "POST", f"{telephone}/phones/0/pick-up", {}, json={"attempt_id": attempt})
        assert taken["contact_id"] == callback
        await until(lambda: _is(contact(callback), "connected"))
        own = {"authorization": f"Bearer {taken['token']}"}
        await house.ask("gateway", "POST", f"{telephone}/calls/hang-up", own, json={})
        over = await until(lambda: row("over"))
        assert (over["contact_id"], over["end"], over["outcome"]) == (callback, "served", "answered")

        await house.made(
            "console", "POST", "/api/groups/close", supervisor, json={"group": "rental", "why": "fire_alarm"}
        )
        late, _ = await dialled_in()

        async def told() -> list[str]:
            path = f"/v1/contacts/{late}/explanation?lang=en"
            answer = await house.ask("router", "GET", path, supervisor)
            return [line["decision"] for line in answer.json()["timeline"]] if answer.is_success else []

        async def ended() -> list[str]:
            found = await told()
            return found if "ContactClosed" in found else []

        assert "ContactOverflowed" in await until(ended)
    finally:
        beating.cancel()
        await desk.close()


async def _is(looked: Awaitable[dict[str, Any] | None], phase: str, flag: str | None = None) -> dict[str, Any] | None:
    found = await looked
    return found if found is not None and found["phase"] == phase and (flag is None or found.get(flag)) else None


async def _state(looked: Awaitable[dict[str, Any] | None], state: str) -> dict[str, Any] | None:
    found = await looked
    return found if found is not None and found["state"] == state else None
