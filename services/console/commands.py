"""What people ask for becomes an event: stable id, the pool's partition, acknowledged by all replicas before the answer.

The router decides; here only what the live picture knows better is refused early, to spare the asker a detour.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Literal

from services.console.projection import Projection, TenantLive
from services.console.settings import ConsoleSettings
from shared.clock import Clock
from shared.contracts.channel_commands import (
    ChannelCommand,
    EndContact,
    HoldContact,
    JoinConsultation,
    RecordContact,
    SuperviseContact,
)
from shared.contracts.contact_events import ContactEvent
from shared.contracts.conversation_messages import MessageSent, MessageStateChanged, TypingShown
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import SECOND
from shared.contracts.wire import CHANNEL_COMMANDS, CONTACT_EVENTS, CONVERSATION_MESSAGES, adapter
from shared.directory import AgentPool, Directory
from shared.errors import NotFound, Refused
from shared.kafka import Producer

SOURCE = "/console"
COMMAND_LIFE = 30 * SECOND
"""A command to a gateway older than this is refused there: wall time, whatever the rate of the policy clock."""


def command_id(tenant: str, actor: str, command: str, idempotency_key: str | None) -> str:
    """The same for the same key, so that a repeated click is one event; else new."""
    return stable_id(tenant, actor, command, idempotency_key) if idempotency_key else str(uuid.uuid4())


class Commands:
    """Publishes what staff ask for. Every method raises BrokerUnavailable when nothing was acknowledged."""

    def __init__(
        self, settings: ConsoleSettings, clock: Clock, directory: Directory, producer: Producer, projection: Projection
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._directory = directory
        self._producer = producer
        self._projection = projection

    # -- refused early -----------------------------------------------------------------------------------------------

    async def signed_in(self, tenant: str, agent_id: str) -> TenantLive:
        """The live picture, with this agent in it. Raises Refused("not_signed_in") where the picture is complete."""
        live = await self._projection.tenant(tenant)
        if self._projection.ready.is_set() and live.pool_of_agent(agent_id) is None:
            raise Refused("not_signed_in", "sign in as an agent first")
        return live

    async def check_offer(self, tenant: str, agent_id: str, offer_id: str, contact_id: str) -> None:
        """Refuse an answer to an offer known to be over or another's; an unknown one may be on its way."""
        live = await self.signed_in(tenant, agent_id)
        for pool in live.pools.values():
            if (owner := pool.closed_offers.get(offer_id)) is not None:
                raise (
                    Refused("offer_withdrawn", "the offer is over")
                    if owner == agent_id
                    else Refused("not_this_agent", "the offer was made to somebody else")
                )
            contact = pool.contacts.get(contact_id)
            if contact is not None and contact.offer_id == offer_id and contact.agent_id not in (None, agent_id):
                raise Refused("not_this_agent", "the offer was made to somebody else")

    async def check_in_hand(self, tenant: str, agent_id: str, contact_id: str) -> None:
        """Refuse who does not handle the contact now."""
        await self.signed_in(tenant, agent_id)
        if not await self.handles(tenant, agent_id, contact_id):
            raise Refused("contact_not_yours", "this contact is not in your hands now")

    async def check_alone(self, tenant: str, agent_id: str, contact_id: str) -> None:
        """Refuse to end or pass on while a colleague is consulted: hand over or take the customer back first."""
        await self.check_in_hand(tenant, agent_id, contact_id)
        live = await self._projection.tenant(tenant)
        if any(pool.consults(agent_id, contact_id) for pool in live.pools.values()):
            raise Refused("in_consultation", "a colleague is consulted about this contact just now")

    async def check_involved(self, tenant: str, agent_id: str, contact_id: str) -> None:
        """Refuse who neither handles the contact nor is consulted about it."""
        live = await self.signed_in(tenant, agent_id)
        if not any(pool.takes_part(agent_id, contact_id) for pool in live.pools.values()):
            raise Refused("contact_not_yours", "this contact is not in your hands now")

    async def check_speaks(self, tenant: str, agent_id: str, contact_id: str) -> None:
        """Refuse who neither handles the contact nor talks with its customer in a conference."""
        live = await self.signed_in(tenant, agent_id)
        if not any(
            pool.handles(agent_id, contact_id) or pool.confers(agent_id, contact_id) for pool in live.pools.values()
        ):
            raise Refused("contact_not_yours", "this contact is not in your hands now")

    async def check_beside(self, tenant: str, who: str, contact_id: str) -> None:
        """Refuse who neither takes part in the conversation nor stands by its agent."""
        pool = (await self._projection.tenant(tenant)).pool_of_contact(contact_id)
        if pool is None:
            raise NotFound("not open now")
        if not (pool.takes_part(who, contact_id) or who in pool.company(contact_id)):
            raise Refused("not_beside", "join the conversation first")

    async def pool_of_contact(self, tenant: str, contact_id: str) -> AgentPool:
        """The pool an open contact is in. Raises NotFound."""
        pool = (await self._projection.tenant(tenant)).pool_of_contact(contact_id)
        if pool is None:
            raise NotFound("not open now")
        return await self._directory.pool(tenant, pool.pool)

    async def check_known(self, tenant: str, contact_id: str) -> None:
        """Raises NotFound for a contact that is not open now."""
        if (await self._projection.tenant(tenant)).pool_of_contact(contact_id) is None:
            raise NotFound("not open now")

    async def handles(self, tenant: str, agent_id: str, contact_id: str) -> bool:
        """Whether the agent has the customer."""
        live = await self._projection.tenant(tenant)
        return any(pool.handles(agent_id, contact_id) for pool in live.pools.values())

    async def holder_of(self, tenant: str, contact_id: str) -> str | None:
        """The agent who has the customer of this contact now."""
        live = await self._projection.tenant(tenant)
        pool = live.pool_of_contact(contact_id)
        agent_id = pool.contacts[contact_id].agent_id if pool is not None else None
        return agent_id if pool is not None and agent_id is not None and pool.handles(agent_id, contact_id) else None

    # -- published ---------------------------------------------------------------------------------------------------

    def envelope(self, tenant: str, pool: AgentPool | None, subject: str, event_id: str, data: Any) -> Envelope[Any]:
        return Envelope(event_id, SOURCE, self._clock.now(), tenant, subject, data, pool.pool_id if pool else None)

    async def pool_of(self, tenant: str, agent_id: str, otherwise: str | None = None) -> AgentPool:
        """The pool the agent works in now, else the one named, else the tenant's only one. Raises NotFound."""
        live = self._projection.known(tenant)
        pool = live.pool_of_agent(agent_id) if live else None
        return await self._directory.pool(tenant, pool.pool if pool else otherwise)

    async def publish(
        self, tenant: str, pool: AgentPool, subject: str, event_id: str, *events: ContactEvent
    ) -> dict[str, str]:
        """Contact events in order into the pool's partition. Raises pydantic's ValidationError for what no reader would take."""
        envelopes = [
            self.envelope(tenant, pool, subject, event_id if n == 0 else stable_id(event_id, str(n)), _checked(event))
            for n, event in enumerate(events)
        ]
        await self._producer.publish(CONTACT_EVENTS, *envelopes, partition=pool.partition)
        return {"event_id": event_id}

    async def say(
        self, tenant: str, agent_id: str, contact_id: str, message_id: str, text: str,
        audience: Literal["everyone", "staff"] = "everyone",
    ) -> dict[str, str]:  # fmt: skip
        """An agent's line in the conversation, or a note among colleagues. The same message id twice is one message."""
        event_id = stable_id(tenant, contact_id, message_id)
        message = MessageSent(message_id, contact_id, "agent", self._clock.now(), agent_id, text, audience=audience)
        await self._producer.publish(
            CONVERSATION_MESSAGES, self.envelope(tenant, None, contact_id, event_id, _checked(message)), key=contact_id
        )
        return {"event_id": event_id}

    async def type(self, tenant: str, contact_id: str) -> dict[str, str]:
        """The agent is writing: shown to the customer for a few seconds, kept nowhere."""
        event_id = str(uuid.uuid4())
        return await self._tell(tenant, TypingShown(event_id, contact_id, "agent", self._clock.now()))

    async def mark_read(
        self, tenant: str, agent_id: str, contact_id: str, message_ids: Sequence[str]
    ) -> dict[str, str]:
        """The agent has seen these words of the customer. Said twice it counts once."""
        done: dict[str, str] = {}
        for target in message_ids:
            event_id = stable_id("read", tenant, agent_id, contact_id, target)
            done = await self._tell(
                tenant, MessageStateChanged(event_id, contact_id, target, "read", self._clock.now())
            )
        return done

    async def _tell(self, tenant: str, message: TypingShown | MessageStateChanged) -> dict[str, str]:
        envelope = self.envelope(tenant, None, message.contact_id, message.message_id, _checked(message))
        await self._producer.publish(CONVERSATION_MESSAGES, envelope, key=message.contact_id)
        return {"event_id": message.message_id}

    async def end(
        self, tenant: str, agent_id: str, contact_id: str, event_id: str, reason: str | None
    ) -> dict[str, str]:
        return await self._command(
            tenant, EndContact(event_id, contact_id, self._not_after(), agent_id, "agent", reason)
        )

    async def hold(self, tenant: str, agent_id: str, contact_id: str, event_id: str, held: bool) -> dict[str, str]:
        return await self._command(tenant, HoldContact(event_id, contact_id, self._not_after(), agent_id, held))

    async def join(
        self, tenant: str, agent_id: str, contact_id: str, event_id: str, transfer_id: str, joined: bool
    ) -> dict[str, str]:
        command = JoinConsultation(event_id, contact_id, self._not_after(), agent_id, transfer_id, joined)
        return await self._command(tenant, command)

    async def supervise(
        self, tenant: str, by: str, contact_id: str, event_id: str,
        mode: Literal["listen", "whisper", "barge", "stop"], reason: str | None,
    ) -> dict[str, str]:  # fmt: skip
        command = SuperviseContact(event_id, contact_id, self._not_after(), by, mode, reason)
        return await self._command(tenant, command)

    async def record(
        self, tenant: str, by: str, contact_id: str, event_id: str,
        action: Literal["start", "stop", "pause", "resume"], reason: str | None,
    ) -> dict[str, str]:  # fmt: skip
        command = RecordContact(event_id, contact_id, self._not_after(), by, action, reason)
        return await self._command(tenant, command)

    def _not_after(self) -> int:
        return self._clock.now() + int(COMMAND_LIFE * self._settings.clock_rate)

    async def _command(self, tenant: str, command: ChannelCommand) -> dict[str, str]:
        envelope = self.envelope(tenant, None, command.contact_id, command.command_id, _checked(command))
        await self._producer.publish(CHANNEL_COMMANDS, envelope, key=command.contact_id)
        return {"event_id": command.command_id}


def _checked(data: Any) -> Any:
    """The fact as its contract validates it; what leaves here must not end in somebody's dead letters."""
    return adapter(type(data)).validate_python(data)
