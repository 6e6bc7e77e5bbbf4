"""A contact centre in memory: feeds the core its inputs, as the shell would, and remembers the journal."""

from __future__ import annotations

from typing import Any

from services.router.domain.core import (
    Decided,
    Fact,
    Input,
    PartitionState,
    PolicyInForce,
    TimerDue,
    apply,
    decide,
    decisions_from_json,
    decisions_to_json,
    input_from_json,
    input_to_json,
)
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND, Channel, HeldSkill
from shared.contracts.routing_decisions import InputRefused, OfferMade, RoutingDecision

TENANT, POOL = "jinfeng", "main"
START = 1_700_000_000 * SECOND


class Centre:
    """One partition under test. `seconds` is the time since START; timers fire when time passes them."""

    def __init__(
        self, policy: dict[str, Any] | None = None, partition: int = 3, hours: dict[str, Any] | None = None
    ) -> None:
        self.state = PartitionState.empty(partition)
        self.now = START
        self.journal: list[tuple[str, str]] = []
        self.log: list[tuple[int, RoutingDecision]] = []
        self._events = 0
        if policy is not None:
            self.publish(policy, 1, hours)

    # ---- feeding

    def feed(self, fact: Fact, event_id: str | None = None) -> list[RoutingDecision]:
        position = self.state.position + 1
        if event_id is None:
            self._events += 1
            event_id = f"timer:{position}" if isinstance(fact, TimerDue) else f"e{self._events}"
        given = Input(position, self.now, TENANT, POOL, event_id, self.now, fact)
        before = self.state.hash() if self.check_read_only else ""
        decisions = decide(self.state, given)
        assert not before or before == self.state.hash(), "decide changed the state"
        text = input_to_json(given)
        self.journal.append((text, decisions_to_json(decisions)))
        apply(self.state, given, decisions)
        self.log += [(self.now, decided.decision) for decided in decisions]
        return [decided.decision for decided in decisions]

    check_read_only = True

    def pass_seconds(self, seconds: float) -> list[RoutingDecision]:
        """Let time pass; every timer fires at its due time."""
        until = self.now + int(seconds * SECOND)
        decided: list[RoutingDecision] = []
        while (due := self.state.next_timer()) is not None and due <= until:
            self.now = max(self.now, due)
            decided += self.fire_due()
        self.now = until
        return decided

    def fire_due(self) -> list[RoutingDecision]:
        decided: list[RoutingDecision] = []
        for _ in range(1_000):
            timer = self.state.due_timer(self.now)
            if timer is None:
                return decided
            assert timer[:2] == (TENANT, POOL)
            decided += self.feed(timer[2])
        raise AssertionError("timers do not come to rest")

    # ---- facts in few words

    def publish(
        self, policy: dict[str, Any], version: int, hours: dict[str, Any] | None = None, waiting: Any = "apply"
    ) -> list[RoutingDecision]:
        """`hours`: calendar → intervals in seconds since START, as the shell would have expanded them."""
        known = {
            name: tuple((START + opens * SECOND, START + closes * SECOND) for opens, closes in intervals)
            for name, intervals in (hours or {}).items()
        }
        until = max((closes for intervals in known.values() for _, closes in intervals), default=0)
        return self.feed(PolicyInForce(version, f"{version:064d}", policy, known, until, waiting))

    def sign_in(
        self,
        agent_id: str,
        skills: str = "",
        presence: ev.Presence = ev.Presence.AVAILABLE,
        capacity: dict[Channel, int] | None = None,
        session: str | None = None,
    ) -> list[RoutingDecision]:
        """`skills` as "zh:8 rental:5"."""
        held = tuple(HeldSkill(name, int(level)) for name, level in (part.split(":") for part in skills.split()))
        return self.feed(ev.AgentSignedIn(agent_id, session or f"s-{agent_id}", held, capacity or {}, (), (), presence))

    def arrive(
        self, contact_id: str, group: str | None = None, channel: Channel = Channel.PHONE, **more: Any
    ) -> list[RoutingDecision]:
        return self.feed(ev.ContactArrived(contact_id, channel, "rental", self.now, group=group, **more))

    def open_offer(self, contact_id: str) -> OfferMade:
        """The latest offer made for the contact."""
        made = [d for _, d in self.log if isinstance(d, OfferMade) and d.contact_id == contact_id]
        return made[-1]

    def accept(self, contact_id: str) -> list[RoutingDecision]:
        offer = self.open_offer(contact_id)
        return self.feed(ev.OfferAccepted(offer.agent_id, contact_id, offer.offer_id))

    def reject(self, contact_id: str, outcome: str = "rejected") -> list[RoutingDecision]:
        offer = self.open_offer(contact_id)
        return self.feed(ev.OfferRejected(offer.agent_id, contact_id, offer.offer_id, outcome))  # type: ignore[arg-type]

    def connect(self, contact_id: str) -> list[RoutingDecision]:
        return self.feed(ev.ContactConnected(contact_id, self.open_offer(contact_id).offer_id))

    def serve(self, contact_id: str) -> None:
        """Accept and connect."""
        self.accept(contact_id)
        self.connect(contact_id)

    def end(self, contact_id: str, failed: bool = False) -> list[RoutingDecision]:
        return self.feed(ev.ContactEnded(contact_id, "customer", failed))

    # ---- looking

    def fold(self) -> PartitionState:
        """A fresh state folded from the journal's text alone."""
        state = PartitionState.empty(self.state.partition)
        for given, decisions in self.journal:
            apply(state, input_from_json(given), decisions_from_json(decisions))
        return state

    def offered(self) -> dict[str, str]:
        """Contact → agent of every open offer."""
        pool = self.state.pools[TENANT, POOL]
        return {c.contact_id: o.agent_id for c in pool.contacts.values() if (o := c.open_offer) is not None}


def of_type(decisions: list[RoutingDecision], kind: type[Any]) -> list[Any]:
    return [decision for decision in decisions if isinstance(decision, kind)]


def refusals(decisions: list[RoutingDecision]) -> list[str]:
    return [decision.reason for decision in decisions if isinstance(decision, InputRefused)]


def decided_names(decisions: tuple[Decided, ...] | list[RoutingDecision]) -> list[str]:
    return [type(d.decision if isinstance(d, Decided) else d).__name__ for d in decisions]


POLICY: dict[str, Any] = {
    "enrichment_wait_ms": 0,
    "preferred_wait_seconds": 30,
    "repeat_head_start_seconds": 60,
    "business_lines": {"rental": {"name": {"zh": "租赁", "en": "Rental"}, "default_group": "general"}},
    "skills": {name: {"name": name} for name in ("zh", "yue", "en", "rental", "complaint")},
    "tiers": {"gold": {"name": "gold", "head_start_seconds": 120}},
    "reasons": {"leak": {"name": "leak", "head_start_seconds": 300}},
    "dispositions": {"done": {"name": "done"}, "unwritten": {"name": "unwritten"}},
    "capacity": {
        "phone": {"maximum": 1, "weight": 80},
        "web": {"maximum": 3, "weight": 30},
        "fax": {"maximum": 2, "weight": 20},
        "max_load": 100,
        "interrupted_by": {"fax": ["phone", "web"]},
    },
    "groups": {
        "general": {
            "name": "general",
            "business_line": "rental",
            "skills": [{"skill": "zh", "level": 3}],
            "targets": {"phone": 20, "web": 60, "fax": 3600},
            "offer_timeout_seconds": {"phone": 20, "web": 30, "fax": 60},
            "wrap_up": {"phone": {"mode": "timed", "seconds": 30, "extensions": 1, "extension_seconds": 15}},
            "default_disposition": "unwritten",
        },
        "complaints": {
            "name": "complaints",
            "business_line": "rental",
            "skills": [{"skill": "zh", "level": 3}, {"skill": "complaint", "level": 5}],
            "targets": {"phone": 10},
        },
    },
}
