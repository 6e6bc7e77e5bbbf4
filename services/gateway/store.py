"""Rows of the gateway's schema ↔ its domain types; every statement is named in `sql/queries.sql`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from services.gateway.adapters.port import Endpoint, Note
from services.gateway.domain.cloud_events import Sender
from services.gateway.domain.sessions import CommandOutcome, Effects, GatewayEvent, HeldContact
from shared.contracts.channel_commands import ChannelCommand
from shared.contracts.conversation_messages import MessageSent, MessageStateChanged
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CONTACT_EVENTS, dump_data
from shared.postgres import Connection, enqueue, named_statements

SQL: Final = named_statements(Path(__file__).parent / "sql" / "queries.sql")

OUTSIDE: Final = "outside"
"""Kind of a gateway that is somebody else's program; the others are adapters of this service."""

EVENTS_CHANNEL: Final = "gateway_events"
"""LISTEN here for ids of gateways whose stream has grown; a hint, never the truth."""
HINTS_CHANNEL: Final = "gateway_hints"
"""LISTEN here for what passes by and is never kept: `gateway_id contact_id author` of somebody who writes."""


@dataclass(frozen=True, slots=True)
class CredentialRow:
    gateway_id: str
    tenant_id: str
    pool_id: str | None
    secret: str
    key_digest: str
    kind: str = OUTSIDE
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])  # of an adapter of this service


async def credentials(connection: Connection) -> list[CredentialRow]:
    return [CredentialRow(*row) for row in await connection.fetch(SQL["credentials"])]


# --- contacts ---------------------------------------------------------------------------------------------------


async def record_contacts(connection: Connection, contacts: Iterable[HeldContact]) -> None:
    """Remember under which key gateways know the contacts they have just handed over."""
    rows = {
        c.contact_id: (c.tenant, c.contact_id, c.gateway_id, c.subject, c.channel, c.pool_id, c.partition, c.opened_at)
        for c in contacts
    }
    await connection.execute(SQL["record_contacts"], *map(list, zip(*rows.values(), strict=True)))


def _contact(row: asyncpg.Record) -> HeldContact:
    return HeldContact(
        tenant=row["tenant_id"],
        contact_id=row["contact_id"],
        channel=Channel(row["channel"]),
        partition=row["partition"],
        pool_id=row["pool_id"],
        gateway_id=row["gateway_id"],
        subject=row["subject"],
        opened_at=row["opened_at"],
        open=row["open"],
        agent_id=row["agent_id"],
        offer_id=row["offer_id"],
        callback=row["callback"],
    )


async def contacts_held(connection: Connection, contact_ids: Iterable[str]) -> dict[str, HeldContact]:
    """Those of the given contacts that are known."""
    rows = await connection.fetch(SQL["contacts_held"], list(contact_ids))
    return {row["contact_id"]: _contact(row) for row in rows}


async def contact_of_subject(connection: Connection, contact_id: str, gateway_id: str) -> HeldContact | None:
    row = await connection.fetchrow(SQL["contact_of_subject"], contact_id, gateway_id)
    return None if row is None else _contact(row)


async def open_contacts_of_gateway(connection: Connection, gateway_id: str) -> list[HeldContact]:
    """What we believe a gateway still holds."""
    return [_contact(row) for row in await connection.fetch(SQL["open_contacts_of_gateway"], gateway_id)]


async def apply_effects(connection: Connection, effects: Effects) -> None:
    """Write what a batch of decisions changes, and lay what is to be said into the outbox."""
    if effects.opened:
        rows = [
            (c.tenant, c.contact_id, c.gateway_id, c.channel, c.pool_id, c.partition, c.opened_at)
            for c in effects.opened.values()
            if not c.callback
        ]
        if rows:
            await connection.execute(SQL["open_contacts"], *map(list, zip(*rows, strict=True)))
    if effects.assigned:
        assigned = [(contact, agent, offer) for contact, (agent, offer) in effects.assigned.items()]
        await connection.execute(SQL["assign_contacts"], *map(list, zip(*assigned, strict=True)))
    if effects.passed_on:
        await connection.execute(SQL["pass_contacts_on"], list(effects.passed_on), list(effects.passed_on.values()))
    if effects.closed:
        await connection.execute(SQL["close_contacts"], list(effects.closed), list(effects.closed.values()))
    await append_events(connection, effects.told)
    for partition, envelope in effects.said:
        await say(connection, envelope, partition)


async def say(connection: Connection, envelope: Envelope[Any], partition: int) -> None:
    """Put a contact event into the outbox, with the change it tells of."""
    await enqueue(connection, CONTACT_EVENTS, envelope, partition=partition, key=envelope.pool or envelope.subject)


# --- streams of gateways ----------------------------------------------------------------------------------------


async def append_events(connection: Connection, events: Sequence[GatewayEvent]) -> None:
    """Number the events and add them to the streams of their gateways, in this order; wakes the streams at commit."""
    if not events:
        return
    locked = await connection.fetch(SQL["lock_gateways"], sorted({event.gateway_id for event in events}))
    there = {row["gateway_id"] for row in locked}
    rows = [
        (e.gateway_id, e.tenant, e.contact_id, type(e.data).__name__, dump_data(e.data).decode())
        for e in events
        if e.gateway_id in there
    ]
    if rows:
        await connection.execute(SQL["append_events"], *map(list, zip(*rows, strict=True)))


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """An event as a gateway reads it. `settled`: its subject, if missing, will not appear any more."""

    number: int
    type: str
    contact_id: str
    body: str
    subject: str | None
    settled: bool


async def events_after(connection: Connection, gateway_id: str, number: int, limit: int) -> list[StreamEvent]:
    return [StreamEvent(*row) for row in await connection.fetch(SQL["events_after"], gateway_id, number, limit)]


async def stream_bounds(connection: Connection, gateway_id: str) -> tuple[int, int] | None:
    """(number of the newest event, number up to which events are gone); None for a revoked gateway."""
    row = await connection.fetchrow(SQL["stream_bounds"], gateway_id)
    return None if row is None else (row["last_event"], row["pruned_to"])


async def prune(connection: Connection, keep: int, hours: float) -> None:
    await connection.execute(SQL["prune_events"], keep, hours)
    await connection.execute(SQL["forget_signatures"])
    await connection.execute(SQL["forget_notes"])


# --- conversations and commands ---------------------------------------------------------------------------------


def _storable(text: str | None) -> str | None:
    """PostgreSQL's text cannot hold NUL; whoever sent one meant nothing by it."""
    return None if text is None else text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


async def add_message(connection: Connection, tenant: str, message: MessageSent) -> bool:
    """False when the message is there already."""
    done = await connection.execute(
        SQL["add_message"], tenant, message.message_id, message.contact_id, message.author, message.agent_id,
        message.sent_at, _storable(message.text),
        [{**dataclasses.asdict(a), "media_type": _storable(a.media_type)} for a in message.attachments],
        message.audience,
    )  # fmt: skip
    return done == "INSERT 0 1"


async def turn_to(connection: Connection, contact_id: str, side: str) -> bool:
    """False where it was that side's turn already, or nobody speaks with the customer."""
    return await connection.execute(SQL["turn_to"], contact_id, side) == "UPDATE 1"


@dataclass(frozen=True, slots=True)
class Rating:
    """What a customer was asked, and answered (None: not yet)."""

    scale: int
    score: int | None


async def ask_for_rating(connection: Connection, tenant: str, contact_id: str, scale: int, now: int) -> None:
    await connection.execute(SQL["ask_for_rating"], tenant, contact_id, scale, now)


async def rating(connection: Connection, contact_id: str) -> Rating | None:
    row = await connection.fetchrow(SQL["rating"], contact_id)
    return None if row is None else Rating(row["scale"], row["score"])


async def rate(connection: Connection, contact_id: str, score: int, via: str, now: int, since: int) -> int | None:
    """The scale it was given on; None where it does not count: not asked, answered before, off the scale, or too late."""
    return await connection.fetchval(SQL["rate"], contact_id, score, via, now, since)


async def message_state(connection: Connection, tenant: str, changed: MessageStateChanged) -> bool:
    """Remember what became of a message; the first time of each state stays. False when it was known or the message is not."""
    done = await connection.execute(
        SQL["message_state"], tenant, changed.target, changed.contact_id, changed.state, changed.at
    )
    return done == "UPDATE 1"


async def hint(connection: Connection, gateway_id: str, contact_id: str, author: str) -> None:
    """Tell every instance, at commit, that somebody writes to this contact's customer."""
    await connection.execute("SELECT pg_notify($1, $2)", HINTS_CHANNEL, f"{gateway_id} {contact_id} {author}")


async def conversation(connection: Connection, contact_id: str, after: int, limit: int) -> list[Mapping[str, Any]]:
    return [dict(row) for row in await connection.fetch(SQL["conversation"], contact_id, after, limit)]


async def visitor_page(connection: Connection, contact_id: str) -> Mapping[str, Any] | None:
    row = await connection.fetchrow(SQL["visitor_page"], contact_id)
    return None if row is None else dict(row)


async def add_command(
    connection: Connection, tenant: str, command: ChannelCommand, outcome: CommandOutcome, now: int
) -> bool:
    """False when the command was decided before."""
    done = await connection.execute(
        SQL["add_command"], tenant, command.command_id, command.contact_id, type(command).__name__, outcome, now
    )
    return done == "INSERT 0 1"


# --- gateways and their leases ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GatewayRow:
    gateway_id: str
    title: str
    kind: str
    pool_id: str | None
    created_at: datetime
    revoked_at: datetime | None
    heard_at: datetime | None
    lost_at: datetime | None


async def gateways(connection: Connection, after: str, limit: int) -> list[GatewayRow]:
    return [GatewayRow(*row) for row in await connection.fetch(SQL["gateways"], after, limit)]


async def add_gateway(connection: Connection, row: CredentialRow, title: str) -> None:
    await connection.execute(
        SQL["add_gateway"], row.gateway_id, row.tenant_id, title, row.pool_id, row.secret, row.key_digest,
        row.kind, row.settings,
    )  # fmt: skip


async def set_up_gateway(connection: Connection, gateway_id: str, settings: Mapping[str, Any]) -> bool:
    return await connection.execute(SQL["set_up_gateway"], gateway_id, settings) == "UPDATE 1"


async def read_to(connection: Connection, gateway_id: str) -> int:
    """Up to which number the adapter has carried out its stream's events."""
    return await connection.fetchval(SQL["read_to"], gateway_id) or 0


async def carried_out(connection: Connection, gateway_id: str, number: int) -> None:
    await connection.execute(SQL["carried_out"], gateway_id, number)


async def renew_gateway(connection: Connection, gateway_id: str, secret: str, key_digest: str) -> bool:
    return await connection.execute(SQL["renew_gateway"], gateway_id, secret, key_digest) == "UPDATE 1"


async def revoke_gateway(connection: Connection, gateway_id: str) -> bool:
    return await connection.execute(SQL["revoke_gateway"], gateway_id) == "UPDATE 1"


async def beat(connection: Connection, gateway_id: str) -> None:
    await connection.execute(SQL["beat"], gateway_id)


async def beat_if_leased(connection: Connection, gateway_id: str) -> None:
    await connection.execute(SQL["beat_if_leased"], gateway_id)


async def give_up_lease(connection: Connection, gateway_id: str) -> None:
    await connection.execute(SQL["give_up_lease"], gateway_id)


async def claim_lost_leases(connection: Connection, seconds: float) -> list[str]:
    """Gateways silent for longer than `seconds`, each claimed once."""
    return [row["gateway_id"] for row in await connection.fetch(SQL["claim_lost_leases"], seconds)]


async def use_signature(connection: Connection, tenant: str, gateway_id: str, webhook_id: str) -> bool:
    """False when this webhook id was used before."""
    return await connection.execute(SQL["use_signature"], tenant, gateway_id, webhook_id) == "INSERT 0 1"


# --- agents' phones, and what customers are asked ------------------------------------------------------------------


async def endpoints(connection: Connection, tenant: str, agent_id: str | None = None) -> list[Endpoint]:
    """All of a tenant, or one agent's."""
    return [Endpoint(*row) for row in await connection.fetch(SQL["endpoints"], tenant, agent_id)]


async def set_endpoint(connection: Connection, tenant: str, endpoint: Endpoint) -> None:
    await connection.execute(
        SQL["set_endpoint"], tenant, endpoint.agent_id, endpoint.kind, endpoint.address, endpoint.auto_answer
    )


async def remove_endpoint(connection: Connection, tenant: str, agent_id: str) -> bool:
    return await connection.execute(SQL["remove_endpoint"], tenant, agent_id) == "DELETE 1"


async def ask(connection: Connection, tenant: str, contact_id: str, step: str, keys: Mapping[str, str]) -> None:
    """The customer's next words answer `step`; an earlier question is replaced. `keys`: what counts as a key."""
    await connection.execute(SQL["ask"], tenant, contact_id, step, keys)


async def take_question(connection: Connection, tenant: str, contact_id: str) -> tuple[str, Mapping[str, str]] | None:
    """(step, what counts as a key) of the question the customer is at, which is answered hereby."""
    row = await connection.fetchrow(SQL["take_question"], tenant, contact_id)
    return None if row is None else (row["step"], row["choices"])


async def recall(connection: Connection, gateway_id: str, key: str) -> Note | None:
    row = await connection.fetchrow(SQL["recall"], gateway_id, key)
    return None if row is None else Note(row["value"], row["version"])


async def remember(
    connection: Connection, sender: tuple[str, str], key: str, value: Mapping[str, Any],
    *, after: int | None, days: float | None,
) -> bool:  # fmt: skip
    """False when the note's version is not `after`. `sender`: tenant and gateway."""
    return await connection.fetchrow(SQL["remember"], *sender, key, value, days, after) is not None


# --- files ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredFile:
    media_type: str
    pages: int
    body: bytes
    name: str | None = None


async def add_file(
    connection: Connection, sender: Sender, file_id: str, contact_id: str, file: StoredFile, pngs: Sequence[bytes]
) -> None:
    """Store a document with its page images; the same deposit again changes nothing."""
    await connection.execute(
        SQL["add_file"], sender.tenant, file_id, sender.gateway_id, contact_id, file.media_type, file.pages, file.body,
        file.name,
    )  # fmt: skip
    await connection.execute(SQL["add_pages"], sender.tenant, file_id, list(pngs))


async def file(connection: Connection, file_id: str) -> StoredFile | None:
    row = await connection.fetchrow(SQL["file"], file_id)
    return None if row is None else StoredFile(*row)


async def page(connection: Connection, file_id: str, number: int) -> bytes | None:
    return await connection.fetchval(SQL["page"], file_id, number)
