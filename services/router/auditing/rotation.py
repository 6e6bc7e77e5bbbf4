"""Rotation held against a journal (rule 7): exposure counted anew, and nobody tired offered a wearing contact unsaid.

Counted from decisions alone: when a wearing conversation began, when it and its wrap-up were over. What the router says it
counted must be that, and an offer to somebody over the cap, in a break or with one in hand must carry its override.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.router.domain.core import PolicyInForce, parse_policy
from services.router.domain.policy.fairness import Exposure
from shared.contracts import routing_decisions as said
from shared.contracts.fields import SECOND

HOLDING_MODES = ("until_done", "timed", "timed_no_early_exit")
"""Wrap-up modes that hold capacity, and so wear; an optional one does not."""

Fault = tuple[str, str]
"""About whom, and what."""


@dataclass
class _Worn:
    """One agent's wearing work."""

    offered: set[str] = field(default_factory=set[str])
    begun: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])  # contact → since, severity
    over: set[str] = field(default_factory=set[str])  # over in this row, to be counted
    amounts: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    judged: bool = False  # counted under the rule in force: a rule that is new rests nobody for what was before it

    def total(self, rule: Exposure, now: int) -> int:
        return sum(amount for at, amount in self.amounts if at > now - rule.window_seconds * SECOND)

    def why_tired(self, rule: Exposure, now: int, contact_id: str) -> str | None:
        """What speaks against another wearing contact now."""
        if (self.offered | set(self.begun)) - {contact_id}:
            return "has another one in hand"
        if not self.judged:
            return None
        if any(at > now - rule.break_seconds * SECOND for at, _ in self.amounts):
            return "is in the break after the last one"
        total = self.total(rule, now)
        return f"stands at {total} of {rule.cap * 60} severity-seconds" if total >= rule.cap * 60 else None


class RotationAudit:
    """One agent pool's history of wearing work; give it each row's decisions, in order."""

    def __init__(self) -> None:
        self._rule: Exposure | None = None
        self._severity: dict[str, int] = {}
        self._worn: dict[str, _Worn] = {}

    def hear(self, fact: object) -> None:
        if isinstance(fact, PolicyInForce):
            before, self._rule = self._rule, parse_policy(fact.policy).exposure
            for worn in self._worn.values():
                worn.judged = worn.judged and self._rule == before

    def row(self, decisions: list[said.RoutingDecision], now: int) -> Iterator[Fault]:
        """Every fault of one input's decisions."""
        overridden = {d.offer_id for d in decisions if isinstance(d, said.ExposureOverridden)}
        for decision in decisions:
            yield from self._heard(decision, now, overridden)
        for agent_id in sorted(self._worn):
            for contact_id in sorted(self._worn[agent_id].over):
                yield agent_id, f"the wearing contact {contact_id} was over and was not counted"
            self._worn[agent_id].over.clear()

    def _heard(self, decision: said.RoutingDecision, now: int, overridden: set[str]) -> Iterator[Fault]:
        match decision:
            case said.ContactQueued() | said.ContactRekeyed() | said.ConsultationRequested():
                self._severity[decision.contact_id] = decision.severity
            case said.ContactAssigned(unoffered=True) if self._severity.get(decision.contact_id):
                self._of(decision.agent_id).offered.add(decision.contact_id)
            case said.OfferMade() if self._severity.get(decision.contact_id):
                yield from self._offered(decision, now, overridden)
            case said.OfferWithdrawn():
                self._of(decision.agent_id).offered.discard(decision.contact_id)
            case said.InteractionStarted() | said.ContactResumed():
                self._began(decision)
            case said.InteractionEnded() | said.ContactParked() | said.WrapUpFinished():
                self._ended(decision.agent_id, decision.contact_id)
            case said.WrapUpStarted(agent_id=agent_id, mode=mode) if mode in HOLDING_MODES:
                self._of(agent_id).over.discard(decision.contact_id)
            case said.ExposureCounted():
                yield from self._counted(decision, now)
            case said.ContactClosed(contact_id=contact_id):
                self._severity.pop(contact_id, None)
            case _:
                return

    def _of(self, agent_id: str) -> _Worn:
        return self._worn.setdefault(agent_id, _Worn())

    def _offered(self, offer: said.OfferMade, now: int, overridden: set[str]) -> Iterator[Fault]:
        worn, rule = self._of(offer.agent_id), self._rule
        if rule is not None and offer.offer_id not in overridden:
            tired = worn.why_tired(rule, now, offer.contact_id)
            if tired is not None:
                yield offer.agent_id, f"offered the wearing contact {offer.contact_id} unsaid, and {tired}"
        worn.offered.add(offer.contact_id)

    def _began(self, decision: said.InteractionStarted | said.ContactResumed) -> None:
        worn, severity = self._of(decision.agent_id), self._severity.get(decision.contact_id, 0)
        if severity and (decision.contact_id in worn.offered or isinstance(decision, said.ContactResumed)):
            worn.offered.discard(decision.contact_id)
            worn.begun.setdefault(decision.contact_id, (decision.at, severity))

    def _ended(self, agent_id: str | None, contact_id: str) -> None:
        worn = self._worn.get(agent_id or "")
        if worn is None:
            return
        worn.offered.discard(contact_id)
        if contact_id in worn.begun:
            worn.over.add(contact_id)

    def _counted(self, decision: said.ExposureCounted, now: int) -> Iterator[Fault]:
        worn = self._of(decision.agent_id)
        since, severity = worn.begun.pop(decision.contact_id, (now, 0))
        worn.over.discard(decision.contact_id)
        amount = (now - since) // SECOND * severity
        worn.amounts = [*((at, n) for at, n in worn.amounts if at > decision.window_from), (now, amount)]
        worn.judged = decision.cap is not None
        if amount != decision.amount:
            yield (
                decision.agent_id,
                f"{decision.amount} severity-seconds counted of {decision.contact_id}, {amount} were due",
            )
        if self._rule is not None and decision.total != worn.total(self._rule, now):
            yield decision.agent_id, f"{decision.total} said to be in the window, {worn.total(self._rule, now)} are"
