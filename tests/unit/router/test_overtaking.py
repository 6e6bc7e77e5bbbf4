"""Invariant I4: who came later passes by at most the difference of head starts plus the difference of targets; nothing starves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.router.domain.contacts import ContactPhase
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import OfferMade, RoutingDecision
from tests.unit.router.centre import POOL, TENANT, Centre

TARGETS = {"quick": 20, "slow": 300}
TIERS = {None: 0, "silver": 45, "gold": 120}
REASONS = {None: 0, "leak": 300}
REPEAT = 60
AGENTS = ("ann", "bob")

POLICY: dict[str, Any] = {
    "enrichment_wait_ms": 0,
    "repeat_head_start_seconds": REPEAT,
    "business_lines": {"rental": {"name": "rental", "default_group": "quick"}},
    "skills": {"zh": {"name": "zh"}},
    "tiers": {tier: {"name": tier, "head_start_seconds": n} for tier, n in TIERS.items() if tier},
    "reasons": {reason: {"name": reason, "head_start_seconds": n} for reason, n in REASONS.items() if reason},
    "capacity": {"phone": {"maximum": 1, "weight": 100}, "max_load": 100},
    "groups": {
        group: {
            "name": group,
            "business_line": "rental",
            "skills": [{"skill": "zh", "level": 1}],
            "targets": {"phone": target},
            "wrap_up": {"phone": {"mode": "none"}},
        }
        for group, target in TARGETS.items()
    },
}
BOUND = max(TARGETS.values()) - min(TARGETS.values()) + max(TIERS.values()) + max(REASONS.values()) + REPEAT
"""Seconds nobody can be passed by in this policy, whatever comes."""


@dataclass
class Waiting:
    """What a caller brought, noted without looking at the core."""

    queued_at: int
    target: int
    head_start: int

    def may_pass(self, other: Waiting) -> int:
        """µs this caller may come after `other` and still be served first."""
        return (self.head_start - other.head_start + other.target - self.target) * SECOND


class Line:
    """One pool whose agents take whatever they are offered at once; every offer is held to the bound."""

    def __init__(self) -> None:
        self.centre = Centre(POLICY)
        self.centre.check_read_only = False
        self.callers: dict[str, Waiting] = {}
        self.profiled: set[str] = set()
        self.order: list[str] = []
        for agent in AGENTS:
            self.centre.sign_in(agent, "zh:5")

    def arrive(self, group: str, reason: str | None) -> str:
        caller = f"c{len(self.callers):04d}"
        self.callers[caller] = Waiting(self.centre.now, TARGETS[group], REASONS[reason])
        self._heard(self.centre.arrive(caller, group, reason=reason))
        return caller

    def profile(self, caller: str, tier: str | None, repeat: bool) -> None:
        """The profile is late, and counts while the caller waits."""
        if caller in self.profiled or caller not in self.waiting():
            return
        self.profiled.add(caller)
        self.callers[caller].head_start += TIERS[tier] + (REPEAT if repeat else 0)
        self._heard(self.centre.feed(ev.ContactProfiled(caller, f"k-{caller}", tier=tier, repeat=repeat)))

    def finish_one(self) -> None:
        talking = [c for c, found in self._contacts().items() if found.phase is ContactPhase.CONNECTED]
        if talking:
            self._heard(self.centre.end(min(talking)))

    def waiting(self) -> list[str]:
        return [c for c, found in self._contacts().items() if found.phase is ContactPhase.QUEUED]

    def _contacts(self) -> dict[str, Any]:
        return self.centre.state.pools[TENANT, POOL].contacts

    def _heard(self, decisions: list[RoutingDecision]) -> None:
        for offer in [d for d in decisions if isinstance(d, OfferMade)]:
            chosen = self.callers[offer.contact_id]
            for passed in self.waiting():
                left = self.callers[passed]
                assert chosen.queued_at - left.queued_at <= chosen.may_pass(left), (offer.contact_id, passed)
                assert chosen.queued_at - left.queued_at <= BOUND * SECOND
            self.order.append(offer.contact_id)
            self.centre.serve(offer.contact_id)


STEPS = st.one_of(
    st.tuples(st.just("arrive"), st.sampled_from(sorted(TARGETS)), st.sampled_from(list(REASONS))),
    st.tuples(st.just("profile"), st.sampled_from(list(TIERS)), st.booleans()),
    st.tuples(st.just("finish")),
    st.tuples(st.just("wait"), st.sampled_from([1, 7, 30, 100, 250])),
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=10, max_size=45), st.randoms(use_true_random=False))
def test_nobody_is_passed_by_more_than_head_start_and_target_allow(steps: list[Any], draw: Any) -> None:
    line = Line()
    for step in steps:
        if step[0] == "arrive":
            line.arrive(step[1], step[2])
        elif step[0] == "profile" and line.callers:
            line.profile(draw.choice(sorted(line.callers)), step[1], step[2])
        elif step[0] == "finish":
            line.finish_one()
        elif step[0] == "wait":
            line.centre.pass_seconds(step[1])
    while line.waiting():
        line.centre.pass_seconds(1)
        line.finish_one()


def test_the_least_favoured_caller_is_served_however_many_favoured_ones_come() -> None:
    """More favoured callers than the agents can serve, without end: the plain one passes into the past and goes first."""
    line = Line()
    for _ in AGENTS:
        line.arrive("quick", None)
    plain = line.arrive("slow", None)
    came = line.centre.now
    while plain not in line.order:
        line.centre.pass_seconds(20)
        for _ in range(2):  # two come for each that is served
            line.profile(line.arrive("quick", "leak"), "gold", repeat=True)
        line.finish_one()
        assert line.centre.now - came <= 4 * BOUND * SECOND, "starved"
    passed_by = [c for c in line.order[: line.order.index(plain)] if line.callers[c].queued_at > came]
    assert all(line.callers[c].queued_at - came <= BOUND * SECOND for c in passed_by)
    assert passed_by, "the favoured ones do go first while their advantage lasts"


def test_whoever_comes_later_than_the_bound_is_never_first() -> None:
    """The wait a place can cost is known beforehand: the callers that came within the bound, no others."""
    line = Line()
    for _ in AGENTS:
        line.arrive("quick", None)
    plain = line.arrive("slow", None)
    line.centre.pass_seconds(BOUND)
    exactly = line.arrive("quick", "leak")
    line.profile(exactly, "gold", repeat=True)
    line.centre.pass_seconds(1)
    beyond = line.arrive("quick", "leak")
    line.profile(beyond, "gold", repeat=True)
    for _ in range(3):
        line.finish_one()
    assert line.order.index(plain) < line.order.index(beyond)
    assert line.order.index(plain) < line.order.index(exactly), "equal places go by id, and the older id is first"
