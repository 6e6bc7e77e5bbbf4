"""Who answered: a person says hello and waits, a machine speaks on. Off by default; then nobody listens and all are persons."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from services.gateway.adapters.sound import read
from services.ivr.adapters.speech import EspeakSpeech
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected
from shared.contracts.routing_decisions import ContactAssigned, ContactQueued
from tests.telephony.audio import RATE
from tests.telephony.engine import Outbound
from tests.telephony.house import House

HELLO = {"en": "Hello?", "zh": "喂，你好？"}
GREETING = {
    "en": "Hello, you have reached the Miller family. We cannot take your call right now. Please leave your name and "
    "your number after the tone, and we will call you back.",
    "zh": "您好，您拨打的用户暂时无法接听您的电话，请在提示音之后留言，录音完毕挂机即可。",
}


async def spoken(text: str, language: str, before: float = 0.4) -> NDArray[np.float64]:
    """As somebody hears it who called: a moment, then the words."""
    samples = read(await EspeakSpeech().synthesise(text, language)).astype(np.float64)
    return np.concatenate([np.zeros(int(before * RATE)), samples])


def beep() -> NDArray[np.float64]:
    return 8_000 * np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_person_says_hello_and_has_an_agent(outbound: Outbound, language: str) -> None:
    (carla,) = await outbound.house.on_duty("carla", manner="ring")
    outbound.outside.clip = await spoken(HELLO[language], language)
    wanted = outbound.wanted(detect_machine=True)
    await outbound.asks(wanted)
    answered = await outbound.told(AttemptAnswered, wanted.attempt_id)
    assert answered.by == "person"
    assert answered.greeting_ended_at is not None
    await outbound.house.hears(ContactAssigned, str(answered.contact_id))
    at_agent = await (await carla.phone.rung()).reach("up")
    at_agent.hang_up()
    assert await outbound.outcome(wanted.attempt_id) == ("talked", "hung_up_by_agent")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_machine_speaks_on_and_nobody_is_taken_from_their_work(outbound: Outbound, language: str) -> None:
    await outbound.house.on_duty("carla", manner="ring")
    seen = len(outbound.house.decisions)
    outbound.outside.clip = np.concatenate([await spoken(GREETING[language], language), beep()])
    wanted = outbound.wanted(detect_machine=True)
    await outbound.asks(wanted)
    at_machine = await outbound.outside.rung()
    assert await outbound.outcome(wanted.attempt_id) == ("machine", None)
    assert (await outbound.told(AttemptAnswered, wanted.attempt_id)).by == "machine"
    await at_machine.reach("ended")
    assert not [d for d in outbound.house.decisions[seen:] if isinstance(d, ContactQueued)]


async def test_off_nobody_listens_and_an_agent_has_the_machine(outbound: Outbound, house: House) -> None:
    (carla,) = await house.on_duty("carla", manner="ring")
    outbound.outside.clip = await spoken(GREETING["en"], "en")
    wanted = outbound.wanted()
    await outbound.asks(wanted)
    assert (await outbound.told(AttemptAnswered, wanted.attempt_id)).by is None
    at_agent = await (await carla.phone.rung()).reach("up")
    await outbound.told(AttemptConnected, wanted.attempt_id)
    at_agent.hang_up()
    assert (await outbound.outcome(wanted.attempt_id))[0] == "talked"
