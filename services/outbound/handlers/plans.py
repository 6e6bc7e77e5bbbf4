"""`call-plans`: a plan becomes a list, its first page a draft campaign where it names none, each entry a record with its lineage.

A person looks at a draft before anybody is called. Pages come in any order and again: a page is taken once, an entry of a plan is
one record, and who is in the campaign already is not there twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.outbound.adapters.customer_numbers import Asked, CustomerNumbers, Reachable
from services.outbound.domain.campaigns import Campaign, CampaignState, Choices, DialMode
from services.outbound.domain.deduplication import Wins
from services.outbound.domain.purposes import ASKED_FOR, Purpose
from services.outbound.domain.windows import zone_of
from services.outbound.numbers import UnusableNumber, normal_number, number_key, person_key
from services.outbound.parts import Parts
from services.outbound.store import campaigns, operators, plans
from services.outbound.store.list_records import NewRecord, add_records, create_list, numbers_json
from services.outbound.store.statements import errors_by_consequence
from shared.contracts.call_plans import CallPlanned, PlannedCall
from shared.errors import InvalidMessage, NotFound
from shared.kafka import Received
from shared.postgres import Connection, worker_transaction

MADE_BY = "ucc"  # who made a campaign nobody asked for by hand


def short_key(*parts: str) -> str:
    """The same few characters for the same parts: of ids that must not grow."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class PageTaken:
    """What became of a page; nothing is created by one that was taken before."""

    campaign_id: str
    list_id: str
    created: int
    duplicates: int
    refused: Sequence[Mapping[str, str]]


async def draft_campaign(
    parts: Parts, connection: Connection, tenant: str, campaign_id: str, title: str, purpose: Purpose, group: str,
    business_line: str, choices: Choices,
) -> None:  # fmt: skip
    """A draft with what is known; what is not is left for the person who looks at it. Asked twice it is one."""
    now = parts.clock.now()
    pool = await parts.directory.pool(tenant)
    trunks = await operators.trunks(connection, tenant)
    declared = await operators.read(connection, tenant)
    mode = DialMode.PROGRESSIVE if purpose is Purpose.MARKETING else DialMode.PREVIEW
    draft = Campaign(
        tenant, campaign_id, title, mode, purpose, "", CampaignState.DRAFT, pool.pool_id, group, business_line,
        trunks[0].gateway_id if trunks else "", declared.rulesets, choices, 1, now, now,
    )  # fmt: skip
    if await campaigns.create(connection, draft, MADE_BY):
        await campaigns.audit(connection, tenant, now, MADE_BY, "campaign_created", campaign_id, {})


@dataclass(frozen=True, slots=True)
class TakePlan:
    parts: Parts
    numbers: CustomerNumbers

    async def __call__(self, received: Received) -> None:
        """Raises InvalidMessage (no such tenant or campaign), Backpressure."""
        envelope = received.envelope
        try:
            await self.take(envelope.tenant, envelope.data)
        except NotFound as error:
            raise InvalidMessage(str(error)) from error

    async def take(self, tenant: str, plan: CallPlanned) -> PageTaken:
        """Raises NotFound (tenant, campaign), InvalidMessage, Backpressure."""
        home = await self.parts.directory.tenant(tenant)
        reached = await self._reached(tenant, plan.calls)
        records: list[NewRecord] = []
        refused: list[Mapping[str, str]] = []
        for call in plan.calls:
            made = self._record(tenant, home.default_country, plan, call, reached.get(call.customer_id or ""))
            if isinstance(made, str):
                refused.append({"key": call.key, "code": made})
            else:
                records.append(made)
        with errors_by_consequence():
            async with worker_transaction(self.parts.workers) as connection:
                return await self._keep(connection, tenant, plan, records, refused)

    async def _reached(self, tenant: str, calls: Sequence[PlannedCall]) -> Mapping[str, Reachable]:
        wanted = list(dict.fromkeys(call.customer_id for call in calls if call.customer_id and not call.number))
        found = await self.numbers.of(tenant, [Asked(customer_id) for customer_id in wanted]) if wanted else []
        return {customer_id: known for customer_id, known in zip(wanted, found, strict=True) if known is not None}

    def _record(
        self, tenant: str, country: str, plan: CallPlanned, call: PlannedCall, known: Reachable | None
    ) -> NewRecord | str:  # fmt: skip
        """The record of an entry, or the code of why it becomes none."""
        given = [call.number] if call.number else list(known.numbers) if known else []
        if not given:
            return "no_customer" if call.customer_id and known is None else "no_number"
        try:
            numbers = list(dict.fromkeys(normal_number(text, country) for text in given))
        except UnusableNumber:
            return "unusable_number"
        secret = self.parts.settings.person_key_secret.get_secret_value()
        customer_id = call.customer_id or (known.customer_id if known else None)
        told = {
            "name": call.name or (known.name if known else None), "reason": call.reason, "promised": call.promised,
            "suggestion": call.suggestion, "evidence": call.evidence,
        }  # fmt: skip
        payload = {name: text for name, text in told.items() if text} | {"lineage": _lineage(plan, call)}
        asked = Purpose(plan.kind) in ASKED_FOR
        return NewRecord(
            f"{short_key(plan.plan_id)}-{short_key(call.key)}", f"{plan.plan_id}/{call.key}",
            person_key(secret, tenant, customer_id, numbers[0]), customer_id,
            numbers_json((number, number_key(secret, tenant, number)) for number in numbers),
            call.time_zone if call.time_zone and zone_of(call.time_zone) else None, None,
            call.language or (known.language if known else None), call.priority, call.value, None,
            plan.made_at if asked else None, json.dumps(payload, ensure_ascii=False), call.subject or "",
        )  # fmt: skip

    async def _keep(
        self, connection: Connection, tenant: str, plan: CallPlanned, records: Sequence[NewRecord],
        refused: Sequence[Mapping[str, str]],
    ) -> PageTaken:  # fmt: skip
        now, key = self.parts.clock.now(), short_key(plan.plan_id)
        campaign_id = plan.campaign or f"cp-{key}"
        if plan.campaign is None:
            choices = Choices(complete_by=plan.complete_by)
            await draft_campaign(
                self.parts, connection, tenant, campaign_id, plan.title, Purpose(plan.kind), plan.group or "",
                plan.business_line or "", choices,
            )  # fmt: skip
        campaign = await campaigns.read(connection, tenant, campaign_id)
        campaign_id, list_id = await plans.begin(connection, tenant, plan, campaign_id, f"l-{key}", now)
        if await plans.page_is_there(connection, tenant, plan.plan_id, plan.page):
            return PageTaken(campaign_id, list_id, 0, 0, ())
        await create_list(
            connection, tenant, list_id, campaign_id, plan.title, "plan", now, lineage=plan.lineage or plan.plan_id
        )
        outcome = await add_records(connection, tenant, campaign_id, list_id, records, Wins.FIRST, now)
        created, duplicates = len(outcome.added), len(outcome.refused)
        await plans.keep_page(connection, tenant, plan, created, duplicates, refused)
        await campaigns.wake(connection, tenant, campaign.pool)
        return PageTaken(campaign_id, list_id, created, duplicates, refused)


def _lineage(plan: CallPlanned, call: PlannedCall) -> dict[str, str]:
    """Where a record comes from: the plan, its entry, the analysis behind it."""
    named = {"plan": plan.plan_id, "title": plan.title, "entry": call.key, "analysis": plan.lineage}
    return {name: text for name, text in named.items() if text}
