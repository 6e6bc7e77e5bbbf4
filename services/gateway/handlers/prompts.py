"""Prompts in text conversations: the ivr's words become messages, the customer's next words their answer.

Every text channel (web, SMS, e-mail) gets self-service from here; a voice channel's adapter plays and gathers itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway import store
from services.gateway.domain.sessions import SOURCE, HeldContact
from shared.contracts.channel_commands import PlayPrompt
from shared.contracts.conversation_messages import MessageSent, PromptAnswered
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import Channel
from shared.contracts.wire import CONVERSATION_MESSAGES
from shared.postgres import Connection, enqueue


async def show(connection: Connection, prompt: PlayPrompt, contact: HeldContact, now: int) -> None:
    """Say the prompt in the conversation; what needs no answer is reported as played."""
    for index, text in enumerate(_texts(prompt, contact.channel)):
        message_id = stable_id("said", contact.tenant, prompt.command_id, str(index))
        await _lay(connection, contact, now, MessageSent(message_id, contact.contact_id, "bot", now, text=text))
    if prompt.gather is None:
        await store.take_question(connection, contact.tenant, contact.contact_id)
        await _report(connection, contact, now, prompt.step, "played", {})
        return
    keys = {wording.casefold(): c.key for c in prompt.gather.choices for wording in (c.label, c.key)}
    await store.ask(connection, contact.tenant, contact.contact_id, prompt.step, keys)


def _texts(prompt: PlayPrompt, channel: Channel) -> Sequence[str]:
    """One message an utterance; by text message and mail all in one, with the choices a page shows as buttons."""
    said = [f"{each.text}\n{each.link}" if each.link else each.text for each in prompt.say]
    if channel not in (Channel.SMS, Channel.EMAIL):
        return said
    choices = [f"{choice.key} {choice.label}" for choice in (prompt.gather.choices if prompt.gather else ())]
    whole = "\n".join([*said, *choices])
    return [whole] if whole else []


async def hear(connection: Connection, contact: HeldContact, message: MessageSent, now: int) -> None:
    """The customer's message answers the prompt the conversation is at, if it is at one.

    Not the first one: the ivr has it from the arrival, and may have asked something by the time it comes here.
    """
    if not message.text or message.message_id == stable_id("first", contact.tenant, contact.contact_id):
        return
    question = await store.take_question(connection, contact.tenant, contact.contact_id)
    if question is None:
        return
    step, keys = question
    key = keys.get(message.text.strip().casefold())
    said = {"digits": key} if key is not None else {"text": message.text}
    await _report(connection, contact, now, step, "text" if key is None else "digits", said)


async def _report(
    connection: Connection, contact: HeldContact, now: int, step: str, outcome: Any, said: Mapping[str, str]
) -> None:
    message_id = stable_id("prompt", contact.tenant, contact.contact_id, step)
    await _lay(connection, contact, now, PromptAnswered(message_id, contact.contact_id, step, now, outcome, **said))


async def _lay(connection: Connection, contact: HeldContact, now: int, message: MessageSent | PromptAnswered) -> None:
    envelope = Envelope(message.message_id, SOURCE, now, contact.tenant, contact.contact_id, message)
    await enqueue(connection, CONVERSATION_MESSAGES, envelope, partition=None, key=contact.contact_id)
