"""What callers are told while they wait, which keys make an answer, and how far a stream was carried out."""

from __future__ import annotations

import asyncio

import pytest

from services.gateway.adapters.asterisk.comfort import announcement
from services.gateway.adapters.asterisk.prompting import after_key, sound_signature
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.port import Place
from services.gateway.adapters.progress import Progress
from shared.contracts.channel_commands import Gather


def test_the_place_is_said_and_the_minutes_nine_of_ten_wait() -> None:
    assert list(announcement(Place(3, 7, 40, 95))) == [
        "sound:queue-thereare", "number:3", "sound:queue-callswaiting", "sound:queue-holdtime", "sound:queue-less-than",
        "number:2", "sound:queue-minutes", "sound:queue-thankyou",
    ]  # fmt: skip
    assert list(announcement(Place(1, 1, 5, 20)))[:5] == [
        "sound:queue-youarenext", "sound:queue-holdtime", "sound:queue-less-than", "number:1", "sound:queue-minute",
    ]  # fmt: skip


def test_what_is_not_known_is_not_said() -> None:
    assert announcement(None) == ()
    assert "sound:queue-holdtime" not in announcement(Place(2, 2, None, None))
    assert "sound:queue-holdtime" not in announcement(Place(2, 2, 9_000, 90_000)), "nobody is helped by 1,500 minutes"


@pytest.mark.parametrize(
    ("typed", "key", "after"),
    [("", "5", ("5", False)), ("12", "3", ("123", True)), ("12", "#", ("12", True)), ("", "#", ("", True))],
)
def test_keys_make_an_answer(typed: str, key: str, after: tuple[str, bool]) -> None:
    assert after_key(Gather("digits", max_digits=3), typed, key) == after


def test_without_a_finishing_key_it_is_a_digit_like_others() -> None:
    assert after_key(Gather("digits", max_digits=2, finish_on=""), "", "#") == ("#", False)


def test_a_prompts_address_is_good_for_that_prompt_only() -> None:
    assert sound_signature("secret", "a") != sound_signature("secret", "b") != sound_signature("other", "b")


def test_a_stream_is_done_up_to_the_first_that_is_not() -> None:
    async def play() -> None:
        progress = Progress(4)
        done = [progress.begun(number) for number in (5, 6, 7)]
        done[1]()
        assert progress.mark == 4
        done[0]()
        assert progress.mark == 6
        done[2]()
        done[2]()
        assert progress.mark == 7

    asyncio.run(play())


def test_settings_keep_the_password_and_never_print_it() -> None:
    settings = AsteriskSettings.model_validate(
        {"ari_url": "http://127.0.0.1:8088/ari", "ari_user": "ucc", "ari_password": "very secret"}
    )
    assert "very secret" not in repr(settings)
    assert settings.model_dump(mode="json")["ari_password"] == "very secret"
