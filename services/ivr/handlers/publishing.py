"""A step as messages: what the gateway is to do, what the router is to hear. Ids are made of the contact and the step, so
that whatever is done twice is a repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.ivr.domain.visit import FaxOrder, NextPrompt, Step, Visit
from services.ivr.store.sessions import ContactPlace
from shared.contracts.channel_commands import EndContact, PlayPrompt, SendFax
from shared.contracts.consents import ConsentWithdrawn
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import SECOND
from shared.contracts.wire import CHANNEL_COMMANDS, CONSENTS, CONTACT_EVENTS
from shared.postgres import Connection, enqueue

SOURCE = "/ivr"
IVR = "ivr"


def step_id(place: ContactPlace, number: int) -> str:
    """The id of a contact's n-th prompt or fax: what an answer must name to count."""
    return stable_id("ivr-step", place.tenant, place.contact_id, str(number))


def fax_command(place: ContactPlace, number: int, index: int = 0) -> str:
    """The id of a fax ordered by a step; its report names it."""
    return stable_id("ivr-fax", place.tenant, place.contact_id, str(number), str(index))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Writes a step's messages into the outbox, in the transaction of the step."""

    connection: Connection
    place: ContactPlace
    cause: int  # number of the step that was answered; 0: the arrival
    now: int
    command_seconds: int

    async def step(self, step: Step) -> None:
        for index, event in enumerate(step.events):
            await self.fact(event, str(index))
        for index, order in enumerate(step.faxes):
            await self._command(self._fax(order, step.visit.step, index))
        for purpose in step.refusals:
            await self._refusal(step.visit, purpose)
        if step.prompt is not None:
            await self._command(self._prompt(step.prompt, step.visit.step))
        if step.hang_up:
            command_id = stable_id("ivr-end", self.place.tenant, self.place.contact_id)
            await self._command(
                EndContact(command_id, self.place.contact_id, self._not_after(), IVR, "system", "self_served")
            )

    async def fact(self, event: Any, which: str) -> None:
        """A contact event, to the partition of the contact's pool."""
        place = self.place
        event_id = stable_id("ivr", place.tenant, place.contact_id, str(self.cause), type(event).__name__, which)
        envelope = Envelope(event_id, SOURCE, self.now, place.tenant, place.contact_id, event, place.pool_id)
        await enqueue(
            self.connection, CONTACT_EVENTS, envelope, partition=place.partition, key=place.pool_id or place.contact_id
        )

    async def _refusal(self, visit: Visit, purpose: str | None) -> None:
        """On `consents`, where profile and outbound hear of it. Of a withheld number there is nothing to refuse."""
        place = self.place
        if visit.number is None:
            return
        refusal_id = stable_id("ivr-refusal", place.tenant, place.contact_id, purpose or "")
        refusal = ConsentWithdrawn(
            refusal_id, visit.channel, "ivr_key", self.now, purpose, contact_id=place.contact_id, number=visit.number
        )
        envelope = Envelope(refusal_id, SOURCE, self.now, place.tenant, refusal_id, refusal)
        person = stable_id(
            "person", place.tenant, visit.number
        )  # as the profile's own words: one person's are in order
        await enqueue(self.connection, CONSENTS, envelope, partition=None, key=person)

    async def _command(self, command: PlayPrompt | SendFax | EndContact) -> None:
        place = self.place
        envelope = Envelope(
            command.command_id, SOURCE, self.now, place.tenant, place.contact_id, command, place.pool_id
        )
        await enqueue(self.connection, CHANNEL_COMMANDS, envelope, partition=None, key=place.contact_id)

    def _prompt(self, prompt: NextPrompt, number: int) -> PlayPrompt:
        command_id = stable_id("ivr-prompt", self.place.tenant, self.place.contact_id, str(number))
        return PlayPrompt(
            command_id, self.place.contact_id, self._not_after(), IVR, step_id(self.place, number), prompt.say, prompt.gather,
            prompt.verify,
        )  # fmt: skip

    def _fax(self, order: FaxOrder, number: int, index: int) -> SendFax:
        return SendFax(
            fax_command(self.place, number, index), self.place.contact_id, self._not_after(), IVR, order.title, order.body,
            order.to, order.language,
        )  # fmt: skip

    def _not_after(self) -> int:
        return self.now + self.command_seconds * SECOND
