"""Signing in: right, wrong, limited; cookies that renew themselves; no foreign page acts with them."""

from __future__ import annotations

import httpx
import pytest

from services.console.sessions import SECRET_COOKIE, TOKEN_COOKIE
from shared.security import Role
from tests.integration.console.conftest import PASSWORD, House


def credentials(person: dict[str, str], **other: str) -> dict[str, str]:
    return {name: person[name] for name in ("tenant", "user", "password")} | other


def browser(house: House, origin: str | None = None) -> httpx.AsyncClient:
    headers = {"Origin": origin or house.url}
    return httpx.AsyncClient(base_url=house.url, headers=headers, trust_env=False, timeout=20, verify=False)


async def test_sign_in_gives_cookies_scripts_cannot_read(house: House) -> None:
    person = await house.person(Role.SUPERVISOR, teams=("t1",))
    async with browser(house) as page:
        answer = await page.post("/api/session", json=credentials(person))
        assert answer.status_code == 200, answer.text
        me = answer.json()
        assert (me["user_id"], me["roles"], me["teams"], me["agent_id"]) == (
            person["user_id"],
            ["supervisor"],
            ["t1"],
            None,
        )
        for cookie in answer.headers.get_list("set-cookie"):
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
        assert (await page.get("/api/session")).json()["user"] == person["user"]
        assert (await page.delete("/api/session")).status_code == 204
        assert (await page.get("/api/session")).status_code == 401


async def test_a_session_ended_cannot_renew(house: House) -> None:
    person = await house.person(Role.ANALYST)
    async with browser(house) as page:
        await page.post("/api/session", json=credentials(person))
        secret = page.cookies[SECRET_COOKIE]
        await page.delete("/api/session")
        thief = {"cookie": f"{SECRET_COOKIE}={secret}"}
        assert (await page.get("/api/session", headers=thief)).status_code == 401


@pytest.mark.parametrize("wrong", [{"password": "wrong horse battery"}, {"user": "nobody"}, {"tenant": "nowhere"}])
async def test_wrong_credentials_say_nothing_about_what_was_wrong(house: House, wrong: dict[str, str]) -> None:
    person = await house.person(Role.ANALYST)
    async with browser(house) as page:
        answer = await page.post("/api/session", json=credentials(person, **wrong))
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:ucc:problem:unauthenticated"
        assert answer.json()["detail"] == "tenant, user or password is wrong"
        assert not page.cookies


async def test_a_closed_account_cannot_sign_in(house: House) -> None:
    person = await house.person(Role.ANALYST)
    await house.owner.execute("UPDATE console.users SET active = false WHERE user_id = $1", person["user_id"])
    async with browser(house) as page:
        assert (await page.post("/api/session", json=credentials(person))).status_code == 401


async def test_guessing_is_limited_per_user_and_the_right_password_waits_too(house: House) -> None:
    person = await house.person(Role.ANALYST)
    async with browser(house) as page:
        for _ in range(house.settings.sign_in_failures_per_minute):
            assert (await page.post("/api/session", json=credentials(person, password="no"))).status_code == 401
        limited = await page.post("/api/session", json=credentials(person))
        assert limited.status_code == 429
        assert 0 < int(limited.headers["retry-after"]) <= 61
        other = await house.person(Role.ANALYST)
        assert (await page.post("/api/session", json=credentials(other))).status_code == 200


async def test_a_spent_token_is_renewed_with_the_roles_of_now(house: House) -> None:
    person = await house.person(Role.ANALYST)
    async with browser(house) as page:
        await page.post("/api/session", json=credentials(person))
        await house.owner.execute("UPDATE console.users SET roles = '{admin}' WHERE user_id = $1", person["user_id"])
        only_secret = {"cookie": f"{SECRET_COOKIE}={page.cookies[SECRET_COOKIE]}; {TOKEN_COOKIE}=spent"}
        answer = await page.get("/api/roster/teams", headers=only_secret)
        assert answer.status_code == 200  # an analyst may not, an administrator may
        assert f"{TOKEN_COOKIE}=" in answer.headers["set-cookie"]


async def test_a_foreign_page_cannot_act_with_our_cookie(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    async with browser(house) as page:
        await page.post("/api/session", json=credentials(person))
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
            answer = await page.post("/api/agent/heartbeat", headers=headers, json={})
            assert answer.status_code == 403
            assert answer.json()["type"] == "urn:ucc:problem:foreign_origin"
        del page.headers["origin"]
        assert (await page.post("/api/agent/heartbeat", json={})).status_code == 403
        assert (await page.post("/api/agent/heartbeat", json={}, headers={"Origin": house.url})).status_code == 204


async def test_programs_get_a_bearer_token(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    async with house.client() as program:
        token = (await program.post("/api/tokens", json=credentials(person))).json()
        assert token["token_type"] == "Bearer"
        headers = {"Authorization": f"Bearer {token['token']}"}
        assert (await program.get("/api/session", headers=headers)).json()["agent_id"] == person["agent_id"]
        assert (await program.post("/api/agent/heartbeat", headers=headers)).status_code == 204


async def test_changing_the_password_ends_other_sessions(house: House) -> None:
    person = await house.person(Role.ANALYST)
    async with browser(house) as here, browser(house) as there:
        await here.post("/api/session", json=credentials(person))
        await there.post("/api/session", json=credentials(person))
        change = {"old": PASSWORD, "new": "another horse battery"}
        assert (await here.post("/api/session/password", json={**change, "old": "wrong"})).status_code == 401
        assert (await here.post("/api/session/password", json=change)).status_code == 204
        for page, status in ((here, 200), (there, 401)):
            page.cookies.delete(TOKEN_COOKIE)
            assert (await page.get("/api/session")).status_code == status
        assert (await there.post("/api/session", json=credentials(person))).status_code == 401
        assert (await there.post("/api/session", json=credentials(person, password=change["new"]))).status_code == 200
