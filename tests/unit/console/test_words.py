"""The words of the pages: both languages have every key, every key a page asks for exists, every code has words."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest

from services.console import pages
from services.console.domain.service_level import Variant
from services.console.domain.shapes import AlarmKind, ContactState
from services.console.i18n import LANGUAGES, choose_language, read_words
from services.outbound.domain.attempts import AttemptState
from services.outbound.domain.campaigns import CampaignState, DialMode
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.pacing_view import PacingReason
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.records import RecordState
from services.outbound.domain.suppressions import Suppression
from shared.contracts.contact_events import Presence
from shared.contracts.fields import AddressKind, Channel
from shared.contracts.routing_decisions import ContactEnd, OfferOutcome, RefusalReason, RoutingDecision, WorkState
from shared.security import Role

CONSOLE = Path(pages.__file__).parent
WORDS = {language: read_words(language) for language in LANGUAGES}
KEY = re.compile(r"""(?<![\w.$])t\(\s*['"`]([a-z_]+(?:\.[\w-]+)+)['"`]""")
"""A key written out. One put together from a code ends in a dot and is held by `FAMILIES`."""
FAMILIES: dict[str, type[StrEnum]] = {
    "end": ContactEnd,
    "outcome": OfferOutcome,
    "refusal": RefusalReason,
    "work_state": WorkState,
    "presence": Presence,
    "contact_state": ContactState,
    "channel": Channel,
    "identity": AddressKind,
    "role": Role,
    "alarm": AlarmKind,
    "alarm_action": AlarmKind,
    "formula": Variant,
    "campaign_state": CampaignState,
    "dial_mode": DialMode,
    "purpose": Purpose,
    "record_state": RecordState,
    "attempt_state": AttemptState,
    "dial_outcome": DialOutcome,
    "suppression": Suppression,
    "pacing_reason": PacingReason,
}
SOURCES = [*CONSOLE.glob("templates/**/*.html"), *CONSOLE.glob("static/js/**/*.js")]


def test_both_languages_have_the_same_keys() -> None:
    assert set(WORDS["zh"].texts) == set(WORDS["en"].texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    assert [key for key, text in WORDS[language].texts.items() if not text.strip()] == []


def test_both_languages_fill_in_the_same_values() -> None:
    def values(text: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", text))

    zh, en = WORDS["zh"].texts, WORDS["en"].texts
    assert [key for key in zh if values(zh[key]) != values(en[key])] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(CONSOLE)))
def test_every_key_a_page_asks_for_exists(source: Path) -> None:
    asked = set(KEY.findall(source.read_text(encoding="utf-8")))
    assert asked - set(WORDS["en"].texts) == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_code_of_the_contracts_has_words(family: str) -> None:
    missing = {f"{family}.{code}" for code in FAMILIES[family]} - set(WORDS["en"].texts)
    assert missing == set()


def test_every_decision_has_words() -> None:
    missing = {f"decision.{decision.__name__}" for decision in get_args(RoutingDecision)} - set(WORDS["en"].texts)
    assert missing == set()


def test_a_key_without_words_is_a_bug() -> None:
    with pytest.raises(KeyError):
        WORDS["en"]("no.such.key")


@pytest.mark.parametrize(
    ("cookie", "header", "language"),
    [("en", "zh-CN", "en"), (None, "en-GB,zh;q=0.5", "en"), ("fr", "fr,zh-TW", "zh"), (None, "", "zh")],
)
def test_the_cookie_chooses_then_the_browser_then_chinese(cookie: str | None, header: str, language: str) -> None:
    assert choose_language(cookie, header) == language
