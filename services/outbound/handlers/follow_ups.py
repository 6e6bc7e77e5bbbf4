"""Deals that are followed up: heard on `crm-records`, opened when they are due, each once however often the deal is told.

Where the customer is reached is asked when it is due, not before: numbers change. A customer the profile does not know (yet) is
looked for again, a month long.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from services.outbound.adapters.customer_numbers import Asked, CustomerNumbers, Reachable
from services.outbound.domain.campaigns import Choices
from services.outbound.domain.contact_ledger import DAY, HOUR
from services.outbound.domain.deduplication import Wins
from services.outbound.domain.follow_ups import Deal, FollowUpRule, applies, due_at, words
from services.outbound.domain.purposes import Purpose
from services.outbound.handlers.plans import draft_campaign, short_key
from services.outbound.numbers import UnusableNumber, normal_number, number_key, person_key
from services.outbound.parts import Parts
from services.outbound.store import campaigns, follow_ups
from services.outbound.store.follow_ups import DueFollowUp
from services.outbound.store.list_records import NewRecord, add_records, create_list, numbers_json
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.contracts.crm_records import DealRecorded
from shared.errors import Backpressure, InvalidMessage, NotFound
from shared.kafka import Received
from shared.postgres import worker_transaction

LOOK_SECONDS: Final = 1.0
LOOK_AGAIN: Final = HOUR
GIVEN_UP_AFTER: Final = 30 * DAY
AT_ONCE: Final = 200
log = telemetry.logger("outbound")


@dataclass(frozen=True, slots=True)
class HearDeal:
    """`crm-records`: what the rules make of a deal."""

    parts: Parts

    async def __call__(self, received: Received) -> None:
        """Raises InvalidMessage (no such tenant), Backpressure."""
        tenant, told = received.envelope.tenant, received.envelope.data
        assert isinstance(told, DealRecorded)
        try:
            home = await self.parts.directory.tenant(tenant)
        except NotFound as error:
            raise InvalidMessage("ce_tenant: no such tenant") from error
        deal = Deal(told.product, told.status, told.business_line, told.revised_at, told.signed_on, told.ends_on)
        with errors_by_consequence():
            async with worker_transaction(self.parts.workers) as connection:
                rules, version = await follow_ups.rules(connection, tenant)
                if version == 0 or not await follow_ups.hear_deal(
                    connection, tenant, told.source, told.key, told.revised_at
                ):
                    return
                due = {
                    rule.rule_id: at
                    for rule in rules
                    if applies(rule, deal) and (at := due_at(rule, deal, home.time_zone)) is not None
                }
                for rule_id, at in due.items():
                    await follow_ups.keep(
                        connection, tenant, rule_id, told.source, told.key, told.customer_key, at, deal
                    )
                await follow_ups.drop_others(connection, tenant, told.source, told.key, told.revised_at, list(due))


@dataclass(frozen=True, slots=True)
class OpenFollowUps:
    """Opens what is due: a record in the rule's campaign, with reason and promise as the agent reads them."""

    parts: Parts
    numbers: CustomerNumbers

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                settled = await self.open_due()
            except Backpressure as error:
                log.warning("follow-ups wait", cause=str(error))
                settled = 0
            if settled < AT_ONCE:
                await asyncio.sleep(LOOK_SECONDS)

    async def open_due(self) -> int:
        """Returns how many were looked at. Raises Backpressure."""
        with errors_by_consequence():
            async with worker_transaction(self.parts.workers) as connection:
                due = await follow_ups.due(connection, self.parts.clock.now(), AT_ONCE)
            for tenant, of_tenant in groupby(sorted(due, key=lambda one: one.key), key=lambda one: one.tenant):
                waiting = list(of_tenant)
                asked = [Asked(source=one.source, key=one.customer_key) for one in waiting]
                known = await self.numbers.of(tenant, asked)
                async with worker_transaction(self.parts.workers) as connection:
                    rules = {rule.rule_id: rule for rule in (await follow_ups.rules(connection, tenant))[0]}
                for one, customer in zip(waiting, known, strict=True):
                    await self._settle(one, rules.get(one.rule_id), customer)
        return len(due)

    async def _settle(self, one: DueFollowUp, rule: FollowUpRule | None, customer: Reachable | None) -> None:
        now = self.parts.clock.now()
        country = (await self.parts.directory.tenant(one.tenant)).default_country
        numbers = _normal(customer.numbers if customer else (), country)
        async with worker_transaction(self.parts.workers) as connection:
            if not await follow_ups.lock(connection, one):
                return
            if rule is None or not rule.active:
                return await follow_ups.waits(connection, one, "rule_gone", None)
            if customer is None or not numbers:
                again = now + LOOK_AGAIN if now < one.since + GIVEN_UP_AFTER else None
                return await follow_ups.waits(
                    connection, one, "no_customer" if customer is None else "no_number", again
                )
            campaign_id = rule.campaign or f"fu-{short_key(one.tenant, rule.rule_id)}"
            if rule.campaign is None:
                await draft_campaign(
                    self.parts, connection, one.tenant, campaign_id, rule.title, Purpose.SERVICE_FOLLOWUP, rule.group,
                    one.deal.business_line, Choices(),
                )  # fmt: skip
            try:
                campaign = await campaigns.read(connection, one.tenant, campaign_id)
            except NotFound:
                return await follow_ups.waits(connection, one, "no_campaign", now + LOOK_AGAIN)
            list_id = f"l-{short_key(campaign_id, rule.rule_id)}"
            await create_list(
                connection, one.tenant, list_id, campaign_id, rule.title, "follow_up", now, lineage=rule.rule_id
            )
            record = self._record(one, rule, customer, numbers)
            await add_records(connection, one.tenant, campaign_id, list_id, [record], Wins.FIRST, now, by_person=False)
            await follow_ups.opened(connection, one, campaign_id, record.record_id)
            await campaigns.wake(connection, one.tenant, campaign.pool)

    def _record(
        self, one: DueFollowUp, rule: FollowUpRule, customer: Reachable, numbers: Sequence[str]
    ) -> NewRecord:  # fmt: skip
        secret = self.parts.settings.person_key_secret.get_secret_value()
        told = {
            "name": customer.name, "reason": words(rule.reason, one.deal), "promised": words(rule.promised, one.deal),
        }  # fmt: skip
        payload: dict[str, str | Mapping[str, str]] = {name: text for name, text in told.items() if text}
        payload["lineage"] = {"rule": rule.rule_id, "source": one.source, "deal": one.deal_key}
        return NewRecord(
            f"fu-{short_key(one.rule_id, one.source, one.deal_key)}", f"{one.rule_id}/{one.source}/{one.deal_key}",
            person_key(secret, one.tenant, customer.customer_id, numbers[0]), customer.customer_id,
            numbers_json((number, number_key(secret, one.tenant, number)) for number in numbers), language=customer.language,
            priority=rule.priority, payload=json.dumps(payload, ensure_ascii=False),
        )  # fmt: skip


def _normal(numbers: Sequence[str], country: str) -> list[str]:
    """Those that can be dialled."""
    found: dict[str, None] = {}
    for text in numbers:
        try:
            found[normal_number(text, country)] = None
        except UnusableNumber:
            continue
    return list(found)
