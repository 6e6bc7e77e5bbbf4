"""Name, number and key: what the campaign's words leave out is added, what they say is not said twice."""

from __future__ import annotations

import pytest

from services.outbound.domain.information_message import information_message

SHOWN = "+862195000000"


@pytest.mark.parametrize(
    ("words", "language", "shown", "key", "heard"),
    [
        ("This was Jinfeng", "en", SHOWN, "9",
         "This was Jinfeng. You can reach us at +862195000000. Press 9 and we will not call you again."),
        ("这里是金枫房产。", "zh", SHOWN, "9", "这里是金枫房产。您可以拨打 +862195000000 找到我们。请按 9 键，我们不再给您打电话。"),
        ("This was Jinfeng, 021 9500 0000. Press 9 to refuse.", "en", SHOWN, "9",
         "This was Jinfeng, 021 9500 0000. Press 9 to refuse."),
        ("这里是金枫，拒接请按9。", "yue", SHOWN, "9", "这里是金枫，拒接请按9。您可以拨打 +862195000000 找到我们。"),
        ("This was Jinfeng.", "en-GB", None, "", "This was Jinfeng."),
        ("This was Jinfeng. Press 90 for nothing.", "en", None, "9",
         "This was Jinfeng. Press 90 for nothing. Press 9 and we will not call you again."),
        ("这里是金枫", "zh", None, "*", "这里是金枫。请按 星号 键，我们不再给您打电话。"),
    ],
)  # fmt: skip
def test_all_three_are_said_once(words: str, language: str, shown: str | None, key: str, heard: str) -> None:
    assert information_message(words, language, shown, key) == heard
