"""The adapters' port, in this process: canonical events in, the gateway's numbered stream out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic_core import from_json

from services.gateway import store
from services.gateway.adapters.port import ChannelEvent, Endpoint, Hint, Note, OpenContact, Place, PromptOutcome
from services.gateway.credentials import Credential
from services.gateway.domain.attempts import PLACED, TELLING, BegunAttempt, KeptAttempt
from services.gateway.domain.callbacks import CALLED_BACK, Dial
from services.gateway.domain.cloud_events import contact_id_of, read_event
from services.gateway.domain.recordings import Recorded
from services.gateway.handlers import (
    attempts,
    callbacks,
    conversation,
    faxes,
    ingest,
    ratings,
    recordings,
    refusals,
)
from services.gateway.handlers.authorising import Gate
from services.gateway.parts import Parts
from services.gateway.wakeups import Wakeups
from shared import telemetry
from shared.contracts.consents import ConsentSource
from shared.contracts.contact_events import ContactArrived
from shared.contracts.conversation_messages import Attachment, ConversationMessage, MessageSent
from shared.contracts.dial_results import AttemptAnswered, AttemptEnded, AttemptRang
from shared.contracts.envelope import stable_id
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import DialRequested
from shared.contracts.wire import (
    CHANNEL_COMMANDS,
    CONVERSATION_MESSAGES,
    DIAL_REQUESTS,
    MESSAGES,
    ROUTING_DECISIONS,
    parse_data,
    to_iso,
)
from shared.errors import Refused
from shared.postgres import Connection, tenant_transaction

log = telemetry.logger("gateway")

PAGE = 500
LOOK_SECONDS = 5.0
UNSETTLED_SECONDS = 0.02
NEIGHBOUR_SECONDS = 2.0
NOTE_SECONDS = 0.5  # a wakeup can be missed: it is a hint
_TOPIC_OF = {
    name: topic
    for topic in (ROUTING_DECISIONS, CHANNEL_COMMANDS, CONVERSATION_MESSAGES, DIAL_REQUESTS)
    for name in MESSAGES[topic]
}


@dataclass(frozen=True, slots=True)
class Port:
    """`services.gateway.adapters.port.ChannelPort` for one gateway row."""

    parts: Parts
    row: store.CredentialRow
    wakeups: Wakeups
    neighbours: httpx.AsyncClient

    @property
    def tenant(self) -> str:
        return self.row.tenant_id

    @property
    def gateway_id(self) -> str:
        return self.row.gateway_id

    @property
    def secret(self) -> str:
        return self.row.secret

    @property
    def credential(self) -> Credential:
        return Credential(self.row.tenant_id, self.row.gateway_id, self.row.pool_id)

    async def country(self) -> str:
        return (await self.parts.directory.tenant(self.tenant)).default_country

    async def time_zone(self) -> str:
        return (await self.parts.directory.tenant(self.tenant)).time_zone

    def now(self) -> int:
        return self.parts.clock.now()

    def contact_id(self, subject: str) -> str:
        return contact_id_of(self.tenant, self.gateway_id, subject)

    async def report(
        self, kind: str, subject: str, event_id: str, data: Mapping[str, Any], at: int | None = None
    ) -> str:
        sender, partition = await self.parts.sender(self.credential)
        event = {
            "specversion": "1.0", "id": event_id, "type": kind, "subject": subject,
            "time": to_iso(at if at is not None else self.now()), "data": dict(data),
        }  # fmt: skip
        read = read_event(event, sender, self.now())
        await ingest.publish(self.parts, sender, partition, [read])
        contact_id = self.contact_id(subject)
        if kind in TELLING and subject.startswith((PLACED, CALLED_BACK)):
            await attempts.heard(self.parts, self.credential, contact_id, kind, data, read.envelope.time)
        return contact_id

    async def said(
        self, subject: str, message_key: str, text: str | None, attachments: Sequence[Attachment] = ()
    ) -> MessageSent:
        return await conversation.visitor_said(self.parts, self.credential, subject, message_key, text, attachments)

    async def answered(
        self, contact_id: str, step: str, outcome: PromptOutcome, *, digits: str | None = None, text: str | None = None
    ) -> None:
        await conversation.answered(
            self.parts, self.credential, contact_id, step, outcome, digits=digits, text=text
        )  # fmt: skip

    async def rate(self, contact_id: str, score: int, via: Literal["key", "web", "link"]) -> str:
        taken = await ratings.give(self.parts, self.tenant, contact_id, score, via)
        if taken is not ratings.Taken.COUNTED:
            raise Refused(
                "rated_already" if taken is ratings.Taken.ALREADY else "not_asked", "this rating is not taken"
            )
        return taken

    async def converse(self, message: ConversationMessage) -> None:
        await conversation.converse(self.parts, self.credential, message)

    async def events(self, after: int) -> AsyncGenerator[ChannelEvent]:
        start = after
        with self.wakeups.of(self.gateway_id) as grown:
            while True:
                grown.clear()
                async with tenant_transaction(self.parts.api, self.tenant) as connection:
                    found = await store.events_after(connection, self.gateway_id, start, PAGE)
                unsettled = next((i for i, e in enumerate(found) if e.subject is None and not e.settled), None)
                for event in found[:unsettled]:
                    start = event.number
                    data = parse_data(_TOPIC_OF[event.type], event.type, event.body)
                    yield ChannelEvent(event.number, event.type, event.contact_id, event.subject, data)
                if unsettled is not None:
                    await self.wakeups.wait(grown, UNSETTLED_SECONDS)
                elif len(found) < PAGE:
                    await self.wakeups.wait(grown, LOOK_SECONDS)

    async def hints(self) -> AsyncGenerator[Hint]:
        async for contact_id, author in self.wakeups.hints(self.gateway_id):
            yield Hint(contact_id, author)

    def database(self) -> AbstractAsyncContextManager[Connection]:
        return tenant_transaction(self.parts.api, self.tenant)

    async def agent_name(self, contact_id: str) -> str | None:
        answer = await self._ask("GET", f"{self.parts.settings.console_url}/api/contacts/{contact_id}/served-by")
        return None if answer is None else from_json(answer.content)["display_name"]

    async def read_to(self) -> int:
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            return await store.read_to(connection, self.gateway_id)

    async def carried_out(self, number: int) -> None:
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            await store.carried_out(connection, self.gateway_id, number)

    async def open_contacts(self) -> Sequence[OpenContact]:
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            held = await store.open_contacts_of_gateway(connection, self.gateway_id)
        return [OpenContact(c.contact_id, c.subject, c.channel, c.agent_id, c.offer_id, c.callback) for c in held]

    async def ask_for_callback(
        self,
        contact_id: str,
        key: str,
        number: str,
        *,
        not_before: int | None = None,
        window_until: int | None = None,
    ) -> str | None:
        dialler = self.parts.diallers.of_tenant(self.tenant, self.gateway_id)
        if dialler is None:
            return None
        wish = callbacks.Wish(key, number, contact_id, not_before=not_before, window_until=window_until)
        return await callbacks.request(self.parts, dialler, wish)

    async def begin_dial(self, wanted: DialRequested) -> Dial | None:
        gate = Gate(self.parts.settings, self.neighbours)
        return await callbacks.begin(self.parts, self.credential, gate, wanted)

    async def begin_attempt(self, attempt_id: str) -> BegunAttempt | None:
        return await attempts.begin(self.parts, self.credential, attempt_id)

    async def tell(self, result: AttemptRang | AttemptAnswered | AttemptEnded) -> None:
        await attempts.tell(self.parts, self.credential, result)

    async def attempts(self) -> Sequence[KeptAttempt]:
        return await attempts.under_way(self.parts, self.credential)

    async def refuse(self, attempt_id: str) -> None:
        await refusals.by_key(self.parts, self.credential, attempt_id)

    async def refuse_number(self, number: str, channel: Channel, source: ConsentSource, key: str) -> None:
        await refusals.by_number(self.parts, self.tenant, number, channel, source, f"{self.gateway_id} {key}")

    async def endpoint(self, agent_id: str) -> Endpoint | None:
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            found = await store.endpoints(connection, self.tenant, agent_id)
        return found[0] if found else None

    async def endpoints(self) -> Sequence[Endpoint]:
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            return await store.endpoints(connection, self.tenant)

    async def recall(self, key: str) -> Note | None:
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            return await store.recall(connection, self.gateway_id, key)

    async def remember(
        self, key: str, value: Mapping[str, Any], *, after: int | None = None, days: float | None = None
    ) -> bool:
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            return await store.remember(connection, (self.tenant, self.gateway_id), key, value, after=after, days=days)

    async def changed(self, key: str, version: int, seconds: float) -> Note | None:
        until = time.monotonic() + seconds
        with self.wakeups.of(f"{self.gateway_id} {key}") as written:
            while True:
                written.clear()
                note = await self.recall(key)
                left = until - time.monotonic()
                if (note is not None and note.version != version) or left <= 0:
                    return note
                await self.wakeups.wait(written, min(left, NOTE_SECONDS))

    async def place(self, contact_id: str) -> Place | None:
        answer = await self._ask(
            "GET", f"{self.parts.settings.router_url}/v1/contacts/{contact_id}/place?tenant={self.tenant}"
        )
        if answer is None:
            return None
        said = from_json(answer.content)
        return Place(said["position"], said["waiting"], said["p50_seconds"], said["p90_seconds"])

    async def audio(self, audio: str) -> bytes | None:
        answer = await self._ask("GET", f"{self.parts.settings.ivr_url}/v1/audio/{audio}.wav")
        return None if answer is None else answer.content

    async def spoken(self, text: str, language: str) -> str | None:
        words = {"tenant": self.tenant, "text": text, "language": language}
        answer = await self._ask("POST", f"{self.parts.settings.ivr_url}/v1/audio", words)
        return None if answer is None else from_json(answer.content)["audio"]

    async def verify(self, contact_id: str, kind: str, value: str) -> bool:
        url = f"{self.parts.settings.profile_url}/v1/contacts/{contact_id}/verify?tenant={self.tenant}"
        answer = await self._ask("POST", url, {"kind": kind, "value": value})
        return answer is not None and from_json(answer.content)["verified"] is True

    async def _ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> httpx.Response | None:
        """A neighbour's answer; None when it does not give one in time. The service token serves every tenant, so what it
        is asked about is a contact of this gateway or a content hash."""
        try:
            answer = await self.neighbours.request(method, url, json=body, timeout=NEIGHBOUR_SECONDS)
        except httpx.TransportError as error:
            log.warning(
                "a neighbour does not answer", path=httpx.URL(url).path.split("/")[-1], error=type(error).__name__
            )
            return None
        return answer if answer.is_success else None

    async def keep_file(self, contact_id: str, body: bytes, media_type: str, name: str = "") -> Attachment:
        sender, _ = await self.parts.sender(self.credential)
        file_id = stable_id("file", contact_id, hashlib.sha256(body).hexdigest())
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            await store.add_file(
                connection, sender, file_id, contact_id, store.StoredFile(media_type, 0, body, name or None), ()
            )
        return Attachment(file_id, media_type, len(body), name=name or None)

    async def file(self, file_id: str) -> bytes | None:
        async with tenant_transaction(self.parts.api, self.tenant) as connection:
            found = await store.file(connection, file_id)
        return None if found is None else found.body

    async def keep_recording(self, recorded: Recorded, wav: bytes) -> None:
        await recordings.keep(self.parts, self.credential, recorded, wav)

    async def deposit_fax(self, arrived: ContactArrived | Mapping[str, Any], subject: str, body: bytes) -> str:
        said = (
            dict(arrived)
            if isinstance(arrived, Mapping)
            else {
                name: getattr(arrived, name)
                for name in ("business_line", "address", "entry", "group", "language", "self_service")
            }
        )
        fax = faxes.Deposit(
            subject, body, said.get("business_line"), said.get("address"), said.get("entry"), said.get("group"),
            said.get("language"), said.get("self_service"),
        )  # fmt: skip
        return (await faxes.deposit(self.parts, self.credential, fax)).contact_id
