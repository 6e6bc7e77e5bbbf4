"""After an attempt: where its record goes on."""

from __future__ import annotations

from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.records import DialRecord, RecordState
from services.outbound.store import campaigns, records
from services.outbound.store.attempts import AttemptRow
from services.outbound.store.records import Settled
from shared.postgres import Connection

REST = {
    DialOutcome.BUSY: 900, DialOutcome.NO_ANSWER: 4 * 3600, DialOutcome.MACHINE: 24 * 3600, DialOutcome.FAILED: 300,
    DialOutcome.ABANDONED: 72 * 3600, DialOutcome.CANCELLED: 60,
}  # fmt: skip
"""Seconds."""


async def recycle(
    connection: Connection, attempt: AttemptRow, outcome: DialOutcome, reason: str | None, now: int
) -> None:
    """Settle the record by its campaign's rules, unless something else settled it meanwhile."""
    record = await records.lock(connection, attempt.tenant, attempt.campaign_id, attempt.record_id)
    if record is None or record.state is not RecordState.DIALLING:
        return
    campaign = await campaigns.read(connection, attempt.tenant, attempt.campaign_id)
    settled = following(record, outcome, campaign.choices.max_attempts, now)
    await records.recycle(connection, attempt.tenant, attempt.campaign_id, settled, record.number_index, outcome)


def following(record: DialRecord, outcome: DialOutcome, max_attempts: int, now: int) -> Settled:
    rest = REST.get(outcome)
    if rest is None or record.attempts >= max_attempts:
        return Settled(record.record_id, RecordState.DONE, str(outcome))
    return Settled(record.record_id, RecordState.RESTING, str(outcome), now + rest * 1_000_000)
