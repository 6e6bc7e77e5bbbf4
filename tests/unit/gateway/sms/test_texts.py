"""Texts as gateways carry them: parts on the air, fields found, templates filled."""

from __future__ import annotations

import pytest

from services.gateway.adapters.sms.texts import at, filled, means_no, parts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
        ("好" * 70, 1), ("好" * 71, 2), ("好" * 134, 2), ("好" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2), ("a" * 100 + "好", 2),
    ],
)  # fmt: skip
def test_parts_on_the_air(text: str, count: int) -> None:
    assert parts(text) == count


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", "7"),
        ("a.b", "x"),
        ("list.1.to", "second"),
        ("list.9.to", None),
        ("a", None),
        ("a.b.c", None),
        ("yes", None),
    ],
)
def test_fields_are_found_by_path(path: str, found: str | None) -> None:
    message = {"id": 7, "a": {"b": "x"}, "list": [{"to": "first"}, {"to": "second"}], "yes": True}
    assert at(message, path) == found


def test_a_template_is_filled_wherever_it_names_something_and_nowhere_else() -> None:
    template = {"to": ["{to}"], "text": "[UCC] {text}", "meta": {"id": "{id}", "n": 3, "json": "{}"}, "x": "{unknown}"}
    values = {"to": "+86139", "text": "hello {id}", "id": "m-1"}
    assert filled(template, values) == {
        "to": ["+86139"], "text": "[UCC] hello {id}", "meta": {"id": "m-1", "n": 3, "json": "{}"}, "x": "{unknown}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "no"), [("stop", True), (" 退订。", True), ("Stop!", True), ("please stop the leak", False)]
)
def test_only_the_whole_text_opts_out(text: str, no: bool) -> None:
    assert means_no(text, ("STOP", "退订")) is no
