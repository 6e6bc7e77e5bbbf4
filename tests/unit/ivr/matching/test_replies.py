"""Which replies answer the question: learnt from a small house's chats, judged on questions it has not seen."""

from __future__ import annotations

import pytest

from services.ivr.domain.matching.replies import Thread, learn

ANSWERED = [
    ("几楼的？", "在{}楼，有电梯"),
    ("房租多少钱一个月", "每月{}00元，押一付一"),
    ("可以养宠物吗", "可以养，{}只以内"),
    ("离地铁站远吗", "不远，走路{}分钟"),
    ("什么时候可以看房", "周{}下午可以看房"),
    ("how much is the rent", "the rent is {}00 a month"),
    ("which floor is it on", "it is on floor {}"),
]
SAID_ANYWAY = ("您好", "稍等一下，我看看", "您怎么称呼", "好的", "hello, one moment please")


def _house() -> list[Thread]:
    threads: list[Thread] = []
    for n in range(70):
        question, answer = ANSWERED[n % len(ANSWERED)]
        replies = [SAID_ANYWAY[n % 5], answer.format(n % 9 + 1), SAID_ANYWAY[(n + 2) % 5]]
        turned = n % 3
        order = replies[turned:] + replies[:turned]
        threads.append(Thread(question, tuple(order), tuple(reply == replies[1] for reply in order)))
    return threads


MODEL = learn(_house())


@pytest.mark.parametrize(
    ("question", "replies", "answer"),
    [
        ("请问是几楼", ("您好", "是在12楼，有电梯的", "好的"), 1),
        ("地铁近吗", ("稍等一下，我看看", "您好", "走路20分钟就到地铁站"), 2),
        ("what is the rent", ("the rent is 900 a month", "hello, one moment please"), 0),
    ],
)
def test_the_reply_that_answers_is_the_most_probable(question: str, replies: tuple[str, ...], answer: int) -> None:
    probabilities = MODEL.probabilities(question, replies)
    assert max(range(len(replies)), key=probabilities.__getitem__) == answer
    assert probabilities[answer] >= MODEL.threshold


def test_a_thread_without_an_answer_has_none() -> None:
    assert max(MODEL.probabilities("几楼的？", ("您好", "您怎么称呼"))) < MODEL.threshold


def test_each_reply_has_its_probability_and_no_replies_have_none() -> None:
    assert MODEL.probabilities("几楼的？", ()) == ()
    strange = MODEL.probabilities("", ("", "？？", "😀", "x" * 10_000))
    assert len(strange) == 4
    assert all(0.0 <= p <= 1.0 for p in strange)


def test_learning_twice_gives_the_same() -> None:
    again = learn(_house())
    assert again.threshold == MODEL.threshold
    assert (again.weights == MODEL.weights).all()


def test_answers_of_one_kind_only_teach_nothing() -> None:
    with pytest.raises(ValueError, match="too few threads"):
        learn([Thread("几楼", ("3楼",), (True,))] * 6)
