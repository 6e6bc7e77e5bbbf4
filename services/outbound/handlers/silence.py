"""Attempts nothing is heard of: the gateway is asked what became of them, and when it has no answer they are quarantined.

An unknown attempt is never dialled again blindly: its person is not called by anyone until a late end, or a person who found
out, settles it.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.outbound.domain.attempts import LONGEST_CONVERSATION, AttemptState, Deadlines, deadlines
from services.outbound.store import attempts
from services.outbound.store.attempts import AttemptRow
from shared import telemetry
from shared.contracts.dial_requests import TellAttempt
from shared.postgres import Connection

log = telemetry.logger("outbound")


def due(attempt: AttemptRow, silence_seconds: int) -> Deadlines:
    """When an attempt is asked for, and when it is given up as unknown."""
    if attempt.state in (AttemptState.ANSWERED, AttemptState.CONNECTED):
        heard = max(attempt.answered_at or 0, attempt.connected_at or 0)
        return deadlines(heard + LONGEST_CONVERSATION, 0, silence_seconds, heard)
    return deadlines(attempt.not_after, attempt.ring_seconds, silence_seconds, attempt.placed_at or 0)


async def listen_for(connection: Connection, under_way: Sequence[AttemptRow], silence_seconds: int, now: int) -> None:
    """Ask for those that are silent; quarantine those that were asked for in vain. In the transaction that holds the lease."""
    for attempt in under_way:
        when = due(attempt, silence_seconds)
        answered_by = (attempt.told_at or now) + (when.unknown_at - when.ask_at)
        if attempt.told_at is None and now >= when.ask_at:
            await attempts.asked_for(connection, attempt.tenant, attempt.attempt_id, now)
            told = TellAttempt(attempt.attempt_id, attempt.campaign_id, attempt.gateway_id)
            await attempts.publish(connection, attempt.tenant, now, [told], str(now))
        elif attempt.told_at is not None and now >= answered_by:
            log.error("an attempt became unknown", attempt_id=attempt.attempt_id, state=str(attempt.state))
            await attempts.quarantine(connection, attempt.tenant, attempt.attempt_id, "silence", now)
            await attempts.count(connection, attempt.tenant, attempt.campaign_id, now, {"unknown": 1})
