"""The compliance report of a campaign, from its rows."""

from __future__ import annotations

from datetime import tzinfo

from services.outbound.domain.abandonment import MONTH_WINDOW, AbandonmentLedger
from services.outbound.domain.campaigns import Campaign
from services.outbound.domain.compliance import CampaignTerms
from services.outbound.domain.report import ComplianceAudit, ComplianceReport
from services.outbound.domain.rulesets import horizon_of
from services.outbound.handlers.rulebook import rules_of
from services.outbound.store import compliance, operators
from services.outbound.store.books import facts_of_row
from shared.postgres import Connection


async def report_of(
    connection: Connection, campaign: Campaign, since: int, until: int, zone: tzinfo
) -> ComplianceReport:
    """Measured under the rulesets the campaign has now, of (since, until]; `zone`: whose days those are."""
    rulesets = rules_of(campaign)
    of = (campaign.tenant, campaign.campaign_id)
    audit = ComplianceAudit(campaign.campaign_id, since, until, zone, rulesets)
    async for attempts in compliance.persons(connection, *of, since, until, horizon_of(rulesets)):
        audit.person(attempts)
    ledger = AbandonmentLedger(campaign.campaign_id)
    for row in await compliance.answered(connection, *of, since - MONTH_WINDOW, until):
        for fact in facts_of_row(campaign.campaign_id, row):
            ledger.absorb(fact)
    operator = await operators.read(connection, campaign.tenant)
    terms = CampaignTerms(
        licensed=operator.licence is not None,
        records_conversations=operator.records_conversations,
        keeps_days=operator.keeps_days,
    )
    return audit.report(terms, ledger, await compliance.suppressed(connection, *of, since, until))
