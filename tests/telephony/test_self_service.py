"""The keypad: a menu, a standard answer and goodbye; a menu to a group; nobody waits for an ivr that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest_asyncio

from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    QueueCause,
    SelfServiceAnswerGiven,
    SelfServiceEngaged,
)
from tests.telephony.exchange import MUSIC_HERTZ
from tests.telephony.house import MENU, House
from tests.telephony.phone import CallLeg, until

DIALOGUE = Path(__file__).with_name("dialogue.yaml")
QUESTION = {
    "business_line": "rental", "group": "care", "titles": {"zh": "押金", "en": "Deposit"},
    "examples": {"en": ["How much is the deposit", "What do I pay up front"]},
    "answers": {"voice": {"zh": "一个月。", "en": "The deposit is one month's rent."}},
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def guided(house: House) -> AsyncGenerator[House]:
    """The house with a question and a dialogue."""

    def furnish() -> None:
        administration = house.administration()
        try:
            if not administration.there("ivr", "/v1/questions/deposit"):
                administration.call("POST", "ivr", "/v1/questions", json={"id": "deposit", **QUESTION})
            if not administration.there("ivr", "/v1/dialogues/line"):
                administration.call(
                    "PUT", "ivr", "/v1/dialogues/line", content=DIALOGUE.read_bytes(),
                    headers={"content-type": "application/yaml"},
                )  # fmt: skip
        finally:
            administration.close()

    await asyncio.to_thread(furnish)
    yield house


def _speaks(call: CallLeg) -> bool:
    """Somebody is heard: speech is loud and unlike a tone."""
    heard = call.audio.heard(0.5)
    return len(heard) > 2000 and float(np.abs(heard.astype(np.float64)).mean()) > 200


async def _greeted(house: House) -> tuple[CallLeg, str]:
    call = await house.call(MENU, hertz=500)
    await call.reach("up")
    contact = await house.contact_of(call)
    await house.hears(SelfServiceEngaged, contact)
    await until(lambda: _speaks(call), "the dialogue speaks")
    return call, contact


async def test_a_key_leads_to_a_standard_answer_and_nobody_is_needed(guided: House) -> None:
    call, contact = await _greeted(guided)
    call.press("1")
    await guided.hears(SelfServiceAnswerGiven, contact)
    call.press("1")
    closed = await guided.hears(ContactClosed, contact)
    assert closed.end == ContactEnd.SELF_SERVED
    await call.reach("ended")
    assert not guided.said(ContactQueued, contact)
    steps = [said.step for said in guided.said(PromptAnswered, contact)]
    assert len(steps) == len(set(steps)), "each step is answered once"


async def test_a_key_leads_to_a_group_and_its_agent(guided: House) -> None:
    call, contact = await _greeted(guided)
    call.press("0")
    queued = await guided.hears(ContactQueued, contact)
    assert (queued.group, queued.cause) == ("care", QueueCause.SELF_SERVICE)
    (anna,) = await guided.on_duty("anna")
    await (await anna.phone.rung()).reach("up")
    assert (await guided.hears(ContactAssigned, contact)).agent_id == "anna"
    await call.hearing(700)


async def test_a_caller_who_leaves_the_menu_abandoned_it(guided: House) -> None:
    call, contact = await _greeted(guided)
    call.hang_up()
    assert (await guided.hears(ContactClosed, contact)).end == ContactEnd.ABANDONED_IN_SELF_SERVICE


async def test_nobody_waits_for_an_ivr_that_is_not_there(guided: House) -> None:
    await asyncio.to_thread(guided.services["ivr"].kill)
    try:
        call = await guided.call(MENU)
        await call.reach("up")
        contact = await guided.contact_of(call)
        queued = await guided.hears(ContactQueued, contact)
        assert queued.cause == QueueCause.SELF_SERVICE_FAILED
        await call.hearing(MUSIC_HERTZ)
    finally:
        await asyncio.to_thread(guided.services["ivr"].start, timeout=120)
