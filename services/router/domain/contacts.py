"""A live contact: what routing knows of it, where it stands, and the offer or conversation it is in.

Closed contacts leave the state; only their id and end are remembered for a day. Records are mutable and
change in one place only (`services.router.domain.evolve.dispatch`), by a recorded decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any

from services.router.domain.callbacks import Callback, Deferral
from services.router.domain.memberships import FIT, OUTBOUND, Way, of_agent, of_site, way_of
from shared.contracts.contact_events import ContactArrived, PreferredAgent
from shared.contracts.fairness_decisions import LetIn
from shared.contracts.fields import Channel, SkillLevel
from shared.contracts.routing_decisions import HeadStart, RequirementStep


class ContactPhase(StrEnum):
    """Where a contact stands. RELEASED exists only between two decisions of one input."""

    SELF_SERVICE = "self_service"  # the ivr may serve it first; nobody is looked for
    ENRICHING = "enriching"  # waits for its profile, at most `enrichment_wait`
    DEFERRED = "deferred"  # kept with its place; nobody is looked for yet
    QUEUED = "queued"
    DIALLING = "dialling"  # a callback: the customer is called before an agent is looked for
    OFFERED = "offered"
    CONNECTING = "connecting"  # accepted, not yet heard
    CONNECTED = "connected"
    PARKED = "parked"  # a chat that waits for its customer and takes no load
    OUTSIDE = "outside"  # passed on to an outside number, which rings or has the customer; no agent is held
    RELEASED = "released"  # offer or conversation over; queued again or closed by the next decision
    CLOSED = "closed"


ANSWERED_WAIT = 2_000_000
"""How long a customer whom we dialled may wait for an agent before the call is given up, µs."""
PATIENT = (Channel.FAX, Channel.SMS, Channel.EMAIL)
"""Channels whose contacts wait for their group to open."""


class OfferState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    CONSULTED = "consulted"  # accepted by an agent whom the sender of a warm transfer asks first
    WITHDRAWN = "withdrawn"


@dataclass(slots=True)
class Offer:
    """An offer made for this contact. Kept after its end, so that a late acceptance gets the right answer."""

    offer_id: str
    agent_id: str
    expires_at: int
    state: OfferState = OfferState.OPEN


@dataclass(slots=True)
class Interaction:
    """One agent's handling of the contact, from acceptance on."""

    interaction_id: str
    offer_id: str
    agent_id: str
    group: str
    connect_deadline: int
    started_at: int | None = None  # connected at
    agent_return_until: int | None = None  # the agent's page is away; the contact is re-queued then


@dataclass(slots=True)
class Transfer:
    """A transfer nobody has answered yet; `fallback_group` takes the contact if the asked agent does not."""

    transfer_id: str
    from_agent: str
    fallback_group: str


@dataclass(frozen=True, slots=True)
class SelfService:
    """The ivr serves the contact, at the latest until `until`; unclaimed (no dialogue) that is very soon."""

    until: int
    dialogue: str | None = None
    version: int = 0
    answered: bool = False  # a standard answer was given whole: leaving now means self-served


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """A written conversation: whose word is awaited, and what comes of it if none is said (times in µs)."""

    of: str  # "agent" | "customer"
    since: int
    until: int | None = None  # the agent's first reply is due, or the chat is parked
    replied: bool = False  # the agent of this interaction has written
    parked_at: int | None = None
    close_at: int | None = None  # parked: closed with a notice then
    parked: int = 0  # of this interaction, how long it took no load


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """The outside party a customer was passed on to, or whom their agent asks first. Times in µs."""

    number_id: str
    since: int
    waited: int  # how long the customer had waited for the sender
    attempt_id: str = ""
    until: int = 0  # unanswered by then, the transfer falls back
    answered: bool = False


class ConsultationState(StrEnum):
    """Where a warm transfer stands. The customer is with the sender all the while."""

    SEEKING = "seeking"  # somebody to ask is looked for
    DIALLING = "dialling"  # the outside party to ask rings
    OFFERED = "offered"
    TALKING = "talking"  # sender and asked agent are connected
    ENDED = "ended"  # no hand-over
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Consultation:
    """A warm transfer under way.

    While it seeks, the contact's own group, requirement and `only_agent` say whom it seeks, so that one set of rules and
    indexes finds agents for contacts and for consultations alike; `home_…` is what they go back to.
    """

    transfer_id: str
    from_agent: str
    target_kind: str
    target: str
    asked_at: int
    until: int  # nobody new is asked after
    home_group: str
    home_requirement: tuple[SkillLevel, ...]
    state: ConsultationState = ConsultationState.SEEKING
    agent_id: str | None = None  # the asked one
    offer_id: str | None = None
    interaction_id: str | None = None  # theirs, once they talk; the contact's after a hand-over
    joined: bool = False  # a conference: the customer hears both
    takes_over: bool = False  # a supervisor asks for the conversation itself


@dataclass(slots=True)
class Contact:
    contact_id: str
    channel: Channel
    business_line: str
    arrived_at: int
    queued_at: int  # when the router first heard of it: a wait for enrichment costs no place
    phase: ContactPhase = ContactPhase.ENRICHING
    gateway_id: str | None = None
    wished_group: str | None = None
    language: str | None = None
    needs: tuple[SkillLevel, ...] = ()
    reason: str | None = None
    enrich_until: int | None = None
    customer_id: str | None = None
    tier: str | None = None
    repeat: bool = False
    preferred: tuple[PreferredAgent, ...] = ()
    preferred_until: int | None = None  # held for the preferred (or the asked) agent until then
    only_agent: str | None = None  # a transfer to one agent
    group: str = ""
    requirement: tuple[SkillLevel, ...] = ()
    entered_group_at: int = 0
    due_at: int = 0
    head_start: HeadStart = field(default_factory=HeadStart)
    excluded: dict[str, int] = field(default_factory=dict[str, int])  # agent → until (missed, rejected, passed it on)
    offers: dict[str, Offer] = field(default_factory=dict[str, Offer])
    offer_id: str | None = None  # the open one, its own or its consultation's
    interaction: Interaction | None = None
    transfer: Transfer | None = None
    self_service: SelfService | None = None
    consultation: Consultation | None = None
    held_since: int | None = None  # the customer waits on hold
    deposit: bool = False  # a message left: nobody waits on the line
    deferral: Deferral | None = None
    callback: Callback | None = None
    callback_offered: bool = False  # once is enough
    visited: tuple[str, ...] = ()  # groups it flowed out of, in order: it does not come back
    overflow_at: int | None = None  # its own wait in the group is too long then
    unstaffed_since: int | None = None  # nobody signed in could serve it (noted where its group then flows over)
    unstaffed_until: int | None = None  # so long it waits for somebody who could
    chat: ChatTurn | None = None
    site: str | None = None  # transferred to a branch: its agents only, until `site_until`
    site_until: int | None = None
    colleagues: tuple[str, ...] = ()  # beside the conversation, by id: no ownership, no load

    steps: tuple[RequirementStep, ...] = ()  # relaxation, the group's own requirement first; empty: it never relaxes
    step: int = 0  # whose requirement is in force
    reached: int = 0  # the last step whose time has come
    let_in: tuple[LetIn, ...] = ()  # at this step, beside who meets the requirement
    severity: int = 0  # how wearing it is, where the policy rotates such work
    spares_until: int | None = None  # who rests is not asked until then; None: for as long as they rest
    spares_nobody: bool = False  # it waited so long that who rests may be asked too
    outbound: bool = False  # a campaign's, where agents are kept free for inbound or pause between calls
    answered_until: int | None = None  # we dialled and they answered: so long they hear nobody
    outside: OutsideCall | None = None

    def copy(self) -> Contact:
        """An independent record with the same facts."""
        twin = Contact(*_FIELDS(self))
        twin.excluded = dict(self.excluded)
        if self.offers:
            twin.offers = {key: Offer(o.offer_id, o.agent_id, o.expires_at, o.state) for key, o in self.offers.items()}
        else:
            twin.offers = {}
        if self.interaction is not None:
            twin.interaction = Interaction(*_INTERACTION_FIELDS(self.interaction))
        return twin

    @property
    def order_key(self) -> tuple[int, str]:
        """Contact order of rule 2: due time less head start, then the id."""
        return (self.due_at - self.head_start.seconds * 1_000_000, self.contact_id)

    @property
    def waits(self) -> bool:
        """Whether an agent is looked for: for the contact itself, for its agent to consult, or its own agent to go on."""
        if self.phase is ContactPhase.QUEUED or self.is_returning:
            return True
        return self.consultation is not None and self.consultation.state is ConsultationState.SEEKING

    @property
    def is_returning(self) -> bool:
        """A parked chat whose customer wrote: its agent goes on as soon as they are free."""
        return self.phase is ContactPhase.PARKED and self.preferred_until is not None

    def talked(self, now: int) -> int:
        """How long its agent has had the conversation, µs, without the time it was parked."""
        if self.interaction is None or self.interaction.started_at is None:
            return 0
        passed = now - self.interaction.started_at
        if self.chat is None:
            return passed
        return passed - self.chat.parked - (0 if self.chat.parked_at is None else now - self.chat.parked_at)

    @property
    def can_wait(self) -> bool:
        """Nobody is on the line or in front of the page: a closed group is no reason to send it away."""
        return self.deposit or self.channel in PATIENT

    @property
    def is_callback_waiting(self) -> bool:
        """A callback whose customer is not on the line (yet)."""
        return self.callback is not None and not self.callback.answered

    @property
    def is_held(self) -> bool:
        """Only preferred agents (or the asked one) may take it at present."""
        return self.preferred_until is not None

    def may_be_taken_by(self, agent_id: str) -> bool:
        """Whether the present step lets this agent in, skills and exclusions aside."""
        if self.only_agent is not None:
            return agent_id == self.only_agent
        return self.preferred_until is None or any(p.agent_id == agent_id for p in self.preferred)

    @property
    def needed_skills(self) -> Way:
        """Skills the present step asks for: none where a colleague chose the agent in person."""
        return () if self.only_agent is not None else self.requirement

    @property
    def ways(self) -> tuple[Way, ...]:
        """How an agent may qualify at the present step, the better ways first; one is enough."""
        if self.only_agent is not None:
            return _ANYBODY
        if not (self.let_in or self.severity or self.site or self.outbound):
            return (self.requirement,)
        ways = self._several_ways()
        return tuple((*way, OUTBOUND) for way in ways) if self.is_kept_back else ways

    @property
    def qualifications(self) -> tuple[Way, ...]:
        """What is asked at the present step, whoever rests: the requirement, or to be let in beside; of a branch's agents only
        where the contact was passed on to it."""
        asked = (self.requirement, *map(way_of, self.let_in))
        return asked if self.site is None else tuple((*way, of_site(self.site)) for way in asked)

    def _several_ways(self) -> tuple[Way, ...]:
        """Who meets the requirement before who is let in; a wearing contact asks for the fit, and its case's owner may
        always have it; once it has waited long enough, those who rest come after them."""
        ways = self.qualifications
        if not self.severity:
            return ways
        fit = tuple((*way, FIT) for way in ways)
        owners = tuple((of_agent(owner), *self.requirement) for owner in self.case_owners)
        return (*fit, *owners, *ways) if self.spares_nobody else (*fit, *owners)

    @property
    def is_kept_back(self) -> bool:
        """Whether the reserve for inbound counts: not where a person chose the agent, or the customer is on the line."""
        return self.outbound and self.only_agent is None and self.answered_until is None

    @property
    def waits_for_the_rested(self) -> bool:
        """Whether it leaves agents alone in their pause: a campaign's contact, unless a person chose the agent."""
        return self.outbound and self.only_agent is None

    @property
    def case_owners(self) -> tuple[str, ...]:
        return tuple(p.agent_id for p in self.preferred if p.why == "case_owner")

    @property
    def open_offer(self) -> Offer | None:
        return None if self.offer_id is None else self.offers[self.offer_id]


_ANYBODY: tuple[Way, ...] = ((),)
_FIELDS: attrgetter[tuple[Any, ...]] = attrgetter(*Contact.__slots__)
_INTERACTION_FIELDS: attrgetter[tuple[Any, ...]] = attrgetter(*Interaction.__slots__)


def from_arrival(fact: ContactArrived, now: int) -> Contact:
    """The record of a contact as it arrived; `arrived_at` is believed within [now − 60 s, now]."""
    return Contact(
        contact_id=fact.contact_id,
        channel=fact.channel,
        business_line=fact.business_line,
        arrived_at=min(max(fact.arrived_at, now - 60_000_000), now),
        queued_at=now,
        gateway_id=fact.gateway_id,
        wished_group=fact.group,
        language=fact.language,
        needs=fact.needs,
        reason=fact.reason,
        deposit=fact.deposit,
        answered_until=now + ANSWERED_WAIT if fact.answered else None,
    )
