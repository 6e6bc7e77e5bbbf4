"""Sound as a telephone carries it: whatever rate and width an engine speaks in becomes 8 kHz, mono, 16 bit."""

from __future__ import annotations

import io
import wave
from math import gcd

import numpy
from numpy.typing import NDArray

from services.ivr.domain.speech import SAMPLE_RATE, SpeechFailed

_HALF_WIDTH = 16  # zero crossings of the filter on each side: -60 dB beyond the band
_KAISER_BETA = 6.0
_BAND = 0.92  # of the lower Nyquist frequency: what is above would come back as a false tone
_PEAK = 0.5  # of full scale: loud enough for a line, with room for a mixer


def telephone_wav(samples: NDArray[numpy.int16], rate: int) -> bytes:
    """A WAV file of `samples` (mono, at `rate` Hz), at one loudness whatever the engine's was."""
    sound = resampled(samples.astype(numpy.float64), rate, SAMPLE_RATE)
    loudest = float(numpy.abs(sound).max(initial=0.0))
    if loudest > 0:
        sound *= _PEAK * 32767 / loudest
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(numpy.rint(sound).astype("<i2").tobytes())
    return file.getvalue()


def from_wav(body: bytes) -> bytes:
    """The same for a WAV file of any rate with one or two channels of 16 bit. Raises SpeechFailed for anything else."""
    try:
        with wave.open(io.BytesIO(body)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise SpeechFailed("the engine's answer is not a WAV file") from error
    if width != 2 or channels not in (1, 2) or rate < SAMPLE_RATE or len(frames) % (2 * channels):
        raise SpeechFailed("the engine's WAV file is not 16 bit, mono or stereo, 8 kHz or more")
    samples = numpy.frombuffer(frames, "<i2").reshape(-1, channels).mean(axis=1)
    return telephone_wav(numpy.rint(samples).astype(numpy.int16), rate)


def resampled(sound: NDArray[numpy.float64], rate: int, wanted: int) -> NDArray[numpy.float64]:
    """Band-limited to the lower of both rates (windowed sinc, one filter a phase), so that nothing folds back."""
    if rate == wanted or not len(sound):
        return sound
    up, down = wanted // gcd(rate, wanted), rate // gcd(rate, wanted)
    cutoff = _BAND * min(1.0, wanted / rate)  # of the source's Nyquist frequency
    reach = int(numpy.ceil(_HALF_WIDTH / cutoff))
    taps = numpy.arange(-reach, reach + 1)
    padded = numpy.pad(sound, reach + 1)
    out = numpy.empty(len(sound) * up // down)
    for phase in range(min(up, len(out))):  # outputs phase, phase + up … lie at the same place between two samples
        start, offset = divmod(phase * down, up)
        shift = offset / up
        window = numpy.kaiser(2 * reach + 1, _KAISER_BETA)
        kernel = cutoff * numpy.sinc(cutoff * (taps - shift)) * window
        wanted_here = len(out[phase::up])
        centres = start + down * numpy.arange(wanted_here) + reach + 1
        out[phase::up] = padded[centres[:, None] + taps] @ kernel
    return out
