"""Sound as it is kept, ranges as browsers ask for them, and whose recordings they are."""

from __future__ import annotations

import io
import itertools
import struct
import wave

import numpy as np
import pytest

from services.gateway.adapters.sound import RATE, UnreadableSound, mulaw_wav, peaks_of, read, sound_of
from services.gateway.domain.recordings import Handling, Membership, Range, byte_range, handlings_of, memberships_of
from shared.contracts import routing_decisions as decided
from shared.contracts.contact_events import Presence
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel


def pcm(samples: np.ndarray, rate: int = RATE, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def tone(seconds: float, rate: int = RATE, loudness: int = 10_000) -> np.ndarray:
    at = np.arange(int(seconds * rate)) / rate
    return (loudness * np.sin(2 * np.pi * 440 * at)).astype(np.int16)


def test_mulaw_is_that_of_the_standard() -> None:
    """G.711 as the wave files of others hold it: known pairs, and never further off than half a step."""
    known = {0: 0xFF, -1: 0x7F, 32_635: 0x80, 32_767: 0x80, -32_768: 0x00, 1000: 0xCE, -1000: 0x4E, 132: 0xEF}
    body = mulaw_wav(np.array(list(known), dtype=np.int16))[-len(known) :]
    assert dict(zip(known, body, strict=True)) == known
    every = np.arange(-32_635, 32_636, dtype=np.int16)
    back = read(mulaw_wav(every)).astype(int)
    assert (np.abs(back - every) <= (np.abs(every.astype(int)) + 132) / 32 + 1).all(), "half a step of its segment"


def test_a_recording_is_kept_at_eight_kilobytes_a_second_with_its_shape() -> None:
    silence, talk = np.zeros(RATE, dtype=np.int16), tone(1)
    kept = sound_of(pcm(np.concatenate([talk, silence, talk])))
    assert kept.seconds == 3
    assert 3 * RATE <= len(kept.wav) <= 3 * RATE + 100
    assert len(kept.peaks) == 400
    loud = [peak > 60 for peak in kept.peaks]
    assert all(loud[2:130])
    assert not any(loud[136:264])
    assert all(loud[270:398])
    assert struct.unpack("<I", kept.wav[4:8])[0] == len(kept.wav) - 8
    assert sound_of(kept.wav).wav == kept.wav, "what was kept is read again as it is"


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 2), (16_000, 1), (48_000, 2)])
def test_other_rates_and_two_channels_become_one_telephone_channel(rate: int, channels: int) -> None:
    samples = np.repeat(tone(1, rate, 5_000), channels)
    kept = sound_of(pcm(samples, rate, channels))
    assert kept.seconds == 1
    assert max(kept.peaks) == pytest.approx(5_000 * channels // 129, abs=4)


@pytest.mark.parametrize("body", [b"", b"RIFF", b"not a sound at all", pcm(tone(0.1), 11_025), pcm(tone(0.1))[:30]])
def test_what_is_no_readable_sound_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableSound):
        sound_of(body)


def test_an_empty_recording_has_a_flat_shape() -> None:
    assert sound_of(pcm(np.zeros(0, dtype=np.int16))).peaks == bytes(400)
    assert max(peaks_of(np.array([-32_768], dtype=np.int16))) == 254


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None), ("bytes=0-", Range(0, 999)), ("bytes=0-0", Range(0, 0)), ("bytes=500-2000", Range(500, 999)),
        ("bytes=-100", Range(900, 999)), ("bytes=-5000", Range(0, 999)), ("bytes=1000-", "unsatisfiable"),
        ("bytes=-0", "unsatisfiable"), ("bytes=5-3", None), ("bytes=0-1,4-5", None), ("bytes=a-b", None), ("bytes=-", None),
        ("bytes=²-", None), ("items=0-1", None),
    ],
)  # fmt: skip
def test_ranges_are_read_as_the_standard_says(header: str | None, wanted: object) -> None:
    assert byte_range(header, 1000) == wanted


_NUMBERS = itertools.count(1)


def _decided(data: object) -> Envelope[object]:
    number = next(_NUMBERS)
    return Envelope(f"e{number}", "/router/1", number, "jinfeng", "c1", data, "main", 1, number, 1, number)


def test_everybody_who_spoke_is_known_with_the_teams_of_that_time() -> None:
    by_phone = decided.ContactAssigned("c1", "a1", "o1", "i1", Channel.PHONE, "repair", 0, 0)
    by_chat = decided.ContactAssigned("c2", "a1", "o2", "i2", Channel.WEB, "repair", 0, 0)
    consulted = decided.ConsultationStarted("c1", "a1", "a2", "t1", "o3", "i3")
    handed_over = decided.ContactTransferred("c1", "a1", "t1", "agent", "a2", to_agent="a2", interaction_id="i3")
    blind = decided.ContactTransferred("c1", "a1", "t2", "group", "billing")
    assert handlings_of([_decided(d) for d in (by_phone, by_chat, consulted, handed_over, blind)]) == [
        Handling("jinfeng", "c1", "a1", "repair"),
        Handling("jinfeng", "c1", "a2", None),
        Handling("jinfeng", "c1", "a2", None),
    ]
    states = [
        decided.AgentStateChanged(
            "a1", Presence.AVAILABLE, 0, decided.WorkState.IDLE, 0, True, teams=(team,), sites=("north",)
        )
        for team in ("old", "new")
    ]
    assert memberships_of([_decided(s) for s in states]) == [Membership("jinfeng", "a1", ("new",), ("north",))]
