"""What a customer lives through in a dialogue, step by step."""

from __future__ import annotations

import json

import pytest

from services.ivr.domain.engine import fax_reported
from services.ivr.domain.pace import longest_seconds
from services.ivr.domain.visit import Caller, ContractInForce, note_of, visit_from
from shared.contracts.fields import Channel
from tests.unit.ivr.dialogues import Customer, read, world

LINE = """
title: {zh: 线, en: Line}
languages: [zh, en]
channels: [phone, web, sms]
business_line: rental
start: menu
person: person
tries: {tries: 3}
nodes:
  menu:
    menu:
      prompt: {zh: 请选择。, en: Choose.}
      options:
        "1": {label: {zh: 押金, en: deposit}, next: a-deposit}
        "2": {label: {zh: 合同, en: contracts}, next: number}
        "3": {label: {zh: English, en: English}, next: english}
        "4": {label: {zh: 账单, en: bills}, next: pin}
        "0": {label: {zh: 人工, en: a person}, next: person}
      repeat: "9"
      typed: free
  english: {set: {language: en}, next: menu}
  a-deposit: {answer: deposit, next: more}
  number:
    ask: {prompt: {zh: 编号？, en: Number?}, field: contract, label: {zh: 合同编号, en: Contract}, digits: [4, 6], read_back: true}
    next: contract
  pin:
    verify: {prompt: {zh: 密码？, en: PIN?}, digits: 6, verified: billing, refused: person}
  free:
    question:
      prompt: {zh: 请说。, en: Ask.}
      answered: more
      unsure: person
      options: {"0": {label: {zh: 人工, en: a person}, next: person}}
  more:
    menu:
      prompt: {zh: 还有吗？, en: Anything else?}
      options:
        "1": {label: {zh: 没有了, en: "no"}, next: bye}
        "0": {label: {zh: 人工, en: a person}, next: person}
      typed: free
      silent: bye
  bye: {hang_up: {say: {zh: 再见。, en: Goodbye.}}}
  contract: {person: {group: rental-contract, reason: contract}}
  billing: {person: {group: rental-billing}}
  person: {person: {}}
"""
FAX = """
title: {zh: 传真, en: Fax}
languages: [zh, en]
channels: [fax]
any_line: true
start: read
person: person
nodes:
  read: {question: {prompt: {zh: 传真, en: Fax}, answered: done, unsure: person}}
  done: {hang_up: {}}
  person: {person: {}}
"""


def test_a_standard_answer_heard_whole_and_then_goodbye() -> None:
    customer = Customer(read(LINE))
    assert customer.said == [
        "请选择。",
        "押金，请按 1。合同，请按 2。English，请按 3。账单，请按 4。人工，请按 0。重听请按 9。",
    ]
    customer.press("1")
    assert customer.said == ["答 deposit"]
    assert customer.events == []
    customer.wait()
    assert customer.events == ["SelfServiceAnswered"]
    customer.wait().wait().wait()  # silence three times: the menu says where it leads
    assert customer.said == ["再见。"]
    customer.outcome("played")
    assert customer.end.outcome == "served"
    assert customer.step.hang_up


def test_an_answer_interrupted_is_none() -> None:
    customer = Customer(read(LINE)).press("1").press("5")
    assert customer.events == []
    assert customer.said[0] == "还有吗？"


def test_an_answer_may_be_heard_again_and_left_for_a_person() -> None:
    customer = Customer(read(LINE)).press("1").press("*")
    assert customer.said == ["答 deposit"]
    customer.press("0")
    assert (customer.end.outcome, customer.end.group) == ("to_person", "rental-enquiry")


def test_three_misses_lead_to_a_person() -> None:
    customer = Customer(read(LINE)).press("7")
    assert customer.said[0] == "抱歉，没有这个选项。"
    customer.wait()
    assert customer.said[0] == "抱歉，没有听到您的选择。"
    customer.wait()
    assert (customer.end.outcome, customer.end.by) == ("to_person", "default")


def test_the_repeat_key_costs_no_try() -> None:
    customer = Customer(read(LINE))
    for _ in range(5):
        customer.press("9")
    assert customer.said[0] == "请选择。"


def test_the_language_chosen_stays_and_travels() -> None:
    customer = Customer(read(LINE)).press("3")
    assert customer.said[0] == "Choose."
    customer.press("0")
    assert customer.end.language == "en"


def test_a_number_is_read_back_and_kept() -> None:
    customer = Customer(read(LINE)).press("2").press("12")
    assert customer.said[0] == "抱歉，这个号码的位数不对。"
    customer.press("4711")
    assert customer.said == ["您输入的是 4 7 1 1。正确请按 1，重新输入请按 2。"]
    customer.press("2")
    assert customer.said == ["编号？"]
    customer.press("4712").press("1")
    assert (customer.end.group, customer.end.reason, customer.end.by) == ("rental-contract", "contract", "menu")
    assert note_of(customer.step.visit) == "合同 › 合同编号: 4712"


def test_secret_digits_are_never_seen_here() -> None:
    customer = Customer(read(LINE)).press("4")
    assert customer.step.prompt is not None
    assert customer.step.prompt.verify == "pin"
    assert customer.step.prompt.gather is not None
    assert customer.step.prompt.gather.secure
    customer.outcome("refused").outcome("verified")
    assert customer.end.group == "rental-billing"
    assert note_of(customer.step.visit) == "账单"


def test_in_a_conversation_there_is_no_secret() -> None:
    customer = Customer(read(LINE), Channel.WEB).press("4")
    assert (customer.end.outcome, customer.end.group) == ("to_person", None)


def test_words_typed_at_a_menu_are_understood() -> None:
    customer = Customer(read(LINE), Channel.WEB).write("pets")
    assert customer.said == ["答 pets"]
    customer.outcome("played").write("renewal").outcome("played")
    assert customer.events == ["SelfServiceAnswered", "SelfServiceAnswered"]


def test_the_nearest_questions_are_offered_once() -> None:
    customer = Customer(read(LINE), Channel.SMS).write("?pets/renewal")
    assert customer.said == ["您想问的是哪一个？", "1  标题 pets\n2  标题 renewal\n0  都不是，转人工"]
    chosen = Customer(read(LINE), Channel.SMS).write("?pets/renewal").press("2")
    assert chosen.said == ["答 renewal"]
    customer.write("?pets/deposit")
    assert (customer.end.outcome, customer.end.group, customer.end.by) == ("to_person", "rental-enquiry", "matcher")


def test_not_understood_goes_to_the_group_that_was() -> None:
    customer = Customer(read(LINE), Channel.WEB).write("合同上的名字写错了怎么办")
    assert (customer.end.group, customer.end.by) == ("rental-contract", "matcher")
    assert note_of(customer.step.visit) == "“合同上的名字写错了怎么办”"


def test_english_words_are_answered_in_english() -> None:
    customer = Customer(read(LINE), Channel.WEB).write("are cats allowed?")
    assert customer.step.visit.language == "en"
    other = Customer(read(LINE), Channel.WEB, text="How long does it take?")
    assert other.said[0] == "Choose."


def test_a_visitor_who_read_the_answer_and_went_was_served() -> None:
    customer = Customer(read(LINE.replace("      silent: bye\n", "")), Channel.WEB).write("pets").outcome("played")
    customer.wait().wait().wait()
    assert customer.end.outcome == "served"


def test_a_prompt_that_failed_ends_as_failed_at_once() -> None:
    customer = Customer(read(LINE)).outcome("failed")
    assert (customer.end.outcome, customer.end.reason) == ("failed", "prompt_failed")


def test_a_fax_is_matched_at_once_and_answered_when_delivered() -> None:
    customer = Customer(read(FAX), Channel.FAX, text="deposit")
    assert customer.step.faxes[0].body == "传真 deposit"
    assert customer.events == []
    step = fax_reported(customer.dialogue, customer.step.visit, True, world())
    assert [type(event).__name__ for event in step.events] == ["SelfServiceAnswered", "SelfServiceEnded"]
    lost = fax_reported(customer.dialogue, customer.step.visit, False, world())
    assert lost.visit.group == "rental-enquiry"


@pytest.mark.parametrize("text", [None, "", "无法辨认"])
def test_a_fax_that_cannot_be_read_goes_to_a_person(text: str | None) -> None:
    assert Customer(read(FAX), Channel.FAX, text=text).end.outcome == "to_person"


BRANCHES = """
title: {zh: 线, en: Line}
languages: [zh]
channels: [phone]
business_line: rental
start: split
person: person
hours: {office: {weekly: {mon-fri: ["09:00-18:00"]}}}
nodes:
  split:
    branch:
      - {when: {closed: office}, next: closed}
      - {when: {deal: rental, known: true}, next: lease}
      - {when: {tier: gold}, next: gold}
    otherwise: person
  closed: {hang_up: {say: {zh: 已下班。}}}
  lease:
    menu: {prompt: {zh: "是{deal}的事吗？"}, options: {"1": {label: {zh: 是}, next: gold}, "0": {label: {zh: 人工}, next: person}}}
  gold: {person: {group: gold}}
  person: {person: {}}
"""


def test_branches_by_hours_contract_and_tier() -> None:
    dialogue = read(BRANCHES)
    assert Customer(dialogue).said == ["已下班。"]
    lease = Caller(True, "silver", (ContractInForce("sales", "甲"), ContractInForce("rental", "世纪雅庭")))
    assert Customer(dialogue, world=world("office"), caller=lease).said[0] == "是世纪雅庭的事吗？"
    assert Customer(dialogue, world=world("office"), caller=Caller(True, "gold")).end.group == "gold"
    assert Customer(dialogue, world=world("office")).end.group is None


def test_a_visit_survives_being_written_down() -> None:
    lease = Caller(True, "gold", (ContractInForce("rental", "世纪雅庭"),))
    customer = Customer(read(LINE), caller=lease).press("2").press("4711")
    visit = customer.step.visit
    assert visit_from(json.loads(json.dumps(visit.to_mapping()))) == visit


def test_a_prompt_knows_how_long_it_can_take() -> None:
    prompt = Customer(read(LINE)).step.prompt
    assert prompt is not None
    assert 15 < longest_seconds(prompt) < 60


def test_a_question_withdrawn_meanwhile_goes_to_a_person() -> None:
    assert Customer(read(LINE), world=world(questions={})).press("1").end.outcome == "to_person"
