"""From journaled inputs and decisions to rows and counts of reports. Same journal, same rows: nothing here reads a clock.

A stay counts by the quarter hour of its entry into the group, so that a cohort adds up: offered = answered + abandoned +
flowed out + callback + turned away + failed + still waiting. A conversation counts by the quarter hour it began in, an
agent's time by when it passed. What is open lives in `Reports`; what changed since it was last taken is `ReportChanges`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.router.domain.contacts import from_arrival
from services.router.domain.inputs import Decided, Input, PolicyInForce
from services.router.domain.policy.document import parse_policy
from services.router.domain.reporting.rows import (
    AgentQuarter,
    AgentRow,
    BreakQuarter,
    ContactRow,
    GroupQuarter,
    RatingRow,
    StayRow,
    TalkRow,
    TargetsRow,
    quarter_of,
)
from shared.contracts import routing_decisions as said
from shared.contracts.contact_events import ContactArrived, Presence
from shared.contracts.fields import SECOND
from shared.contracts.metrics import Definitions

Pool = tuple[str, str]
Counts = dict[str, int]

SAME_STAY = (said.QueueCause.OPENED,)
"""Queued again in its own group: it waited for the doors to open, and waits on."""
REFUSED = (said.OfferOutcome.REJECTED, said.OfferOutcome.BUSY)

UNCOUNTED = frozenset({
    said.EnrichmentAwaited, said.SelfServiceAwaited, said.SelfServiceEngaged, said.SelfServiceAnswerGiven,
    said.RelaxationReached, said.ExposureWaitEnded, said.ExposureOverridden, said.ExposureCounted, said.AgentPaused, said.AgentRested,
    said.AgentRestEnded, said.ReserveChanged, said.PreferredWaitEnded, said.ExclusionEnded, said.AgentReturnAwaited,
    said.WrapUpProlonged, said.TransferSettled, said.ReplyAwaited, said.ContactReturning, said.ColleagueAdmitted,
    said.ColleagueReleased, said.GroupHoursChanged, said.ContactOverflowed, said.StaffingNoted, said.ContactDeferred,
    said.CallbackOffered, said.DialRequested, said.DialSettled, said.CallbackRetryScheduled, said.RonaAlerted,
    said.PolicyApplied, said.InputRefused,
})  # fmt: skip
"""Decisions that change no figure, or whose effect another decision of the same input tells (a test holds the list complete)."""


@dataclass(slots=True)
class Life:
    """A contact of which something is open: itself, or a wrap-up after it."""

    row: ContactRow
    stay: StayRow | None = None
    talks: dict[str, TalkRow] = field(default_factory=dict[str, TalkRow])


@dataclass(slots=True)
class ReportChanges:
    """Rows as they stand, and what is to be added to the counts."""

    contacts: dict[tuple[str, str, int], ContactRow] = field(default_factory=dict[tuple[str, str, int], ContactRow])
    stays: dict[tuple[str, str, int, int], StayRow] = field(default_factory=dict[tuple[str, str, int, int], StayRow])
    talks: dict[tuple[str, str], TalkRow] = field(default_factory=dict[tuple[str, str], TalkRow])
    agents: dict[tuple[str, str, str], AgentRow] = field(default_factory=dict[tuple[str, str, str], AgentRow])
    ratings: dict[tuple[str, str, str], RatingRow] = field(default_factory=dict[tuple[str, str, str], RatingRow])
    targets: dict[Pool, TargetsRow] = field(default_factory=dict[Pool, TargetsRow])
    groups: dict[GroupQuarter, Counts] = field(default_factory=dict[GroupQuarter, Counts])
    staff: dict[AgentQuarter, Counts] = field(default_factory=dict[AgentQuarter, Counts])
    breaks: dict[BreakQuarter, int] = field(default_factory=dict[BreakQuarter, int])


def add(counts: Counts, measure: str, n: int = 1) -> None:
    if n:
        counts[measure] = counts.get(measure, 0) + n


class Reports:
    """The open rows of one partition. `hear` takes one journal row; `take` gives what changed since."""

    def __init__(self, partition: int, definitions: Definitions) -> None:
        self.partition = partition
        self._ends = definitions.ends
        self._short = definitions.short_abandon_seconds * SECOND
        self._lives: dict[tuple[Pool, str], Life] = {}
        self._agents: dict[tuple[Pool, str], AgentRow] = {}
        self._targets: dict[Pool, TargetsRow] = {}
        self._pool: Pool = ("", "")
        self._now = 0
        self._position = 0
        self.changes = ReportChanges()
        self.hears: Mapping[type[object], Callable[[Any], None]] = {
            said.CallbackQueued: self._callback_queued,
            said.ContactQueued: self._queued,
            said.ContactRekeyed: self._rekeyed,
            said.ContactClosed: self._closed,
            said.OfferMade: self._offer_made,
            said.OfferWithdrawn: self._offer_withdrawn,
            said.ContactAssigned: self._assigned,
            said.ConsultationStarted: self._consultation_started,
            said.ConsultationRequested: self._consultation_requested,
            said.ConsultationEnded: self._consultation_ended,
            said.ContactTransferred: self._transferred,
            said.InteractionStarted: self._interaction_started,
            said.HoldNoted: self._hold_noted,
            said.ContactParked: self._parked,
            said.ContactResumed: self._resumed,
            said.InteractionEnded: self._interaction_ended,
            said.WrapUpStarted: self._wrap_up_started,
            said.WrapUpNoted: self._wrap_up_noted,
            said.WrapUpFinished: self._wrap_up_finished,
            said.RatingAwaited: self._rating_awaited,
            said.ContactRated: self._rated,
            said.AgentStateChanged: self._agent_state,
        }

    def begin(
        self,
        contacts: Iterable[ContactRow],
        stays: Iterable[StayRow],
        talks: Iterable[TalkRow],
        agents: Iterable[AgentRow],
        targets: Iterable[TargetsRow],
    ) -> None:
        """Go on from the open rows that were written down."""
        for row in contacts:
            self._lives[(row.tenant_id, row.pool_id), row.contact_id] = Life(row)
        for stay in stays:
            self._lives[(stay.tenant_id, stay.pool_id), stay.contact_id].stay = stay
        for talk in talks:
            self._lives[(talk.tenant_id, talk.pool_id), talk.contact_id].talks[talk.interaction_id] = talk
        for agent in agents:
            self._agents[(agent.tenant_id, agent.pool_id), agent.agent_id] = agent
        for target in targets:
            self._targets[target.tenant_id, target.pool_id] = target

    def take(self) -> ReportChanges:
        """What changed since the last taking. Its rows may change again: write them down before the next `hear`."""
        changes, self.changes = self.changes, ReportChanges()
        return changes

    @property
    def open_contacts(self) -> int:
        return len(self._lives)

    def hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        """One journaled input with what was decided on it."""
        if any(isinstance(decided.decision, said.InputRefused) for decided in decisions):
            return
        self._pool, self._now, self._position = (given.tenant, given.pool), given.now, given.position
        if isinstance(given.fact, PolicyInForce):
            self._use_policy(given.fact)
        elif isinstance(given.fact, ContactArrived) and self._life(given.fact.contact_id) is None:
            self._arrived(given.fact)
        touched: dict[str, None] = {}
        for decided in decisions:
            heard = self.hears.get(type(decided.decision))
            if heard is not None:
                heard(decided.decision)
            if (contact_id := getattr(decided.decision, "contact_id", None)) is not None:
                touched[contact_id] = None
        for contact_id in touched:
            self._write_down(contact_id)

    # ---- finding and keeping

    def _life(self, contact_id: str) -> Life | None:
        return self._lives.get((self._pool, contact_id))

    def _talk(self, contact_id: str, interaction_id: str) -> tuple[Life, TalkRow] | None:
        life = self._life(contact_id)
        talk = life.talks.get(interaction_id) if life is not None else None
        return None if life is None or talk is None else (life, talk)

    def _write_down(self, contact_id: str) -> None:
        """Everything of a contact that one input touched; what is over is let go of."""
        life = self._life(contact_id)
        if life is None:
            return
        row, tenant = life.row, self._pool[0]
        for interaction_id, talk in list(life.talks.items()):
            self.changes.talks[tenant, interaction_id] = talk
            if not talk.open:
                del life.talks[interaction_id]
        if life.stay is not None:
            self._keep(life.stay)
        row.open = row.ended is None or bool(life.talks)
        self.changes.contacts[tenant, contact_id, row.born] = row
        if not row.open:
            del self._lives[self._pool, contact_id]

    def _keep(self, stay: StayRow) -> None:
        self.changes.stays[stay.tenant_id, stay.contact_id, stay.born, stay.number] = stay

    def _count(self, where: StayRow | TalkRow, at: int, measure: str, n: int = 1) -> None:
        key = GroupQuarter(*self._pool, where.group_id, where.channel, where.direction, quarter_of(at))
        add(self.changes.groups.setdefault(key, {}), measure, n)

    def _count_agent(self, agent_id: str, at: int, measure: str, n: int = 1) -> None:
        add(self.changes.staff.setdefault(AgentQuarter(*self._pool, agent_id, quarter_of(at)), {}), measure, n)

    # ---- contacts

    def _use_policy(self, fact: PolicyInForce) -> None:
        groups = parse_policy(fact.policy).groups
        zone = fact.policy.get("time_zone")
        self.changes.targets[self._pool] = self._targets[self._pool] = TargetsRow(
            *self._pool,
            self.partition,
            fact.version,
            {name: dict(group.targets) for name, group in groups.items()},
            zone if isinstance(zone, str) else None,
        )

    def _arrived(self, fact: ContactArrived) -> None:
        arrived = from_arrival(fact, self._now)
        direction = "outbound" if fact.campaign is not None else "inbound"
        row = ContactRow(
            *self._pool, self.partition, fact.contact_id, self._position, fact.channel, fact.business_line, direction,
            arrived.arrived_at, reason=fact.reason,
        )  # fmt: skip
        self._lives[self._pool, fact.contact_id] = Life(row)

    def _callback_queued(self, d: said.CallbackQueued) -> None:
        row = ContactRow(
            *self._pool, self.partition, d.contact_id, self._position, d.channel, d.business_line, "callback", self._now,
            customer_id=d.customer_id,
        )  # fmt: skip
        self._lives.setdefault((self._pool, d.contact_id), Life(row))

    def _queued(self, d: said.ContactQueued) -> None:
        life = self._life(d.contact_id)
        if life is None:
            return
        row, stay = life.row, life.stay
        row.business_line, row.tier, row.policy_version = d.business_line, d.tier, d.policy_version
        row.customer_id = d.customer_id or row.customer_id
        if stay is not None:
            same = stay.entered_at == d.entered_group_at or d.cause in SAME_STAY
            if stay.group_id == d.group and same:
                return  # an offer failed, the place is kept
            self._settle(life, "flowed_out", self._now - stay.entered_at)
        if d.outbound and row.stays == 0:
            row.direction = "outbound"
        row.stays += 1
        row.groups = (*row.groups, d.group)
        stay = life.stay = StayRow(
            *self._pool, self.partition, d.contact_id, row.born, row.stays, d.group, d.channel, row.direction, d.cause,
            d.entered_group_at, self._target(d),
        )  # fmt: skip
        self._count(stay, stay.entered_at, "offered")
        if row.queued_at is None:
            row.queued_at, row.first_group = d.entered_group_at, d.group
            self._count(stay, stay.entered_at, "asked")

    def _target(self, d: said.ContactQueued) -> int:
        """T of the group and channel under the policy in force; of a group it does not know, what the contact is owed."""
        known = self._targets.get(self._pool)
        seconds = known.targets.get(d.group, {}).get(d.channel) if known is not None else None
        return d.due_at - d.queued_at if seconds is None else seconds * SECOND

    def _settle(self, life: Life, outcome: str, waited: int) -> None:
        """The stay has its one outcome."""
        stay, life.stay = life.stay, None
        if stay is None:
            return
        stay.outcome, stay.waited, stay.left_at = outcome, waited, self._now
        life.row.waited += waited
        self._keep(stay)
        at, within = stay.entered_at, int(waited <= stay.target)
        self._count(stay, at, outcome)
        if outcome == "answered":
            self._count(stay, at, "answered_within", within)
            self._count(stay, at, "wait_answered", waited)
        elif outcome == "abandoned":
            stay.short = waited <= self._short
            self._count(stay, at, "abandoned_within", within)
            self._count(stay, at, "short_abandons", int(stay.short))
            self._count(stay, at, "wait_abandoned", waited)

    def _rekeyed(self, d: said.ContactRekeyed) -> None:
        if (life := self._life(d.contact_id)) is not None:
            life.row.tier, life.row.policy_version = d.tier, d.policy_version
            life.row.customer_id = d.customer_id or life.row.customer_id

    def _closed(self, d: said.ContactClosed) -> None:
        life = self._life(d.contact_id)
        if life is None:
            return
        if life.stay is not None:
            self._settle(life, self._ends[d.end], d.at - life.stay.entered_at)
        row = life.row
        row.ended, row.ended_at, row.ended_by = d.end, d.at, d.by
        row.customer_id = d.customer_id or row.customer_id

    # ---- conversations

    def _offer_made(self, d: said.OfferMade) -> None:
        self._count_agent(d.agent_id, self._now, "offers")

    def _offer_withdrawn(self, d: said.OfferWithdrawn) -> None:
        if d.outcome is said.OfferOutcome.TIMED_OUT:
            self._count_agent(d.agent_id, self._now, "missed")
        elif d.outcome in REFUSED:
            self._count_agent(d.agent_id, self._now, "rejected")

    def _assigned(self, d: said.ContactAssigned) -> None:
        self._count_agent(d.agent_id, self._now, "accepted")
        life = self._life(d.contact_id)
        if life is None:
            return
        row = life.row
        if life.stay is not None:
            life.stay.waited = d.waited
        life.talks[d.interaction_id] = TalkRow(
            *self._pool, self.partition, d.interaction_id, d.contact_id, row.born, d.agent_id, d.group, d.channel,
            row.direction, self._now, d.waited,
            transferred_in=life.stay is not None and life.stay.cause == said.QueueCause.TRANSFERRED,
        )  # fmt: skip

    def _consultation_requested(self, d: said.ConsultationRequested) -> None:
        if (life := self._life(d.contact_id)) is not None:
            life.row.asked_group = d.group

    def _consultation_started(self, d: said.ConsultationStarted) -> None:
        self._count_agent(d.agent_id, self._now, "accepted")
        life = self._life(d.contact_id)
        if life is None:
            return
        row = life.row
        life.talks[d.interaction_id] = TalkRow(
            *self._pool, self.partition, d.interaction_id, d.contact_id, row.born, d.agent_id, row.asked_group or "", row.channel,
            row.direction, self._now, consulted_at=self._now,
        )  # fmt: skip

    def _consultation_ended(self, d: said.ConsultationEnded) -> None:
        """No hand-over: whoever was asked and talked is done."""
        life = self._life(d.contact_id)
        for talk in life.talks.values() if life is not None else ():
            if talk.consulted_at is not None and talk.started_at is None and talk.ended_at is None:
                self._consult_over(talk)
                talk.ended_at, talk.why, talk.open = self._now, f"consultation_{d.why}", False

    def _consult_over(self, talk: TalkRow) -> None:
        began = self._now if talk.consulted_at is None else talk.consulted_at
        talk.consult = self._now - began
        self._count_agent(talk.agent_id, began, "consulted")
        self._count_agent(talk.agent_id, began, "consult", talk.consult)

    def _transferred(self, d: said.ContactTransferred) -> None:
        life = self._life(d.contact_id)
        if life is None:
            return
        life.row.transfers += 1
        taken = life.talks.get(d.interaction_id or "")
        if d.to_agent is not None and taken is not None:
            self._consult_over(taken)
            taken.transferred_in = True

    def _interaction_started(self, d: said.InteractionStarted) -> None:
        found = self._talk(d.contact_id, d.interaction_id)
        if found is None:
            return
        life, talk = found
        talk.started_at = d.at
        row = life.row
        row.agents = (*row.agents, d.agent_id)
        if life.stay is not None:
            self._settle(life, "answered", life.stay.waited)
        if row.connected_at is None:
            row.connected_at = d.at
            if row.queued_at is not None and row.first_group is not None:
                first = GroupQuarter(
                    *self._pool, row.first_group, row.channel, row.direction, quarter_of(row.queued_at)
                )
                add(self.changes.groups.setdefault(first, {}), "reached")

    def _hold_noted(self, d: said.HoldNoted) -> None:
        found = self._talk(d.contact_id, d.interaction_id)
        if found is None:
            return
        talk = found[1]
        if d.held:
            talk.held_since = d.at
        else:
            self._hold_over(talk)

    def _hold_over(self, talk: TalkRow) -> None:
        if talk.held_since is not None:
            talk.hold += self._now - talk.held_since
            talk.held_since = None

    def _parked(self, d: said.ContactParked) -> None:
        found = self._talk(d.contact_id, d.interaction_id or "")
        if found is not None and found[1].parked_since is None:
            found[1].parked_since = d.at

    def _resumed(self, d: said.ContactResumed) -> None:
        found = self._talk(d.contact_id, d.interaction_id)
        if found is not None:
            self._parked_over(found[1])

    def _parked_over(self, talk: TalkRow) -> None:
        if talk.parked_since is not None:
            talk.parked += self._now - talk.parked_since
            talk.parked_since = None

    def _interaction_ended(self, d: said.InteractionEnded) -> None:
        found = self._talk(d.contact_id, d.interaction_id)
        if found is None:
            return
        life, talk = found
        talk.ended_at, talk.why, talk.open = d.at, d.why, False
        if talk.started_at is None:
            return
        self._hold_over(talk)
        self._parked_over(talk)
        talk.talk = d.at - talk.started_at - talk.hold - talk.parked
        life.row.talk += talk.talk
        life.row.hold += talk.hold
        at, passed_on = talk.started_at, int(d.why == "transferred")
        for measure, n in (("handled", 1), ("talk", talk.talk), ("hold", talk.hold)):
            self._count(talk, at, measure, n)
            self._count_agent(talk.agent_id, at, f"agent_{measure}", n)
        self._count(talk, at, "transferred", passed_on)
        self._count_agent(talk.agent_id, at, "transfers_out", passed_on)
        self._count_agent(talk.agent_id, at, "transfers_in", int(talk.transferred_in))

    def _wrap_up_started(self, d: said.WrapUpStarted) -> None:
        found = self._talk(d.contact_id, d.interaction_id)
        if found is not None:
            found[1].wrap_since, found[1].open = d.at, True

    def _wrap_up_noted(self, d: said.WrapUpNoted) -> None:
        found = self._talk(d.contact_id, d.interaction_id)
        if found is not None:
            found[1].disposition, found[1].reason = d.disposition, d.reason

    def _wrap_up_finished(self, d: said.WrapUpFinished) -> None:
        found = self._talk(d.contact_id, d.interaction_id)
        if found is None:
            return
        life, talk = found
        talk.wrap = d.at - (d.at if talk.wrap_since is None else talk.wrap_since)
        talk.wrap_since, talk.open = None, False
        talk.disposition, talk.reason, talk.by_timeout = d.disposition, d.reason, d.by_timeout
        row = life.row
        row.wrap += talk.wrap
        row.disposition, row.reason = d.disposition, d.reason or row.reason
        if talk.started_at is not None:
            self._count(talk, talk.started_at, "wrap", talk.wrap)
            self._count_agent(talk.agent_id, talk.started_at, "agent_wrap", talk.wrap)

    # ---- ratings

    def _rating_awaited(self, d: said.RatingAwaited) -> None:
        row = self._rating(d)
        row.invited_at, row.scale = d.at, d.scale

    def _rated(self, d: said.ContactRated) -> None:
        row = self._rating(d)
        row.rated_at, row.score, row.scale, row.low, row.via = d.at, d.score, d.scale, d.low, d.via

    def _rating(self, d: said.RatingAwaited | said.ContactRated) -> RatingRow:
        key = (self._pool[0], d.contact_id, d.agent_id)
        return self.changes.ratings.setdefault(
            key, RatingRow(*self._pool, self.partition, d.contact_id, d.agent_id, d.group, d.channel)
        )

    # ---- agents

    def _agent_state(self, d: said.AgentStateChanged) -> None:
        """The time since the last change belongs to what the agent was then."""
        before = self._agents.get((self._pool, d.agent_id))
        if before is not None:
            self._count_time(before)
        row = AgentRow(
            *self._pool, self.partition, d.agent_id, self._now, d.presence, d.presence_reason or "", d.work_state,
            d.reachable, d.teams, d.sites,
        )  # fmt: skip
        self.changes.agents[self._pool[0], self._pool[1], d.agent_id] = row
        if d.presence is Presence.SIGNED_OUT:
            self._agents.pop((self._pool, d.agent_id), None)
        else:
            self._agents[self._pool, d.agent_id] = row

    def _count_time(self, row: AgentRow) -> None:
        activity = row.activity
        for quarter, passed in row.spread(self._now):
            self._count_agent(row.agent_id, quarter, "signed_in", passed)
            self._count_agent(row.agent_id, quarter, activity, passed)
            if activity == "not_ready":
                key = BreakQuarter(*self._pool, row.agent_id, row.reason, quarter)
                self.changes.breaks[key] = self.changes.breaks.get(key, 0) + passed
