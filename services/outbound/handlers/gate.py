"""The gate: records in, authorised attempts out; every mode passes it, and nothing is dialled around it.

    claim the hopper's next n  →  ask the profile  →  one transaction: the lease is still ours, the campaign still runs, refusals
    and the ledger are read, `authorise` judges, intents and ledger rows are written, records move on, PlaceCall is in the outbox

Dying anywhere before the commit dials nobody, dying after it publishes once: the attempt's id says so to everyone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from services.outbound.adapters.profile_client import Known, ProfileClient
from services.outbound.domain.attempts import attempt_id
from services.outbound.domain.campaigns import Campaign, DialMode
from services.outbound.domain.compliance import Allowed, PersonWishes, Suppressed
from services.outbound.domain.information_message import information_message
from services.outbound.domain.lines import ShownNumber, shown_number
from services.outbound.domain.machine_audits import drawn
from services.outbound.domain.records import DialRecord, RecordState
from services.outbound.domain.suppressions import CATALOGUE, EndsWith, Suppression
from services.outbound.handlers.asking import Before, Ground, judge_record, look_back
from services.outbound.parts import Parts
from services.outbound.store import attempts, campaigns, records, refusals
from services.outbound.store.attempts import Intent, Shared
from services.outbound.store.leases import DiallingLease
from services.outbound.store.records import Settled
from shared import telemetry
from shared.contracts.dial_requests import Announcement, PlaceCall
from shared.contracts.fields import SECOND
from shared.postgres import worker_transaction

LOOK_AGAIN: Mapping[Suppression, int] = {Suppression.ATTEMPT_OPEN: 60, Suppression.CONSENT_ON_ITS_WAY: 60}
"""Seconds after which a record is judged again whose suppression no time ends; others after HOLD_SECONDS."""
HOLD_SECONDS = 900
OF_THE_CAMPAIGN = frozenset({
    Suppression.NOT_RUNNING, Suppression.NO_CALLER_ID, Suppression.ABANDONMENT_BUDGET, Suppression.CONSENT_UNKNOWN,
})  # fmt: skip
"""What stands in the way of every record alike: they keep their places and the campaign waits."""
NO_NUMBER = Known(PersonWishes(known=True))
"""Of a record that has no number left: there is nobody to ask about."""
PREVIEW_SECONDS = 900
"""How long a record may wait for an agent who looks at it first."""


@dataclass(frozen=True, slots=True)
class Line:
    """Over which trunk calls go, and which numbers of ours are shown, in turn."""

    shown: Sequence[ShownNumber]
    trunk_id: str | None = None
    turn: int = 0


@dataclass(slots=True)
class Passed:
    """What became of a batch."""

    claimed: int = 0
    dialled: int = 0
    suppressed: Counter[Suppression] = field(default_factory=Counter[Suppression])
    held_by: Suppression | None = None  # the campaign waits as a whole


@dataclass(frozen=True, slots=True)
class Gate:
    parts: Parts
    profile: ProfileClient

    async def pass_next(
        self, lease: DiallingLease, ground: Ground, count: int, line: Line, languages: Sequence[str]
    ) -> Passed:
        """Dial up to `count` of the campaign's next records of these languages. Raises LeaseLost, Backpressure."""
        campaign = ground.campaign
        async with worker_transaction(self.parts.workers) as connection:
            claimed = await records.claim(
                connection, campaign.tenant, campaign.campaign_id, lease.pool, lease.epoch, count, languages
            )
        if not claimed:
            return Passed()
        known = await self.ask(campaign, claimed)
        return await self._commit(lease, ground, claimed, known, line)

    async def ask(self, campaign: Campaign, asked: Sequence[DialRecord]) -> Mapping[str, Known]:
        """What the profile knows of each record's next number."""
        known: dict[tuple[str, str], Known] = {}
        for purpose in sorted({record.purpose or campaign.purpose for record in asked}):
            numbers = [
                r.number.number for r in asked if r.number is not None and (r.purpose or campaign.purpose) == purpose
            ]
            answers = await self.profile.known(campaign.tenant, purpose, numbers)
            known.update(zip(((purpose, number) for number in numbers), answers, strict=True))
        return {
            r.record_id: known[r.purpose or campaign.purpose, r.number.number] if r.number else NO_NUMBER for r in asked
        }

    async def _commit(
        self, lease: DiallingLease, ground: Ground, claimed: Sequence[DialRecord], known: Mapping[str, Known], line: Line
    ) -> Passed:  # fmt: skip
        campaign, now = ground.campaign, self.parts.clock.now()
        passed = Passed(claimed=len(claimed))
        async with worker_transaction(self.parts.workers) as connection:
            await lease.hold(connection)
            await refusals.dialling(connection, campaign.tenant)
            ground = replace(
                ground, running=await campaigns.may_dial(connection, campaign.tenant, campaign.campaign_id)
            )
            ids = [record.record_id for record in claimed]
            ours = await records.still_claimed(connection, campaign.tenant, campaign.campaign_id, ids, lease.epoch)
            mine = [record for record in claimed if record.record_id in ours]
            before = await look_back(connection, campaign.tenant, mine, ground.rulesets, now)
            intents, settled = self._judge(ground, mine, known, before, now, line, passed)
            of = shared_of(campaign, lease.epoch, now)
            written = await attempts.begin(connection, of, intents) if intents else set[str]()
            for intent in intents:
                if intent.attempt_id in written:
                    settled.append(Settled(intent.record_id, RecordState.DIALLING))
                else:  # the same person, by another campaign, this very moment
                    settled.append(_rests(intent.record_id, Suppressed(Suppression.ATTEMPT_OPEN, "gate"), now))
                    passed.suppressed[Suppression.ATTEMPT_OPEN] += 1
            await records.settle(connection, campaign.tenant, campaign.campaign_id, settled, lease.epoch, now)
            of_record = {record.record_id: record for record in mine}
            calls = [place_call(campaign, of_record[i.record_id], i) for i in intents if i.attempt_id in written]
            await attempts.publish(connection, campaign.tenant, now, calls)
            passed.dialled = len(calls)
            counts = {f"suppressed.{reason}": n for reason, n in passed.suppressed.items()}
            await attempts.count(
                connection, campaign.tenant, campaign.campaign_id, now, {**counts, "authorised": len(calls)}
            )
        telemetry.count("ucc_dials_authorised_total", passed.dialled, mode=campaign.mode)
        for reason, n in passed.suppressed.items():
            telemetry.count("ucc_dials_suppressed_total", n, reason=reason)
        return passed

    def _judge(
        self, ground: Ground, mine: Sequence[DialRecord], known: Mapping[str, Known], before: Before, now: int, line: Line,
        passed: Passed,
    ) -> tuple[list[Intent], list[Settled]]:  # fmt: skip
        intents: list[Intent] = []
        settled: list[Settled] = []
        for record in mine:
            verdict = judge_record(ground, record, known[record.record_id], before, now)
            if isinstance(verdict, Allowed):
                caller = shown_number(line.shown, record.regions, line.turn + len(intents))
                intents.append(intent_of(ground.campaign, record, verdict, now, caller, line.trunk_id))
                continue
            passed.suppressed[verdict.reason] += 1
            if verdict.reason in OF_THE_CAMPAIGN:
                passed.held_by = verdict.reason
                settled.append(Settled(record.record_id, RecordState.WAITING, verdict.reason))
            else:
                settled.append(_rests(record.record_id, verdict, now))
        return intents, settled


def _rests(record_id: str, verdict: Suppressed, now: int) -> Settled:
    """Where a suppressed record goes: for good, until its time, or to be judged again."""
    if CATALOGUE[verdict.reason].ends_with is EndsWith.NOTHING:
        return Settled(record_id, RecordState.SUPPRESSED, verdict.reason)
    again = now + LOOK_AGAIN.get(verdict.reason, HOLD_SECONDS) * SECOND
    return Settled(record_id, RecordState.RESTING, verdict.reason, verdict.until or again)


def shared_of(campaign: Campaign, epoch: int, now: int) -> Shared:
    return Shared(
        campaign.tenant, campaign.campaign_id, campaign.mode, campaign.pool, campaign.group, campaign.gateway_id, epoch, now,
    )  # fmt: skip


def intent_of(
    campaign: Campaign, record: DialRecord, allowed: Allowed, now: int, caller: str | None, trunk: str | None,
    agent_id: str | None = None,
) -> Intent:  # fmt: skip
    """The attempt that is about to be made. Raises ValueError for a record without a number, which the gate never allows."""
    if record.number is None:
        raise ValueError("nothing to dial")
    n = record.attempts + 1
    first: Literal["customer", "agent"] = "agent" if campaign.mode.agent_first or record.is_callback else "customer"
    seconds = PREVIEW_SECONDS if first == "agent" else campaign.choices.valid_seconds
    facts: dict[str, Any] = {
        "rules": list(allowed.rules), "keep_days": allowed.keep_days, "connect_milliseconds": allowed.connect_milliseconds,
        "information_message": allowed.information_message, **allowed.judged_upon,
    }  # fmt: skip
    return Intent(
        attempt_id(campaign.campaign_id, record.record_id, n), record.record_id, n, record.person_key, record.number.key,
        record.number_index, record.purpose or campaign.purpose, record.subject or campaign.subject, first, caller,
        trunk, agent_id or record.agent_id, now + seconds * SECOND, max(campaign.choices.ring_seconds, allowed.ring_seconds, 5), facts,
    )  # fmt: skip


def place_call(campaign: Campaign, record: DialRecord, intent: Intent) -> PlaceCall:
    """What the gateway is asked for. Raises ValueError for a record without a number, which the gate never allows."""
    if record.number is None:
        raise ValueError("nothing to dial")
    choices, language, heard = campaign.choices, campaign.choices.language or "zh", None
    if choices.announcement:
        words = information_message(choices.announcement, language, intent.caller_id, choices.refusal_key)
        heard = Announcement(words, language, choices.announcement_audio, choices.refusal_key)
    limit = intent.authorisation["connect_milliseconds"]
    waits = choices.connect_milliseconds if limit is None else min(choices.connect_milliseconds, limit)
    return PlaceCall(
        intent.attempt_id, campaign.campaign_id, record.record_id, campaign.gateway_id, intent.not_after, campaign.group,
        campaign.business_line, intent.purpose, intent.first, intent.agent_id,
        intent.caller_id, intent.ring_seconds, waits, heard, campaign.mode is DialMode.AGENTLESS, choices.entry,
        choices.detect_machine, record.language or choices.language, record.customer_id, record.not_before, record.window_until,
        record.number.number, record.name,
        choices.detect_machine and drawn(intent.attempt_id, choices.machine_audit_share),
    )  # fmt: skip
