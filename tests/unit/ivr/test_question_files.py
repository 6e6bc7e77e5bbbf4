"""Question sets as files: what fits is taken, what does not is named, and nothing is counted wrongly."""

from __future__ import annotations

import pytest

from services.ivr.api.question_files import UnreadableFile, read_questions
from services.ivr.domain.questions import question_document, question_from
from services.ivr.domain.usage import Usage
from tests.unit.ivr.dialogues import demo_questions

CSV = "text/csv"
YAML = "application/yaml"


def test_csv_rows_become_questions() -> None:
    rows, rejected = read_questions(
        "id,business_line,group,title_zh,examples_zh,voice_zh,link,fax_title_zh,fax_body_zh\n"
        "q1,rental,rental-enquiry,押金,多少押金|押金几个月,一个月。,https://x.example/a,押金,一个月\n"
        "q2,rental,,押金,,,,,\n"
        "q3,rental,g,标题,,,ftp://x,,\n"
        "q1,rental,g,标题,,,,,\n".encode(),
        CSV,
    )
    assert [row.question_id for row in rows] == ["q1"]
    assert [asked.text for asked in rows[0].examples] == ["多少押金", "押金几个月"]
    assert rows[0].answers.fax["zh"].title == "押金"
    assert [(one["row"], one["id"]) for one in rejected] == [(3, "q2"), (4, "q3"), (5, "q1")]
    assert "group" in rejected[0]["reasons"][0]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe", YAML),
        (b"a: [", YAML),
        (b"just text", YAML),
        (b"name\nx\n", CSV),
        (b"{}", "application/json"),
        (b'id\n"a', CSV),
    ],
)
def test_what_is_no_question_set_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(UnreadableFile):
        read_questions(body, kind)


def test_rows_that_are_no_mapping_are_rejected_one_by_one() -> None:
    rows, rejected = read_questions(b"- 1\n- [a]\n- {id: usage, business_line: a, group: b, titles: {zh: c}}\n", YAML)
    assert rows == []
    assert len(rejected) == 3


def test_a_question_survives_being_written_down() -> None:
    for one in demo_questions().values():
        assert question_from(question_document(one), one.question_id, one.version) == one


def test_the_demo_set_is_worth_asking() -> None:
    demo = demo_questions()
    assert len(demo) >= 40
    assert len({one.group for one in demo.values()}) == 14
    for one in demo.values():
        assert sum(asked.language == "zh" for asked in one.examples) >= 5, one.question_id
        assert sum(asked.language == "en" for asked in one.examples) >= 3, one.question_id
        assert {"zh", "en"} <= set(one.answers.voice), one.question_id
        assert one.answers.fax, one.question_id


def test_shares_of_nothing_are_unknown() -> None:
    fresh = Usage("q", 3, 0, 0, 0, 0, 0, 0)
    assert (fresh.containment, fresh.came_back_share) == (None, None)
    used = Usage("q", 10, 8, 2, 8, 6, 4, 1)
    assert (used.containment, used.came_back_share) == (0.75, 0.25)
