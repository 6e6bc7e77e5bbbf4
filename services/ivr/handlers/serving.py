"""Serving contacts: an arrival or an answer in, a step computed, then written with its messages in one transaction.

The step is computed outside any transaction (a slow text stalls nobody) and counts only if the session still waits for
that very answer; so repeats, late answers and two instances at once come out as one. A dialogue that fails, whatever the
cause, sends the customer to a person at once: there is never silence.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.ivr.domain.calendars import open_now
from services.ivr.domain.dialogue import Dialogue, dialogue_for
from services.ivr.domain.engine import answer, begin, fax_reported
from services.ivr.domain.pace import longest_seconds
from services.ivr.domain.visit import Arriving, Caller, Mode, Step, Visit, World
from services.ivr.handlers.callers import Callers
from services.ivr.handlers.holidays import PublicHolidays
from services.ivr.handlers.library import UNSURE, Library, Shelf
from services.ivr.handlers.publishing import Outgoing, fax_command, step_id
from services.ivr.handlers.spoken import Spoken
from services.ivr.settings import IvrSettings
from services.ivr.store import sessions, uses
from services.ivr.store.sessions import Advance, ContactPlace, OpenSession
from shared import telemetry
from shared.clock import Clock
from shared.contracts.contact_events import ContactArrived, SelfServiceAnswered, SelfServiceEnded, SelfServiceStarted
from shared.contracts.conversation_messages import FaxReported, PromptAnswered
from shared.contracts.envelope import Envelope
from shared.contracts.fields import AddressKind, Channel
from shared.contracts.wire import EPOCH
from shared.database_faults import errors_by_consequence
from shared.directory import Directory
from shared.errors import InvalidMessage, NotFound
from shared.postgres import Connection, Pool, worker_transaction
from shared.yaml_document import DocumentRefused

log = telemetry.logger("ivr")

LEFT = "left"
"""Outcome of a session whose contact left self-service without it (the customer hung up, the router's time was over)."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Everything a step needs."""

    workers: Pool
    directory: Directory
    library: Library
    callers: Callers
    spoken: Spoken
    holidays: PublicHolidays
    threads: Executor
    clock: Clock
    settings: IvrSettings

    def now(self) -> datetime:
        return EPOCH + timedelta(microseconds=self.clock.now())

    async def arrived(self, envelope: Envelope[ContactArrived]) -> None:
        """Take a contact up, if its gateway can be told what to do; a line without a dialogue goes to a person at once."""
        contact = envelope.data
        if not contact.self_service:
            return
        try:
            pool = await self.directory.pool(envelope.tenant, envelope.pool)
        except NotFound as error:
            raise InvalidMessage(f"tenant: {error}") from error
        place = ContactPlace(envelope.tenant, contact.contact_id, pool.pool_id, pool.partition)
        with errors_by_consequence():
            shelf = await self.library.of(envelope.tenant)
            found = self._dialogue_of(shelf, contact)
            if found is None:
                await self._begin(place, contact.channel, None, _to_person(contact))
                return
            dialogue, version = found
            caller = (
                await self.callers.known(envelope.tenant, contact.contact_id) if dialogue.asks_who_calls else Caller()
            )
            arriving = Arriving(
                contact.contact_id,
                contact.channel,
                contact.business_line,
                contact.language,
                contact.text,
                caller,
                contact.address if contact.address_kind is AddressKind.PHONE else None,
            )
            if contact.text:
                shelf = await self.library.with_model(envelope.tenant)
            failed = Visit(contact.contact_id, contact.channel, contact.business_line, dialogue.languages[0])
            step = await self._walked(
                shelf, dialogue, lambda world: begin(dialogue, arriving, world), bool(contact.text), failed
            )
            await self._begin(place, contact.channel, (dialogue, version), step, contact.text)

    async def answered(self, envelope: Envelope[PromptAnswered]) -> None:
        """The customer's answer to a prompt; any but the one awaited changes nothing."""
        heard = envelope.data
        with errors_by_consequence():
            session = await self._session(envelope.tenant, heard.contact_id)
            if session is not None and session.step == heard.step:
                await self._answer(session, lambda d, w: answer(d, session.visit, heard, w), heard.text)

    async def fax_settled(self, envelope: Envelope[FaxReported]) -> None:
        """The end of a fax that a contact waits for."""
        report = envelope.data
        with errors_by_consequence():
            session = await self._session(envelope.tenant, report.contact_id)
            if session is None or session.visit.mode is not Mode.FAX:
                return
            if report.command_id == fax_command(session.place, session.visit.step):
                delivered = report.outcome == "delivered"
                await self._answer(session, lambda d, w: fax_reported(d, session.visit, delivered, w))

    async def overdue(self, tenant: str, contact_id: str, step: str) -> None:
        """No answer came in all the time one could. In a conversation that is silence, by fax an answer that did not
        arrive; on the phone the gateway has failed."""
        session = await self._session(tenant, contact_id)
        if session is None or session.step != step:
            return
        if session.visit.mode is Mode.FAX:
            await self._answer(session, lambda d, w: fax_reported(d, session.visit, False, w))
        elif session.visit.spoken:
            await self._write(session, _failed(session.visit, "no_answer"))
        else:
            silence = PromptAnswered(step, contact_id, step, self.clock.now(), "timeout")
            await self._answer(session, lambda d, w: answer(d, session.visit, silence, w))

    async def left(self, tenant: str, contact_id: str) -> None:
        """The customer is gone."""
        with errors_by_consequence():
            async with worker_transaction(self.workers) as connection:
                await sessions.end(connection, tenant, contact_id, LEFT, self.now())

    # -- computing -------------------------------------------------------------------------------------------------

    def _dialogue_of(self, shelf: Shelf, contact: ContactArrived) -> tuple[Dialogue, int] | None:
        serving = {dialogue_id: dialogue for dialogue_id, (dialogue, _) in shelf.dialogues.items()}
        found = dialogue_for(serving, contact.channel, contact.business_line, contact.entry)
        return None if found is None else shelf.dialogues[found.dialogue_id]

    async def _session(self, tenant: str, contact_id: str) -> OpenSession | None:
        async with worker_transaction(self.workers) as connection:
            return await sessions.read(connection, tenant, contact_id)

    async def _answer(
        self, session: OpenSession, walk: Callable[[Dialogue, World], Step], text: str | None = None
    ) -> None:
        try:
            dialogue = await self.library.dialogue(session.place.tenant, session.dialogue_id, session.dialogue_version)
        except (NotFound, DocumentRefused) as error:
            log.error("a dialogue in use cannot be read", dialogue=session.dialogue_id, cause=str(error))
            await self._write(session, _failed(session.visit, "dialogue_failed"))
            return
        shelf = await (self.library.with_model if text else self.library.of)(session.place.tenant)
        has_words = bool(text or session.visit.text)
        step = await self._walked(shelf, dialogue, lambda world: walk(dialogue, world), has_words, session.visit)
        await self._write(session, step, text)

    async def _walked(
        self, shelf: Shelf, dialogue: Dialogue, walk: Callable[[World], Step], has_words: bool, visit: Visit
    ) -> Step:
        """The step; where words are matched, in a thread and within a limit: not understood in time is not understood."""
        public = self.holidays.around(self.now(), (h.country for h in dialogue.hours.values()))
        world = World(shelf.questions, shelf.match, open_now(dialogue.hours, self.now(), public))
        try:
            if not has_words:
                return walk(world)
            try:
                async with asyncio.timeout(self.settings.match_limit_seconds):
                    return await asyncio.get_running_loop().run_in_executor(self.threads, walk, world)
            except TimeoutError:
                log.warning("a text was not matched in time", contact_id=visit.contact_id)
                return walk(replace(world, match=lambda *_: UNSURE))
        except Exception as error:  # noqa: BLE001  whatever a dialogue does, its customer goes to a person
            log.error(
                "the dialogue failed; the contact goes to a person", contact_id=visit.contact_id,
                dialogue=dialogue.dialogue_id, node=visit.node, fault=type(error).__name__,
                trace="".join(traceback.format_tb(error.__traceback__)[-3:]),  # places only: never what was typed
            )  # fmt: skip
            return _failed(visit, "dialogue_failed")

    # -- writing ---------------------------------------------------------------------------------------------------

    async def _begin(
        self, place: ContactPlace, channel: Channel, chosen: tuple[Dialogue, int] | None, step: Step, text: str | None = None
    ) -> None:  # fmt: skip
        step = await self._with_audio(place.tenant, step)
        named = None if chosen is None else (chosen[0].dialogue_id, chosen[1])
        async with worker_transaction(self.workers) as connection:
            if not await sessions.begin(connection, place, channel, named, self._advance(place, step, text)):
                return
            outgoing = self._outgoing(connection, place, 0)
            if named is not None:
                await outgoing.fact(SelfServiceStarted(place.contact_id, *named), "")
            await self._effects(connection, outgoing, step)

    async def _write(self, session: OpenSession, step: Step, text: str | None = None) -> None:
        place = session.place
        step = await self._with_audio(place.tenant, step)
        async with worker_transaction(self.workers) as connection:
            if await sessions.still_waits(connection, session):
                await sessions.advance(connection, place, self._advance(place, step, text))
                await self._effects(connection, self._outgoing(connection, place, session.visit.step), step)

    async def _effects(self, connection: Connection, outgoing: Outgoing, step: Step) -> None:
        place, now = outgoing.place, self.now()
        await outgoing.step(step)
        await uses.asked(connection, place.tenant, place.contact_id, step.visit.channel, step.asked, now)
        for event in step.events:
            if isinstance(event, SelfServiceAnswered):
                await uses.answered(connection, place.tenant, place.contact_id, event.question, now)
            else:
                telemetry.count("ucc_self_service_ended_total", outcome=event.outcome, by=event.by)

    async def _with_audio(self, tenant: str, step: Step) -> Step:
        if step.prompt is None or not step.visit.spoken:
            return step
        say = await self.spoken.with_audio(tenant, step.prompt.say)
        return replace(step, prompt=replace(step.prompt, say=say))

    def _outgoing(self, connection: Connection, place: ContactPlace, cause: int) -> Outgoing:
        return Outgoing(connection, place, cause, self.clock.now(), self.settings.command_seconds)

    def _advance(self, place: ContactPlace, step: Step, text: str | None) -> Advance:
        now, outcome = self.now(), None
        for event in step.events:
            if isinstance(event, SelfServiceEnded):
                outcome = event.outcome
        waits = longest_seconds(step.prompt) if step.prompt is not None else self.settings.fax_wait_seconds
        deadline = None if outcome else now + timedelta(seconds=waits + self.settings.grace_seconds)
        return Advance(step_id(place, step.visit.step), step.visit, deadline, outcome, text, now)


def _failed(visit: Visit, reason: str) -> Step:
    """To a person, because nothing else is left."""
    ended: Any = SelfServiceEnded(visit.contact_id, "failed", visit.group, reason, by=visit.by)
    return Step(replace(visit, mode=Mode.ENDED), events=(ended,))


def _to_person(contact: ContactArrived) -> Step:
    """For a line without a dialogue."""
    visit = Visit(contact.contact_id, contact.channel, contact.business_line, contact.language or "zh", mode=Mode.ENDED)
    return Step(visit, events=(SelfServiceEnded(contact.contact_id, "to_person", contact.group, by="default"),))
