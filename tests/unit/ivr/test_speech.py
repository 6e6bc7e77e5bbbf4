"""Engines: the one that comes along really speaks, a foreign one is converted, and what breaks is an error in time."""

from __future__ import annotations

import io
import math
import wave

import httpx
import numpy
import pytest

from services.ivr.adapters import speech as speech_adapters
from services.ivr.adapters.speech import EspeakSpeech, HttpSpeech, speech_at
from services.ivr.adapters.telephone_audio import resampled
from services.ivr.domain.speech import SpeechFailed


def heard(body: bytes) -> tuple[float, numpy.ndarray]:
    """Seconds and samples of a telephone WAV."""
    with wave.open(io.BytesIO(body)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2")
    return len(samples) / 8000, samples


async def test_every_language_is_spoken_and_the_same_every_time() -> None:
    engine = speech_at(None)
    for text, language, at_least, at_most in (
        ("您好，欢迎致电。租房请按1，转人工请按0。", "zh", 3, 12),
        ("Welcome. For rental press 1, to speak to a person press 0.", "en-GB", 2.5, 10),
        ("你好，請按1。", "zh-yue", 0.8, 5),
    ):
        sound = await engine.synthesise(text, language)
        seconds, samples = heard(sound)
        assert at_least < seconds < at_most
        assert 15_000 < int(numpy.abs(samples).max()) < 17_500
        assert await engine.synthesise(text, language) == sound


async def test_telephone_numbers_take_their_time() -> None:
    """Eleven digits one by one last longer than three numbers of hundreds and thousands would; times say their words."""
    engine = EspeakSpeech()
    number, _ = heard(await engine.synthesise("138 1234 5678", "zh"))
    same, _ = heard(await engine.synthesise("幺三八，幺二三四，五六七八", "zh"))
    assert number == same > 3


@pytest.mark.parametrize(("text", "language", "why"), [
    ("", "zh", "nothing"), ("\x00  ", "zh", "nothing"), ("hi", "fr", "no voice"), ("长" * 2_001, "zh", "characters"),
])  # fmt: skip
async def test_what_cannot_be_said(text: str, language: str, why: str) -> None:
    with pytest.raises(SpeechFailed, match=why):
        await EspeakSpeech().synthesise(text, language)


async def test_markup_and_odd_signs_are_only_text() -> None:
    for text in ("<speak>请按1</speak>", "[[h@l'oU]] & </voice>", "😀 ok", "a" * 1_500):
        assert heard(await EspeakSpeech().synthesise(text, "zh"))[0] > 0.2


async def test_an_engine_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_adapters, "SECONDS_LIMIT", 0.0)
    with pytest.raises(SpeechFailed, match="not done within"):
        await EspeakSpeech().synthesise("您好", "zh")


def tone(hertz: float, rate: int, seconds: float = 0.5) -> numpy.ndarray:
    return 10_000 * numpy.sin(2 * math.pi * hertz * numpy.arange(int(rate * seconds)) / rate)


@pytest.mark.parametrize("rate", [22_050, 16_000, 24_000, 44_100, 48_000])
def test_resampling_keeps_the_band_and_folds_nothing_back(rate: int) -> None:
    def strength(sound: numpy.ndarray) -> float:
        return float(numpy.sqrt((sound[400:-400] ** 2).mean()))

    kept, refused = resampled(tone(1_000, rate), rate, 8_000), resampled(tone(5_500, rate), rate, 8_000)
    assert strength(kept) == pytest.approx(10_000 / math.sqrt(2), rel=0.01)
    assert strength(refused) < strength(kept) / 500
    spectrum = numpy.abs(numpy.fft.rfft(kept[:4000]))
    assert int(spectrum.argmax()) == 500  # 1,000 Hz at 2 Hz a bin


def wav(samples: numpy.ndarray, rate: int, channels: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def engine_answering(status: int, body: bytes, seen: list[httpx.Request]) -> HttpSpeech:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, content=body)

    return HttpSpeech("http://tts.example/say", httpx.AsyncClient(transport=httpx.MockTransport(answer)))


async def test_a_better_engine_by_http() -> None:
    seen: list[httpx.Request] = []
    stereo = numpy.repeat(tone(1_000, 24_000), 2)
    engine = engine_answering(200, wav(stereo, 24_000, 2), seen)
    seconds, samples = heard(await engine.synthesise("20:30", "zh-CN"))
    assert seconds == pytest.approx(0.5, abs=0.01)
    assert int(numpy.abs(samples).max()) > 15_000
    assert seen[0].read().decode() == '{"text":"二十点三十分","language":"zh"}'
    assert engine.voice != EspeakSpeech().voice
    await engine.close()


@pytest.mark.parametrize(("status", "body", "why"), [
    (500, b"", "answers 500"), (200, b"<html>", "not a WAV"), (200, wav(tone(500, 4_000), 4_000, 1), "8 kHz or more"),
])  # fmt: skip
async def test_a_better_engine_that_is_none(status: int, body: bytes, why: str) -> None:
    with pytest.raises(SpeechFailed, match=why):
        await engine_answering(status, body, []).synthesise("您好", "zh")
