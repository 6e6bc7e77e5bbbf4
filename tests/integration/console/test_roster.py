"""The roster: made, changed from what was read, refused when stale, granted in bulk, always audited, told to the router."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import contact_events as ce
from shared.contracts.fields import Channel, HeldSkill
from shared.security import Role
from tests.integration.console.conftest import PASSWORD, POOL, House
from tests.integration.console.test_commands import eventually

ITEMS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "teams": ("team_id", {"name": "报修组"}, {"name": "报修一组"}),
    "sites": (
        "site_id",
        {"name": "浦东店", "district": "浦东", "number": "021-5888 0000", "hours": {"mon": [["09:00", "12:00"], ["13:00", "18:00"]]}},
        {"hours": {}},
    ),
    "skills": ("skill", {"name": {"zh": "粤语", "en": "Cantonese"}, "kind": "dialect"}, {"kind": "language"}),
    "skill-profiles": ("profile_id", {"name": "标准", "skills": []}, {"name": "高级"}),
    "agents": ("agent_id", {"display_name": "李娜", "pool": POOL}, {"capacity": {"web": 4}}),
    "users": (
        "user_id",
        {"user": "", "display_name": "王芳", "roles": ["supervisor"], "password": PASSWORD},
        {"roles": ["supervisor", "analyst"]},
    ),
}  # fmt: skip


def item(kind: str, key: str) -> dict[str, Any]:
    id_field, fields, _ = ITEMS[kind]
    return {**fields, id_field: key} | ({"user": f"n{key}"} if kind == "users" else {})


@pytest.mark.parametrize("kind", sorted(ITEMS))
async def test_an_item_lives_and_every_step_is_audited(house: House, fresh_id: str, kind: str) -> None:
    _, _, other = ITEMS[kind]
    async with house.client(Role.ADMIN, subject="boss") as admin:
        made = await admin.post(f"/api/roster/{kind}", json=item(kind, fresh_id))
        assert made.status_code == 201, made.text
        first = made.json()
        assert first["version"] == 1
        assert "password" not in str(first)
        again = await admin.post(f"/api/roster/{kind}", json=item(kind, fresh_id))
        assert (again.status_code, again.json()["type"]) == (409, "urn:ucc:problem:already_exists")
        assert (await admin.get(f"/api/roster/{kind}/{fresh_id}")).json() == first

        changed = await admin.put(f"/api/roster/{kind}/{fresh_id}", json={**first, **other})
        assert changed.status_code == 200, changed.text
        second = changed.json()
        assert second == {**first, **other, "version": 2, "changed_at": second["changed_at"]}
        stale = await admin.put(f"/api/roster/{kind}/{fresh_id}", json={**first, **other})
        assert (stale.status_code, stale.json()["type"]) == (409, "urn:ucc:problem:version_conflict")
        assert (await admin.put(f"/api/roster/{kind}/no-{fresh_id}", json={**first, **other})).status_code == 422

        steps = ["changed", "created"]
        if kind in ("teams", "sites", "skills", "skill-profiles"):
            assert (await admin.delete(f"/api/roster/{kind}/{fresh_id}", params={"version": 1})).status_code == 409
            assert (await admin.delete(f"/api/roster/{kind}/{fresh_id}", params={"version": 2})).status_code == 204
            assert (await admin.get(f"/api/roster/{kind}/{fresh_id}")).status_code == 404
            steps.insert(0, "deleted")
        else:
            assert (await admin.delete(f"/api/roster/{kind}/{fresh_id}", params={"version": 2})).status_code == 405
        entries = (await admin.get("/api/roster/audit", params={"subject_kind": kind, "subject_id": fresh_id})).json()[
            "items"
        ]
        assert [entry["action"] for entry in entries] == steps
        assert {entry["actor"] for entry in entries} == {"boss"}
        assert "argon2" not in str(entries)


async def test_lists_page_by_key_and_search(house: House, fresh_id: str) -> None:
    async with house.client(Role.ADMIN) as admin:
        for n in range(5):
            await admin.post("/api/roster/teams", json={"team_id": f"{fresh_id}-{n}", "name": f"组 {fresh_id} {n}"})
        found: list[str] = []
        cursor: str | None = None
        while True:
            params = {"limit": 2, "query": f"组 {fresh_id.upper()}"} | ({"cursor": cursor} if cursor else {})
            page = (await admin.get("/api/roster/teams", params=params)).json()
            found += [team["team_id"] for team in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert found == [f"{fresh_id}-{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("agents", {"pool": "nowhere"}, "pool"),
        ("agents", {"teams": ["nowhere"]}, "teams"),
        ("agents", {"skills": [{"skill": "nowhere", "level": 3}]}, "skills"),
        ("agents", {"skills": [{"skill": "x", "level": 11}]}, "skills.0.level"),
        ("agents", {"skills": [{"skill": "x", "level": 1}, {"skill": "x", "level": 2}]}, "skills"),
        (
            "agents",
            {"skills": [{"skill": "x", "level": 1, "expires_at": "2030-01-01T00:00:00"}]},
            "skills.0.expires_at",
        ),
        (
            "agents",
            {"skills": [{"skill": "x", "level": 1, "expires_at": "9999-12-31T23:59:59-12:00"}]},
            "skills.0.expires_at",
        ),
        ("agents", {"version": 2**40}, "version"),
        ("agents", {"capacity": {"phone": 51}}, "capacity.phone"),
        ("agents", {"display_name": "a\x00b"}, "display_name"),
        ("users", {"roles": ["service"]}, "roles"),
        ("users", {"roles": ["agent"]}, "agent_id"),
        ("users", {"agent_id": "nowhere"}, "agent_id"),
        ("users", {"password": "short"}, "password"),
        ("users", {"password": None}, "password"),
        ("sites", {"hours": {"mon": [["9", "18:00"]]}}, "hours.mon.0.0"),
        ("teams", {"surprise": 1}, "surprise"),
        ("teams", {"version": 1}, "version"),
    ],
)
async def test_what_is_wrong_is_named(
    house: House, fresh_id: str, kind: str, change: dict[str, Any], field: str
) -> None:
    async with house.client(Role.ADMIN) as admin:
        answer = await admin.post(f"/api/roster/{kind}", json=item(kind, fresh_id) | change)
        assert answer.status_code == 422
        told = answer.json()
        assert field in (told.get("detail") or "") + str(told.get("errors"))


async def test_what_is_in_use_stays(house: House, fresh_id: str) -> None:
    async with house.client(Role.ADMIN) as admin:
        await admin.post("/api/roster/teams", json=item("teams", fresh_id))
        await admin.post("/api/roster/agents", json=item("agents", fresh_id) | {"teams": [fresh_id]})
        answer = await admin.delete(f"/api/roster/teams/{fresh_id}", params={"version": 1})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ucc:problem:in_use")


async def test_nobody_locks_themselves_out(house: House) -> None:
    person = await house.person(Role.ADMIN)
    async with house.client(Role.ADMIN, subject=person["user_id"]) as admin:
        me = (await admin.get(f"/api/roster/users/{person['user_id']}")).json()
        for change in ({"active": False}, {"roles": ["analyst"]}):
            answer = await admin.put(f"/api/roster/users/{person['user_id']}", json=me | change)
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:ucc:problem:own_account")


async def test_skills_in_bulk_reach_the_signed_in_and_leave_better_ones(house: House, fresh_id: str) -> None:
    zh, yue = f"zh{fresh_id}", f"yue{fresh_id}"
    people = [await house.person(Role.AGENT, agent=True) for _ in range(3)]
    ids = [person["agent_id"] for person in people]
    async with house.client(Role.ADMIN) as admin:
        for skill in (zh, yue):
            await admin.post("/api/roster/skills", json={"skill": skill, "name": {"zh": "话", "en": "speech"}})
        await admin.post("/api/roster/teams", json=item("teams", fresh_id))
        profile = {
            "profile_id": fresh_id,
            "name": "P",
            "skills": [{"skill": yue, "level": 4}, {"skill": zh, "level": 4}],
        }
        assert (await admin.post("/api/roster/skill-profiles", json=profile)).status_code == 201
        for agent_id in ids[:2]:
            agent = (await admin.get(f"/api/roster/agents/{agent_id}")).json()
            agent |= {"teams": [fresh_id], "capacity": {"phone": 1}, "skills": [{"skill": zh, "level": 8}]}
            assert (await admin.put(f"/api/roster/agents/{agent_id}", json=agent)).status_code == 200
        async with house.agent(people[0]) as desk:
            assert (await desk.post("/api/agent/sign-in")).status_code == 202
        since = await house.end_of_events()
        applied = await admin.post("/api/roster/skills:apply", json={"team": fresh_id, "profile": fresh_id})
        assert applied.json() == {"agents": 2, "changed": 2}
        assert (await admin.post("/api/roster/skills:apply", json={"team": fresh_id, "profile": fresh_id})).json()[
            "changed"
        ] == 0
        (event,) = await house.events(since)
        skills = (HeldSkill(yue, 4), HeldSkill(zh, 8))
        assert event.data == ce.AgentProfileChanged(ids[0], skills, {Channel.PHONE: 1}, (fresh_id,), ())
        replaced = {"agents": ids, "skills": [{"skill": zh, "level": 2}], "mode": "replace"}
        assert (await admin.post("/api/roster/skills:apply", json=replaced)).json() == {"agents": 3, "changed": 3}
        for agent_id in ids:
            held = (await admin.get(f"/api/roster/agents/{agent_id}")).json()["skills"]
            assert held == [{"skill": zh, "level": 2, "expires_at": None}]
        trail = (await admin.get("/api/roster/audit", params={"subject_id": ids[0]})).json()["items"]
        assert [entry["action"] for entry in trail][:2] == ["skills_applied", "skills_applied"]


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        ({"team": "t", "site": "s", "profile": "p"}, 422),
        ({"team": "t"}, 422),
        ({"agents": ["nobody"], "skills": [{"skill": "zh", "level": 1}]}, 422),
        ({"team": "t", "profile": "nowhere"}, 404),
    ],
)
async def test_grants_that_make_no_sense(house: House, grant: dict[str, Any], status: int) -> None:
    async with house.client(Role.ADMIN) as admin:
        assert (await admin.post("/api/roster/skills:apply", json=grant)).status_code == status


async def test_a_reset_password_ends_the_sessions(house: House) -> None:
    from tests.integration.console.test_session import browser, credentials

    person = await house.person(Role.ANALYST)
    async with browser(house) as page, house.client(Role.ADMIN) as admin:
        await page.post("/api/session", json=credentials(person))
        account = (await admin.get(f"/api/roster/users/{person['user_id']}")).json()
        reset = await admin.put(
            f"/api/roster/users/{person['user_id']}", json=account | {"password": "a new long password"}
        )
        assert reset.status_code == 200
        page.cookies.delete("ucc_session")
        assert (await page.get("/api/session")).status_code == 401
        entry = (await admin.get("/api/roster/audit", params={"subject_id": person["user_id"]})).json()["items"][0]
        assert entry["after"]["password"] == "reset"


async def test_a_change_and_its_event_stand_or_fall_together(house: House, fresh_id: str) -> None:
    person = await house.person(Role.AGENT, agent=True)
    async with house.agent(person) as desk, house.client(Role.ADMIN) as admin:
        await desk.post("/api/agent/sign-in")
        agent = (await admin.get(f"/api/roster/agents/{person['agent_id']}")).json()
        assert (
            await admin.put(f"/api/roster/agents/{person['agent_id']}", json=agent | {"teams": ["nowhere"]})
        ).status_code == 422

        async def nothing_pending() -> bool:
            return await house.owner.fetchval("SELECT count(*) FROM console.outbox") == 0

        await eventually(nothing_pending, "the refused change left nothing to publish")
        assert (await admin.get(f"/api/roster/agents/{person['agent_id']}")).json() == agent
