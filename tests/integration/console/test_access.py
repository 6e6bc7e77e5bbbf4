"""Every route of the console, tried with no token, the wrong role, the wrong tenant and the right ones; the way to neighbours."""

from __future__ import annotations

from typing import Any

import pytest

from services.console.app import create_app
from services.console.neighbours import allowed
from services.console.settings import ConsoleSettings
from shared.contracts import routing_decisions as rd
from shared.contracts.fields import Channel
from shared.security import Role
from tests.integration.console.conftest import House
from tests.integration.console.test_commands import known_to_console, queued

ANYBODY = frozenset({Role.AGENT, Role.SUPERVISOR, Role.CAMPAIGN_MANAGER, Role.ANALYST, Role.ADMIN})
AGENT = frozenset({Role.AGENT})
OVERSEER = frozenset({Role.SUPERVISOR, Role.ADMIN})
WATCHER = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.ANALYST})
ADMIN = frozenset({Role.ADMIN})
OPEN = {("POST", "/api/session"), ("DELETE", "/api/session"), ("POST", "/api/tokens")}
"""Routes that need no token: they take credentials, or give a session back."""

RULES: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/api/session"): ANYBODY,
    ("POST", "/api/session/password"): ANYBODY,
    ("GET", "/api/catalogue"): ANYBODY,
    ("GET", "/api/live/formulas"): ANYBODY,
    ("GET", "/api/live/contacts"): WATCHER,
    ("GET", "/api/live/contacts/{contact_id}"): WATCHER | AGENT,
    ("POST", "/api/roster/skills:apply"): ADMIN,
    ("GET", "/api/roster/audit"): ADMIN,
    ("POST", "/api/floor/agents/{agent_id}/presence"): OVERSEER,
    ("POST", "/api/floor/agents/{agent_id}/sign-out"): OVERSEER,
    ("POST", "/api/floor/agents/{agent_id}/skills"): OVERSEER,
    ("POST", "/api/contacts/{contact_id}/move"): OVERSEER,
    ("POST", "/api/contacts/{contact_id}/prioritise"): OVERSEER,
    ("POST", "/api/contacts/{contact_id}/direct"): OVERSEER,
    ("POST", "/api/contacts/{contact_id}/take-over"): OVERSEER,
    ("POST", "/api/contacts/{contact_id}/company"): AGENT,
    ("POST", "/api/contacts/{contact_id}/notes"): AGENT,
    ("GET", "/api/callbacks"): OVERSEER | AGENT,
    ("POST", "/api/callbacks/{contact_id}/cancel"): OVERSEER | AGENT,
    ("POST", "/api/callbacks/{contact_id}/release"): OVERSEER,
    ("POST", "/api/groups/close"): OVERSEER,
    ("POST", "/api/groups/reopen"): OVERSEER,
    ("POST", "/api/contacts/{contact_id}/supervise"): OVERSEER,
    ("POST", "/api/contacts/{contact_id}/record"): OVERSEER | AGENT,
    **{
        ("POST", f"/api/{path}"): AGENT
        for path in (
            "agent/sign-in", "agent/sign-out", "agent/presence", "agent/heartbeat", "offers/{offer_id}/accept",
            "offers/{offer_id}/reject", "contacts/{contact_id}/messages", "contacts/{contact_id}/end",
            "contacts/{contact_id}/hold", "contacts/{contact_id}/transfer", "contacts/{contact_id}/transfer/complete",
            "contacts/{contact_id}/transfer/cancel", "contacts/{contact_id}/join", "contacts/{contact_id}/wrap-up",
            "contacts/{contact_id}/wrap-up/extend", "contacts/{contact_id}/typing", "contacts/{contact_id}/read",
        )
    },
    ("GET", "/api/colleagues"): AGENT,
    ("GET", "/api/contacts/{contact_id}/served-by"): frozenset({Role.SERVICE}),
    **{
        (method, f"/api/roster/{kind}{rest}"): roles
        for kind in ("users", "agents", "teams", "sites", "skills", "skill-profiles")
        for method, rest, roles in (
            ("GET", "", OVERSEER), ("GET", "/{key}", OVERSEER), ("POST", "", ADMIN), ("PUT", "/{key}", ADMIN),
        )
    },
    **{("DELETE", f"/api/roster/{kind}/{{key}}"): ADMIN for kind in ("teams", "sites", "skills", "skill-profiles")},
}  # fmt: skip


def routes() -> set[tuple[str, str]]:
    paths = create_app(ConsoleSettings()).openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() if path.startswith("/api/") for method in methods}


def test_every_route_has_a_rule() -> None:
    assert routes() == RULES.keys() | OPEN


@pytest.mark.parametrize(("method", "path"), sorted(RULES))
async def test_without_a_token_nothing_opens_and_with_the_wrong_role_neither(
    house: House, method: str, path: str
) -> None:
    address = path.format(contact_id="c", offer_id="o", agent_id="a", key="k")
    async with house.client() as nobody:
        assert (await nobody.request(method, address, json={})).status_code == 401
        forged = house.token(Role.ADMIN)[:-4] + "AAAA"
        assert (
            await nobody.request(method, address, json={}, headers={"Authorization": f"Bearer {forged}"})
        ).status_code == 401
    for role in sorted(ANYBODY | {Role.SERVICE}):
        async with house.client(role, agent_id="a-none" if role is Role.AGENT else None) as client:
            status = (await client.request(method, address, json={}, params={"version": 1})).status_code
        if role in RULES[method, path] or (role is Role.SERVICE and RULES[method, path] == ANYBODY):
            assert status != 403, (role, status)
            assert status < 500
        else:
            assert status == 403, (role, status)


async def test_another_tenants_things_do_not_exist(house: House, fresh_id: str) -> None:
    async with house.client(Role.ADMIN) as admin, house.client(Role.ADMIN, tenant=house.other) as stranger:
        ours: dict[str, dict[str, Any]] = {
            "teams": {"team_id": fresh_id, "name": "T"},
            "sites": {"site_id": fresh_id, "name": "S"},
            "skills": {"skill": fresh_id, "name": {"zh": "Z", "en": "E"}},
            "skill-profiles": {"profile_id": fresh_id, "name": "P"},
            "agents": {"agent_id": fresh_id, "display_name": "A", "pool": "main", "teams": [fresh_id]},
            "users": {
                "user_id": fresh_id, "user": fresh_id, "display_name": "U", "roles": ["agent"], "agent_id": fresh_id,
                "password": "long enough here",
            },
        }  # fmt: skip
        for kind, item in ours.items():
            made = (await admin.post(f"/api/roster/{kind}", json=item)).json()
            assert (await stranger.get(f"/api/roster/{kind}/{fresh_id}")).status_code == 404
            assert fresh_id not in (await stranger.get(f"/api/roster/{kind}?limit=200")).text
            body = {key: value for key, value in made.items() if key != "teams"}
            assert (await stranger.put(f"/api/roster/{kind}/{fresh_id}", json=body)).status_code == 404
            if kind not in ("users", "agents"):
                assert (await stranger.delete(f"/api/roster/{kind}/{fresh_id}?version=1")).status_code == 404
        granted = {"agents": [fresh_id], "skills": [{"skill": fresh_id, "level": 1}]}
        assert (await stranger.post("/api/roster/skills:apply", json=granted)).status_code == 422
        assert fresh_id not in (await stranger.get("/api/roster/audit?limit=200")).text
        assert fresh_id not in (await stranger.get("/api/catalogue")).text

        contact, agent_id = f"c-{fresh_id}", f"a-{fresh_id}"
        await house.agent_state(agent_id)
        await house.decide(queued(house, contact))
        await known_to_console(house, contact)
        assert (await stranger.get(f"/api/live/contacts/{contact}")).status_code == 404
        assert contact not in (await stranger.get("/api/live/contacts?limit=1000")).text
        away = {"presence": "not_ready"}
        assert (await stranger.post(f"/api/floor/agents/{agent_id}/presence", json=away)).status_code == 404
    async with house.client(Role.AGENT, tenant=house.other, agent_id=agent_id) as twin:  # the same id in another tenant
        answer = await twin.post(f"/api/contacts/{contact}/end")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ucc:problem:not_signed_in")
    async with house.client() as nobody:
        credentials = {"tenant": house.other, "user": fresh_id, "password": "long enough here"}
        assert (await nobody.post("/api/tokens", json=credentials)).status_code == 401
        assert (await nobody.post("/api/tokens", json=credentials | {"tenant": house.tenant})).status_code == 200
    await house.decide(
        rd.ContactClosed(contact, rd.ContactEnd.ABANDONED_IN_QUEUE, house.now(), Channel.PHONE, "rental", "customer")
    )


async def test_neighbours_get_the_askers_own_token_and_nothing_else(house: House) -> None:
    async with house.client(Role.AGENT, agent_id="a") as client:
        answer = await client.get("/api/profile/contacts/c1/pop", params={"lang": "zh"})
        assert answer.status_code == 200
        echo = answer.json()
        assert (echo["path"], echo["query"], echo["method"]) == ("contacts/c1/pop", {"lang": "zh"}, "GET")
        assert echo["authorization"] == client.headers["authorization"]
        assert answer.headers["etag"] == '"7"'
        assert "x-secret" not in answer.headers
        posted = await client.post("/api/profile/cases", json={"kind": "repair"})
        assert posted.json()["body"] == '{"kind":"repair"}'
        assert (await client.get("/api/router/journal/1/decisions")).status_code == 404
        assert (await client.post("/api/router/state")).status_code == 404
        assert (await client.get("/api/moon/contacts")).status_code in (404, 422)
    async with house.client() as nobody:
        assert (await nobody.get("/api/profile/contacts/c1/pop")).status_code == 401


@pytest.mark.parametrize(
    ("neighbour", "path", "method", "may"),
    [
        ("profile", "contacts/c1/pop", "GET", True),
        ("profile", "customers", "POST", True),
        ("profile", "customersx", "GET", False),
        ("profile", "changes", "GET", False),
        ("profile", "contacts/../changes", "GET", False),
        ("profile", "contacts//pop", "GET", False),
        ("profile", "contacts/./pop", "GET", False),
        ("profile", "contacts/%2e%2e/changes", "GET", False),
        ("profile", "contacts/\x00/pop", "GET", False),
        ("profile", "customers", "DELETE", False),
        ("router", "contacts/c1/explanation", "GET", True),
        ("router", "contacts/c1/x/explanation", "GET", False),
        ("router", "waits", "GET", True),
        ("router", "waits", "POST", False),
        ("router", "policy", "PUT", True),
        ("router", "policy/versions", "PUT", False),
        ("router", "journal/1/decisions", "GET", False),
        ("gateway", "files/f1/pages/1.png", "GET", True),
        ("gateway", "contact-events", "POST", False),
        ("gateway", "contacts/c1/messages", "POST", False),
        ("outbound", "campaigns/c1/live", "GET", True),
        ("outbound", "attempts/c1.r1.1/skip", "POST", True),
        ("outbound", "imports/im-1/rejected.csv", "GET", True),
        ("outbound", "calls", "POST", True),
        ("outbound", "calls", "GET", False),
        ("outbound", "authorisations", "POST", False),
        ("outbound", "operator", "PUT", False),
        ("outbound", "rulesets", "POST", False),
        ("outbound", "follow-up-rules", "PUT", True),
        ("outbound", "follow-up-rules", "DELETE", False),
        ("outbound", "follow-ups", "GET", True),
        ("outbound", "campaign-defaults", "GET", True),
        ("outbound", "campaigns/../operator", "GET", False),
    ],
)
def test_ways_to_neighbours(neighbour: str, path: str, method: str, may: bool) -> None:
    assert allowed(neighbour, path, method) is may


async def test_a_neighbour_that_is_away_is_said_so(house: House) -> None:
    from services.console.neighbours import Neighbours

    parts = house.app.state.parts
    broken = house.settings.model_copy(update={"profile_url": "http://127.0.0.1:9"})
    away, here = Neighbours(broken), parts.neighbours
    object.__setattr__(parts, "neighbours", away)
    try:
        async with house.client(Role.AGENT, agent_id="a") as client:
            answer = await client.get("/api/profile/contacts/c1/pop")
        assert (answer.status_code, answer.json()["type"]) == (502, "urn:ucc:problem:neighbour_away")
    finally:
        object.__setattr__(parts, "neighbours", here)
        await away.close()
