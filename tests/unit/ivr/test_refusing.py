"""A key that refuses further calls: said once, with the caller's number, in dialogues whose customers have one."""

from __future__ import annotations

import pytest

from services.ivr.domain.diagram import mermaid
from services.ivr.domain.engine import answer, begin
from services.ivr.domain.visit import Arriving, visit_from
from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.fields import Channel
from shared.yaml_document import DocumentRefused
from tests.unit.ivr.dialogues import read, world

NUMBER = "+8613900000001"
SURVEY = """
title: {zh: 回访, en: Survey}
languages: [zh]
channels: [phone]
entries: [survey]
start: menu
person: person
nodes:
  menu:
    menu:
      prompt: {zh: 这里是租房公司。, en: The rental company.}
      options:
        "9": {label: {zh: 不再来电, en: no more calls}, next: refuse}
        "0": {label: {zh: 人工, en: a person}, next: person}
  refuse: {refuse: {purpose: marketing}, next: bye}
  bye: {hang_up: {say: {zh: 好的，再见。, en: Goodbye.}}}
  person: {person: {}}
"""


def test_the_key_refuses_and_the_dialogue_goes_on() -> None:
    dialogue = read(SURVEY)
    first = begin(dialogue, Arriving("c-1", Channel.PHONE, "rental", number=NUMBER), world())
    assert first.refusals == ()
    heard = PromptAnswered("m", "c-1", "s", 0, "digits", digits="9")
    step = answer(dialogue, visit_from(first.visit.to_mapping()), heard, world())
    assert step.refusals == ("marketing",)
    assert step.visit.number == NUMBER
    assert [one.text for one in step.prompt.say] == ["好的，再见。"] if step.prompt else False
    played = PromptAnswered("m", "c-1", "s", 0, "played")
    assert answer(dialogue, step.visit, played, world()).refusals == ()
    assert "不再来电" in mermaid(dialogue, "zh")


def test_a_page_has_no_number_to_refuse_for() -> None:
    with pytest.raises(DocumentRefused) as refused:
        read(SURVEY.replace("channels: [phone]", "channels: [phone, web]"))
    assert "nodes.refuse.refuse" in str(refused.value)
