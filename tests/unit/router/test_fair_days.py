"""Busy days with wearing work, relaxation and supervisors who step in, by seed: every input against the list-scanning model.

The state machine draws from all inputs alike, so it seldom gets a tired agent beside a caller who has waited long. Here the
day is made of those situations, and it is asserted that each of them came up.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.inputs import PolicyInForce
from shared.contracts import contact_events as ev
from shared.contracts import routing_decisions as said
from shared.contracts.fields import SECOND, Channel, HeldSkill
from tests.unit.router.centre import POOL, TENANT
from tests.unit.router.test_against_the_obvious_model import Floor, policy

WINDOW, CAP, BREAK = 120, 240, 10
"""Of `fairness_rules.with_fairness`: seconds, severity-seconds, seconds."""
SEVERITY = 10


@dataclass
class Wear:
    """Exposure of one agent, counted anew from what was decided and by nothing else."""

    begun: dict[str, int] = field(default_factory=dict[str, int])  # contact → talking since
    over: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])  # (when, severity-seconds)

    def in_window(self, now: int) -> int:
        return sum(amount for at, amount in self.over if at > now - WINDOW * SECOND)


class Day:
    """One day of a small centre; `floor` checks each input against the slow model."""

    def __init__(self, seed: int, variant: int) -> None:
        self.random = random.Random(seed)
        self.floor = Floor()
        self.floor.open()
        self.floor.publish(variant)
        self.variant = variant
        self.contacts = 0
        self.seen: Counter[str] = Counter()
        self.wears: dict[str, Wear] = {}
        self.wearing: set[str] = set()
        self.feed, self.floor.feed = self.floor.feed, self.heard  # type: ignore[method-assign]

    def heard(self, fact: object) -> list[said.RoutingDecision]:
        decided = self.feed(fact)  # type: ignore[arg-type]
        for decision in decided:
            self.seen[type(decision).__name__] += 1
            self.follow(decision, {d.offer_id for d in decided if isinstance(d, said.ExposureOverridden)})
        return decided

    def follow(self, decision: said.RoutingDecision, excused: set[str]) -> None:
        """Rotation kept by hand: who reached the cap, or had one a moment ago, is offered no other without a word."""
        now = self.floor.now
        match decision:
            case said.ContactQueued(contact_id=contact_id):
                (self.wearing.add if decision.severity else self.wearing.discard)(contact_id)
                self.seen[f"queued {decision.cause}"] += 1
            case said.ContactRekeyed(contact_id=contact_id):
                (self.wearing.add if decision.severity else self.wearing.discard)(contact_id)
            case said.OfferMade(agent_id=agent, contact_id=contact_id) if contact_id in self.wearing:
                self.seen["wearing offers"] += 1
                wear = self.wears.setdefault(agent, Wear())
                tired = wear.in_window(now) >= CAP or bool(wear.begun)
                tired = tired or any(at > now - BREAK * SECOND for at, _ in wear.over)
                assert not tired or decision.offer_id in excused
            case said.OfferMade() if decision.group == "campaign":
                self.seen["campaign offers"] += 1
            case said.ExposureOverridden():
                self.seen[f"override {decision.why}"] += 1
            case said.InteractionStarted(agent_id=agent, contact_id=contact_id) if contact_id in self.wearing:
                self.wears.setdefault(agent, Wear()).begun[contact_id] = now
            case said.InteractionEnded(agent_id=agent, contact_id=contact_id):
                begun = self.wears.setdefault(agent, Wear()).begun.pop(contact_id, None)
                if begun is not None:
                    self.wears[agent].over.append((now, (now - begun) // SECOND * SEVERITY))
            case said.RelaxationReached():
                self.seen["skipped" if decision.skipped else f"step {decision.step}"] += 1
            case _:
                return

    # ---- what happens

    def waiting(self, *phases: ContactPhase) -> list[Contact]:
        found = self.floor.state.pools[TENANT, POOL].contacts
        return [found[key] for key in sorted(found) if found[key].phase in phases]

    def arrive(self) -> None:
        self.contacts += 1
        contact_id = f"d{self.contacts}"
        group = self.random.choice(["complaints", "complaints", "complaints", "general", "campaign"])
        needs = () if self.random.random() < 0.7 else (ev.SkillLevel("yue", 3),)
        self.floor.feed(
            ev.ContactArrived(contact_id, Channel.PHONE, "rental", self.floor.now, group=group, needs=needs)
        )
        preferred = ()
        if self.random.random() < 0.2:
            why = self.random.choice(["case_owner", "account_owner"])
            preferred = (ev.PreferredAgent(f"a{self.random.randrange(5)}", why),)  # type: ignore[arg-type]
        self.floor.feed(ev.ContactProfiled(contact_id, "k", preferred=preferred))

    def answer(self) -> None:
        for contact in self.waiting(ContactPhase.OFFERED):
            offer = contact.open_offer
            if offer is None:
                continue
            if self.random.random() < 0.1:
                self.floor.feed(ev.OfferRejected(offer.agent_id, contact.contact_id, offer.offer_id))
            else:
                self.floor.feed(ev.OfferAccepted(offer.agent_id, contact.contact_id, offer.offer_id))
                self.floor.feed(ev.ContactConnected(contact.contact_id, offer.offer_id))

    def return_to_work(self) -> None:
        """Whoever missed an offer comes back."""
        agents = self.floor.state.pools[TENANT, POOL].agents
        for agent_id in sorted(agents):
            if agents[agent_id].presence is ev.Presence.NOT_READY:
                self.floor.feed(ev.PresenceChanged(agent_id, ev.Presence.AVAILABLE))

    def finish(self) -> None:
        for contact in self.waiting(ContactPhase.CONNECTED):
            if self.random.random() < 0.5:
                self.floor.feed(ev.ContactEnded(contact.contact_id, "customer"))

    def staff(self) -> None:
        agent = f"a{self.random.randrange(5)}"
        if agent in self.floor.state.pools[TENANT, POOL].agents and self.random.random() < 0.5:
            self.floor.feed(ev.AgentSignedOut(agent))
            return
        skills = (HeldSkill("zh", self.random.choice([1, 2, 3, 6])),)
        if self.random.random() < 0.6:
            skills += (HeldSkill("complaint", self.random.choice([4, 5, 7])),)
        teams = ("evening",) if self.random.random() < 0.4 else ()
        sites = ("pudong",) if self.random.random() < 0.3 else ()
        session = f"s{self.random.randrange(3)}"
        self.floor.feed(ev.AgentSignedIn(agent, session, skills, {}, teams, sites, ev.Presence.AVAILABLE))

    def step_in(self) -> None:
        """A supervisor moves, prioritises or directs somebody who waits."""
        found = self.waiting(ContactPhase.QUEUED, ContactPhase.OFFERED)
        if not found:
            return
        contact_id = self.random.choice(found).contact_id
        what = self.random.randrange(3)
        if what == 0:
            group = self.random.choice(["general", "complaints"])
            self.floor.feed(ev.ContactMoved(contact_id, group, "chief", "rush"))
        elif what == 1:
            self.floor.feed(ev.ContactPrioritised(contact_id, self.random.choice([0, 60, 600]), "chief", "rush"))
        else:
            agent = f"a{self.random.randrange(5)}"
            self.floor.feed(ev.ContactDirected(contact_id, agent, "chief", "rush"))

    def publish(self) -> None:
        self.floor.version += 1
        waiting = self.random.choice(["apply", "keep"])
        version = self.floor.version
        self.floor.feed(PolicyInForce(version, f"{version:064d}", policy(self.variant), waiting=waiting))  # type: ignore[arg-type]

    def run(self, steps: int) -> None:
        for _ in range(3):
            self.staff()
        for _ in range(steps):
            what = self.random.choices(
                [self.arrive, self.answer, self.finish, self.return_to_work, self.staff, self.step_in, self.publish],
                weights=[3, 5, 3, 1, 0.7, 1, 0.15],
            )[0]
            what()
            self.floor.every_waiting_contact_stands_on_the_step_that_counts()
            self.floor.one_end_and_one_agent_each()
            self.floor.pass_time(self.random.choice([1, 3, 8, 20]))
        self.floor.teardown()


CAME_UP = (
    *("skipped", "step 1", "step 2", "ExposureCounted", "AgentRested", "AgentRestEnded", "ExposureWaitEnded"),
    *("override service_level", "override own_case", "override asked"),
    *("ReserveChanged", "campaign offers"),
    *("queued moved", "queued directed", "queued direction_failed", "PolicyApplied"),
)


def test_busy_days_go_by_the_rules() -> None:
    seen: Counter[str] = Counter()
    for seed in range(8):
        day = Day(seed, seed % 2)
        day.run(120)
        seen += day.seen
    assert [what for what in CAME_UP if not seen[what]] == []
    assert seen["wearing offers"] > 100
