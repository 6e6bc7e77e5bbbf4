"""Routing decisions → open and closed contacts, connected sessions, events for gateways; one transaction a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.gateway import callback_store, recording_store, store
from services.gateway.domain.recordings import call_ends_of, handlings_of, memberships_of
from services.gateway.domain.sessions import effects_of
from services.gateway.handlers import attempts, ratings
from services.gateway.parts import Parts
from shared.contracts.envelope import Envelope
from shared.decisions import advance_watermark
from shared.postgres import worker_transaction


async def apply_decisions(parts: Parts, partition: int, batch: Sequence[Envelope[Any]]) -> None:
    """Apply a dense batch once. Raises SequenceBroken when another instance or another history got here first."""
    named = {contact for envelope in batch if (contact := getattr(envelope.data, "contact_id", None))}
    async with worker_transaction(parts.worker) as connection:
        await advance_watermark(connection, partition, batch)
        held = await store.contacts_held(connection, named)
        now = parts.clock.now()
        effects = effects_of(batch, held, now)
        callbacks = [contact for contact in effects.opened.values() if contact.callback]
        if callbacks:
            await callback_store.open_callbacks(connection, callbacks)
        await store.apply_effects(connection, effects)
        await attempts.follow(connection, batch, now)
        for contact in effects.silent:
            await ratings.say_closed(connection, contact, now)
        for contact, scale in effects.to_rate:
            await ratings.ask(connection, parts, contact, scale, now)
        await recording_store.set_memberships(connection, memberships_of(batch))
        await recording_store.add_handlings(connection, handlings_of(batch))
        await recording_store.add_call_ends(connection, call_ends_of(batch))
