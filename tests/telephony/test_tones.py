"""A number that is not reached and says so by tones alone, as many networks do, before the call is answered or after it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.contracts.dial_results import AttemptAnswered
from shared.contracts.routing_decisions import ContactQueued
from tests.telephony.audio import RATE
from tests.telephony.engine import Outbound

LOW, HIGH, THIRD = (913.8, 1_370.6), (985.2, 1_428.5), 1_776.7
SHORT, LONG = 0.274, 0.380
VACANT = ((HIGH[0], LONG), (LOW[1], SHORT), (THIRD, LONG))
INTERCEPT = ((LOW[0], SHORT), (LOW[1], SHORT), (THIRD, LONG))
REORDER = ((LOW[0], SHORT), (HIGH[1], LONG), (THIRD, LONG))
NO_CIRCUIT = ((HIGH[0], LONG), (HIGH[1], LONG), (THIRD, LONG))
PLAIN = ((950.0, 0.33), (1_400.0, 0.33), (1_800.0, 0.33))
Tones = tuple[tuple[float, float], ...]


def announcement(tones: Tones, before: float = 0.4) -> NDArray[np.float64]:
    """A moment of silence, the tones, and words (here: a hum) as a network plays them, twice."""
    sounds = [8_000 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE) for hertz, seconds in tones]
    hum = 6_000 * np.sin(2 * np.pi * 220 * np.arange(4 * RATE) / RATE)
    return np.tile(np.concatenate([np.zeros(int(before * RATE)), *sounds, hum]), 2)


@pytest.mark.parametrize(
    ("tones", "outcome", "reason"),
    [
        (VACANT, "sit_vacant", "tones_vacant"),
        (INTERCEPT, "sit_intercept", "tones_intercept"),
        (REORDER, "sit_reorder", "tones_reorder"),
        (NO_CIRCUIT, "failed", "tones_no_circuit"),
        (PLAIN, "sit_reorder", "tones_uncoded"),
    ],
)
async def test_heard_before_the_call_is_answered(outbound: Outbound, tones: Tones, outcome: str, reason: str) -> None:
    """No cause is ever told: without the tones it would ring out."""
    outbound.outside.manner, outbound.outside.clip = "early", announcement(tones)
    wanted = outbound.wanted(ring_seconds=60)
    await outbound.asks(wanted)
    at_network = await outbound.outside.rung()
    assert await outbound.outcome(wanted.attempt_id) == (outcome, reason)
    await at_network.reach("ended")
    assert not outbound.said(AttemptAnswered, wanted.attempt_id)


async def test_ringing_tone_before_an_answer_is_no_tones(outbound: Outbound) -> None:
    """Who then answers is a person like any."""
    ring = 4_000 * np.sin(2 * np.pi * 425 * np.arange(RATE) / RATE)
    outbound.outside.manner = "early"
    outbound.outside.clip = np.tile(np.concatenate([ring, np.zeros(2 * RATE)]), 4)
    wanted = outbound.wanted(announcement=None)
    await outbound.asks(wanted)
    at_customer = await (await outbound.outside.rung()).reach("ringing")
    outbound.outside.clip = None
    outbound.outside.answer(at_customer)
    assert (await outbound.told(AttemptAnswered, wanted.attempt_id)).by is None
    assert (await outbound.outcome(wanted.attempt_id))[0] == "abandoned"


@pytest.mark.parametrize(
    ("tones", "outcome"), [(VACANT, "sit_vacant"), (INTERCEPT, "sit_intercept"), (REORDER, "sit_reorder")]
)
async def test_heard_after_the_line_was_opened_for_the_announcement(
    outbound: Outbound, tones: Tones, outcome: str
) -> None:
    """Where the campaign listens who answers: no agent hears it, and nobody counts as a person."""
    seen = len(outbound.house.decisions)
    outbound.outside.clip = announcement(tones)
    wanted = outbound.wanted(detect_machine=True)
    await outbound.asks(wanted)
    assert (await outbound.outcome(wanted.attempt_id))[0] == outcome
    assert not outbound.said(AttemptAnswered, wanted.attempt_id)
    assert not [d for d in outbound.house.decisions[seen:] if isinstance(d, ContactQueued)]
