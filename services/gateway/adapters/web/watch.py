"""The site's own loop, on one instance: closes conversations whose visitor is gone, and says so where nobody reads."""

from __future__ import annotations

import asyncio

from services.gateway.adapters.port import ChannelEvent, ChannelPort
from services.gateway.adapters.web import contacts, visits
from services.gateway.adapters.web.settings import WebSettings
from shared.contracts.conversation_messages import MessageSent, MessageStateChanged
from shared.contracts.envelope import stable_id

LOOKS_PER_PERIOD = 10
LONGEST_LOOK_SECONDS = 15.0
UNREAD = "message_left"
"""Why words to somebody who left a message fail: they asked to be called or written to, and read nothing here."""


async def run(port: ChannelPort, settings: WebSettings) -> None:
    """Until cancelled; what was done before a restart is done again with the same ids."""
    async with asyncio.TaskGroup() as both:
        both.create_task(_close_silent(port, settings.idle_minutes * 60))
        both.create_task(_follow(port))


async def _close_silent(port: ChannelPort, seconds: float) -> None:
    while True:
        await close_silent(port, seconds)
        await asyncio.sleep(min(seconds / LOOKS_PER_PERIOD, LONGEST_LOOK_SECONDS))


async def close_silent(port: ChannelPort, seconds: float) -> int:
    """End conversations with no page open and nothing said for so long, as left by their customers; how many."""
    async with port.database() as connection:
        silent = await visits.silent_visits(connection, port.gateway_id, seconds)
    closed = 0
    for visit in silent:
        if visit["subject"] is None:
            continue
        await contacts.notice(
            port, visit["contact_id"], stable_id("left", visit["contact_id"]), contacts.LEFT.of(visit["language"])
        )
        await port.report(
            "ContactEnded", visit["subject"], f"ended {visit['subject']}", {"by": "customer", "reason": "left"}
        )
        async with port.database() as connection:
            closed += await visits.give_up_visit(connection, visit["contact_id"], seconds)
    return closed


async def _follow(port: ChannelPort) -> None:
    async for event in port.events(await port.read_to()):
        await answer_unread(port, event)
        await port.carried_out(event.number)


async def answer_unread(port: ChannelPort, event: ChannelEvent) -> None:
    """An agent's words in the conversation of a message left reach nobody: they are marked as failed."""
    said = event.data
    if not isinstance(said, MessageSent) or said.author != "agent":
        return
    async with port.database() as connection:
        visit = await visits.visit_of_contact(connection, port.gateway_id, said.contact_id)
    if visit is not None and visit["answer_to"] is not None:
        message_id = stable_id("unread", said.message_id)
        await port.converse(
            MessageStateChanged(message_id, said.contact_id, said.message_id, "failed", port.now(), UNREAD)
        )
