"""Calls no planner asked for: a gateway that is about to ring a callback, an agent who dials a number by hand. They pass the gate
like all others; what is answered to one attempt is answered again when it is asked again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.outbound.domain.attempts import AttemptState
from services.outbound.domain.campaigns import Campaign, CampaignState, Choices, DialMode
from services.outbound.domain.compliance import Allowed
from services.outbound.domain.lines import ShownNumber, shown_number
from services.outbound.domain.purposes import ASKED_FOR
from services.outbound.domain.records import DialRecord, ReachableNumber, RecordState
from services.outbound.domain.rulesets import Ruleset
from services.outbound.domain.suppressions import CATALOGUE, InWords, Suppression
from services.outbound.handlers.asking import Ground, Verdict, judge_record, look_back
from services.outbound.handlers.gate import Gate, intent_of, place_call, shared_of
from services.outbound.handlers.rulebook import chosen_rules
from services.outbound.handlers.trunks import free_trunk
from services.outbound.numbers import number_key, person_key
from services.outbound.store import attempts, campaigns, operators, records, refusals
from services.outbound.store.operators import CallerId, Operator
from services.outbound.store.statements import SQL
from services.outbound.zones import place_of_number
from shared.errors import Refused
from shared.postgres import Connection, tenant_transaction

HOUSE = Ruleset("house", 1, date(2026, 11, 22), InWords("内部规则", "House rules"), frozenset(), ())
"""Of a tenant that chose no rulesets for callbacks: refusals, wishes and open attempts count, no law is judged."""
MANUAL = "manual"
"""The campaign id of calls by hand that belong to no campaign."""
SAME_ANSWER = 30_000_000
"""µs within which a gateway that asks again about an attempt hears what it heard."""


@dataclass(frozen=True, slots=True)
class Question:
    """A dial somebody is about to make."""

    tenant: str
    attempt_id: str
    number: str  # E.164
    purpose: str
    campaign_id: str | None = None
    contact_id: str | None = None
    customer_id: str | None = None
    requested_at: int | None = None


async def authorise_call(gate: Gate, asked: Question) -> dict[str, Any]:
    """May it be dialled? Allowed, it is in the ledger from now on. Raises Backpressure."""
    parts, now = gate.parts, gate.parts.clock.now()
    async with tenant_transaction(parts.api, asked.tenant) as connection:
        told = await connection.fetchrow(SQL["read_authorisation"], asked.tenant, asked.attempt_id)
        own = await attempts.read(connection, asked.tenant, asked.attempt_id)
        if told is not None and now - told["asked_at"] <= SAME_ANSWER:
            return told["answer"]
        if own is not None and own.state is not AttemptState.AUTHORISED:
            return {"allowed": False, "reason": Suppression.ATTEMPT_OPEN, "rule": "gate", "until": None}
        campaign, record = await _whom(gate, connection, asked, own, now)
    known = (await gate.ask(campaign, [record]))[record.record_id]
    async with tenant_transaction(parts.api, asked.tenant) as connection:
        await refusals.dialling(connection, asked.tenant)
        operator = await operators.read(connection, asked.tenant)
        is_campaigns = campaign.campaign_id != ""
        running = not is_campaigns or await campaigns.may_dial(connection, asked.tenant, campaign.campaign_id)
        ground = Ground(campaign, _rules(campaign, operator, is_campaigns), operator, True, {}, running, True)
        before = await look_back(connection, asked.tenant, [record], ground.rulesets, now)
        verdict = judge_record(ground, record, known, before, now, asked.attempt_id)
        answer = _answer(verdict)
        if isinstance(verdict, Allowed) and own is None:
            await attempts.enter(connection, asked.tenant, asked.attempt_id, record, asked.purpose, now)
        await connection.execute(
            SQL["keep_authorisation"], asked.tenant, asked.attempt_id, now, answer["allowed"], answer
        )  # fmt: skip
    return answer


def _answer(verdict: Verdict) -> dict[str, Any]:
    if isinstance(verdict, Allowed):
        return {"allowed": True, "rules": list(verdict.rules), "ring_seconds": verdict.ring_seconds}
    words = CATALOGUE[verdict.reason].title
    return {
        "allowed": False, "reason": verdict.reason, "rule": verdict.rule, "until": verdict.until,
        "words": {"zh": words.zh, "en": words.en},
    }  # fmt: skip


async def _whom(
    gate: Gate, connection: Connection, asked: Question, own: attempts.AttemptRow | None, now: int
) -> tuple[Campaign, DialRecord]:
    """The campaign and record of an attempt of ours; of a call by hand, or of nobody's campaign, ones made of the number."""
    record = record_of_number(gate, asked.tenant, asked.number, asked.customer_id)
    if own is None:
        wished = asked.requested_at or (now if asked.purpose in ASKED_FOR else None)
        return campaign_of_nobody(asked.tenant, asked.purpose, now), replace(record, requested_at=wished)
    if own.campaign_id == MANUAL:
        return campaign_of_nobody(asked.tenant, own.purpose, now), record
    campaign = await campaigns.read(connection, asked.tenant, own.campaign_id)
    rows = await connection.fetch(SQL["read_records"], asked.tenant, own.campaign_id, [own.record_id])
    if not rows:
        return replace(campaign, purpose=own.purpose), record
    ours = records.record_of(rows[0])
    return campaign, replace(ours, attempts=max(0, ours.attempts - 1), not_before=None)


def campaign_of_nobody(tenant: str, purpose: str, now: int) -> Campaign:
    """What stands for a campaign where none asked for the call."""
    choices = Choices(max_attempts=1_000_000)
    return Campaign(
        tenant, "", "", DialMode.CALLBACK, purpose, "", CampaignState.RUNNING, "", "", "", "", (), choices, 1, now, now
    )


def record_of_number(gate: Gate, tenant: str, number: str, customer_id: str | None) -> DialRecord:
    """What stands for a record: one number, and where it is."""
    secret = gate.parts.settings.person_key_secret.get_secret_value()
    place = place_of_number(number)
    reachable = ReachableNumber(number, number_key(secret, tenant, number), place.zones, place.regions)
    return DialRecord(
        f"r-{uuid.uuid4().hex[:12]}", "", person_key(secret, tenant, customer_id, number), (reachable,), 0, RecordState.WAITING,
        customer_id,
    )  # fmt: skip


def _rules(campaign: Campaign, operator: Operator, is_campaigns: bool) -> tuple[Ruleset, ...]:
    names = campaign.rulesets if is_campaigns else operator.rulesets
    return (HOUSE, *chosen_rules(names)) if is_campaigns or names else (HOUSE,)


@dataclass(frozen=True, slots=True)
class ManualCall:
    """An agent's own call: to one number, for a purpose; within a campaign it is judged by that campaign's rules."""

    number: str  # E.164
    purpose: str
    agent_id: str
    group: str
    business_line: str
    gateway_id: str | None
    campaign_id: str | None = None
    customer_id: str | None = None
    name: str | None = None
    subject: str | None = None  # the debt or product; none: the campaign's


async def dial_by_hand(gate: Gate, tenant: str, wanted: ManualCall) -> dict[str, Any]:
    """Judge and ask for it: the gateway offers it to the agent, who accepts and it is dialled. Raises Refused with the reason."""
    parts, now = gate.parts, gate.parts.clock.now()
    record = replace(
        record_of_number(gate, tenant, wanted.number, wanted.customer_id), name=wanted.name, subject=wanted.subject
    )
    pool = await parts.directory.pool(tenant)
    async with tenant_transaction(parts.api, tenant) as connection:
        if wanted.campaign_id is not None:
            campaign = await campaigns.read(connection, tenant, wanted.campaign_id)
        else:
            gateway_id = wanted.gateway_id or await gateway_of(connection, tenant)
            campaign = replace(
                campaign_of_nobody(tenant, wanted.purpose, now), campaign_id=MANUAL, pool=pool.pool_id, group=wanted.group,
                business_line=wanted.business_line, gateway_id=gateway_id,
            )  # fmt: skip
        campaign = replace(campaign, mode=DialMode.PREVIEW, purpose=wanted.purpose)
    known = (await gate.ask(campaign, [record]))[record.record_id]
    async with tenant_transaction(parts.api, tenant) as connection:
        await refusals.dialling(connection, tenant)
        operator = await operators.read(connection, tenant)
        callers = [c for c in await operators.caller_ids(connection, tenant) if c.usable]
        running = wanted.campaign_id is None or await campaigns.may_dial(connection, tenant, wanted.campaign_id)
        rules = _rules(campaign, operator, wanted.campaign_id is not None)
        ground = Ground(campaign, rules, operator, bool(callers), {}, running, True)
        before = await look_back(connection, tenant, [record], rules, now)
        verdict = judge_record(ground, record, known, before, now)
        if not isinstance(verdict, Allowed):
            raise _refused(verdict.reason)
        trunk = await free_trunk(connection, campaign, parts.settings)
        if trunk is None:
            raise _refused(Suppression.NO_LINE)
        shown = _shown(callers, record)
        intent = intent_of(campaign, record, verdict, now, shown, trunk.trunk_id or None, wanted.agent_id)
        if not await attempts.begin(connection, shared_of(campaign, 0, now), [intent]):
            raise _refused(Suppression.ATTEMPT_OPEN)
        await attempts.publish(connection, tenant, now, [place_call(campaign, record, intent)])
        await campaigns.audit(
            connection,
            tenant,
            now,
            wanted.agent_id,
            "manual_call",
            campaign.campaign_id,
            {"attempt_id": intent.attempt_id},
        )
    return {"attempt_id": intent.attempt_id, "not_after": intent.not_after}


async def gateway_of(connection: Connection, tenant: str) -> str:
    """Which gateway dials where nobody says: the first trunk's, else the newest campaign's. Raises Refused."""
    for trunk in await operators.trunks(connection, tenant):
        return trunk.gateway_id
    rows = await connection.fetch(campaigns.SQL["list_campaigns"], tenant, 2**62, "", 1)
    if not rows:
        raise _refused(Suppression.NO_TRUNK)
    return rows[0]["gateway_id"]


def _refused(reason: Suppression) -> Refused:
    return Refused(str(reason), CATALOGUE[reason].title.en)


def _shown(callers: list[CallerId], record: DialRecord) -> str | None:
    return shown_number([ShownNumber(caller.number, caller.region) for caller in callers], record.regions, 0)
