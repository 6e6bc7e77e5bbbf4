"""May this number be dialled now? The one gate every attempt passes, whatever its mode: a pure function of what is asked, what
happened before, the time and the rules.

Every rule is judged, not only up to the first that refuses: what is told is the refusal that lasts longest, because that is what
a manager wants to know ("opted out", not "outside the window"), and all others beside it. What allows also says what it obliges
to: how long to ring, the message for those nobody comes to, how long to keep the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from functools import singledispatch
from typing import Final

from services.outbound.domain.abandonment import NO_FIGURES, AbandonmentFigures
from services.outbound.domain.contact_ledger import DAY, After, LedgerEntry, Whose, rests_until, used
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.purposes import ASKED_FOR, Purpose, silences
from services.outbound.domain.rulesets import (
    AbandonmentRule,
    CapRule,
    ConsentRule,
    LicenceRule,
    MessageRule,
    RecordRule,
    RegistryRule,
    RestRule,
    RetentionRule,
    RevocationRule,
    RingRule,
    Rule,
    Ruleset,
    WindowRule,
    cap_reason,
    in_force,
)  # fmt: skip
from services.outbound.domain.suppressions import CATALOGUE, EndsWith, Suppression
from services.outbound.domain.windows import closed_zone, local_time, next_open, zone_of

GATE: Final = "gate"
"""The rule named by suppressions that no ruleset makes: the gate's own."""
Fact = str | int | float
Kept = str | int | bool | list[str] | None
"""What can be kept with an attempt."""


@dataclass(frozen=True, slots=True)
class CampaignTerms:
    """What a campaign has set up, as far as rules ask for it. The same for all its attempts."""

    running: bool = True
    ring_seconds: int = 25
    connect_milliseconds: int = 2_000  # how long a person waits for an agent before the message
    information_message: bool = False  # who called, at which number
    automated_opt_out: bool = False  # the message offers a key (or speech) to refuse
    has_caller_id: bool = False  # a verified number of our own
    licensed: bool = False  # the operator's call-centre licence is on file
    records_conversations: bool = False
    keeps_days: int = 0  # how long attempts, consents and recordings are kept
    max_attempts: int | None = None  # per record


@dataclass(frozen=True, slots=True)
class HeldConsent:
    """A consent for the purpose that is asked about. Times µs."""

    given_at: int
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class HeldRefusal:
    """A withdrawal or opt-out; `purpose` None: of everything the person did not ask for."""

    at: int
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class PersonWishes:
    """What the profile (and outbound's own copy of refusals) says of a person. `known` False: nobody could be asked."""

    known: bool
    consent: HeldConsent | None = None
    refusals: tuple[HeldRefusal, ...] = ()
    customer: bool = False  # a contract in force to which calls of this purpose belong


@dataclass(frozen=True, slots=True)
class DialAsked:
    """One attempt that asks to be dialled. Keys are opaque; no number is here."""

    campaign: str
    record: str
    purpose: Purpose
    number: str  # key of the number to be dialled
    zones: tuple[str, ...]  # IANA, all the number and the address may be in
    regions: tuple[str, ...]  # ISO 3166, likewise ("US-FL"); none: unknown
    wishes: PersonWishes
    terms: CampaignTerms
    subject: str | None = None  # a debt, a product
    agent_guaranteed: bool = False  # agent first, or one is reserved for this very call
    agent_waiting: bool = False  # an agent is idle for this very dial: one to one, though none is reserved
    agentless: bool = False  # no person on our side
    number_valid: bool = True
    on_registry: bool = False  # on a do-not-call registry
    registry_at: int | None = None  # as of when the registry's data is; None: never compared
    holidays: frozenset[date] = frozenset()  # public holidays of the regions, this year's and the next's
    not_before: int | None = None  # agreed or recycled
    requested_at: int | None = None  # when the person asked for it (or was promised it)


@dataclass(frozen=True, slots=True)
class History:
    """What happened before.

    `entries`: all rows of this person and of no other (every number of theirs, every campaign), not older than
    `rulesets.horizon_of`; without the attempt that is asked about. `attempts`, `contacts`: of this record in its campaign,
    ever. `abandonment`: the campaign's figures by window (µs).
    """

    entries: Sequence[LedgerEntry] = ()
    attempts: int = 0
    contacts: int = 0
    abandonment: Mapping[int, AbandonmentFigures] = field(default_factory=dict[int, AbandonmentFigures])


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be dialled, under these rules and on these conditions."""

    rules: tuple[str, ...]  # "us@3", …: the rulesets judged by, in order
    ring_seconds: int  # at least
    connect_milliseconds: int | None  # an agent or the message, at the latest; None: no rule says
    information_message: bool
    automated_opt_out: bool
    agent_required: bool  # allowed because an agent is guaranteed
    keep_days: int
    record_conversation: bool
    judged_upon: Mapping[str, Kept] = field(default_factory=dict[str, "Kept"])  # kept with the attempt, for the report


@dataclass(frozen=True, slots=True)
class Suppressed:
    """It may not be dialled: why, by which rule (`GATE`: the gate's own), until when (None: time alone does not end it).

    `facts` fill the words of the catalogue. `others`: what else stands in the way, as (reason, rule).
    """

    reason: Suppression
    rule: str
    until: int | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    others: tuple[tuple[Suppression, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """What a rule is judged upon."""

    asked: DialAsked
    history: History
    now: int
    zones: tuple[tzinfo, ...]  # empty: not all known
    whose: Whose
    consented: bool
    law_chosen: bool  # any ruleset is of a region, not only of everywhere


def authorise(asked: DialAsked, history: History, now: int, rulesets: Sequence[Ruleset]) -> Allowed | Suppressed:
    """Whether the attempt may be dialled at `now` (µs): every ruleset that covers the number must allow it."""
    zones = _zones(asked.zones)
    whose = Whose(asked.number, asked.subject, asked.campaign, asked.record)
    law_chosen = any(ruleset.regions for ruleset in rulesets)
    case = _Case(asked, history, now, zones, whose, consented(asked.wishes, now), law_chosen)
    covering = tuple(ruleset for ruleset in rulesets if ruleset.covers(asked.regions))
    binding = [rule for ruleset in covering for rule in ruleset.rules if _binds(rule, case)]
    refusals = [*_own_refusals(case, covering), *(refusal for rule in binding for refusal in judge(rule, case))]
    if refusals:
        return _longest(refusals)
    return _allowed(covering, binding, case)


def consented(wishes: PersonWishes, now: int) -> bool:
    """Whether a consent for the purpose is there, in force, and not withdrawn since."""
    consent = wishes.consent
    return consent is not None and consent.given_at <= now and (consent.expires_at is None or now < consent.expires_at)


def wanted_since(asked: DialAsked, now: int) -> int | None:
    """When the person last said they want this call: by a consent in force, or by asking for it. A callback somebody asked for
    is no consent to marketing."""
    wishes = asked.wishes
    consent = wishes.consent.given_at if wishes.consent is not None and consented(wishes, now) else None
    request = asked.requested_at if asked.purpose in ASKED_FOR else None
    return max((at for at in (consent, request) if at is not None), default=None)


def refusal_of(asked: DialAsked, now: int) -> HeldRefusal | None:
    """The latest refusal that covers the purpose and was not taken back since."""
    since = wanted_since(asked, now)
    standing = [
        refusal
        for refusal in asked.wishes.refusals
        if silences(refusal.purpose, asked.purpose) and (since is None or refusal.at >= since)
    ]
    return max(standing, key=lambda refusal: refusal.at, default=None)


def _own_refusals(case: _Case, covering: Sequence[Ruleset]) -> Iterator[Suppressed]:
    """What the gate refuses whatever the rules are."""
    asked, history = case.asked, case.history
    if not asked.number_valid:
        yield Suppressed(Suppression.NUMBER_INVALID, GATE)
    if not asked.wishes.known:
        yield Suppressed(Suppression.CONSENT_UNKNOWN, GATE)
    if refusal := refusal_of(asked, case.now):
        yield Suppressed(Suppression.OPTED_OUT, GATE, facts={"since": refusal.at})
    if not covering or (case.law_chosen and not any(ruleset.regions for ruleset in covering)):
        yield Suppressed(Suppression.NO_RULESET, GATE)  # laws were chosen, and the number is where none of them holds
    if not asked.terms.has_caller_id:
        yield Suppressed(Suppression.NO_CALLER_ID, GATE)
    if not asked.terms.running:
        yield Suppressed(Suppression.NOT_RUNNING, GATE)
    if any(entry.outcome in (None, DialOutcome.UNKNOWN) for entry in history.entries):
        yield Suppressed(Suppression.ATTEMPT_OPEN, GATE)
    most = asked.terms.max_attempts
    if most is not None and history.attempts >= most:
        yield Suppressed(Suppression.MAX_ATTEMPTS, GATE, facts={"count": history.attempts, "limit": most})
    if asked.not_before is not None and case.now < asked.not_before:
        yield Suppressed(Suppression.NOT_DUE, GATE, asked.not_before)


@singledispatch
def judge(rule: Rule, case: _Case) -> Iterator[Suppressed]:
    """What a rule has against the attempt; nothing: it allows it."""
    raise TypeError(type(rule).__name__)


@judge.register
def _(rule: ConsentRule, case: _Case) -> Iterator[Suppressed]:
    asked = case.asked
    if case.consented or (rule.agentless_only and not asked.agentless):
        return
    if rule.spares_customers and asked.wishes.customer:
        return
    held = asked.wishes.consent
    lapsed = held is not None and held.expires_at is not None and held.expires_at <= case.now
    yield Suppressed(Suppression.CONSENT_EXPIRED if lapsed else Suppression.NO_CONSENT, rule.clause.id)


@judge.register
def _(rule: RegistryRule, case: _Case) -> Iterator[Suppressed]:
    asked = case.asked
    if case.consented:
        return
    if asked.on_registry:
        yield Suppressed(Suppression.ON_DNC, rule.clause.id)
    age = case.now - (asked.registry_at or 0)
    if asked.registry_at is None or age > rule.max_age:
        yield Suppressed(
            Suppression.REGISTRY_STALE, rule.clause.id, facts={"days": age // DAY, "limit": rule.max_age // DAY}
        )


@judge.register
def _(rule: RevocationRule, case: _Case) -> Iterator[Suppressed]:
    yield from ()  # kept by the gate itself, at once: OPTED_OUT


@judge.register
def _(rule: WindowRule, case: _Case) -> Iterator[Suppressed]:
    asked = case.asked
    if not case.zones:
        yield Suppressed(Suppression.UNKNOWN_TIME_ZONE, rule.clause.id)
        return
    closed = closed_zone(rule.window, case.zones, case.now, asked.holidays)
    if closed is None:
        return
    local = local_time(case.now, closed)
    if rule.window.closed_on_holidays and local.date() in asked.holidays:
        reason, reading = Suppression.HOLIDAY, local.date().isoformat()
    else:
        reason, reading = Suppression.REST_HOURS if rule.rest else Suppression.OUTSIDE_WINDOW, f"{local:%H:%M}"
    until = next_open(rule.window, case.zones, case.now, asked.holidays)
    yield Suppressed(reason, rule.clause.id, until, {"local": reading, "zone": str(closed)})


@judge.register
def _(rule: CapRule, case: _Case) -> Iterator[Suppressed]:
    counted = used(
        case.history.entries, case.whose, case.now,
        within=rule.within, at_most=rule.at_most, per=rule.per, what=rule.what, purposes=rule.clause.purposes,
    )  # fmt: skip
    if counted.count >= rule.at_most:
        facts = {"count": counted.count, "limit": rule.at_most, **case.whose.named_by(rule.per)}
        yield Suppressed(cap_reason(rule), rule.clause.id, counted.until, facts)


_RESTING: Final = {
    After.CONVERSATION: Suppression.RECENT_CONVERSATION,
    After.REFUSAL: Suppression.REFUSAL_REST,
    After.ABANDONED: Suppression.ABANDONED_RECENTLY,
    After.MACHINE: Suppression.MACHINE_RECENTLY,
}


@judge.register
def _(rule: RestRule, case: _Case) -> Iterator[Suppressed]:
    if rule.unless_agent_guaranteed and case.asked.agent_guaranteed:
        return
    until = rests_until(
        case.history.entries, case.whose, case.now,
        after=rule.after, lasts=rule.lasts, per=rule.per, purposes=rule.clause.purposes,
    )  # fmt: skip
    if until is not None:
        yield Suppressed(_RESTING[rule.after], rule.clause.id, until, case.whose.named_by(rule.per))


@judge.register
def _(rule: RecordRule, case: _Case) -> Iterator[Suppressed]:
    spoken = case.history.contacts
    if spoken >= rule.contacts:
        facts = {"count": spoken, "limit": rule.contacts}
        yield Suppressed(Suppression.CAP_CAMPAIGN_CONTACTS, rule.clause.id, facts=facts)


@judge.register
def _(rule: AbandonmentRule, case: _Case) -> Iterator[Suppressed]:
    """A campaign over its limit goes on one to one: those calls find their agent, and bring the rate down."""
    asked = case.asked
    if asked.agent_guaranteed or asked.agent_waiting or asked.agentless:
        return
    rate = abandonment_rate(rule, case.history.abandonment.get(rule.within, NO_FIGURES))
    if rate > rule.limit:
        facts = {"percent": round(100 * rate, 2), "limit": round(100 * rule.limit, 2)}
        yield Suppressed(Suppression.ABANDONMENT_BUDGET, rule.clause.id, facts=facts)


def budget_spent(rulesets: Iterable[Ruleset], figures: Mapping[int, AbandonmentFigures]) -> bool:
    """Whether a campaign is over the limit of any of its rules: then only calls with an agent idle for them may be dialled."""
    rules = (rule for ruleset in rulesets for rule in ruleset.rules if isinstance(rule, AbandonmentRule))
    return any(abandonment_rate(rule, figures.get(rule.within, NO_FIGURES)) > rule.limit for rule in rules)


def abandonment_rate(rule: AbandonmentRule, figures: AbandonmentFigures) -> float:
    """The rate a rule judges: plain, or with persons taken for machines counted as abandoned."""
    if not rule.machine_adjusted:
        return figures.rate(rule.origin)
    adjusted = figures.adjusted_rate(rule.origin)
    return adjusted.value if figures.counts.audited >= rule.min_audited else adjusted.high


@judge.register
def _(rule: RingRule, case: _Case) -> Iterator[Suppressed]:
    seconds = case.asked.terms.ring_seconds
    if seconds < rule.seconds:
        facts = {"seconds": seconds, "limit": rule.seconds}
        yield Suppressed(Suppression.RING_TOO_SHORT, rule.clause.id, facts=facts)


@judge.register
def _(rule: MessageRule, case: _Case) -> Iterator[Suppressed]:
    if case.asked.agent_guaranteed or case.asked.agentless:
        return
    terms = case.asked.terms
    if not terms.information_message or (rule.automated_opt_out and not terms.automated_opt_out):
        yield Suppressed(Suppression.NO_INFORMATION_MESSAGE, rule.clause.id)
    if terms.connect_milliseconds > rule.within_milliseconds:
        facts = {"milliseconds": terms.connect_milliseconds, "limit": rule.within_milliseconds}
        yield Suppressed(Suppression.AGENT_TOO_LATE, rule.clause.id, facts=facts)


@judge.register
def _(rule: LicenceRule, case: _Case) -> Iterator[Suppressed]:
    if not case.asked.terms.licensed:
        yield Suppressed(Suppression.LICENCE, rule.clause.id)


@judge.register
def _(rule: RetentionRule, case: _Case) -> Iterator[Suppressed]:
    terms = case.asked.terms
    if terms.keeps_days < rule.days:
        facts = {"days": terms.keeps_days, "limit": rule.days}
        yield Suppressed(Suppression.RETENTION_TOO_SHORT, rule.clause.id, facts=facts)
    if rule.recordings and not terms.records_conversations:
        yield Suppressed(Suppression.NOT_RECORDED, rule.clause.id)


def _binds(rule: Rule, case: _Case) -> bool:
    if rule.clause.unless_consented and case.consented:
        return False
    return in_force(rule.clause, case.asked.purpose, case.zones, case.now)


def _zones(names: Sequence[str]) -> tuple[tzinfo, ...]:
    """The zones, or none at all where one of them is not known: its clock could say anything."""
    zones = [zone_of(name) for name in names]
    return tuple(zone for zone in zones if zone is not None) if None not in zones else ()


_LASTING: Final = {EndsWith.NOTHING: 2, EndsWith.CHANGE: 1, EndsWith.TIME: 0}


def _longest(refusals: Sequence[Suppressed]) -> Suppressed:
    """The refusal that lasts longest; of equal ones the one judged first."""

    def lasting(refusal: Suppressed) -> tuple[int, int]:
        return _LASTING[CATALOGUE[refusal.reason].ends_with], refusal.until or 0

    told = max(refusals, key=lasting)
    others = tuple((refusal.reason, refusal.rule) for refusal in refusals if refusal is not told)
    return Suppressed(told.reason, told.rule, told.until, told.facts, others)


def judged_upon(asked: DialAsked, now: int) -> dict[str, Kept]:
    """What the report needs to know of an attempt and nobody could tell afterwards."""
    return {
        "zones": list(asked.zones),
        "regions": list(asked.regions),
        "consented": consented(asked.wishes, now),
        "wanted_since": wanted_since(asked, now),
        "customer": asked.wishes.customer,
        "on_registry": asked.on_registry,
        "registry_at": asked.registry_at,
        "agent_guaranteed": asked.agent_guaranteed,
        "agentless": asked.agentless,
    }


def _allowed(covering: Sequence[Ruleset], binding: Sequence[Rule], case: _Case) -> Allowed:
    asked = case.asked
    messages = [rule for rule in binding if isinstance(rule, MessageRule)]
    kept = [rule for rule in binding if isinstance(rule, RetentionRule)]
    return Allowed(
        rules=tuple(f"{ruleset.id}@{ruleset.version}" for ruleset in covering),
        ring_seconds=max((rule.seconds for rule in binding if isinstance(rule, RingRule)), default=0),
        connect_milliseconds=min((rule.within_milliseconds for rule in messages), default=None),
        information_message=bool(messages) and not (asked.agent_guaranteed or asked.agentless),
        automated_opt_out=any(rule.automated_opt_out for rule in messages),
        agent_required=asked.agent_guaranteed,
        keep_days=max((rule.days for rule in kept), default=0),
        record_conversation=any(rule.recordings for rule in kept),
        judged_upon=judged_upon(asked, case.now),
    )
