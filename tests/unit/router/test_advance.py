"""Deciding on the pool's own records is deciding on copies and applying: same decisions, same state, on random histories."""

from __future__ import annotations

import json
import random

import pytest

from services.router.domain.advance import advance
from services.router.domain.core import Fact, Input, PartitionState, PolicyInForce, apply, decide, decisions_to_json
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND, Channel, HeldSkill
from shared.contracts.routing_decisions import InputRefused
from tests.unit.router.centre import POLICY, POOL, START, TENANT

RICH = {
    **POLICY,
    "between_calls": {"pause_seconds": 4, "occupancy_ceiling_percent": 70, "inbound_too": True},
    "exposure": {
        "window_seconds": 600,
        "cap": 4,
        "cool_down_seconds": 60,
        "break_seconds": 10,
        "override_wait_seconds": 20,
    },
    "groups": {
        "general": {
            **POLICY["groups"]["general"],
            "relaxation": [{"after_seconds": 5, "lower": {"zh": 2}}, {"after_seconds": 15, "drop": ["zh"]}],
            "overflow": [{"max_waiting": 4, "to": {"group": "complaints"}}, {"max_wait_seconds": 60, "to": "end"}],
            "chat": {"first_reply_seconds": 20, "waiting_after_seconds": 30, "close_after_seconds": 60},
            "rating": {"ask": True, "scale": 5, "low": 2},
        },
        "complaints": {
            **POLICY["groups"]["complaints"],
            "severity": 5,
            "overflow": [{"unstaffed_seconds": 10, "to": {"group": "general"}}],
        },
    },
}
"""Steps, flows, rotation, chat life: what decides more than the first in order and the first to be asked."""
CHANNELS = (Channel.PHONE, Channel.PHONE, Channel.WEB, Channel.FAX)


class Twins:
    """The same inputs heard by `decide` + `apply` and by `advance`."""

    def __init__(self, seed: int, policy: dict[str, object]) -> None:
        self.chance = random.Random(seed)
        self.policy = policy
        self.slow, self.fast = PartitionState.empty(3), PartitionState.empty(3)
        self.now = START
        self.kinds: set[str] = set()
        self.version = 0
        self.contacts = self.transfers = 0
        self.publish()
        for n in range(6):
            self.sign_in(f"a{n}")

    def hear(self, fact: Fact, event_id: str | None = None) -> None:
        position = self.slow.position + 1
        given = Input(position, self.now, TENANT, POOL, event_id or f"e{position}", self.now, fact)
        expected = decide(self.slow, given)
        apply(self.slow, given, expected)
        found = advance(self.fast, given)
        assert decisions_to_json(found) == decisions_to_json(expected), (position, fact)
        self.kinds |= {type(d.decision).__name__ for d in found}
        if any(isinstance(d.decision, InputRefused) for d in found) and position % 4 == 0:
            assert self.fast.hash() == self.slow.hash(), (position, fact)

    def publish(self) -> None:
        self.version += 1
        self.hear(PolicyInForce(self.version, f"{self.version:064d}", self.policy))

    def sign_in(self, agent_id: str) -> None:
        level = self.chance.randint(2, 8)
        expires = self.now + self.chance.randint(50, 400) * SECOND if self.chance.random() < 0.2 else None
        skills = (HeldSkill("zh", level), HeldSkill("complaint", self.chance.randint(3, 9), expires))
        presence = self.chance.choice([ev.Presence.AVAILABLE, ev.Presence.NOT_READY])
        self.hear(ev.AgentSignedIn(agent_id, f"s{self.slow.position}", skills, presence=presence))

    def step(self) -> None:
        self.now += self.chance.choice([0, 0, 0, SECOND // 3, SECOND, 12 * SECOND])
        while (timer := self.slow.due_timer(self.now)) is not None:
            assert self.fast.due_timer(self.now) == timer
            self.hear(timer[2])
        move = self.chance.choice([self.arrival, self.agent, *[self.contact] * 5])
        move()

    def arrival(self) -> None:
        self.contacts += 1
        contact_id = f"c{self.chance.randint(max(1, self.contacts - 3), self.contacts)}"
        group = self.chance.choice(["general", "complaints", None, "unknown"])
        channel = self.chance.choice(CHANNELS)
        self.hear(ev.ContactArrived(contact_id, channel, "rental", self.now, group=group, reason=None))
        if self.chance.random() < 0.6:
            preferred = (ev.PreferredAgent(f"a{self.chance.randrange(7)}", "case_owner"),)
            tier = self.chance.choice([None, "gold"])
            self.hear(ev.ContactProfiled(contact_id, "k", tier=tier, preferred=preferred if tier else ()))

    def agent(self) -> None:
        agent_id = f"a{self.chance.randrange(7)}"
        chance = self.chance.random()
        if chance < 0.08:
            self.hear(ev.AgentSignedOut(agent_id))
        elif chance < 0.14:
            self.hear(ev.EndpointLost(agent_id, self.chance.choice(["page", "phone"])))
        elif chance < 0.20:
            skills = (HeldSkill("zh", self.chance.randint(2, 9)),)
            self.hear(ev.AgentProfileChanged(agent_id, skills, {Channel.WEB: self.chance.randint(0, 3)}))
        elif chance < 0.23:
            self.publish()
        elif chance < 0.30:
            self.hear(ev.PresenceChanged(agent_id, ev.Presence.NOT_READY, "break"))
        else:  # people come back
            self.sign_in(agent_id)
            self.hear(ev.EndpointRestored(agent_id, self.chance.choice(["page", "phone"])))
            self.hear(ev.PresenceChanged(agent_id, ev.Presence.AVAILABLE))

    def contact(self) -> None:
        """Something about a live contact (or, now and then, one that is long over)."""
        live = sorted(self.slow.pools[TENANT, POOL].contacts)
        if not live or self.chance.random() < 0.05:
            return self.hear(ev.ContactEnded(f"c{self.chance.randint(0, 5)}", "customer"))
        contacts = self.slow.pools[TENANT, POOL].contacts
        busy = [contact_id for contact_id in live if contacts[contact_id].offers]
        contact = contacts[self.chance.choice(busy if busy and self.chance.random() < 0.8 else live)]
        contact_id, agent_id = contact.contact_id, f"a{self.chance.randrange(7)}"
        offer_id = self.chance.choice(sorted(contact.offers) or ["o-none"])
        if contact.offer_id is not None and self.chance.random() < 0.7:
            offer_id = contact.offer_id
        offer = contact.offers.get(offer_id)
        asked = offer.agent_id if offer else agent_id
        self.transfers += 1
        ways: list[Fact] = [
            *[ev.OfferAccepted(asked, contact_id, offer_id)] * 5,
            ev.OfferRejected(asked, contact_id, offer_id, self.chance.choice(["rejected", "busy", "no_answer"])),
            *[ev.ContactConnected(contact_id, offer_id)] * 5,
            ev.ContactConnectFailed(contact_id, offer_id),
            ev.ContactAbandoned(contact_id),
            ev.ContactEnded(contact_id, self.chance.choice(["customer", "agent", "system"])),
            ev.ContactClassified(contact_id, self.chance.choice(["general", "complaints"])),
            ev.TransferRequested(
                contact_id,
                asked,
                f"t{self.transfers}",
                ev.TransferTarget.AGENT,
                agent_id,
                self.chance.choice(["blind", "warm"]),
            ),
            ev.TransferRequested(
                contact_id,
                asked,
                f"t{self.transfers}",
                ev.TransferTarget.GROUP,
                "complaints",
                self.chance.choice(["blind", "warm"]),
            ),
            ev.TransferCompleted(contact_id, asked, f"t{self.chance.randint(1, self.transfers)}"),
            ev.TransferCancelled(contact_id, asked, f"t{self.chance.randint(1, self.transfers)}"),
        ]
        wraps = [w for a in self.slow.pools[TENANT, POOL].agents.values() for w in a.wrapping.values()]
        if wraps and self.chance.random() < 0.3:
            wrap = self.chance.choice(wraps)
            owner = next(
                a.agent_id for a in self.slow.pools[TENANT, POOL].agents.values() if wrap.interaction_id in a.wrapping
            )
            ways = [ev.WrapUpCompleted(owner, wrap.contact_id, wrap.interaction_id, "done")]
        repeated = f"e{self.slow.position}" if self.chance.random() < 0.03 else None
        return self.hear(self.chance.choice(ways), repeated)


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_decide_and_remember_the_same(seed: int) -> None:
    twins = Twins(seed, {**(POLICY if seed < 2 else RICH), "enrichment_wait_ms": 0 if seed % 2 else 150})
    for _ in range(500):
        twins.step()
    assert twins.fast.hash() == twins.slow.hash()
    again = PartitionState.from_facts(json.loads(json.dumps(twins.fast.facts())))
    assert again.next_timer() == twins.fast.next_timer()
    assert len(twins.kinds) >= 16, sorted(twins.kinds)  # a history in which little happens proves little
