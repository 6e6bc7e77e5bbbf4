"""Channel commands: each carried out, passed on or refused exactly once, by its id."""

from __future__ import annotations

from typing import Final

from services.gateway import store
from services.gateway.domain.sessions import (
    SOURCE,
    GatewayEvent,
    HeldContact,
    ended_by_command,
    held_by_command,
    outcome_of,
)
from services.gateway.handlers import conversation, prompts
from services.gateway.parts import Parts
from shared import telemetry
from shared.contracts.channel_commands import ChannelCommand, EndContact, HoldContact, PlayPrompt
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import SECOND
from shared.contracts.wire import CONVERSATION_MESSAGES, InvalidMessage
from shared.errors import Backpressure
from shared.postgres import Connection, enqueue, worker_transaction

log = telemetry.logger("gateway")

OVERTAKING: Final = 5 * SECOND
"""How long a command may be ahead of the decisions it follows: wall time, whatever the rate of the policy clock."""
TOO_LATE: Final = "操作已过期，未执行。 The command came too late and was not carried out."


async def carry_out(parts: Parts, envelope: Envelope[ChannelCommand]) -> None:
    """Do what a command asks of a session kept here, or put it on the stream of the gateway that keeps it.

    A stale command changes nothing: the conversation says so. Raises Backpressure for a contact we may only not know
    yet (a command can overtake the decisions it follows), InvalidMessage for one nobody knows.
    """
    command, now = envelope.data, parts.clock.now()
    async with worker_transaction(parts.worker) as connection:
        contact = (await store.contacts_held(connection, [command.contact_id])).get(command.contact_id)
        patience = int(OVERTAKING * parts.settings.clock_rate)
        if contact is None and now <= min(command.not_after, envelope.time + patience):
            raise Backpressure("the contact is not known yet")
        if contact is None or contact.tenant != envelope.tenant:
            raise InvalidMessage("contact_id: no such contact in this tenant")
        outcome = outcome_of(command, contact, now)
        if not await store.add_command(connection, envelope.tenant, command, outcome, now):
            return
        if outcome == "stale":
            await _say_too_late(connection, contact, command, now)
        elif outcome != "contact_closed":
            if outcome == "done" and isinstance(command, EndContact):
                await store.say(connection, ended_by_command(command, contact, now), contact.partition)
            if isinstance(command, HoldContact):
                await store.say(connection, held_by_command(command, contact, now), contact.partition)
            if outcome == "done" and isinstance(command, PlayPrompt):
                await prompts.show(connection, command, contact, now)
            shown = outcome != "done" or not isinstance(command, PlayPrompt) or conversation.shows_all(parts, contact)
            if shown and contact.gateway_id is not None:
                told = GatewayEvent(contact.gateway_id, contact.tenant, contact.contact_id, command)
                await store.append_events(connection, [told])
    telemetry.count("ucc_channel_commands_total", type=type(command).__name__, outcome=outcome)
    if outcome in ("stale", "contact_closed"):
        log.warning("command refused", command_id=command.command_id, contact_id=command.contact_id, outcome=outcome)


async def _say_too_late(connection: Connection, contact: HeldContact, command: ChannelCommand, now: int) -> None:
    message_id = stable_id("too_late", contact.tenant, command.command_id)
    message = MessageSent(message_id, contact.contact_id, "system", now, text=TOO_LATE)
    envelope = Envelope(message_id, SOURCE, now, contact.tenant, contact.contact_id, message)
    await enqueue(connection, CONVERSATION_MESSAGES, envelope, partition=None, key=contact.contact_id)
