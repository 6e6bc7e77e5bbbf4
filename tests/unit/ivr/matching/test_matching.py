"""The matcher on a small house's questions: what it answers, when it is unsure, how it explains itself and what it learns."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from services.ivr.domain.matching.model import Model
from services.ivr.domain.matching.training import train
from services.ivr.domain.matching.verdict import OUTSIDE, Example, Thresholds, only_group
from tests.unit.ivr.matching.house_questions import BUSINESS_LINES, EXAMPLES, GROUPS, house_model

MODEL = house_model()

SAID_OTHERWISE = [
    ("请问房租每月多少", "rent.price"),
    ("What's the rent per month?", "rent.price"),
    ("我有一条狗，可以租吗", "rent.pets"),
    ("is my dog allowed", "rent.pets"),
    ("想提前退租，押金怎么退", "rent.end"),
    ("I'd like to terminate my lease", "rent.end"),
    ("星期六可以约看房吗", "sale.viewing"),
    ("Could I book a viewing for tomorrow?", "sale.viewing"),
    ("税费大概多少", "sale.tax"),
    ("what taxes must a buyer pay", "sale.tax"),
    ("到地铁要走多久", "sale.metro"),
    ("is the underground close by", "sale.metro"),
    ("水管在滴水", "care.leak"),
    ("the pipe in the bathroom leaks", "care.leak"),
    ("家里暖气坏了", "care.heating"),
    ("heating is broken", "care.heating"),
]


@pytest.mark.parametrize(("text", "question"), SAID_OTHERWISE)
def test_words_never_taught_find_their_question(text: str, question: str) -> None:
    match = MODEL.match(text)
    assert match.candidates[0].question == question
    assert match.decision in ("answer", "ask_back")


def test_what_was_taught_is_answered_with_its_group_and_near_certainty() -> None:
    match = MODEL.match("一个月房租多少钱")
    assert (match.decision, match.question, match.group) == ("answer", "rent.price", "rental")
    assert match.confidence > 0.8


@pytest.mark.parametrize(
    "text",
    [
        "今天股票涨了吗",
        "唱首歌来听听",
        "who won the match last night",
        "tell me a joke about penguins",
        "嗯",
        "asdf qwer",
    ],
)
def test_unsure_is_an_answer(text: str) -> None:
    match = MODEL.match(text)
    assert match.decision != "answer"
    assert match.question is None


def test_the_verdict_follows_the_thresholds() -> None:
    text = "请问房租每月多少"
    confidence = MODEL.match(text).confidence
    assert 0.0 < confidence < 1.0
    assert MODEL.match(text, thresholds=Thresholds(confidence, 0.1)).decision == "answer"
    assert MODEL.match(text, thresholds=Thresholds(1.0, confidence)).decision == "ask_back"
    assert MODEL.match(text, thresholds=Thresholds(1.0, 1.0)).decision == "hand_over"
    with pytest.raises(ValueError, match="thresholds"):
        Thresholds(answer=0.2, ask_back=0.5)


def test_it_explains_itself_by_the_nearest_examples() -> None:
    match = MODEL.match("附近有没有地铁")
    assert (match.nearest[0].question, match.nearest[0].example) == ("sale.metro", "附近有地铁吗")
    similarities = [near.similarity for near in match.nearest]
    assert similarities == sorted(similarities, reverse=True)
    assert 0.3 < similarities[0] <= 1.0


def test_candidates_are_three_at_most_best_first_and_together_no_more_than_certain() -> None:
    match = MODEL.match("房子的租金和税")
    confidences = [c.confidence for c in match.candidates]
    assert len(confidences) == 3
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) <= 1.0 + 1e-6
    assert match.confidence == confidences[0]


def test_only_open_questions_are_considered() -> None:
    rental = MODEL.match("离地铁站有多远", business_line="rental")
    assert {c.question for c in rental.candidates} <= {"rent.price", "rent.pets", "rent.end"}
    assert rental.decision != "answer"  # what it asks is not served in this line, and that shows
    assert all(near.question.startswith("rent.") for near in rental.nearest)
    two = frozenset({"sale.tax", "sale.metro"})
    assert MODEL.match("离地铁站有多远", allowed=two).question == "sale.metro"
    assert MODEL.match("离地铁站有多远", allowed=frozenset()).decision == "hand_over"


def test_a_correction_changes_the_outcome() -> None:
    text = "物业什么时候上门"
    before = MODEL.match(text)
    assert before.question != "care.heating"
    correction = Example("care.heating", text, "zh")
    after = house_model(corrections=(correction,)).match(text)
    assert (after.decision, after.question) == ("answer", "care.heating")
    at_once = MODEL.corrected(correction).match(text)
    assert (at_once.decision, at_once.question) == ("answer", "care.heating")
    assert MODEL.match(text) == before  # a model never changes


def test_a_correction_leaves_other_questions_alone() -> None:
    corrected = MODEL.corrected(Example("care.heating", "物业什么时候上门", "zh"))
    for text, question in SAID_OTHERWISE:
        assert corrected.match(text).candidates[0].question == question


def test_the_last_correction_of_a_text_wins_over_examples_and_earlier_corrections() -> None:
    text = "一个月房租多少钱"
    corrections = (Example("rent.end", text, "zh"), Example("sale.tax", text, "zh"))
    assert house_model(corrections).match(text).candidates[0].question == "sale.tax"


def test_a_correction_may_name_a_group_without_an_answer() -> None:
    taught = tuple(
        Example(only_group("complaints"), text, "zh")
        for text in ("我要投诉你们经纪人", "你们的态度太差了", "我要找领导投诉")
    )
    match = house_model(taught).match("经纪人态度差，我要投诉")
    assert (match.decision, match.question, match.group) == ("ask_back", None, "complaints") or (
        match.decision,
        match.question,
        match.group,
    ) == ("hand_over", None, "complaints")


def test_a_correction_may_say_that_nothing_of_ours_was_asked() -> None:
    text = "你们公司招人吗，租金组"
    corrected = house_model((Example(OUTSIDE, text, "zh"),))
    assert corrected.match(text).confidence < MODEL.match(text).confidence
    assert corrected.match(text).decision == "hand_over"
    assert MODEL.corrected(Example(OUTSIDE, text, "zh")).match(text).decision != "answer"


def test_bytes_and_back() -> None:
    written = MODEL.to_bytes()
    again = Model.from_bytes(written)
    assert again.to_bytes() == written
    for text, _ in SAID_OTHERWISE:
        assert again.match(text, "zh", "rental") == MODEL.match(text, "zh", "rental")
    corrected = MODEL.corrected(Example("care.heating", "壁挂炉报 E1", "zh"))
    assert Model.from_bytes(corrected.to_bytes()).match("壁挂炉报 E1") == corrected.match("壁挂炉报 E1")


@pytest.mark.parametrize("broken", [b"", b"{}", b"\x80\x04K\x01.", MODEL.to_bytes()[:-3], MODEL.to_bytes() + b"x"])
def test_other_bytes_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"matcher|header|bytes|array|Expecting"):
        Model.from_bytes(broken)


def test_the_same_examples_give_the_same_model_under_any_hash_seed() -> None:
    program = (
        "import hashlib; from tests.unit.ivr.matching.house_questions import house_model;"
        "print(hashlib.sha256(house_model().to_bytes()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\x00\x01",
        "🙂🙂🙂",
        "？！。",
        "\ud800",
        "a" * 16_000,
        "租" * 16_000,
        "﷽" * 500,
        "<script>alert(1)</script>",
    ],
)
def test_weird_input_gets_a_verdict_too(text: str) -> None:
    match = MODEL.match(text)
    assert match.decision in ("answer", "ask_back", "hand_over")
    assert 0.0 <= match.confidence <= 1.0


def test_full_width_upper_case_and_mixed_languages() -> None:
    assert MODEL.match("ＨＯＷ　ＭＵＣＨ　ＩＳ　ＴＨＥ　ＲＥＮＴ？").question == "rent.price"
    assert MODEL.match("deposit 押金怎么退").candidates[0].question == "rent.end"
    assert MODEL.match("metro 地铁 近吗").candidates[0].question == "sale.metro"


def test_training_needs_something_to_learn_from() -> None:
    with pytest.raises(ValueError, match="no example"):
        train([Example("rent.price", "？？", "zh"), Example(OUTSIDE, "hello", "en")])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_is_enough_to_start(count: int) -> None:
    few = [e for q in GROUPS for e in [x for x in EXAMPLES if x.question == q and x.language == "zh"][:count]]
    model = train(few, groups=GROUPS, business_lines=BUSINESS_LINES)
    assert model.match(few[0].text).candidates[0].question == few[0].question
    one_question = train(few[:count], groups=GROUPS)
    assert one_question.match(few[0].text).candidates[0].question == few[0].question
