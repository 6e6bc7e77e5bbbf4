"""consents → nothing more is dialled of what a refusal covers: records are silenced, ringing and waiting calls are given up.

Written while nobody authorises in the tenant: a dial is either refused by it or found by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from services.outbound.domain.attempts import AttemptState
from services.outbound.domain.purposes import Purpose, silences
from services.outbound.numbers import number_key, person_key
from services.outbound.parts import Parts
from services.outbound.store import attempts, campaigns, refusals
from services.outbound.store.attempts import AttemptRow
from services.outbound.store.statements import errors_by_consequence
from shared.contracts.consents import ConsentGiven, ConsentWithdrawn
from shared.contracts.dial_requests import CancelCall
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import InvalidMessage
from shared.kafka import Received
from shared.postgres import Connection, worker_transaction

UNREACHED = frozenset({AttemptState.AUTHORISED, AttemptState.DIALLED})
"""Attempts that have reached nobody: they can be given up."""


@dataclass(frozen=True, slots=True)
class HearRefusal:
    """One consent or refusal at a time, those of one person in order."""

    parts: Parts

    async def __call__(self, received: Received) -> None:
        """Raises Backpressure while the database is away, InvalidMessage for a purpose there is none of."""
        envelope = cast("Envelope[Any]", received.envelope)
        fact = envelope.data
        if fact.channel is not Channel.PHONE:
            return
        keys = self.keys_of(envelope.tenant, fact)
        if not keys:
            return  # neither a number nor a customer: the profile works out whose it is and says so again
        with errors_by_consequence():
            async with worker_transaction(self.parts.workers) as connection:
                if isinstance(fact, ConsentGiven):
                    await refusals.unsilence(connection, envelope.tenant, keys, fact.purpose)
                else:
                    await withdraw(connection, envelope.tenant, fact, keys, self.parts.clock.now())

    def keys_of(self, tenant: str, fact: ConsentGiven | ConsentWithdrawn) -> list[str]:
        """The keys by which the ledger knows who said it."""
        secret = self.parts.settings.person_key_secret.get_secret_value()
        keys = [number_key(secret, tenant, fact.number)] if fact.number else []
        return keys + ([person_key(secret, tenant, fact.customer_id, "")] if fact.customer_id else [])


async def withdraw(connection: Connection, tenant: str, fact: ConsentWithdrawn, keys: list[str], now: int) -> None:
    """Keep a refusal and bring what it covers to an end. Raises InvalidMessage."""
    try:
        refused = Purpose(fact.purpose) if fact.purpose else None
    except ValueError as error:
        raise InvalidMessage("purpose: none of ours") from error
    covered = [purpose for purpose in Purpose if silences(refused, purpose)]
    await refusals.hold_back_dialling(connection, tenant)
    await refusals.keep(connection, tenant, fact, keys)
    await refusals.silence(connection, tenant, keys, covered)
    open_attempts = await attempts.open_of_persons(connection, tenant, keys)
    given_up = [a for a in open_attempts if a.purpose in covered and a.state in UNREACHED]
    await cancel(connection, tenant, given_up, "opted_out", now)


async def cancel(connection: Connection, tenant: str, given_up: list[AttemptRow], reason: str, now: int) -> None:
    """Ask the gateways to give these attempts up; what became of each they tell."""
    requests = [CancelCall(a.attempt_id, a.campaign_id, a.gateway_id, reason) for a in given_up]
    await attempts.publish(connection, tenant, now, requests, reason)
    for pool in sorted({attempt.pool for attempt in given_up}):
        await campaigns.wake(connection, tenant, pool)
