"""HTTP of what a campaign is made with: rulesets in words, each rule with its source and date, and our own verified numbers."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel

from services.outbound.api.access import InRoom, Reader, of_tenant
from services.outbound.domain.rulesets import Rule, Ruleset
from services.outbound.ruleset_documents import RESTRAINT, shipped
from services.outbound.store import operators

router = APIRouter(prefix="/v1", tags=["rules"])


class Words(BaseModel):
    zh: str
    en: str


class RuleInWords(BaseModel):
    """`rule` is the id a suppression names; `source` the text it is read from, `dated` the day of that text."""

    rule: str
    words: Words
    source: str
    dated: date
    purposes: list[str]
    since: date | None
    before: date | None


class RulesetInWords(BaseModel):
    """`always`: every campaign is judged by it, chosen or not. `regions` none: everywhere."""

    ruleset: str
    version: int
    dated: date
    name: Words
    remark: Words
    regions: list[str]
    always: bool
    rules: list[RuleInWords]


class OwnNumber(BaseModel):
    """`usable` only where it is verified and not taken out of use."""

    number: str
    pool: str
    region: str | None
    usable: bool


class Rulesets(BaseModel):
    items: list[RulesetInWords]


class OwnNumbers(BaseModel):
    items: list[OwnNumber]


def _rule(rule: Rule) -> RuleInWords:
    clause = rule.clause
    return RuleInWords(
        rule=clause.id, words=Words(zh=clause.words.zh, en=clause.words.en), source=clause.source, dated=clause.dated,
        purposes=sorted(clause.purposes), since=clause.since, before=clause.before,
    )  # fmt: skip


def _ruleset(ruleset: Ruleset) -> RulesetInWords:
    return RulesetInWords(
        ruleset=ruleset.id, version=ruleset.version, dated=ruleset.dated, name=Words(zh=ruleset.name.zh, en=ruleset.name.en),
        remark=Words(zh=ruleset.remark.zh, en=ruleset.remark.en), regions=sorted(ruleset.regions),
        always=ruleset.id == RESTRAINT, rules=[_rule(rule) for rule in ruleset.rules],
    )  # fmt: skip


@router.get("/rulesets", summary="Rulesets in words, with source and date")
async def rulesets(_asker: Reader) -> Rulesets:
    return Rulesets(items=[_ruleset(ruleset) for ruleset in shipped().values()])


@router.get("/caller-ids", summary="Our own numbers that may be shown")
async def caller_ids(parts: InRoom, asker: Reader) -> OwnNumbers:
    async with of_tenant(parts, asker.tenant) as connection:
        found = await operators.caller_ids(connection, asker.tenant)
    return OwnNumbers(
        items=[OwnNumber(number=c.number, pool=c.pool_name, region=c.region, usable=c.usable) for c in found]
    )
