"""dial-results → attempts: each fact moves its attempt along one table, an end gives the one outcome and settles the record.

A fact that comes again, or late, changes nothing; one that cannot be is logged and changes nothing. Everything a fact causes
(attempt, ledger, counters, the record's next turn) is one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from services.outbound.domain.attempts import AttemptState, News, Verdict, judge, news_of
from services.outbound.domain.outcomes import DialOutcome, outcome_of
from services.outbound.handlers.recycling import go_on
from services.outbound.parts import Parts
from services.outbound.store import attempts, campaigns
from services.outbound.store.attempts import AttemptRow
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.contracts.contact_events import CallbackRequested
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang, DialResult
from shared.contracts.envelope import Envelope
from shared.kafka import Received
from shared.postgres import Connection, worker_transaction

log = telemetry.logger("outbound")


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One fact at a time; those of one attempt come in order."""

    parts: Parts

    async def __call__(self, received: Received) -> None:
        """Raises Backpressure while the database is away."""
        await self.fold(cast("Envelope[Any]", received.envelope))

    async def fold(self, envelope: Envelope[DialResult]) -> Verdict:
        """Take a fact in; says how it fitted."""
        with errors_by_consequence():
            async with worker_transaction(self.parts.workers) as connection:
                return await take_in(connection, envelope.tenant, envelope.data, self.parts.clock.now())


@dataclass(frozen=True, slots=True)
class HearTakenUp:
    """A call whose agent comes first rings nowhere until they accept it: that its gateway has it is told by what the gateway asks
    of the router."""

    parts: Parts

    async def __call__(self, received: Received) -> None:
        """Raises Backpressure while the database is away."""
        envelope = cast("Envelope[Any]", received.envelope)
        asked: CallbackRequested = envelope.data
        if asked.attempt is None:
            return
        with errors_by_consequence():
            async with worker_transaction(self.parts.workers) as connection:
                await attempts.taken_up(connection, envelope.tenant, asked.attempt, asked.callback_id)


async def take_in(connection: Connection, tenant: str, fact: DialResult, now: int) -> Verdict:
    """Take a fact in, in a transaction of the caller's."""
    attempt = await attempts.lock(connection, tenant, fact.attempt_id)
    if attempt is None:
        log.warning("a fact of an attempt that is not ours", kind=type(fact).__name__, attempt_id=fact.attempt_id)
        return Verdict.REFUSED
    verdict, _ = judge(attempt.state, news_of(fact))
    if verdict is Verdict.MOVES:
        await _move(connection, attempt, fact, now)
        await campaigns.wake(connection, tenant, attempt.pool)
    elif isinstance(fact, AttemptRang) and fact.rang_at is not None:  # dialled it was already; now it rings
        await attempts.rings(connection, tenant, fact.attempt_id, fact.rang_at)
    elif verdict is Verdict.REFUSED:
        log.warning(
            "a fact that cannot be", kind=type(fact).__name__, state=str(attempt.state), attempt_id=fact.attempt_id
        )
    telemetry.count("ucc_dial_results_total", kind=type(fact).__name__, verdict=str(verdict))
    return verdict


async def _move(connection: Connection, attempt: AttemptRow, fact: DialResult, now: int) -> None:
    tenant = attempt.tenant
    match fact:
        case AttemptRang():
            await attempts.rang(connection, tenant, fact)
            await attempts.count(connection, tenant, attempt.campaign_id, now, {"dialled": 1})
        case AttemptAnswered():
            await attempts.answered(connection, tenant, fact)
            await attempts.count(connection, tenant, attempt.campaign_id, now, _answered_counts(attempt, fact))
        case AttemptConnected():
            await attempts.connected(connection, tenant, fact)
            await attempts.count(connection, tenant, attempt.campaign_id, now, {"connected": 1})
        case AttemptEnded() if news_of(fact) is News.LOST:
            await attempts.quarantine(connection, tenant, attempt.attempt_id, fact.reason or "gateway", now)
            await attempts.count(connection, tenant, attempt.campaign_id, now, {"unknown": 1})
        case AttemptEnded():
            await end(connection, attempt, fact, now)


def _answered_counts(attempt: AttemptRow, fact: AttemptAnswered) -> dict[str, int]:
    dialled = {"dialled": 1} if attempt.state is AttemptState.AUTHORISED else {}
    return {**dialled, "answered": 1, f"answered_by.{fact.by or 'person'}": 1}


async def end(connection: Connection, attempt: AttemptRow, fact: AttemptEnded, now: int) -> None:
    """Close an attempt with its one outcome; its record goes on by the campaign's rules."""
    outcome = outcome_of(fact.outcome)
    if outcome is DialOutcome.ANSWERED_PERSON and attempt.said_machine:
        outcome = DialOutcome.MACHINE  # as the agent said who had the call
    await attempts.close(connection, attempt.tenant, fact, outcome, now)
    if attempt.record_id:  # before the counters, as the gate does: two transactions never wait for each other crosswise
        await go_on(connection, attempt, outcome, fact.reason, now)
    counts = {f"outcome.{outcome}": 1}
    if attempt.state is AttemptState.AUTHORISED and outcome is not DialOutcome.CANCELLED:
        counts["dialled"] = 1
    if attempt.state is AttemptState.UNKNOWN:
        counts["unknown"] = -1
    await attempts.count(connection, attempt.tenant, attempt.campaign_id, now, counts)
