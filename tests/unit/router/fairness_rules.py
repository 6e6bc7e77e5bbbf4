"""Random days, continued: supervisors' requests, and what relaxation and rotation must keep to whatever happens."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.router.domain.core import Fact, PartitionState
from shared.contracts import contact_events as ev
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import RoutingDecision
from tests.unit.router import reference
from tests.unit.router.centre import POOL, TENANT

TEAMS = st.sampled_from([(), ("evening",), ("evening", "night")])
AGENT_IDS = st.sampled_from([f"a{n}" for n in range(5)])
CONTACT_IDS = st.sampled_from([f"c{n:02d}" for n in range(14)])


def with_fairness(document: dict[str, Any], variant: int) -> dict[str, Any]:
    """The policy with relaxation, wearing work and rest; each variant another mixture."""
    groups = {name: dict(group) for name, group in document["groups"].items()}
    groups["general"]["relaxation"] = [
        {"after_seconds": 5, "lower": {"zh": 2 - variant % 2}},
        {"after_seconds": 25, "drop": ["yue"], "add": {"teams": ["evening"], "agents": ["a4"]}},
    ]
    groups["complaints"] |= {"severity": 10, "strategy": "best_proficiency"}
    if variant != 2:
        groups["complaints"]["relaxation"] = [
            {"after_seconds": 20, "drop": ["complaint"], "add": {"sites": ["pudong"], "skills": [{"skill": "zh"}]}}
        ]
    if variant == 0:
        groups["campaign"] = {
            "name": "campaign",
            "business_line": "rental",
            "outbound": True,
            "skills": [{"skill": "zh"}],
        }
        blending = {"reserve_agents": 1, "minimum_dwell_seconds": 40, "minimum_sample": 3}
        document = {**document, "blending": blending, "between_calls": {"pause_seconds": 6}}
    if variant == 1:
        groups["campaign"] = {
            "name": "campaign",
            "business_line": "rental",
            "outbound": True,
            "strategy": "fewest_handled",
        }
        pause = {"pause_seconds": 0, "occupancy_ceiling_percent": 60, "inbound_too": True}
        document = {**document, "between_calls": pause}
    document = {**document, "groups": groups, "sites": {"pudong": {"name": "pudong"}}}
    if variant == 2:
        return document
    wait = None if variant == 1 else 15
    rule = {
        "window_seconds": 120,
        "cap": 4,
        "cool_down_seconds": 30,
        "break_seconds": 10,
        "override_wait_seconds": wait,
    }
    return {**document, "exposure": rule}


class FairnessRules(RuleBasedStateMachine):
    """To be mixed in; `state`, `now` and `feed` are the floor's."""

    state: PartitionState
    now: int

    def feed(self, fact: Fact) -> list[RoutingDecision]:
        raise NotImplementedError

    @rule(contact=CONTACT_IDS, group=st.sampled_from(["general", "complaints", "chats", "experts", "nowhere"]))
    def move(self, contact: str, group: str) -> None:
        self.feed(ev.ContactMoved(contact, group, "chief", "rush"))

    @rule(contact=CONTACT_IDS, seconds=st.sampled_from([0, 30, 600]))
    def prioritise(self, contact: str, seconds: int) -> None:
        self.feed(ev.ContactPrioritised(contact, seconds, "chief", "rush"))

    @rule(contact=CONTACT_IDS, agent=AGENT_IDS)
    def direct(self, contact: str, agent: str) -> None:
        self.feed(ev.ContactDirected(contact, agent, "chief", "rush"))

    @rule(agent=AGENT_IDS, ready=st.booleans())
    def set_presence(self, agent: str, ready: bool) -> None:
        presence = ev.Presence.AVAILABLE if ready else ev.Presence.NOT_READY
        self.feed(ev.PresenceChanged(agent, presence, None, "chief", "rush"))

    @rule(data=st.data(), contact=CONTACT_IDS, seconds=st.sampled_from([20, 60, 130]))
    def complain(self, data: st.DataObject, contact: str, seconds: int) -> None:
        """A complaint taken and ended, so that somebody is worn."""
        self.feed(ev.ContactArrived(contact, Channel.PHONE, "rental", self.now, group="complaints"))
        found = self.state.pools[TENANT, POOL].contacts.get(contact)
        if found is None or found.open_offer is None:
            return
        offer = found.open_offer
        self.feed(ev.OfferAccepted(offer.agent_id, contact, offer.offer_id))
        self.feed(ev.ContactConnected(contact, offer.offer_id))
        self.pass_time(seconds)
        self.feed(ev.ContactEnded(contact, "customer"))

    def pass_time(self, seconds: int) -> None:
        raise NotImplementedError

    @invariant()
    def every_waiting_contact_stands_on_the_step_that_counts(self) -> None:
        pool = self.state.pools.get((TENANT, POOL))
        if pool is None:
            return
        for contact in pool.contacts.values():
            if contact.waits and contact.steps and not contact.is_returning:
                assert contact.step == reference.step_that_counts(pool, contact, self.now)
                step = contact.steps[contact.step]
                assert (contact.requirement, contact.let_in) == (step.requirement, step.let_in)
