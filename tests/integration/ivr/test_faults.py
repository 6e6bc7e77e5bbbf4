"""What dies, repeats or comes at once: nothing is lost, nothing counts twice, nobody hears silence."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from services.ivr.app import create_app
from services.ivr.domain.matching.verdict import Match
from services.ivr.handlers import publishing, serving
from services.ivr.handlers.library import Shelf
from shared.contracts.contact_events import ContactAbandoned
from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from tests.conftest import Broker
from tests.integration.ivr.conftest import LINE, PATIENCE, Neighbours, Site, settings_for, with_neighbours


async def test_a_restart_in_the_middle_loses_nothing(site: Site, neighbours: Neighbours, broker: Broker) -> None:
    """One instance takes a contact up and stops; the answer comes while nobody runs; another goes on."""
    group = f"ivr-{uuid.uuid4().hex[:8]}"
    settings = settings_for(site.settings.database_url, broker, consumer_group=group)
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    first = create_app(settings)
    async with first.router.lifespan_context(first):
        with_neighbours(first)
    await site.answer(menu, "digits", digits="2")
    await site.prompts(contact, 2)
    second = create_app(settings)
    async with second.router.lifespan_context(second):
        with_neighbours(second)
        ask = (await site.prompts(contact, 2))[1]
        await site.answer(ask, "digits", digits="4711")
        await site.event(contact, "SelfServiceEnded")
    assert site.count(contact, "PlayPrompt") == 2
    assert site.count(contact, "SelfServiceEnded") == 1


async def test_a_crash_between_step_and_message_takes_both_back(
    site: Site, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop crashes without commit and sees the answer again: it finds the session as it was before."""
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    heard = PromptAnswered("m-1", contact, menu.step, 1, "digits", "2")
    envelope = Envelope("m-1", "/test", 1, site.tenant, contact, heard)

    async def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "enqueue", dies)
        with pytest.raises(RuntimeError):
            await site.app.state.room.serving.answered(envelope)
    stored = await site.owner.fetchrow("SELECT step, outcome FROM ivr.sessions WHERE contact_id = $1", contact)
    assert stored is not None
    assert (stored["step"], stored["outcome"]) == (menu.step, None)
    for _ in range(2):  # again, and once more than needed
        await site.app.state.room.serving.answered(envelope)
    await site.prompts(contact, 2)
    assert site.count(contact, "PlayPrompt") == 2


async def test_two_instances_that_hear_the_same_answer_take_one_step(
    site: Site, neighbours: Neighbours, broker: Broker
) -> None:
    """A second consumer group hears everything a second time, at the same time: harder than a rebalance."""
    other = create_app(settings_for(site.settings.database_url, broker))
    async with other.router.lifespan_context(other):
        with_neighbours(other)
        contacts = [await site.arrive() for _ in range(5)]
        for contact in contacts:
            [menu] = (await site.prompts(contact, 1))[:1]
            await site.answer(menu, "digits", digits="2")
        for contact in contacts:
            ask = (await site.until(_prompt_after(contact)))[0].data
            await site.answer(ask, "digits", digits="4711")
        for contact in contacts:
            await site.event(contact, "SelfServiceEnded")
            assert site.count(contact, "PlayPrompt") == 2
            assert site.count(contact, "SelfServiceStarted") == 1
            assert site.count(contact, "SelfServiceEnded") == 1


def _prompt_after(contact: str) -> Callable[[Envelope[Any]], bool]:
    return lambda e: e.subject == contact and e.type == "PlayPrompt" and "编号" in e.data.say[0].text


async def test_a_text_that_takes_too_long_is_for_a_person_and_stalls_nobody(
    site: Site, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Shelf.match

    def slow(shelf: Shelf, text: str, language: str, business_line: str | None) -> Match:
        if "慢" in text:
            time.sleep(5)
        return whole(shelf, text, language, business_line)

    monkeypatch.setattr(Shelf, "match", slow)
    stuck = await site.arrive(channel=Channel.WEB)
    [menu] = await site.prompts(stuck, 1)
    await site.answer(menu, "text", text="很慢的问题")
    quick = await site.arrive()
    await site.prompts(quick, 1)
    assert (await site.event(stuck, "SelfServiceEnded")).outcome == "to_person"


async def test_a_dialogue_that_fails_ends_as_failed_at_once(
    site: Site, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(serving, "begin", broken)
    contact = await site.arrive()
    ended = await site.event(contact, "SelfServiceEnded")
    assert (ended.outcome, ended.reason) == ("failed", "dialogue_failed")
    assert site.count(contact, "PlayPrompt") == 0


async def test_whoever_is_in_a_dialogue_finishes_the_version_they_began(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    changed = LINE.replace("请输入编号。", "请输入新编号。")
    version = await site.publish_dialogue("rental", changed)
    try:
        await site.answer(menu, "digits", digits="2")
        assert (await site.prompts(contact, 2))[1].say[0].text == "请输入编号。"
        fresh = await site.arrive()
        assert (await site.event(fresh, "SelfServiceStarted")).version == version
    finally:
        await site.publish_dialogue("rental", LINE)


async def _make_overdue(site: Site, contact: str) -> None:
    await site.owner.execute("UPDATE ivr.sessions SET deadline = now() - interval '1 s' WHERE contact_id = $1", contact)


async def test_a_gateway_that_never_answers_is_a_failed_session(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive()
    await site.prompts(contact, 1)
    await _make_overdue(site, contact)
    ended = await site.event(contact, "SelfServiceEnded")
    assert (ended.outcome, ended.reason) == ("failed", "no_answer")


async def test_a_silent_visitor_is_asked_again(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive(channel=Channel.WEB)
    await site.prompts(contact, 1)
    await _make_overdue(site, contact)
    assert (await site.prompts(contact, 2))[1].say[0].text == "您还在吗？"


async def test_a_customer_who_hangs_up_ends_the_session(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    gone = Envelope(f"g-{contact}", "/test", 1, site.tenant, contact, ContactAbandoned(contact), "main")
    await site.producer.publish("contact-events", gone, partition=1)
    async with asyncio.timeout(PATIENCE):
        while await _outcome(site, contact) is None:
            await asyncio.sleep(0.05)
    assert await _outcome(site, contact) == "left"
    await site.answer(menu, "digits", digits="2")
    await site.prompts(await site.arrive(), 1)
    assert site.count(contact, "PlayPrompt") == 1


async def _outcome(site: Site, contact: str) -> str | None:
    return await site.owner.fetchval("SELECT outcome FROM ivr.sessions WHERE contact_id = $1", contact)
