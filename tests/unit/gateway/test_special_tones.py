"""What three tones say, by height and length, whatever the line adds and however their sound is cut; and what says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from services.gateway.domain.special_tones import RATE, SpecialTones, ToneEar

LOW, HIGH = (913.8, 1_370.6), (985.2, 1_428.5)
SHORT, LONG = 0.274, 0.380
Samples = NDArray[np.float64]

CODES = [
    pytest.param(SpecialTones.INTERCEPT, (LOW[0], SHORT), (LOW[1], SHORT), id="intercept"),
    pytest.param(SpecialTones.VACANT, (HIGH[0], LONG), (LOW[1], SHORT), id="vacant"),
    pytest.param(SpecialTones.REORDER, (LOW[0], SHORT), (HIGH[1], LONG), id="reorder"),
    pytest.param(SpecialTones.REORDER, (HIGH[0], SHORT), (LOW[1], LONG), id="reorder of another carrier"),
    pytest.param(SpecialTones.NO_CIRCUIT, (HIGH[0], LONG), (HIGH[1], LONG), id="no circuit"),
    pytest.param(SpecialTones.NO_CIRCUIT, (LOW[0], LONG), (LOW[1], LONG), id="no circuit of another carrier"),
    pytest.param(SpecialTones.UNCODED, (LOW[0], LONG), (HIGH[1], SHORT), id="no agreed code"),
]
Tone = tuple[float, float]


def tone(hertz: float, seconds: float, level: float = 4_000) -> Samples:
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE))


def sit(first: Tone, second: Tone, third: Tone = (1_776.7, LONG), level: float = 4_000, gap: float = 0.0) -> Samples:
    parts = [tone(*first, level), silence(gap), tone(*second, level), silence(gap), tone(*third, level)]
    return np.concatenate(parts)


def heard(sound: Samples, piece: int = 160) -> list[SpecialTones]:
    """Everything an ear says that is given so many samples at a time."""
    ear, samples = ToneEar(), sound.astype(np.int16)
    said = [ear.hear(samples[at : at + piece]) for at in range(0, len(samples), piece)]
    return [one for one in said if one is not None]


@pytest.mark.parametrize(("meaning", "first", "second"), CODES)
@pytest.mark.parametrize("before", [0.0, 0.0037, 0.0081, 0.52])
@pytest.mark.parametrize("gap", [0.0, 0.004])
def test_codes(meaning: SpecialTones, first: Tone, second: Tone, before: float, gap: float) -> None:
    for piece in (80, 160, 433, 1_600):
        assert heard(np.concatenate([silence(before), sit(first, second, gap=gap), silence(1)]), piece) == [meaning]


@pytest.mark.parametrize(("meaning", "first", "second"), CODES)
def test_a_noisy_faint_line(meaning: SpecialTones, first: Tone, second: Tone) -> None:
    """15 dB above the noise, 5 % too short or too long, 0.2 % too high."""
    noise = np.random.default_rng(7)
    for stretch in (0.95, 1.0, 1.05):
        one, two = (first[0] * 1.002, first[1] * stretch), (second[0] * 1.002, second[1] * stretch)
        sound = np.concatenate([silence(0.3), sit(one, two, (1_780.0, LONG * stretch), level=900), silence(0.5)])
        assert heard(sound + noise.normal(0, 110, len(sound))) == [meaning]


def test_plain_tones_of_the_recommendation_are_uncoded() -> None:
    for seconds in (0.26, 0.33, 0.4):
        sound = sit((950, seconds), (1_400, seconds), (1_800, seconds), gap=0.03)
        assert heard(np.concatenate([sound, silence(0.5)])) == [SpecialTones.UNCODED]


def test_before_every_repetition_of_the_announcement() -> None:
    one = np.concatenate([sit((HIGH[0], LONG), (LOW[1], SHORT)), tone(300, 2.0)])
    assert heard(np.concatenate([one, one])) == [SpecialTones.VACANT] * 2


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.concatenate([tone(425, 1.0), silence(4.0)] * 3), id="ringing"),
        pytest.param(np.concatenate([tone(440, 2.0) + tone(480, 2.0), silence(4.0)]), id="american ringing"),
        pytest.param(np.concatenate([tone(480, 0.25) + tone(620, 0.25), silence(0.25)] * 8), id="busy"),
        pytest.param(tone(1_100, 3.0), id="a fax calls"),
        pytest.param(tone(2_100, 3.0), id="a fax answers"),
        pytest.param(np.concatenate([tone(950, 0.33), tone(1_400, 0.33)]), id="two of three"),
        pytest.param(sit((1_776.7, LONG), (LOW[1], SHORT), (LOW[0], LONG)), id="falling"),
        pytest.param(np.concatenate([tone(950, 0.33), silence(0.3), tone(1_400, 0.33), tone(1_800, 0.33)]), id="apart"),
        pytest.param(np.random.default_rng(1).normal(0, 3_000, 40_000), id="noise"),
        pytest.param(
            4_000 * np.sin(2 * np.pi * np.cumsum(np.linspace(800, 2_000, 16_000)) / RATE), id="a gliding whistle"
        ),
    ],
)
def test_what_says_nothing(sound: Samples) -> None:
    assert heard(sound) == []
