"""After an attempt: its record goes on by the campaign's rules, in the transaction that closes the attempt."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.outbound.domain.campaigns import Campaign
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.records import RecordState
from services.outbound.domain.recycling import DEFAULT_RULES, RecycleRule, RecyclingPlan, recycle
from services.outbound.handlers.ordering import learn_answer
from services.outbound.store import campaigns, ordering, records
from services.outbound.store.attempts import AttemptRow
from services.outbound.store.records import Settled
from shared.contracts.fields import SECOND
from shared.postgres import Connection

SKIPPED_SECONDS: Final = 3_600
"""A record an agent skipped comes back after this."""
SKIPPED: Final = frozenset({"rejected", "skipped"})


def plan_of(campaign: Campaign) -> RecyclingPlan:
    """The campaign's choice: `recycling` names outcomes with rest_seconds, tries, growth, other_part; the rest keep their defaults."""
    rules = dict(DEFAULT_RULES)
    for name, chosen in campaign.choices.recycling.items():
        outcome = DialOutcome(name)
        rule = rules[outcome]
        rest = int(chosen.get("rest_seconds", rule.rest / SECOND) * SECOND)
        rules[outcome] = RecycleRule(
            rest, int(chosen.get("tries", rule.tries)), chosen.get("growth", rule.growth), max(rule.longest, rest),
            bool(chosen.get("other_part", rule.other_part)),
        )  # fmt: skip
    choices = campaign.choices
    return RecyclingPlan(rules, contacts=choices.max_contacts, attempts=choices.max_attempts)


async def go_on(
    connection: Connection, attempt: AttemptRow, outcome: DialOutcome, reason: str | None, now: int, *, learns: bool = True
) -> None:  # fmt: skip
    """Settle the attempt's record, unless something else (a refusal, a callback) settled it meanwhile. `learns` False: when people
    answer was learned from this attempt before."""
    record = await records.lock(connection, attempt.tenant, attempt.campaign_id, attempt.record_id)
    if record is None:
        return
    if learns:
        await learn_answer(connection, attempt, record, outcome)
    if record.state is not RecordState.DIALLING:
        return
    campaign = await campaigns.read(connection, attempt.tenant, attempt.campaign_id)
    dialled = replace(record, attempts=record.attempts - record.undialled)
    plan = plan_of(campaign)
    known = None
    if (rule := plan.rules.get(outcome)) is not None and rule.other_part:
        known = await ordering.answer_table(connection, attempt.tenant, attempt.campaign_id)
    then = recycle(dialled, outcome, now, plan, chances=known)
    if outcome is DialOutcome.CANCELLED:
        then = replace(then, reason=reason or outcome)
        if reason in SKIPPED:
            then = replace(then, state=RecordState.RESTING, not_before=now + SKIPPED_SECONDS * SECOND)
    settled = Settled(record.record_id, then.state, then.reason, then.not_before)
    await records.recycle(connection, attempt.tenant, attempt.campaign_id, settled, then.number_index, outcome)
