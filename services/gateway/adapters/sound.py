"""Sound of a telephone call as it is kept: 8 kHz μ-law in a WAV (G.711, what the line carried; 8 kB a second), and its shape.

Browsers play it, seconds map to bytes exactly, and a long call stays small. The shape is drawn from peaks computed once.
"""

from __future__ import annotations

import io
import struct
import wave
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 8_000
PEAKS = 400
HEADER_BYTES = 58
_MULAW_BIAS, _MULAW_CLIP = 0x84, 32_635
_FORMAT_PCM, _FORMAT_MULAW = 1, 7

Samples = NDArray[np.int16]


class UnreadableSound(ValueError):
    """Not a WAV of 16-bit PCM or μ-law samples."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording ready to be kept. `peaks`: loudness of 400 equal slices, 0–255."""

    wav: bytes
    seconds: int
    peaks: bytes


def sound_of(wav: bytes) -> Sound:
    """What is kept of a recording in any rate, mono or stereo. Raises UnreadableSound."""
    samples = read(wav)
    return Sound(mulaw_wav(samples), round(len(samples) / RATE), peaks_of(samples))


def read(wav: bytes) -> Samples:
    """The samples of a WAV as one channel at 8 kHz. Raises UnreadableSound."""
    if wav[:4] == b"RIFF" and wav[8:12] == b"WAVE" and _format_of(wav) == _FORMAT_MULAW:
        return expanded(_data_of(wav))
    try:
        with wave.open(io.BytesIO(wav)) as source:
            if source.getsampwidth() != 2:
                raise UnreadableSound("16-bit samples are read")
            frames, channels, rate = (
                source.readframes(source.getnframes()),
                source.getnchannels(),
                source.getframerate(),
            )
    except (wave.Error, EOFError) as error:
        raise UnreadableSound(str(error)) from error
    samples = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], "<i2")
    mono = samples.reshape(-1, channels).astype(np.int32).sum(axis=1).clip(-32_768, 32_767)
    return _at_rate(mono.astype(np.int16), rate)


def _at_rate(samples: Samples, rate: int) -> Samples:
    """Means over whole steps (16, 24, 32, 48 kHz → 8 kHz), which also takes the edge off what 8 kHz cannot carry."""
    if rate == RATE:
        return samples
    if rate % RATE:
        raise UnreadableSound(f"{rate} Hz is no multiple of {RATE}")
    step = rate // RATE
    return samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1).astype(np.int16)


def mulaw_wav(samples: Samples) -> bytes:
    """A μ-law WAV (ITU-T G.711) of 8 kHz samples."""
    body = _COMPRESSED[samples.view(np.uint16)].tobytes()
    form = struct.pack("<HHIIHHH", _FORMAT_MULAW, 1, RATE, RATE, 1, 8, 0)
    fact = b"fact" + struct.pack("<II", 4, len(body))
    padding = b"\x00" * (len(body) % 2)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + fact + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks) + len(padding)) + b"WAVE" + chunks + padding


def expanded(mulaw: bytes) -> Samples:
    """The samples of μ-law bytes, as a line carries them (ITU-T G.711)."""
    return _EXPANDED[np.frombuffer(mulaw, np.uint8)]


def peaks_of(samples: Samples, slices: int = PEAKS) -> bytes:
    """The loudest sample of each of `slices` equal slices, 0–255; silence is 0."""
    if not len(samples):
        return bytes(slices)
    edges = np.linspace(0, len(samples), slices + 1).astype(np.int64)
    starts = np.minimum(edges[:-1], len(samples) - 1)
    loud = np.maximum.reduceat(np.abs(samples.astype(np.int32)), starts)
    return (loud // 129).clip(0, 255).astype(np.uint8).tobytes()


def _compress() -> NDArray[np.uint8]:
    """μ-law of every 16-bit sample, by its unsigned pattern."""
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    sign = np.where(samples < 0, 0x80, 0)
    size = np.minimum(np.abs(samples), _MULAW_CLIP) + _MULAW_BIAS
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)


def _expand() -> Samples:
    """The sample each μ-law byte stands for."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    size = ((((code & 0x0F) << 3) + _MULAW_BIAS) << ((code >> 4) & 0x07)) - _MULAW_BIAS
    return np.where(code & 0x80, -size, size).astype(np.int16)


_COMPRESSED = _compress()
_EXPANDED = _expand()


def _chunks(wav: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(wav):
        name, size = wav[at : at + 4], int.from_bytes(wav[at + 4 : at + 8], "little")
        found.setdefault(name, wav[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _format_of(wav: bytes) -> int:
    return int.from_bytes(_chunks(wav).get(b"fmt ", b"")[:2], "little")


def _data_of(wav: bytes) -> bytes:
    chunks = _chunks(wav)
    if chunks[b"fmt "][2:8] != struct.pack("<HI", 1, RATE):
        raise UnreadableSound("μ-law is read at 8 kHz, one channel")
    return chunks.get(b"data", b"")
