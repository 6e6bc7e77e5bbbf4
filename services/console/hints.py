"""What others know and an open page should hear of: lines of a conversation, and that a screen-pop has changed.

Both are pushed to whoever holds the contact now. They are hints for open pages; the record is the gateway's and profile's,
which a page reads whenever it gets a snapshot.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import httpx
from aiokafka.structs import TopicPartition
from httpx_sse import SSEError, aconnect_sse

from services.console.domain.shapes import Notice, agent_audience
from services.console.projection import Projection
from services.console.settings import ConsoleSettings
from shared import telemetry
from shared.contracts.conversation_messages import (
    ConversationMessage,
    MessageSent,
    MessageStateChanged,
    PageViewed,
    TypingShown,
)
from shared.contracts.wire import CONVERSATION_MESSAGES, InvalidMessage, decode
from shared.kafka import make_consumer

log = telemetry.logger("console")

FRAMES: Final[Mapping[type, str]] = {
    MessageSent: "message",
    MessageStateChanged: "message_state",
    TypingShown: "typing",
    PageViewed: "page_viewed",
}
"""What of a conversation a page is shown as it happens, and the type of its frame."""
RETRY_SECONDS = 2.0
ABSENT_SECONDS = 30.0


class ConversationRelay:
    """Every instance reads all lines from where it started and shows them to its own pages; after a crash from where it was."""

    def __init__(self, settings: ConsoleSettings, projection: Projection) -> None:
        self._settings = settings
        self._projection = projection
        self._next: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Relay until cancelled."""
        consumer = make_consumer(self._settings.kafka_bootstrap_servers)
        await consumer.start()
        try:
            partitions = [TopicPartition(CONVERSATION_MESSAGES, p) for p in range(self._settings.kafka_partitions)]
            consumer.assign(partitions)
            await consumer.seek_to_end(*partitions)
            for partition in partitions:
                if partition in self._next:
                    consumer.seek(partition, self._next[partition])
                else:
                    self._next[partition] = await consumer.position(partition)
            while True:
                for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                    for record in records:
                        try:
                            envelope = decode(CONVERSATION_MESSAGES, record.headers, record.value)
                        except InvalidMessage:
                            continue  # its owner lays it aside
                        self._show(envelope.tenant, envelope.data)
                    self._next[partition] = records[-1].offset + 1
        finally:
            await consumer.stop()

    def _show(self, tenant: str, message: ConversationMessage) -> None:
        live = self._projection.known(tenant)
        frame = FRAMES.get(type(message))
        if frame is not None and live is not None and (holders := live.holders(message.contact_id)):
            audiences = tuple(agent_audience(agent) for agent in sorted(holders))
            live.frames.append(Notice(frame, audiences, message))


class ProfileRelay:
    """Follows profile's stream of changes; while profile does not offer or answer it, pages simply get no hint."""

    def __init__(self, settings: ConsoleSettings, projection: Projection) -> None:
        self._projection = projection
        token = settings.service_token.get_secret_value()
        self._http = httpx.AsyncClient(
            base_url=settings.profile_url, timeout=httpx.Timeout(5, read=60), trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    async def run(self) -> None:
        """Relay until cancelled."""
        while True:
            pause = RETRY_SECONDS
            try:
                async with aconnect_sse(self._http, "GET", "/v1/changes") as source:
                    if source.response.is_error:
                        pause = ABSENT_SECONDS
                    else:
                        async for event in source.aiter_sse():
                            self._show(json.loads(event.data))
            except (httpx.TransportError, SSEError, ValueError) as error:
                log.info("profile's changes are not followed; trying again", cause=type(error).__name__)
            await asyncio.sleep(pause)

    def _show(self, change: Mapping[str, Any]) -> None:
        live = self._projection.known(str(change.get("tenant", change.get("tenant_id", ""))))
        if live is None:
            return
        contact_id, customer_id = change.get("contact_id"), change.get("customer_id")
        concerned = {contact_id} if contact_id else live.contacts_of(str(customer_id)) if customer_id else set[str]()
        for contact in sorted(concerned):
            if holders := live.holders(contact):
                audiences = tuple(agent_audience(agent) for agent in sorted(holders))
                facts = {"contact_id": contact, "customer_id": customer_id}
                live.frames.append(Notice("pop_changed", audiences, facts))

    async def close(self) -> None:
        await self._http.aclose()
