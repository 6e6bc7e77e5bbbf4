"""The web channel's small parts: tokens, links, hours, entries, and what visitors are not shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.gateway.adapters.web.contacts import web_link
from services.gateway.adapters.web.frames import choices_of, frame_of
from services.gateway.adapters.web.settings import Hours, WebSettings
from services.gateway.adapters.web.tokens import SignedIdentity, Visitor, known_visitor, new_visitor, seal, unseal
from services.gateway.domain.entries import Entry

SECRET, OTHER = "whsec_one", "whsec_two"
LINE: dict[str, Any] = {"business_line": "rental", "title": {"zh": "租房", "en": "Renting"}}


def test_a_token_opens_at_its_own_site_until_it_ends() -> None:
    visitor = Visitor("v1", 1_000, "customer-7", "王芳")
    token = seal(visitor, "site-1", SECRET)
    assert unseal(token, "site-1", SECRET, 999) == visitor
    assert unseal(token, "site-1", SECRET, 1_000) is None
    assert unseal(token, "site-2", SECRET, 1) is None
    assert unseal(token, "site-1", OTHER, 1) is None
    assert "customer-7" not in token
    for cut in (token[:-2], token + "A", "", token.replace(".", "..", 1)):
        assert unseal(cut, "site-1", SECRET, 1) is None


def test_unknown_visitors_are_all_different_and_a_known_one_is_always_the_same() -> None:
    assert new_visitor(1).visitor_id != new_visitor(1).visitor_id
    wang = SignedIdentity("customer-7", "王芳")
    assert known_visitor(wang, SECRET, 1).visitor_id == known_visitor(wang, SECRET, 2).visitor_id
    assert known_visitor(wang, SECRET, 1).visitor_id != known_visitor(wang, OTHER, 1).visitor_id
    assert "." not in known_visitor(wang, SECRET, 1).visitor_id


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://homes.example/flat/7?token=secret#part", "https://homes.example/flat/7"),
        ("http://user:password@homes.example:8080/a", "http://homes.example:8080/a"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//homes.example", None),
        ("https://", None),
        ("https://homes.example:99999/", None),
        ("https://a.example/\u202ex", None),
        (None, None),
    ],
)
def test_only_addresses_of_the_web_become_links_without_their_secrets(url: str | None, link: str | None) -> None:
    assert web_link(url) == link


def test_hours_hold_on_their_days_also_past_midnight() -> None:
    day = Hours.model_validate({"days": [1, 2], "opens": "09:00", "closes": "18:00"})
    monday = datetime(2026, 11, 23, 9, 0)
    assert day.hold(monday)
    assert not day.hold(monday.replace(hour=18))
    assert not day.hold(monday.replace(day=25))
    night = Hours.model_validate({"days": [7], "opens": "22:00", "closes": "06:00"})
    assert night.hold(datetime(2026, 11, 22, 23, 0))
    assert night.hold(datetime(2026, 11, 23, 5, 59))
    assert not night.hold(datetime(2026, 11, 22, 5, 0))


def test_the_page_finds_its_entry_and_a_chosen_line_wins() -> None:
    settings = WebSettings.model_validate(
        {
            "lines": [LINE],
            "entries": [
                {"entry": "/sell", "business_line": "sales", "self_service": False},
                {"entry": "*", "business_line": "rental"},
            ],
        }
    )
    assert settings.entry("/sell", None).business_line == "sales"
    assert settings.entry("/other", None) == Entry("*", "rental")
    assert settings.entry("/sell", "rental").business_line == "rental"
    assert settings.offers("sales")
    assert not settings.offers("insurance")
    bare = WebSettings.model_validate({"lines": [LINE]})
    assert bare.entry(None, None) == Entry("*", "rental", self_service=False)
    assert bare.open_at(datetime(2026, 11, 22, 3, 0))


@pytest.mark.parametrize(
    "change",
    [
        {"lines": []},
        {"origins": ["homes.example"]},
        {"origins": ["https://homes.example/path"]},
        {"accent": "red"},
        {"identity_key": "short"},
        {"uploads": {"kinds": ["html"]}},
        {"uploads": {"max_bytes": 10**9}},
        {"idle_minutes": 0},
    ],
)
def test_settings_that_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebSettings.model_validate({"lines": [LINE], **change})


def test_visitors_see_nothing_of_the_inside() -> None:
    queued = {"contact_id": "c", "group": "vip", "requirement": [], "head_start": {}, "customer_id": "k"}
    assert frame_of("t", "ContactQueued", queued) == {"type": "state", "contact_id": "c", "state": "waiting"}
    assert frame_of("t", "OfferMade", {"contact_id": "c", "agent_id": "a"}) is None
    said = {"message_id": "m", "contact_id": "c", "author": "agent", "agent_id": "a-7", "sent_at": 5_000, "text": "hi"}
    frame = frame_of("t", "MessageSent", {**said, "attachments": ()})
    assert frame is not None
    assert frame["message"] == {"message_id": "m", "author": "agent", "text": "hi", "at": 5, "files": []}
    blind = {"contact_id": "c", "from_agent": "a", "to_agent": None}
    assert frame_of("t", "ContactTransferred", blind) is None


def test_buttons_come_after_the_words_they_belong_to() -> None:
    prompt = {
        "command_id": "x", "contact_id": "c", "step": "s", "say": [{"text": "a"}, {"text": "b"}],
        "gather": {"choices": [{"key": "1", "label": "租房"}]},
    }  # fmt: skip
    frame = choices_of("t", prompt)
    assert frame is not None
    assert frame["after"] is not None
    assert frame["choices"] == [{"key": "1", "label": "租房"}]
    silent = choices_of("t", {**prompt, "say": []})
    assert silent is not None
    assert silent["after"] is None
