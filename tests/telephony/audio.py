"""The sound of a telephone line in tests: tones sent, and what was heard judged by its spectrum."""

from __future__ import annotations

import asyncio
import itertools
import random
import struct
import time
from collections import deque

import numpy as np
from numpy.typing import NDArray

RATE = 8_000
FRAME = 160  # samples in 20 ms
FRAME_SECONDS = FRAME / RATE
DTMF = "0123456789*#ABCD"
EVENT = 101  # payload type of telephone events
KEPT_FRAMES = 50 * 30
SILENCE = b"\xff"


def _mulaw_table() -> NDArray[np.int16]:
    """ITU-T G.711: byte → linear."""
    code = ~np.arange(256, dtype=np.uint8)
    mantissa, exponent = (code & 0x0F).astype(np.int32), ((code >> 4) & 7).astype(np.int32)
    level = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -level, level).astype(np.int16)


MULAW = _mulaw_table()
_BY_LEVEL = np.argsort(MULAW, kind="stable")


def encode(samples: NDArray[np.float64]) -> bytes:
    """Linear samples (±32767) to the nearest μ-law bytes."""
    levels = MULAW[_BY_LEVEL].astype(np.float64)
    at = np.clip(np.searchsorted(levels, samples), 1, 255)
    nearer = np.where(np.abs(levels[at - 1] - samples) < np.abs(levels[at] - samples), at - 1, at)
    return _BY_LEVEL[nearer].astype(np.uint8).tobytes()


def tone_second(hertz: int) -> bytes:
    """One second of a tone, which joins to the next without a click for whole hertz."""
    return encode(8_000 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE))


def strength(heard: NDArray[np.int16], hertz: int) -> float:
    """Amplitude of the tone within ±20 Hz in what was heard, as a share of a tone at full sending level."""
    if len(heard) < RATE // 4:
        return 0.0
    windowed = heard.astype(np.float64) * np.hanning(len(heard))
    spectrum = np.abs(np.fft.rfft(windowed)) * 4 / len(heard)
    frequencies = np.fft.rfftfreq(len(heard), 1 / RATE)
    return float(spectrum[np.abs(frequencies - hertz) <= 20].max() / 8_000)


class Audio(asyncio.DatagramProtocol):
    """One RTP stream each way: sends a tone (or nothing but keys), keeps the last seconds heard."""

    def __init__(self, hertz: int | None) -> None:
        self._second = None if hertz is None else tone_second(hertz)
        self._heard: deque[tuple[float, bytes]] = deque(maxlen=KEPT_FRAMES)
        self.frames = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._to: tuple[str, int] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._sequence = itertools.count(random.randrange(1000))
        self._stamp = random.randrange(10**6)
        self._source = random.randrange(2**32)
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._clip: deque[bytes] | None = None
        self.port = 0

    @classmethod
    async def open(cls, hertz: int | None = None) -> Audio:
        loop = asyncio.get_running_loop()
        transport, audio = await loop.create_datagram_endpoint(lambda: cls(hertz), local_addr=("127.0.0.1", 0))
        audio._transport = transport
        audio.port = transport.get_extra_info("sockname")[1]
        return audio

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > 12 and data[1] & 0x7F == 0:
            self._heard.append((time.monotonic(), data[12:]))
            self.frames += 1

    def start(self, to: tuple[str, int]) -> None:
        """Send to there from now on."""
        self._to = to
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    def close(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
        if self._transport is not None:
            self._transport.close()

    def press(self, keys: str) -> None:
        for key in keys:
            self._keys.put_nowait(key)

    def play(self, sound: NDArray[np.float64]) -> None:
        """Send this once, at 8 kHz (±32767), and silence after it, instead of a tone."""
        whole = encode(sound)
        self._clip = deque(whole[at : at + FRAME].ljust(FRAME, SILENCE) for at in range(0, len(whole), FRAME))

    def heard(self, seconds: float) -> NDArray[np.int16]:
        """What arrived in the last `seconds`."""
        since = time.monotonic() - seconds
        frames = [frame for at, frame in self._heard if at >= since]
        return MULAW[np.frombuffer(b"".join(frames), np.uint8)]

    async def _send(self) -> None:
        begun, sent = time.monotonic(), 0
        while True:
            if not self._keys.empty():
                await self._event(DTMF.index(self._keys.get_nowait()))
                begun, sent = time.monotonic(), 0
            start = self._stamp % RATE // FRAME * FRAME
            if self._clip is not None:
                self._packet(0, self._clip.popleft() if self._clip else SILENCE * FRAME, self._stamp)
            elif self._second is not None:
                self._packet(0, self._second[start : start + FRAME], self._stamp)
            self._stamp += FRAME
            sent += 1
            await asyncio.sleep(max(begun + sent * FRAME_SECONDS - time.monotonic(), 0))

    async def _event(self, key: int) -> None:
        """A key held for 100 ms, its end said three times (RFC 4733), and a pause after it."""
        for step in range(1, 6):
            self._packet(EVENT, struct.pack("!BBH", key, 10, step * FRAME), self._stamp, marker=step == 1)
            await asyncio.sleep(FRAME_SECONDS)
        for _ in range(3):
            self._packet(EVENT, struct.pack("!BBH", key, 0x80 | 10, 6 * FRAME), self._stamp)
        self._stamp += 6 * FRAME
        for _ in range(4):
            self._packet(0, SILENCE * FRAME, self._stamp)
            self._stamp += FRAME
            await asyncio.sleep(FRAME_SECONDS)

    def _packet(self, kind: int, payload: bytes, stamp: int, *, marker: bool = False) -> None:
        if self._transport is None or self._transport.is_closing() or self._to is None:
            return
        sequence = next(self._sequence) & 0xFFFF
        head = struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), sequence, stamp & 0xFFFFFFFF, self._source)
        self._transport.sendto(head + payload, self._to)
