"""What a dialogue must hold to, each fault with the line and column its author finds it at; and the demo's dialogues do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from services.ivr.dialogue_document import check_dialogue
from services.ivr.domain.calendars import PublicDays, is_open
from services.ivr.domain.diagram import diagram_svg, mermaid
from services.ivr.domain.dialogue import OpeningHours, dialogue_for
from services.ivr.domain.repertoire import words_of_dialogue
from services.ivr.handlers.holidays import PublicHolidays
from shared.contracts.fields import Channel
from shared.yaml_document import DocumentRefused
from tests.unit.ivr.dialogues import DEMO, QUESTIONS, demo_questions

SOUND = """\
title: {zh: 线, en: Line}
languages: [zh, en]
channels: [phone]
business_line: rental
start: menu
person: person
nodes:
  menu:
    menu:
      prompt: {zh: 请选择。, en: Choose.}
      options:
        "1": {label: {zh: 押金, en: deposit}, next: deposit}
        "0": {label: {zh: 人工, en: a person}, next: person}
  deposit: {answer: deposit, next: menu}
  person: {person: {}}
"""


def test_the_sound_one_is_sound() -> None:
    assert check_dialogue("line", SOUND, QUESTIONS).start == "menu"


@pytest.mark.parametrize(
    ("change", "to", "place", "complaint"),
    [
        ("next: menu}", "next: nowhere}", (14, 30), "there is no node 'nowhere'"),
        ("start: menu", "start: nowhere", (5, 1), "there is no node"),
        ("person: person\n", "person: menu\n", (6, 1), "is no person node"),
        ('"0": {label: {zh: 人工, en: a person}, next: person}', '"2": {label: {zh: 人工, en: a person}, next: person}',
         (11, 7), "lacks key 0"),
        ('"0": {label: {zh: 人工, en: a person}, next: person}', '"0": {label: {zh: 人工, en: a person}, next: deposit}',
         (13, 46), "key 0 does not lead to a person"),
        ("prompt: {zh: 请选择。, en: Choose.}", "prompt: {zh: 请选择。}", (10, 7), "says nothing in 'en'"),
        ("prompt: {zh: 请选择。, en: Choose.}", 'prompt: {zh: "{name}", en: Choose.}', (10, 16), "{name} stands for nothing"),
        ("  deposit: {answer: deposit, next: menu}", "  deposit: {answer: deposits, next: menu}", (14, 13),
         "there is no standard question 'deposits'"),
        ("  deposit: {answer: deposit, next: menu}", "  deposit: {say: {zh: 词, en: word}, next: deposit}", (14, 3),
         "no way leads from here"),
        ("  person: {person: {}}", "  person: {person: {}}\n  island: {hang_up: {}}", (16, 3), "no way leads here"),
        ("  deposit: {answer: deposit, next: menu}", "  deposit: {answer: deposit}", (14, 3), "'next' is missing"),
        ("  deposit: {answer: deposit, next: menu}", "  deposit: {answer: deposit, hang_up: {}, next: menu}", (14, 3),
         "this one is answer and hang_up"),
        ("  person: {person: {}}", "  person: {person: {}, next: menu}", (15, 24), "next does not belong"),
        ("business_line: rental\n", "", (1, 1), "serves nobody"),
        ("nodes:\n", "tries: {tries: 9}\nnodes:\n", (7, 9), "9 is greater than the maximum of 3"),
        ("channels: [phone]", "channels: [telegraph]", (3, 12), "is not one of"),
        ("start: menu", "start: menu\nstart: menu", (6, 1), "duplicate key"),
        ("title: {zh: 线", "title: {zh: 线}}", None, ""),
    ],
)  # fmt: skip
def test_each_fault_has_its_place(change: str, to: str, place: tuple[int, int] | None, complaint: str) -> None:
    assert change in SOUND
    with pytest.raises(DocumentRefused) as refused:
        check_dialogue("line", SOUND.replace(change, to, 1), QUESTIONS)
    faults = refused.value.faults
    assert any(complaint in fault.message for fault in faults), faults
    if place is not None:
        found = next(fault for fault in faults if complaint in fault.message)
        assert (found.line, found.column) == place, faults


def test_a_circle_without_the_customer_is_refused() -> None:
    circle = SOUND.replace("next: menu}", "next: again}").replace(
        "  person: {person: {}}", "  again: {branch: [{when: {known: true}, next: deposit}], otherwise: menu}\n  person: {person: {}}"
    )  # fmt: skip
    with pytest.raises(DocumentRefused, match="circle"):
        check_dialogue("line", circle, QUESTIONS)


@pytest.mark.parametrize("text", ["", "[]", "a: &a [*a]", "\t", "title: *nowhere", "x" * 600_000])
def test_what_is_no_dialogue_is_refused_with_a_place(text: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        check_dialogue("line", text)
    assert all(fault.line >= 1 for fault in refused.value.faults)


@pytest.mark.parametrize("path", sorted((DEMO / "dialogues").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_demo_s_dialogues_are_sound_and_can_be_drawn(path: Path) -> None:
    dialogue = check_dialogue(path.stem, path.read_text(encoding="utf-8"), demo_questions())
    for language in ("zh", "en"):
        drawing = ElementTree.fromstring(diagram_svg(dialogue, language))
        boxes = drawing.findall(".//{http://www.w3.org/2000/svg}g")
        assert len(boxes) == len(dialogue.nodes)
        assert mermaid(dialogue, language).count("-->") >= len(dialogue.nodes) - 2
    assert (Channel.PHONE in dialogue.channels) == bool(list(words_of_dialogue(dialogue)))


def test_a_contact_gets_the_dialogue_of_its_entry_then_line_then_any() -> None:
    demo = {
        path.stem: check_dialogue(path.stem, path.read_text(encoding="utf-8"))
        for path in (DEMO / "dialogues").glob("*.yaml")
    }

    def serving(channel: Channel, line: str, entry: str | None = None) -> str | None:
        found = dialogue_for(demo, channel, line, entry)
        return None if found is None else found.dialogue_id

    assert serving(Channel.PHONE, "sales", "main") == "main"
    assert serving(Channel.PHONE, "sales", "021-1") == "sales"
    assert serving(Channel.WEB, "sales", "/contact") == "web"
    assert serving(Channel.FAX, "anything") == "fax"
    assert serving(Channel.PHONE, "anything") is None


def test_hours_follow_the_week_holidays_and_make_up_days() -> None:
    hours = OpeningHours("Asia/Shanghai", dict.fromkeys(range(5), ((540, 1080),)), "CN", frozenset({"2026-06-01"}))
    public = PublicHolidays().around(datetime(2026, 3, 1, tzinfo=UTC), ["CN", "XX", None])["CN"]

    def at(day: str, clock: str = "10:00") -> bool:
        return is_open(hours, datetime.fromisoformat(f"{day}T{clock}:00+08:00"), public)

    assert at("2026-03-02")
    assert not at("2026-03-02", "08:59")
    assert not at("2026-03-02", "18:00")
    assert not at("2026-03-01")  # a Sunday
    assert not at("2026-02-17")  # Spring Festival
    assert at("2026-02-28")  # a Saturday worked for it
    assert not at("2026-06-01")  # closed by hand
    assert not is_open(hours, datetime(2026, 3, 2, 10, tzinfo=UTC), PublicDays())  # evening in Shanghai
