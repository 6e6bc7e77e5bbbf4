"""Special information tones: three tones, low to high, with which a network says why a number is not reached (ITU-T E.180;
Bell System Technical Reference 48003 gave the height and length of the first two a meaning).

The ear is fed the sound of a line as it comes and says, once, what it heard. A voice, ringing or busy tone is never three pure tones
of these heights one after the other, so it says nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 8_000
WINDOW: Final = 160  # 20 ms: what one look takes in
STEP: Final = 80  # 10 ms between looks
STEP_SECONDS: Final = STEP / RATE
BINS: Final = 1_024
"""The window is padded to so many samples, so that the peak of its spectrum is found finely."""
QUIETEST: Final = 250.0  # mean level of ±32767: about −42 dBm0, below what a network sends
PURE: Final = 0.75  # share of the power within ±100 Hz of the peak
BANDS: Final = ((880.0, 1_020.0), (1_335.0, 1_470.0), (1_735.0, 1_860.0))
"""Of the three tones, Hz: E.180 allows ±50 around 950, 1400, 1800."""
HIGH: Final = (949.5, 1_399.5)  # Hz; halfway between 913.8 and 985.2, 1370.6 and 1428.5
PLAIN_THIRD: Final = 1_788.0
"""Hz: a coded third tone is 1776.7; higher ones are E.180's plain 1800, whose first two mean nothing."""
LONG_SECONDS: Final = 0.327  # halfway between 274 and 380 ms
SHORTEST_SECONDS: Final = 0.20
LONGEST_SECONDS: Final = 0.48
LONGEST_GAP: Final = 5  # looks between two tones: 30 ms of silence are allowed, and a look that sees both is neither


class SpecialTones(StrEnum):
    """What the tones say."""

    VACANT = "vacant"  # no such number
    INTERCEPT = "intercept"  # the number has changed, or is out of service
    REORDER = "reorder"  # the network could not complete the call
    NO_CIRCUIT = "no_circuit"  # all lines busy
    UNCODED = "uncoded"  # three tones of no agreed meaning: the announcement after them says it


_MEANING: Final[Mapping[tuple[bool, bool, bool, bool], SpecialTones]] = {
    (False, False, False, False): SpecialTones.INTERCEPT,
    (True, True, False, False): SpecialTones.VACANT,
    (False, False, True, True): SpecialTones.REORDER,
    (True, False, False, True): SpecialTones.REORDER,
    (True, True, True, True): SpecialTones.NO_CIRCUIT,
    (False, True, False, True): SpecialTones.NO_CIRCUIT,
}
"""(first is high, first is long, second is high, second is long); the third is always 1776.7 Hz and long."""


@dataclass(slots=True)
class _Tone:
    """One of the three as far as it was heard: the sum of its frequencies over so many looks."""

    hertz: float
    looks: int = 1

    @property
    def mean(self) -> float:
        return self.hertz / self.looks

    @property
    def seconds(self) -> float:
        """Looks lie within the tone: the first and the last see it whole."""
        return (self.looks - 1) * STEP_SECONDS + WINDOW / RATE


class ToneEar:
    """Listens to one line."""

    def __init__(self) -> None:
        self._left = np.zeros(0, np.float64)  # samples no look has passed yet
        self._tones: list[_Tone] = []
        self._gap = 0
        self._hann = np.hanning(WINDOW)

    def hear(self, samples: NDArray[np.int16]) -> SpecialTones | None:
        """The next samples, 8 kHz. What the tones said, as soon as the third is long enough to be one."""
        self._left = np.concatenate([self._left, samples.astype(np.float64)])
        count = (len(self._left) - WINDOW) // STEP + 1
        if count <= 0:
            return None
        looks = np.lib.stride_tricks.sliding_window_view(self._left, WINDOW)[: count * STEP : STEP]
        found = next((said for hertz in self._pure(looks) if (said := self._look(hertz)) is not None), None)
        self._left = self._left[count * STEP :]
        return found

    def _pure(self, looks: NDArray[np.float64]) -> list[float]:
        """Of each look the frequency of its only tone, 0 where there is none."""
        power = np.abs(np.fft.rfft(looks * self._hann, BINS)) ** 2
        peaks = power.argmax(axis=1)
        reach = 100 * BINS // RATE
        sums = np.concatenate([np.zeros((len(power), 1)), power.cumsum(axis=1)], axis=1)
        rows = np.arange(len(power))
        near = sums[rows, np.minimum(peaks + reach + 1, power.shape[1])] - sums[rows, np.maximum(peaks - reach, 0)]
        loud = np.abs(looks).mean(axis=1) > QUIETEST
        pure = loud & (near > PURE * np.maximum(sums[:, -1], 1e-9))
        return [float(hertz) for hertz in np.where(pure, peaks * (RATE / BINS), 0.0)]

    def _look(self, hertz: float) -> SpecialTones | None:
        """One look further; 0: no tone, or two at once."""
        place = next((i for i, (low, high) in enumerate(BANDS) if low <= hertz <= high), None)
        heard = len(self._tones)
        if place is not None and place == heard - 1:
            self._goes_on(hertz)
        elif place is not None and place == heard and self._gap <= LONGEST_GAP and self._complete():
            self._tones.append(_Tone(hertz))
            self._gap = 0
        elif place is None and hertz == 0.0 and heard and self._gap < LONGEST_GAP:
            self._gap += 1
        else:
            self._tones, self._gap = ([_Tone(hertz)] if place == 0 else []), 0
        if len(self._tones) < len(BANDS) or self._tones[-1].seconds < SHORTEST_SECONDS:
            return None
        said, self._tones = _meaning(self._tones), []
        return said

    def _goes_on(self, hertz: float) -> None:
        tone = self._tones[-1]
        tone.hertz += hertz
        tone.looks += 1
        self._gap = 0
        if tone.seconds > LONGEST_SECONDS:
            self._tones = []

    def _complete(self) -> bool:
        return not self._tones or self._tones[-1].seconds >= SHORTEST_SECONDS


def _meaning(tones: list[_Tone]) -> SpecialTones:
    first, second, third = tones
    if third.mean > PLAIN_THIRD:
        return SpecialTones.UNCODED
    said = (
        first.mean > HIGH[0], first.seconds > LONG_SECONDS, second.mean > HIGH[1], second.seconds > LONG_SECONDS
    )  # fmt: skip
    return _MEANING.get(said, SpecialTones.UNCODED)
