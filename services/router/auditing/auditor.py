"""The auditor: reads a journal from its first row and holds it against the invariants, without asking `decide` anything.

What a history must satisfy (I1, I2, I3, I6, I11, density, epochs) is counted from the recorded decisions alone; order and
idleness (I4, I10) are judged on a fold of them with the reference predicate, by scanning lists. Used by `ucc audit` and by
every fault run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from services.router.auditing.callbacks import HEARD, CallbackHistory, Found
from services.router.auditing.pauses import PauseAudit
from services.router.auditing.rotation import RotationAudit
from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact
from services.router.domain.core import (
    Decided,
    Input,
    PartitionState,
    PolicyInForce,
    PoolState,
    apply,
    decisions_from_json,
    eligible,
    input_from_json,
    parse_policy,
)
from services.router.domain.eligibility import capacity_refusal
from services.router.domain.memberships import FIT
from services.router.domain.policy.model import Capacity
from services.router.journal import Row
from shared.contracts import contact_events as events
from shared.contracts import routing_decisions as said
from shared.contracts.fields import Channel, SkillLevel

HOLDING_MODES = ("until_done", "timed", "timed_no_early_exit")
"""Wrap-up modes that hold capacity; an optional one does not."""
IN_SELF_SERVICE = (said.ContactEnd.SELF_SERVED, said.ContactEnd.ABANDONED_IN_SELF_SERVICE)
"""Ends only a contact served by the ivr can have."""
REMEMBERED = 86_400_000_000
"""A contact id may come again after this long, µs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: which invariant, where in the journal, about whom, and what."""

    invariant: str
    position: int
    subject: str
    text: str


@dataclass
class AuditReport:
    """Empty `findings` is what everybody hopes for. `counts` say how much was looked at."""

    partition: int
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    open_contacts: list[str] = field(default_factory=list)
    state_hash: str = ""

    @property
    def clean(self) -> bool:
        return not self.findings


@dataclass
class _Life:
    """What the decisions said of one contact so far."""

    offer: tuple[str, str] | None = None  # (offer, agent), its own or its consultation's
    interaction: tuple[str, str] | None = None  # (interaction, agent)
    consultation: str | None = None  # transfer id
    consulted: tuple[str, str] | None = None  # (interaction, agent) who talks with the sender
    in_self_service: bool = False
    parked: bool = False  # a chat that waits for its customer: its agent carries no load
    served_by: str | None = None  # who had it in the end
    rated: bool = False
    abandoned: bool = False
    closed_at: int | None = None


class _Pool:
    """One agent pool's history, counted from decisions and from what agents said of themselves."""

    def __init__(self, found: Found) -> None:
        self.callbacks = CallbackHistory(found)
        self.rotation = RotationAudit()
        self.pauses = PauseAudit()
        self.lives: dict[str, _Life] = {}
        self.loads: dict[str, dict[str, Channel]] = {}  # agent → what holds capacity → channel
        self.own_capacity: dict[str, dict[Channel, int]] = {}
        self.capacity: Capacity | None = None
        self.waiting: set[str] = set()
        self.channels: dict[str, Channel] = {}  # of parked chats

    def hold(self, agent: str, what: str, channel: Channel) -> None:
        self.loads.setdefault(agent, {})[what] = channel

    def free(self, agent: str, what: str) -> None:
        self.loads.get(agent, {}).pop(what, None)


class Auditor:
    """Feed it every row of a partition in order, then `close` it."""

    def __init__(self, partition: int, claims: Sequence[tuple[int, int]] = ()) -> None:
        """`claims`: (epoch, next position at the claim), oldest first."""
        self.report = AuditReport(partition)
        self.state = PartitionState.empty(partition)
        self.claims = list(claims)
        """More may be added as they become known."""
        self._pools: dict[tuple[str, str], _Pool] = {}
        self._event_ids: set[tuple[str, str]] = set()
        self._position = 0
        self._sequence = 1
        self._epoch = 0
        self._now = 0

    def feed(self, row: Row) -> None:
        given, decisions = input_from_json(row.input), decisions_from_json(row.decisions)
        self._check_row(row, given, decisions)
        pool = self._pools.setdefault((row.tenant, row.pool), _Pool(self._found))
        self._event_ids.add((row.tenant, given.event_id))
        refused = next((d.decision for d in decisions if isinstance(d.decision, said.InputRefused)), None)
        self.report.counts["inputs"] += 1
        self.report.counts["decisions"] += len(decisions)
        if refused is not None:
            self.report.counts[f"refused {refused.reason}"] += 1
        else:
            self._hear(pool, given)
        for decided in decisions:
            self._count(pool, row.position, row.now, decided.decision)
        said_here = [d.decision for d in decisions]
        for subject, text in pool.rotation.row(said_here, row.now):
            self._found("rotation", subject, text)
        for subject, text in pool.pauses.row(said_here, row.now):
            self._found("pause", subject, text)
        self.state = apply(self.state, given, decisions)
        if refused is None and decisions:
            self._judge(pool, row, given, decisions)

    def close(
        self,
        *,
        acknowledged: Iterable[tuple[str, str]] = (),
        set_aside: Collection[tuple[str, str]] = (),
        final_hash: str | None = None,
    ) -> AuditReport:
        """The report. `acknowledged`: (tenant, event id) that a producer was promised; `set_aside`: those found in the DLQ;
        `final_hash`: of the owner's state after the last row."""
        for tenant, event_id in acknowledged:
            if (tenant, event_id) not in self._event_ids and (tenant, event_id) not in set_aside:
                self._found("I11", event_id, "acknowledged, but neither journaled nor set aside")
        for key, pool in self._pools.items():
            still_open = {contact for contact, life in pool.lives.items() if life.closed_at is None}
            state = self.state.pools[key]
            for contact in sorted(still_open ^ set(state.contacts)):
                self._found("I1", contact, "open in the history or in the state, not in both")
            self.report.open_contacts += sorted(still_open)
        self.report.counts["open"] = len(self.report.open_contacts)
        self.report.state_hash = self.state.hash()
        if final_hash is not None and final_hash != self.report.state_hash:
            self._found("recovery", "state", "the owner's state differs from a fold of its journal")
        return self.report

    def _found(self, invariant: str, subject: str, text: str) -> None:
        self.report.findings.append(Finding(invariant, self._position, subject, text))

    def _check_row(self, row: Row, given: Input, decisions: Sequence[Decided]) -> None:
        """Positions and sequences dense, time and epochs never back, no row of an epoch that had been superseded."""
        if row.position != self._position + 1:
            self._found("I11", "journal", f"position {self._position + 1} is missing before {row.position}")
        self._position = row.position
        if row.first_sequence != self._sequence or row.decision_count != len(decisions):
            self._found("I11", "journal", f"sequence {self._sequence} expected, {row.first_sequence} found")
        self._sequence = row.first_sequence + len(decisions)
        if (given.position, given.now, given.tenant, given.pool) != (row.position, row.now, row.tenant, row.pool):
            self._found("I11", "journal", "the row and the input in it differ")
        if row.now < self._now or row.epoch < self._epoch:
            self._found("I11", "journal", "time or epoch ran back")
        self._now, self._epoch = row.now, row.epoch
        superseded = max((epoch for epoch, position in self.claims if position <= row.position), default=row.epoch)
        if row.epoch < superseded:
            self._found("fence", "journal", f"written under epoch {row.epoch} after epoch {superseded} was claimed")

    # ---- the history, counted

    def _hear(self, pool: _Pool, given: Input) -> None:
        """What an input that was not refused says by itself."""
        match given.fact:
            case events.ContactArrived(contact_id=contact_id):
                before = pool.lives.get(contact_id)
                if before is not None and (before.closed_at is None or given.now - before.closed_at < REMEMBERED):
                    self._found("I1", contact_id, "accepted a second time")
                pool.lives[contact_id] = _Life()
                self.report.counts["contacts"] += 1
            case events.ContactAbandoned(contact_id=contact_id) if contact_id in pool.lives:
                pool.lives[contact_id].abandoned = True
            case events.AgentSignedIn(agent_id=agent_id) | events.AgentProfileChanged(agent_id=agent_id):
                pool.own_capacity[agent_id] = dict(given.fact.capacity)
            case PolicyInForce(policy=policy):
                pool.capacity = parse_policy(policy).capacity
                pool.rotation.hear(given.fact)
            case _:
                return

    def _count(self, pool: _Pool, position: int, now: int, decision: said.RoutingDecision) -> None:
        """Enter one decision into the history, saying what it breaches."""
        if isinstance(decision, HEARD):
            self._count_callback(pool, decision)
        match decision:
            case said.SelfServiceAwaited(contact_id=contact_id):
                self._alive(pool, contact_id, "left to the ivr").in_self_service = True
            case said.SelfServiceEngaged(contact_id=contact_id) | said.SelfServiceAnswerGiven(contact_id=contact_id):
                if not self._alive(pool, contact_id, "served by the ivr").in_self_service:
                    self._found("I1", contact_id, "served by the ivr though it had gone on to people")
            case said.ContactQueued(contact_id=contact_id):
                life = self._alive(pool, contact_id, "queued")
                if life.in_self_service and decision.queued_at != now:
                    self._found("I4", contact_id, "its time in the menu earned it a place")
                life.in_self_service = life.parked = False
                pool.waiting.add(contact_id)
            case said.OfferMade():
                self._count_offer(pool, decision)
            case said.OfferWithdrawn(contact_id=contact_id, agent_id=agent_id, offer_id=offer_id):
                life = self._alive(pool, contact_id, "withdrawn")
                if life.offer != (offer_id, agent_id):
                    self._found("I2", contact_id, "an offer was withdrawn that was not open")
                life.offer = None
                pool.free(agent_id, contact_id)
                if life.consultation is not None:
                    pool.waiting.add(contact_id)
            case (
                said.ConsultationRequested()
                | said.ConsultationStarted()
                | said.ConsultationEnded()
                | said.ContactTransferred()
            ):
                self._count_consultation(pool, decision)
            case said.ContactAssigned(contact_id=contact_id, agent_id=agent_id):
                life = self._alive(pool, contact_id, "assigned")
                if decision.unoffered and life.offer is None:
                    life.offer = (decision.offer_id, agent_id)
                    pool.hold(agent_id, contact_id, decision.channel)
                    pool.waiting.discard(contact_id)
                    self._weigh(pool, agent_id, decision.channel)
                if life.offer != (decision.offer_id, agent_id) or life.interaction is not None:
                    self._found("I2", contact_id, "assigned without its own open offer, or beside another agent")
                life.offer, life.interaction = None, (decision.interaction_id, agent_id)
            case said.InteractionEnded(contact_id=contact_id, agent_id=agent_id):
                life = self._alive(pool, contact_id, "interaction ended")
                if life.interaction != (decision.interaction_id, agent_id):
                    self._found("I2", contact_id, "a conversation ended that was not going on")
                life.interaction, life.parked = None, False
                pool.free(agent_id, contact_id)
            case said.ContactParked() | said.ContactReturning() | said.ContactResumed():
                self._count_parked(pool, decision)
            case said.RatingAwaited(contact_id=contact_id) | said.ContactRated(contact_id=contact_id):
                self._count_rating(pool, contact_id, decision)
            case said.WrapUpStarted(agent_id=agent_id) if decision.mode in HOLDING_MODES:
                pool.hold(agent_id, decision.interaction_id, decision.channel)
            case said.WrapUpFinished(agent_id=agent_id):
                pool.free(agent_id, decision.interaction_id)
            case said.ContactClosed(contact_id=contact_id):
                life = self._alive(pool, contact_id, "closed")
                if (life.offer, life.interaction, life.consultation) != (None, None, None):
                    self._found("I1", contact_id, "closed while an agent still had it")
                if decision.end in IN_SELF_SERVICE and not life.in_self_service:
                    self._found("I1", contact_id, "ended in self-service though it had gone on to people")
                pool.callbacks.closed(decision)
                life.closed_at = now
                life.served_by = decision.agent_id
                pool.waiting.discard(contact_id)
                self.report.counts[f"ended {decision.end}"] += 1
            case said.AgentStateChanged(presence=events.Presence.SIGNED_OUT, agent_id=agent_id):
                if pool.loads.pop(agent_id, None):
                    self._found("I2", agent_id, "signed out with work in hand")
            case _:
                return

    def _count_callback(self, pool: _Pool, decision: HEARD) -> None:
        """A callback is a contact like any other; while it is put off or dialled, nobody is looked for."""
        match decision:
            case said.CallbackQueued(contact_id=contact_id):
                before = pool.lives.get(contact_id)
                if before is not None and before.closed_at is None:
                    self._found("I1", contact_id, "accepted a second time")
                pool.lives[contact_id] = _Life()
                self.report.counts["callbacks"] += 1
            case said.ContactDeferred(contact_id=contact_id) | said.DialRequested(contact_id=contact_id):
                life = self._alive(pool, contact_id, "put off or dialled")
                if isinstance(decision, said.DialRequested) and decision.outside is not None:
                    self._dialled_outside(life, decision)
                pool.waiting.discard(contact_id)
            case _:
                pass
        pool.callbacks.hear(decision)

    def _dialled_outside(self, life: _Life, dialled: said.DialRequested) -> None:
        """For a customer nobody of ours has any more, or for the agent who has them and asks first (I2)."""
        holder = life.interaction[1] if life.interaction is not None else None
        if dialled.transfer_id is not None:
            if holder != dialled.agent_id or life.consultation != dialled.transfer_id:
                self._found("I2", dialled.contact_id, "an outside party asked by who does not have the customer")
        elif (life.offer, holder) != (None, None):
            self._found("I2", dialled.contact_id, "passed on outside while an agent still had it")

    def _alive(self, pool: _Pool, contact_id: str, what: str) -> _Life:
        life = pool.lives.setdefault(contact_id, _Life(closed_at=-1))
        if life.closed_at is not None:
            self._found("I1", contact_id, f"{what} though it never arrived or had ended")
        return life

    def _count_consultation(
        self,
        pool: _Pool,
        decision: (
            said.ConsultationRequested | said.ConsultationStarted | said.ConsultationEnded | said.ContactTransferred
        ),
    ) -> None:
        """A warm transfer: the customer is the sender's until the one decision that hands them over (I2)."""
        contact_id = decision.contact_id
        life = self._alive(pool, contact_id, "consulted about")
        holder = life.interaction[1] if life.interaction is not None else None
        match decision:
            case said.ConsultationRequested(from_agent=sender):
                if holder != sender or life.consultation is not None:
                    self._found(
                        "I2", contact_id, "a consultation by somebody who does not have the customer, or a second one"
                    )
                life.consultation = decision.transfer_id
                pool.waiting.add(contact_id)
                self.report.counts["consultations"] += 1
            case said.ConsultationStarted(from_agent=sender, agent_id=asked):
                if life.offer != (decision.offer_id, asked) or holder != sender:
                    self._found(
                        "I2", contact_id, "a consultation began without its own open offer, or without its sender"
                    )
                life.offer, life.consulted = None, (decision.interaction_id, asked)
            case said.ConsultationEnded():
                if life.consultation != decision.transfer_id or life.offer is not None:
                    self._found("I2", contact_id, "a consultation ended that was not under way, or with its offer open")
                self._consultation_over(pool, contact_id, life)
            case said.ContactTransferred(to_agent=None) if life.consultation is not None:
                if life.interaction is not None or not pool.callbacks.talks_outside(contact_id):
                    self._found(
                        "I2", contact_id, "handed to an outside party who had not answered, or beside the sender"
                    )
                self._consultation_over(pool, contact_id, life)
            case said.ContactTransferred(to_agent=None):
                return
            case said.ContactTransferred():
                if life.consulted != (decision.interaction_id, decision.to_agent) or life.interaction is not None:
                    self._found("I2", contact_id, "handed to somebody who was not consulted, or beside the sender")
                life.interaction, life.consulted = life.consulted, None
                self._consultation_over(pool, contact_id, life)

    @staticmethod
    def _consultation_over(pool: _Pool, contact_id: str, life: _Life) -> None:
        if life.consulted is not None:
            pool.free(life.consulted[1], contact_id)
        life.consultation = life.consulted = None
        pool.waiting.discard(contact_id)

    def _count_parked(
        self, pool: _Pool, decision: said.ContactParked | said.ContactReturning | said.ContactResumed
    ) -> None:
        """A parked chat stays its agent's (I2) and takes no load; going on with it must fit again (I3)."""
        contact_id, agent_id = decision.contact_id, decision.agent_id
        life = self._alive(pool, contact_id, "parked")
        if agent_id is not None and life.interaction != (decision.interaction_id, agent_id):
            self._found("I2", contact_id, "parked by or for somebody who does not have it")
        if isinstance(decision, said.ContactParked):
            life.parked = True
            if agent_id is not None:
                pool.channels[contact_id] = pool.loads.get(agent_id, {}).get(contact_id, decision.channel)
                pool.free(agent_id, contact_id)
            self.report.counts["parked"] += 1
        elif not life.parked:
            self._found("I2", contact_id, "comes back though it was not parked")
        elif isinstance(decision, said.ContactReturning):
            pool.waiting.add(contact_id)
        else:
            life.parked = False
            pool.waiting.discard(contact_id)
            pool.hold(decision.agent_id, contact_id, pool.channels[contact_id])
            self._weigh(pool, decision.agent_id, pool.channels[contact_id])

    def _count_rating(self, pool: _Pool, contact_id: str, decision: said.RatingAwaited | said.ContactRated) -> None:
        """Only a conversation that is over is rated, once, and it counts for who had it."""
        life = pool.lives.get(contact_id)
        if life is None or life.closed_at is None or life.served_by != decision.agent_id or life.rated:
            self._found("rating", contact_id, "rated twice, before its end, or to the account of another agent")
        if life is not None and isinstance(decision, said.ContactRated):
            life.rated = True
            self.report.counts["rated"] += 1

    def _count_offer(self, pool: _Pool, offer: said.OfferMade) -> None:
        self.report.counts["offers"] += 1
        pool.callbacks.offered(offer)
        life = self._alive(pool, offer.contact_id, "offered")
        if life.abandoned:
            self._found("I6", offer.contact_id, "offered after its abandonment was recorded")
        if offer.consult_of != life.consultation or life.in_self_service:
            self._found(
                "I2", offer.contact_id, "offered for another consultation than its own, or out of the ivr's hands"
            )
        if life.offer is not None or (life.interaction is not None) != (life.consultation is not None):
            self._found("I2", offer.contact_id, "offered while another agent had it")
        life.offer = (offer.offer_id, offer.agent_id)
        pool.waiting.discard(offer.contact_id)
        pool.hold(offer.agent_id, offer.contact_id, offer.channel)
        self._weigh(pool, offer.agent_id, offer.channel)

    def _weigh(self, pool: _Pool, agent_id: str, added: Channel) -> None:
        """I3 at the moments that could breach it: the load after an offer, or after a parked chat came back."""
        if pool.capacity is None:
            return self._found("I3", agent_id, "offered without a policy in force")
        loads = Counter(pool.loads[agent_id].values())
        own = pool.own_capacity.get(agent_id, {})
        allowed = own.get(added, pool.capacity.channels[added].maximum)
        weight = sum(pool.capacity.channels[channel].weight * n for channel, n in loads.items())
        if loads[added] > allowed or weight > pool.capacity.max_load:
            self._found("I3", agent_id, f"{loads[added]} of {allowed} {added}, load {weight}")

    # ---- order and idleness, judged on the fold

    def _judge(self, pool: _Pool, row: Row, given: Input, decisions: Sequence[Decided]) -> None:
        state = self.state.pools[row.tenant, row.pool]
        if state.policy is None or not pool.waiting:
            return
        offers = [d.decision for d in decisions if isinstance(d.decision, said.OfferMade)]
        for offer in offers:
            self._judge_order(state, offer, pool.waiting - _queued_after(offer, decisions), row.now)
        if isinstance(given.fact, PolicyInForce):
            agents, contacts = set(state.agents), set(pool.waiting)
        else:
            about = [given.fact, *(d.decision for d in decisions)]
            agents = {a for a in (getattr(x, "agent_id", None) for x in about) if a in state.agents}
            contacts = {c for c in (getattr(x, "contact_id", None) for x in about) if c in pool.waiting}
        available = [a for a in state.agents.values() if a.presence is events.Presence.AVAILABLE]
        free = [a for a in available if a.agent_id in agents]
        self._judge_idleness(state, free, [state.contacts[c] for c in sorted(pool.waiting)] if free else [], row.now)
        self._judge_idleness(state, available, [state.contacts[c] for c in sorted(contacts)], row.now)

    def _judge_idleness(self, state: PoolState, agents: Sequence[Agent], waiting: Sequence[Contact], now: int) -> None:
        """I10: no agent that may take a waiting contact. Holds and exclusions are part of "may", and last until the timer
        that ends them is in the journal: timers wait for what the log held when they came due."""
        if state.policy is None or not waiting:
            return
        capacity, reserve = state.policy.capacity, state.reserve()
        for agent in agents:
            room = {channel for channel in Channel if capacity_refusal(agent, channel, capacity) is None}
            for contact in waiting if room else ():
                if contact.channel not in room or agent.agent_id in contact.excluded:
                    continue
                if not contact.waits:
                    self._found("I1", contact.contact_id, "waits in the history, not in the state")
                elif eligible(agent, contact, capacity, now, reserve) is None:
                    self._found("I10", contact.contact_id, f"waits beside agent {agent.agent_id}, who may take it")

    def _judge_order(self, state: PoolState, offer: said.OfferMade, waiting: Collection[str], now: int) -> None:
        """I4: nobody of the same channel whom this agent may serve, and who is before it in contact order, still waits.

        Contact order is due time less head start, so overtaking is bounded by head start plus the difference of targets.
        """
        agent, served = state.agents.get(offer.agent_id), state.contacts.get(offer.contact_id)
        if agent is None or served is None:
            return
        for contact_id in sorted(waiting):
            other = state.contacts[contact_id]
            kept = (
                other.outbound and not served.outbound
            )  # inbound may always pass outbound work: agents are kept for it
            before = other.channel is served.channel and other.order_key < served.order_key
            if before and not kept and _may_serve(agent, other, offer.contact_id, now):
                self._found("I4", contact_id, f"overtaken by {offer.contact_id} at agent {agent.agent_id}")


def _queued_after(offer: said.OfferMade, decisions: Sequence[Decided]) -> set[str]:
    """Whom the same input let into a queue only after this offer: callbacks carried over, by their share."""
    place = next(n for n, decided in enumerate(decisions) if decided.decision is offer)
    return {d.decision.contact_id for d in decisions[place:] if isinstance(d.decision, said.ContactQueued)}


def _may_serve(agent: Agent, contact: Contact, served: str, now: int) -> bool:
    """Whether the agent, before they were offered `served`, might have had the contact: load aside, at its present step."""
    if not contact.may_be_taken_by(agent.agent_id) or agent.agent_id in contact.excluded:
        return False
    if agent.is_paused and contact.waits_for_the_rested:
        return False
    fresh = agent.rest_until is None and not set(agent.wearing) - {served}
    return any(all(_holds(agent, need, fresh, now) for need in way) for way in contact.ways)


def _holds(agent: Agent, need: SkillLevel, fresh: bool, now: int) -> bool:
    held = agent.skills.get(need.skill)
    if held is None:
        return fresh if need == FIT else agent.is_member(need.skill)
    return held.level >= need.level and (held.expires_at or now + 1) > now


def audit(
    rows: Iterable[Row],
    partition: int,
    *,
    claims: Sequence[tuple[int, int]] = (),
    acknowledged: Iterable[tuple[str, str]] = (),
    set_aside: Collection[tuple[str, str]] = (),
    final_hash: str | None = None,
) -> AuditReport:
    """Hold a partition's whole journal against the invariants. See `Auditor`."""
    auditor = Auditor(partition, claims)
    for row in rows:
        auditor.feed(row)
    return auditor.close(acknowledged=acknowledged, set_aside=set_aside, final_hash=final_hash)
