"""Random days in a small centre, checked after every input against the list-scanning model of `reference`.

The model replays each input: it strips the offers from the recorded decisions, folds the rest, and must
arrive at the same offers in the same order by scanning everything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from services.router.domain.absorb import absorb
from services.router.domain.contacts import ContactPhase
from services.router.domain.core import (
    Fact,
    Input,
    PartitionState,
    TimerDue,
    apply,
    decide,
    decisions_to_json,
    input_to_json,
)
from services.router.domain.evolve.dispatch import evolve
from services.router.domain.inputs import PolicyInForce
from services.router.domain.workspace import Workspace
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND, Channel, HeldSkill, SkillLevel
from shared.contracts.routing_decisions import (
    ContactClosed,
    ContactQueued,
    EnrichmentAwaited,
    InputRefused,
    RoutingDecision,
    SelfServiceAwaited,
)
from tests.unit.router import reference
from tests.unit.router.auditing import audited
from tests.unit.router.centre import POLICY, POOL, START, TENANT
from tests.unit.router.conversation_rules import ConversationRules, is_pickup, with_conversations
from tests.unit.router.fairness_rules import TEAMS, FairnessRules, with_fairness
from tests.unit.router.reported import check_cohorts, reported

AGENTS = [f"a{n}" for n in range(5)]
CONTACTS = [f"c{n:02d}" for n in range(14)]
GROUPS = ["general", "complaints", "chats", "experts", "nowhere"]
CHANNELS = [Channel.PHONE, Channel.WEB, Channel.FAX]
SKILLS = st.lists(
    st.builds(
        HeldSkill,
        st.sampled_from(["zh", "yue", "complaint", "rental"]),
        st.integers(1, 9),
        st.one_of(st.none(), st.none(), st.integers(START + 5 * SECOND, START + 200 * SECOND)),
    ),
    max_size=4,
    unique_by=lambda held: held.skill,
).map(lambda held: (HeldSkill("zh", 5), *(h for h in held if h.skill != "zh")))


def policy(variant: int) -> dict[str, Any]:
    """Two policies that differ in what the core must recompute: targets, strategies, capacity, a group gone."""
    groups: dict[str, Any] = {
        **POLICY["groups"],
        "chats": {
            "name": "chats",
            "business_line": "rental",
            "skills": [{"skill": "zh", "level": 2}],
            "strategy": "least_occupied" if variant else "fewest_handled",
            "wrap_up": {
                "web": {"mode": "timed_no_early_exit", "seconds": 20},
                "phone": {"mode": "until_done"},
                "fax": {"mode": "optional", "seconds": 20},
            },
        },
    }
    if variant != 1:
        groups["experts"] = {
            "name": "experts",
            "business_line": "rental",
            "skills": [{"skill": "zh", "level": 1}, {"skill": "yue", "level": 4}],
            "strategy": "best_proficiency",
            "targets": {"phone": 5},
        }
    capacity = {**POLICY["capacity"], "web": {"maximum": 2 + variant, "weight": 30}}
    document = {
        **POLICY,
        "groups": groups,
        "capacity": capacity,
        "enrichment_wait_ms": 150 * (variant % 2),
        "self_service_claim_seconds": 0 if variant == 1 else 3,
        "self_service_limit_seconds": 30,
        "consultation_wait_seconds": 30,
    }
    return with_conversations(with_fairness(document, variant), variant)


class Floor(FairnessRules, ConversationRules):
    """Agents and customers do whatever they like, in any order, legal or not."""

    def __init__(self) -> None:
        super().__init__()
        self.state = PartitionState.empty(1)
        self.now = START
        self.events = 0
        self.version = 0
        self.ends: dict[str, int] = {}
        self.accepted: set[str] = set()
        self.recorded: list[tuple[Input, tuple[Any, ...]]] = []

    # ---- driving

    def feed(self, fact: Fact) -> list[RoutingDecision]:
        position = self.state.position + 1
        self.events += 1
        given = Input(position, self.now, TENANT, POOL, f"e{self.events}", self.now, fact)
        model = PartitionState.from_facts(self.state.facts())
        decided = decide(self.state, given)
        assert decided == decide(model, given), "rebuilt indexes decide otherwise"
        self.check_offers(model, given, [d.decision for d in decided])
        apply(self.state, given, decided)
        self.recorded.append((given, decided))
        for decision in (d.decision for d in decided):
            if isinstance(decision, ContactClosed):
                self.ends[decision.contact_id] = self.ends.get(decision.contact_id, 0) + 1
            if isinstance(decision, (SelfServiceAwaited, EnrichmentAwaited, ContactQueued)):
                self.accepted.add(decision.contact_id)
        return [d.decision for d in decided]

    def check_offers(self, model: PartitionState, given: Input, decisions: list[RoutingDecision]) -> None:
        """Fold everything but the offers into a copy, then scan for the offers that must follow, one by one."""
        pool = model.pools.get((TENANT, POOL))
        if pool is None or any(isinstance(d, InputRefused) for d in decisions):
            return
        work = Workspace(pool, given.now, copying=False)
        if isinstance(given.fact, PolicyInForce):
            pool.put_in_force(given.fact)
            work.policy = pool.policy
        absorb(work, given)
        offers = [d for d in decisions if is_pickup(d)]
        for decision in decisions:
            if not is_pickup(decision) and not self.tells_after_offers(decision, decisions):
                evolve(work, given, decision)
        for offer in offers:
            assert reference.next_offer(pool, given.now) == (offer.contact_id, offer.agent_id)
            evolve(work, given, offer)
        assert reference.next_offer(pool, given.now) is None, "an idle eligible agent stands beside waiting work"

    @staticmethod
    def tells_after_offers(decision: RoutingDecision, decisions: list[RoutingDecision]) -> bool:
        """Summaries that follow the offers add nothing; applying them early would be wrong only for them."""
        last_offer = max((n for n, d in enumerate(decisions) if is_pickup(d)), default=len(decisions))
        return any(d is decision for d in decisions[last_offer:])

    def contacts(self, *phases: ContactPhase) -> list[Any]:
        found = self.state.pools[TENANT, POOL].contacts
        return [found[key] for key in sorted(found) if found[key].phase in phases]

    def pick(self, data: st.DataObject, *phases: ContactPhase) -> Any:
        found = self.contacts(*phases)
        return data.draw(st.sampled_from(found)) if found else None

    @initialize()
    def open(self) -> None:
        self.publish(0)
        for n, agent_id in enumerate(AGENTS[:3]):
            skills = (HeldSkill("zh", 4 + n), HeldSkill("yue", 3 + n))
            self.feed(ev.AgentSignedIn(agent_id, "s0", skills, presence=ev.Presence.AVAILABLE))

    # ---- what people do

    @rule(variant=st.integers(0, 2), waiting=st.sampled_from(["apply", "keep"]))
    def publish(self, variant: int, waiting: Any = "apply") -> None:
        self.version += 1
        self.feed(PolicyInForce(self.version, f"{self.version:064d}", policy(variant), waiting=waiting))

    @rule(
        contact=st.sampled_from(CONTACTS),
        channel=st.sampled_from(CHANNELS),
        group=st.sampled_from([*GROUPS, None]),
        reason=st.sampled_from([None, None, "leak"]),
        needs=st.sampled_from([(), (), (SkillLevel("rental", 3),), (SkillLevel("zh", 8),)]),
        menu=st.sampled_from([False, False, True]),
    )
    def arrive(
        self, contact: str, channel: Channel, group: str | None, reason: str | None, needs: Any, menu: bool
    ) -> None:
        fact = ev.ContactArrived(contact, channel, "rental", self.now, group=group, reason=reason, needs=needs)
        self.feed(replace(fact, self_service=menu))

    @rule(data=st.data(), what=st.sampled_from(["start", "start", "answer", "served", "to_person", "failed"]))
    def menu(self, data: st.DataObject, what: Any) -> None:
        contact = self.pick(data, ContactPhase.SELF_SERVICE)
        contact_id = contact.contact_id if contact is not None else data.draw(st.sampled_from(CONTACTS))
        if what == "start":
            self.feed(ev.SelfServiceStarted(contact_id, "main", 1))
        elif what == "answer":
            self.feed(ev.SelfServiceAnswered(contact_id, "q", 1))
        else:
            group = data.draw(st.sampled_from([*GROUPS, None]))
            self.feed(ev.SelfServiceEnded(contact_id, what, group, "leak", None, "yue"))

    @rule(
        contact=st.sampled_from(CONTACTS),
        tier=st.sampled_from([None, "gold"]),
        preferred=st.lists(st.sampled_from(AGENTS), max_size=2, unique=True),
        repeat=st.booleans(),
    )
    def profile(self, contact: str, tier: str | None, preferred: list[str], repeat: bool) -> None:
        wished = tuple(ev.PreferredAgent(agent, "case_owner") for agent in preferred)
        self.feed(ev.ContactProfiled(contact, "k", 0, tier, None, wished, repeat))

    @rule(contact=st.sampled_from(CONTACTS), group=st.sampled_from(GROUPS))
    def classify(self, contact: str, group: str) -> None:
        self.feed(ev.ContactClassified(contact, group))

    @rule(data=st.data(), outcome=st.sampled_from(["accept", "accept", "accept", "rejected", "busy", "no_answer"]))
    def answer(self, data: st.DataObject, outcome: Any) -> None:
        contact = self.pick(data, ContactPhase.OFFERED)
        if contact is None:
            return
        offer = contact.open_offer
        if outcome == "accept":
            self.feed(ev.OfferAccepted(offer.agent_id, contact.contact_id, offer.offer_id))
        else:
            self.feed(ev.OfferRejected(offer.agent_id, contact.contact_id, offer.offer_id, outcome))

    @rule(channel=st.sampled_from([Channel.PHONE, Channel.WEB]), group=st.sampled_from(["general", "chats"]))
    def serve(self, channel: Channel, group: str) -> None:
        """A contact in one go as far as it gets: most rules of a conversation need one to be going on."""
        contact_id = f"s{self.events}"
        self.feed(ev.ContactArrived(contact_id, channel, "rental", self.now, group=group))
        self.feed(ev.ContactProfiled(contact_id, "k"))
        contact = self.state.pools[TENANT, POOL].contacts[contact_id]
        if contact.open_offer is not None:
            offer = contact.open_offer
            self.feed(ev.OfferAccepted(offer.agent_id, contact_id, offer.offer_id))
            self.feed(ev.ContactConnected(contact_id, offer.offer_id))

    @rule(data=st.data(), connects=st.sampled_from([True, True, True, False]))
    def connect(self, data: st.DataObject, connects: bool) -> None:
        contact = self.pick(data, ContactPhase.CONNECTING)
        if contact is not None:
            kind = ev.ContactConnected if connects else ev.ContactConnectFailed
            self.feed(kind(contact.contact_id, contact.interaction.offer_id))

    @rule(data=st.data(), failed=st.sampled_from([False, False, False, True]))
    def finish(self, data: st.DataObject, failed: bool) -> None:
        contact = self.pick(data, ContactPhase.CONNECTED)
        if contact is not None:
            self.feed(ev.ContactEnded(contact.contact_id, "agent", failed))

    @rule(data=st.data(), held=st.booleans())
    def hold(self, data: st.DataObject, held: bool) -> None:
        contact = self.pick(data, ContactPhase.CONNECTED)
        if contact is not None:
            self.feed(ev.ContactHeld(contact.contact_id, contact.interaction.agent_id, held))

    @rule(contact=st.sampled_from(CONTACTS))
    def abandon(self, contact: str) -> None:
        self.feed(ev.ContactAbandoned(contact))

    @rule(contact=st.sampled_from(CONTACTS), failed=st.booleans(), by=st.sampled_from(["customer", "agent", "system"]))
    def stop(self, contact: str, failed: bool, by: Any) -> None:
        self.feed(ev.ContactEnded(contact, by, failed))

    @rule(
        data=st.data(),
        to=st.sampled_from([*AGENTS, "general", "complaints", "experts"]),
        n=st.integers(0, 999),
        mode=st.sampled_from(["blind", "warm", "warm"]),
    )
    def transfer(self, data: st.DataObject, to: str, n: int, mode: Any) -> None:
        contact = self.pick(data, ContactPhase.CONNECTED)
        if contact is not None:
            kind = ev.TransferTarget.AGENT if to in AGENTS else ev.TransferTarget.GROUP
            sender = contact.interaction.agent_id
            self.feed(ev.TransferRequested(contact.contact_id, sender, f"t{n}", kind, to, mode))

    @rule(data=st.data(), accepts=st.sampled_from([True, True, False]), n=st.integers(0, 999))
    def ask_colleague(self, data: st.DataObject, accepts: bool, n: int) -> None:
        """A consultation as far as it gets, so that hand-overs, cancellations and losses have one to happen to."""
        talking = [c for c in self.contacts(ContactPhase.CONNECTED) if c.consultation is None]
        pool = self.state.pools[TENANT, POOL]
        if not talking:
            return
        contact = data.draw(st.sampled_from(talking))
        free = [a for a in sorted(pool.agents) if a != contact.interaction.agent_id and pool.agents[a].takes_offers]
        if free:
            sender, asked = contact.interaction.agent_id, data.draw(st.sampled_from(free))
            kind = ev.TransferTarget.AGENT
            self.feed(ev.TransferRequested(contact.contact_id, sender, f"t{n}", kind, asked, "warm"))
            contact = pool.contacts[contact.contact_id]
            if accepts and contact.open_offer is not None:
                self.feed(ev.OfferAccepted(asked, contact.contact_id, contact.open_offer.offer_id))

    @rule(
        data=st.data(), what=st.sampled_from(["accept", "accept", "reject", "no_answer", "complete", "cancel", "gone"])
    )
    def consult(self, data: st.DataObject, what: str) -> None:
        asking = [c for c in self.contacts(ContactPhase.CONNECTED) if c.consultation is not None]
        if not asking:
            return
        contact = data.draw(st.sampled_from(asking))
        asked, contact_id = contact.consultation, contact.contact_id
        if what in ("complete", "cancel"):
            kind = ev.TransferCompleted if what == "complete" else ev.TransferCancelled
            by = data.draw(st.sampled_from([asked.from_agent, asked.from_agent, asked.agent_id or asked.from_agent]))
            self.feed(kind(contact_id, by, asked.transfer_id))
        elif asked.offer_id is not None and asked.agent_id is not None:
            if what == "accept":
                self.feed(ev.OfferAccepted(asked.agent_id, contact_id, asked.offer_id))
            elif what == "gone":
                self.feed(ev.ContactConnectFailed(contact_id, asked.offer_id))
            else:
                outcome = "no_answer" if what == "no_answer" else "rejected"
                self.feed(ev.OfferRejected(asked.agent_id, contact_id, asked.offer_id, outcome))

    @rule(
        agent=st.sampled_from(AGENTS),
        skills=SKILLS,
        session=st.integers(0, 2),
        web=st.sampled_from([None, 1, 3]),
        teams=TEAMS,
        site=st.sampled_from([(), ("pudong",)]),
    )
    def sign_in(self, agent: str, skills: Any, session: int, web: int | None, teams: Any, site: Any) -> None:
        capacity = {} if web is None else {Channel.WEB: web}
        self.feed(ev.AgentSignedIn(agent, f"s{session}", skills, capacity, teams, site, ev.Presence.AVAILABLE))

    @rule(agent=st.sampled_from(AGENTS))
    def sign_out(self, agent: str) -> None:
        self.feed(ev.AgentSignedOut(agent))

    @rule(agent=st.sampled_from(AGENTS), ready=st.sampled_from([True, True, False]))
    def choose_presence(self, agent: str, ready: bool) -> None:
        self.feed(ev.PresenceChanged(agent, ev.Presence.AVAILABLE if ready else ev.Presence.NOT_READY, None))

    @rule(agent=st.sampled_from(AGENTS), skills=SKILLS, teams=TEAMS)
    def retrain(self, agent: str, skills: Any, teams: Any) -> None:
        self.feed(ev.AgentProfileChanged(agent, skills, {}, teams))

    @rule(agent=st.sampled_from(AGENTS), cause=st.sampled_from(["page", "phone"]), lost=st.booleans())
    def endpoint(self, agent: str, cause: Any, lost: bool) -> None:
        self.feed((ev.EndpointLost if lost else ev.EndpointRestored)(agent, cause))

    @rule(data=st.data(), extend=st.sampled_from([True, False, False]))
    def wrap_up(self, data: st.DataObject, extend: bool) -> None:
        agents = self.state.pools[TENANT, POOL].agents
        wraps = [(a, w) for a in sorted(agents) for w in sorted(agents[a].wrapping)]
        if wraps:
            agent_id, interaction = data.draw(st.sampled_from(wraps))
            contact = agents[agent_id].wrapping[interaction].contact_id
            if extend:
                self.feed(ev.WrapUpExtended(agent_id, contact, interaction))
            else:
                self.feed(ev.WrapUpCompleted(agent_id, contact, interaction, "done"))

    @rule(seconds=st.sampled_from([1, 5, 21, 40]))
    def wait(self, seconds: int) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds: int) -> None:
        until = self.now + seconds * SECOND
        while (due := self.state.next_timer()) is not None and due <= until:
            self.now = max(self.now, due)
            timer = self.state.due_timer(self.now)
            assert timer is not None
            assert isinstance(timer[2], TimerDue)
            self.feed(timer[2])
            assert self.state.due_timer(self.now) != timer, "a timer that changes nothing would fire for ever"
        self.now = until

    # ---- what always holds

    @invariant()
    def capacity_is_kept(self) -> None:
        pool = self.state.pools.get((TENANT, POOL))
        if pool is not None and self.version <= 1:  # a smaller capacity published later never breaks a conversation
            shrunk = [a for a in reference.overloaded(pool) if not pool.agents[a].own_capacity]
            assert shrunk == []

    @invariant()
    def one_end_and_one_agent_each(self) -> None:
        pool = self.state.pools.get((TENANT, POOL))
        live = pool.contacts if pool else {}
        assert all(count == 1 for count in self.ends.values())
        assert self.accepted == set(self.ends) | set(live)
        for contact in live.values():
            holders = [
                a.agent_id
                for a in pool.agents.values()  # type: ignore[union-attr]
                if contact.contact_id in a.offered
                or contact.contact_id in a.handling
                or contact.contact_id in a.consulting
                or contact.contact_id in a.parked
            ]
            asked = contact.consultation
            owners = {o.agent_id for o in (contact.open_offer, contact.interaction) if o}
            assert sorted(holders) == sorted(owners | {asked.agent_id for _ in (1,) if asked and asked.agent_id})
            parked = contact.phase is ContactPhase.PARKED
            assert [
                a
                for a in holders
                if contact.contact_id in (pool.agents[a].parked if parked else pool.agents[a].handling)  # type: ignore[union-attr]
            ] == ([contact.interaction.agent_id] if contact.interaction else [])
            assert asked is None or (contact.phase is ContactPhase.CONNECTED and asked.agent_id != asked.from_agent)
            assert contact.phase is not ContactPhase.RELEASED

    def teardown(self) -> None:
        folded = PartitionState.empty(1)
        for given, decided in self.recorded:
            apply(folded, given, decided)
        assert folded.hash() == self.state.hash()
        assert PartitionState.from_facts(self.state.facts()).hash() == self.state.hash()
        texts = [(input_to_json(given), decisions_to_json(decided)) for given, decided in self.recorded]
        assert audited(texts).findings == []
        check_cohorts(reported(texts, 1))


TestFloor = Floor.TestCase
TestFloor.settings = settings(
    max_examples=80,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    derandomize=True,
)
