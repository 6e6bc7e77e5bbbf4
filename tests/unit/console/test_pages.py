"""Who gets which page, errors as pages, and a content security policy the templates keep."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError

from services.console import pages
from services.console.pages import DETAILS, NAVIGATION, add_pages, first_page
from services.console.settings import ConsoleSettings, DemoSignIn
from shared.http import create_service
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys

KEY = new_signing_key()
HTML = {"accept": "text/html"}
STAFF = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.ANALYST, Role.CAMPAIGN_MANAGER)
TEMPLATES = sorted((Path(pages.__file__).parent / "templates").rglob("*.html"))
SCRIPTS = sorted((Path(pages.__file__).parent / "static" / "js").rglob("*.js"))


@asynccontextmanager
async def nothing_to_open(_app: FastAPI) -> AsyncGenerator[None]:
    yield


def browser(*roles: Role, **settings: object) -> TestClient:
    """A browser with a session of these roles (none: not signed in)."""
    app = create_service("console", nothing_to_open, lambda _app: {}, public_keys(KEY), description="pages")
    add_pages(app, ConsoleSettings.model_validate(settings))
    client = TestClient(app, headers=HTML, follow_redirects=False)
    if roles:
        token = issue_token(KEY, Principal("u", "t", frozenset(roles), "a"), lifetime_seconds=3600)
        client.cookies.set("ucc_session", token)
    return client


def address(path: str) -> str:
    return re.sub(r"{\w+}", "x-1", path)


@pytest.mark.parametrize("page", [*NAVIGATION, *DETAILS], ids=lambda page: page.path)
@pytest.mark.parametrize("role", STAFF)
def test_a_page_opens_for_its_roles_only(page: pages.Page, role: Role) -> None:
    answer = browser(role).get(address(page.path))
    assert answer.status_code == (200 if role in page.roles else 403)
    assert answer.headers["content-security-policy"] == pages.content_security_policy()
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("page", [*NAVIGATION, *DETAILS], ids=lambda page: page.path)
def test_who_is_not_signed_in_comes_back_after_signing_in(page: pages.Page) -> None:
    answer = browser().get(address(page.path))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={address(page.path)}")


@pytest.mark.parametrize("role", STAFF)
def test_everybody_has_a_first_page(role: Role) -> None:
    client = browser(role)
    assert client.get(client.get("/").headers["location"]).status_code == 200


def test_an_agent_starts_at_the_desk() -> None:
    assert first_page(Principal("u", "t", frozenset({Role.AGENT, Role.SUPERVISOR}))) == "/agent"


def test_a_wrong_address_is_a_page_for_people_and_a_problem_for_programs() -> None:
    client = browser(Role.AGENT)
    page, problem = client.get("/nowhere"), client.get("/nowhere", headers={"accept": "application/json"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")
    assert client.get("/api/nowhere").headers["content-type"] == "application/problem+json"


def test_demo_sign_ins_are_shown_only_where_they_are_set() -> None:
    person = DemoSignIn(tenant="t", user="you", password="secret-of-the-demo", name="林晓", role="agent")
    assert "secret-of-the-demo" in browser(demo_sign_ins=(person,)).get("/sign-in").text
    assert "data-password" not in browser().get("/sign-in").text


def test_the_page_names_the_words_of_its_language() -> None:
    client = browser(Role.AGENT)
    for language, lang in (("zh", "zh-CN"), ("en", "en")):
        client.cookies.set("ucc_lang", language)
        page = client.get("/agent").text
        module = re.search(r'data-words="([^"]+)"', page)
        assert module is not None
        assert f'<html lang="{lang}"' in page
        words = client.get(module[1])
        assert words.headers["content-type"].startswith("text/javascript")
        assert "immutable" in words.headers["cache-control"]
    assert client.get("/words/en.000000000000.js").status_code == 404


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_inline_script_or_style(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_never_write_markup(script: Path) -> None:
    """Texts of customers reach the page as text only."""
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function",
        script.read_text(encoding="utf-8"),
    )


def test_a_telephone_in_the_page_may_reach_its_exchange_and_nothing_else() -> None:
    answer = browser(Role.AGENT, softphone_origins=["wss://pbx.example.com:8089"]).get("/agent")
    assert "connect-src 'self' wss://pbx.example.com:8089;" in answer.headers["content-security-policy"]
    for rubbish in ("wss://a; script-src *", "https://pbx.example.com", "wss://*"):
        with pytest.raises(ValidationError):
            ConsoleSettings.model_validate({"softphone_origins": [rubbish]})
