"""A record's question to the law, put together from what the campaign set up, the profile knows, and happened before. The same
for every mode, for a call by hand and for "why is this not dialled", so that their answers cannot differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.outbound.adapters.profile_client import Known
from services.outbound.domain.abandonment import AbandonmentFigures
from services.outbound.domain.campaigns import Campaign, CampaignState, DialMode
from services.outbound.domain.compliance import (
    GATE,
    Allowed,
    CampaignTerms,
    DialAsked,
    HeldRefusal,
    History,
    PersonWishes,
    Suppressed,
    authorise,
)
from services.outbound.domain.contact_ledger import LedgerEntry
from services.outbound.domain.preferences import RULE, QuietHours
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.records import DialRecord
from services.outbound.domain.rulesets import Ruleset, horizon_of
from services.outbound.domain.suppressions import Suppression
from services.outbound.domain.windows import closed_zone, local_time, next_open, zone_of
from services.outbound.store import attempts, refusals
from services.outbound.store.operators import Operator
from services.outbound.zones import holidays_of
from shared.postgres import Connection

Verdict = Allowed | Suppressed


@dataclass(frozen=True, slots=True)
class Ground:
    """What is alike for all records of a campaign in one batch."""

    campaign: Campaign
    rulesets: Sequence[Ruleset]
    operator: Operator
    has_caller_id: bool
    abandonment: Mapping[int, AbandonmentFigures]
    running: bool = True
    guaranteed: bool = False  # an agent waits for this very call
    waiting: bool = False  # no more are dialled than agents are idle


@dataclass(frozen=True, slots=True)
class Before:
    """What the ledger and our copy of refusals hold of a batch of people."""

    by_person: Mapping[str, Sequence[tuple[str, LedgerEntry]]]
    by_number: Mapping[str, Sequence[tuple[str, LedgerEntry]]]
    refusals: Mapping[str, Sequence[HeldRefusal]]

    def entries(self, record: DialRecord, except_for: str | None = None) -> list[LedgerEntry]:
        """A person's rows, over all their numbers, without the attempt that is asked about."""
        found = dict(self.by_person.get(record.person_key, ()))
        for number in record.numbers:
            found.update(self.by_number.get(number.key, ()))
        return [entry for attempt_id, entry in found.items() if attempt_id != except_for]

    def refused(self, record: DialRecord) -> tuple[HeldRefusal, ...]:
        keys = {record.person_key, *(number.key for number in record.numbers)}
        return tuple(refusal for key in sorted(keys) for refusal in self.refusals.get(key, ()))


async def look_back(
    connection: Connection, tenant: str, records: Sequence[DialRecord], rulesets: Sequence[Ruleset], now: int
) -> Before:
    """What happened before to everybody of a batch: two queries by index, however many they are."""
    people = sorted({record.person_key for record in records})
    numbers = sorted({number.key for record in records for number in record.numbers})
    by_person: defaultdict[str, list[tuple[str, LedgerEntry]]] = defaultdict(list)
    by_number: defaultdict[str, list[tuple[str, LedgerEntry]]] = defaultdict(list)
    rows = await attempts.ledger_of(connection, tenant, people, numbers, now - horizon_of(rulesets))
    for person, attempt_id, entry in rows:
        by_person[person].append((attempt_id, entry))
        by_number[entry.number].append((attempt_id, entry))
    return Before(by_person, by_number, await refusals.of_keys(connection, tenant, sorted({*people, *numbers})))


def judge_record(
    ground: Ground, record: DialRecord, known: Known, before: Before, now: int, except_for: str | None = None
) -> Verdict:
    """May this record's next number be dialled now? The law first, then what the person wishes."""
    if consent_is_on_its_way(record, known.wishes, before.refused(record)):
        return Suppressed(Suppression.CONSENT_ON_ITS_WAY, GATE)
    asked = asked_of(ground, record, known, before, now)
    history = History(
        before.entries(record, except_for), record.attempts - record.undialled, record.contacts, ground.abandonment
    )
    verdict = authorise(asked, history, now, ground.rulesets)
    if isinstance(verdict, Allowed) and asked.purpose is not Purpose.REQUESTED_CALLBACK:
        return quiet(known.quiet, record.zones, now) or verdict
    return verdict


def consent_is_on_its_way(record: DialRecord, wishes: PersonWishes, refused: Sequence[HeldRefusal]) -> bool:
    """Whether the profile does not have the consent yet that the record's list brought; no later word overtook it."""
    given = record.consented_at
    if given is None or not wishes.known or (wishes.consent is not None and wishes.consent.given_at >= given):
        return False
    return all(refusal.at < given for refusal in (*wishes.refusals, *refused))


def asked_of(ground: Ground, record: DialRecord, known: Known, before: Before, now: int) -> DialAsked:
    campaign, choices = ground.campaign, ground.campaign.choices
    wishes = known.wishes
    return DialAsked(
        campaign=campaign.campaign_id,
        record=record.record_id,
        purpose=Purpose(record.purpose or campaign.purpose),
        number=record.number.key if record.number else "",
        zones=record.zones,
        regions=record.regions,
        wishes=PersonWishes(wishes.known, wishes.consent, (*wishes.refusals, *before.refused(record)), wishes.customer),
        terms=CampaignTerms(
            running=ground.running and campaign.state is CampaignState.RUNNING,
            ring_seconds=choices.ring_seconds,
            connect_milliseconds=choices.connect_milliseconds,
            information_message=choices.announcement is not None,
            automated_opt_out=bool(choices.announcement and choices.refusal_key),
            has_caller_id=ground.has_caller_id,
            licensed=ground.operator.licence is not None,
            records_conversations=ground.operator.records_conversations,
            keeps_days=ground.operator.keeps_days,
            max_attempts=choices.max_attempts,
        ),
        subject=record.subject or campaign.subject or None,
        agent_guaranteed=ground.guaranteed or campaign.mode.guarantees_agent or record.is_callback,
        agent_waiting=ground.waiting,
        agentless=campaign.mode is DialMode.AGENTLESS,
        number_valid=record.number is not None,
        on_registry=record.on_registry,
        registry_at=record.registry_at,
        holidays=holidays_of(record.regions, now),
        not_before=record.not_before,
        requested_at=record.requested_at,
    )


def quiet(hours: QuietHours, zones: Sequence[str], now: int) -> Suppressed | None:
    """Whether the person wishes not to be disturbed at this hour of theirs."""
    window = hours.window()
    if window is None:
        return None
    there = [zone for zone in map(zone_of, zones) if zone is not None]
    if not there:
        return Suppressed(Suppression.UNKNOWN_TIME_ZONE, RULE)
    closed = closed_zone(window, there, now)
    if closed is None:
        return None
    facts = {"local": f"{local_time(now, closed):%H:%M}", "zone": str(closed)}
    return Suppressed(Suppression.REST_HOURS, RULE, next_open(window, there, now), facts)
