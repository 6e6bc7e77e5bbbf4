"""Topic → handler, and the loops that keep the gateway's house. Each loop restarts from what is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing

from services.gateway.domain.cloud_events import OUTSIDE_TYPES
from services.gateway.handlers import (
    attempts,
    commands,
    conversation,
    decisions,
    ingest,
    leases,
    outgoing_faxes,
    recordings,
)
from services.gateway.parts import Parts
from services.gateway.store import prune
from shared import telemetry
from shared.contracts.wire import CHANNEL_COMMANDS, CONTACT_INBOX, CONVERSATION_MESSAGES, DIAL_REQUESTS, MESSAGES
from shared.decisions import DecisionFeed, JournalClient, read_watermarks
from shared.kafka import ConsumeLoop, Received, each
from shared.outbox import OutboxRelay
from shared.postgres import worker_transaction

log = telemetry.logger("gateway")

STANDBY_SECONDS = 1.0
PRUNE_SECONDS = 60.0


async def consume_inbox(parts: Parts) -> None:
    """`contact-inbox`: check the signature and the event, forward to the pool's partition of `contact-events`."""
    inbox = ingest.Inbox(parts)
    await ConsumeLoop(
        parts.settings.kafka_bootstrap_servers, CONTACT_INBOX, "gateway-inbox",
        dict.fromkeys(OUTSIDE_TYPES, inbox.forward), parts.producer, read=inbox.read,
    ).run()  # fmt: skip


async def consume_commands(parts: Parts) -> None:
    """`channel-commands`: what agents and rooms ask of sessions."""
    handle = each(lambda envelope: commands.carry_out(parts, envelope))
    await ConsumeLoop(
        parts.settings.kafka_bootstrap_servers, CHANNEL_COMMANDS, "gateway-commands",
        {
            **dict.fromkeys(MESSAGES[CHANNEL_COMMANDS], handle),
            "SendFax": each(lambda envelope: outgoing_faxes.accept(parts, envelope)),
        },
        parts.producer,
    ).run()  # fmt: skip


async def consume_dial_requests(parts: Parts) -> None:
    """`dial-requests`: whom outbound asks to call."""
    handle = each(lambda envelope: attempts.take(parts, envelope))
    await ConsumeLoop(
        parts.settings.kafka_bootstrap_servers, DIAL_REQUESTS, "gateway-dials",
        dict.fromkeys(MESSAGES[DIAL_REQUESTS], handle), parts.producer,
    ).run()  # fmt: skip


async def _pass(received: Received) -> None:
    """Facts of a conversation that others read; nothing of them is kept here."""


async def consume_messages(parts: Parts) -> None:
    """`conversation-messages`: both sides of every conversation."""
    await ConsumeLoop(
        parts.settings.kafka_bootstrap_servers, CONVERSATION_MESSAGES, "gateway-messages",
        {
            **dict.fromkeys(MESSAGES[CONVERSATION_MESSAGES], _pass),
            "MessageSent": each(lambda e: conversation.keep(parts, e)),
            "MessageStateChanged": each(lambda e: conversation.change_state(parts, e)),
            "TypingShown": each(lambda e: conversation.show_typing(parts, e)),
        },
        parts.producer,
    ).run()  # fmt: skip


async def follow_decisions(parts: Parts, caught_up: asyncio.Event) -> None:
    """`routing-decisions`: one instance applies them for all; another takes over when its connection ends.

    The advisory lock only spares the others the work; what makes each decision count once is the watermark.
    """
    async with parts.worker.acquire() as leader:
        while not await leader.fetchval("SELECT pg_try_advisory_lock(hashtext('gateway:decisions'))"):
            caught_up.set()
            await asyncio.sleep(STANDBY_SECONDS)
        caught_up.clear()
        async with worker_transaction(parts.worker) as connection:
            applied = await read_watermarks(connection)
        journal = JournalClient(parts.settings.router_url, parts.settings.service_token.get_secret_value())
        try:
            feed = DecisionFeed(
                parts.settings.kafka_bootstrap_servers, journal, applied, range(parts.settings.kafka_partitions)
            )
            feed.caught_up = caught_up
            async with aclosing(feed.batches()) as batches:
                async for partition, batch in batches:
                    await decisions.apply_decisions(parts, partition, batch)
        finally:
            caught_up.clear()
            await journal.close()


async def watch_leases(parts: Parts) -> None:
    """Act on gateways that fell silent; after our own start they get one lease's time to be heard of."""
    seconds = parts.settings.gateway_lease_seconds
    await asyncio.sleep(seconds)
    while True:
        await leases.fail_lost_gateways(parts)
        await asyncio.sleep(seconds / 5)


async def prune_streams(parts: Parts) -> None:
    """Forget stream events nobody will ask for any more."""
    while True:
        async with worker_transaction(parts.worker) as connection:
            await prune(connection, parts.settings.gateway_events_kept, parts.settings.gateway_events_kept_hours)
        await asyncio.sleep(PRUNE_SECONDS)


def loops(parts: Parts, caught_up: asyncio.Event) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Every loop of the service by name."""
    relay = OutboxRelay(parts.worker, parts.producer, "gateway")
    return {
        "credentials": parts.credentials.keep_fresh,
        "contact-inbox": lambda: consume_inbox(parts),
        "channel-commands": lambda: consume_commands(parts),
        "dial-requests": lambda: consume_dial_requests(parts),
        "conversation-messages": lambda: consume_messages(parts),
        "routing-decisions": lambda: follow_decisions(parts, caught_up),
        "outbox": relay.run,
        "leases": lambda: watch_leases(parts),
        "faxes": lambda: outgoing_faxes.send_faxes(parts),
        "prune": lambda: prune_streams(parts),
        "recordings": lambda: recordings.expire(parts),
        "attempts": lambda: attempts.forget(parts),
    }
