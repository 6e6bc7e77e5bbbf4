"""One run of a record through the core: under the policies it was recorded with, or under another; what came of every wait."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.router.domain.core import Decided, Input, PolicyInForce, decisions_to_json
from services.router.domain.inputs import HoursExpanded
from services.router.domain.policy.document import parse_policy
from services.router.domain.policy.model import Policy
from services.router.simulation.kernel import Kernel
from services.router.simulation.tally import Outcome, Tally
from services.router.what_if.reading import digest
from services.router.what_if.record import Heard, Record
from services.router.what_if.reenactment import DRAWN, Reenactment
from services.router.what_if.unrecorded import Models, Unrecorded, Use
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    InteractionStarted,
    OfferMade,
)

ANSWERED, WAITING = "answered", "waiting"
TOLD_EVERY = 2_000
"""Inputs between two words about progress."""
DEFAULT_TARGET = 20
"""Seconds, for a group no policy gives a target for the channel."""

Progress = Callable[[float], None]


@dataclass(slots=True)
class Wait:
    """One contact's first wait in the period. Times in µs; `end`: "answered", how it was closed, or "waiting"."""

    contact_id: str
    group: str
    tier: str
    channel: Channel
    entered: int
    waited: int = 0
    end: str = WAITING
    agent_id: str | None = None
    right_skill: bool = False
    offer: OfferMade | None = None  # the accepted one
    closed: ContactClosed | None = None

    @property
    def abandoned(self) -> bool:
        return self.end.startswith("abandoned")


@dataclass(frozen=True)
class Fidelity:
    """How many inputs of the record were decided again as they were, of how many; the first position that was not."""

    inputs: int
    equal: int
    first_differing: int | None


@dataclass(frozen=True)
class Rerun:
    """What came of it."""

    waits: Mapping[str, Wait]
    outcome: Outcome
    use: Use
    policy: Policy | None  # in force at the end
    inputs: int
    fidelity: Fidelity | None = None


class CloseLook(Tally):
    """A tally that also keeps each contact's first wait. `counts_from` as the tally's."""

    def __init__(self, severity: Mapping[str, int], counts_from: int) -> None:
        super().__init__(severity=severity, counts_from=counts_from)
        self.waits: dict[str, Wait] = {}
        self._offers: dict[str, OfferMade] = {}
        self._counts_from = counts_from

    def hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        for decided in decisions:
            match decided.decision:
                case ContactQueued() as queued:
                    self._began(queued)
                case OfferMade() as offer:
                    self._offers[offer.contact_id] = offer
                case ContactAssigned() as assigned:
                    self._accepted(assigned)
                case _:
                    continue
        right = self._whole.right_skill
        super().hear(given, decisions)
        for decided in decisions:
            match decided.decision:
                case InteractionStarted() as started:
                    self._heard(started, self._whole.right_skill > right)
                case ContactClosed() as closed:
                    self._over(closed)
                case _:
                    continue

    def _began(self, queued: ContactQueued) -> None:
        if queued.contact_id not in self.waits and queued.entered_group_at >= self._counts_from:
            self.waits[queued.contact_id] = Wait(
                queued.contact_id, queued.group, queued.tier or "", queued.channel, queued.entered_group_at
            )

    def _accepted(self, assigned: ContactAssigned) -> None:
        wait = self.waits.get(assigned.contact_id)
        if wait is not None and wait.end == WAITING:
            wait.offer = self._offers.get(assigned.contact_id)

    def _heard(self, started: InteractionStarted, right_skill: bool) -> None:
        wait = self.waits.get(started.contact_id)
        if wait is not None and wait.end == WAITING:
            wait.waited, wait.end = started.at - wait.entered, ANSWERED
            wait.agent_id, wait.right_skill = started.agent_id, right_skill

    def _over(self, closed: ContactClosed) -> None:
        self._offers.pop(closed.contact_id, None)
        wait = self.waits.get(closed.contact_id)
        if wait is not None and wait.end == WAITING:
            wait.waited, wait.end, wait.closed = closed.at - wait.entered, str(closed.end), closed


@dataclass
class _Comparer:
    """Holds every decided input against the record."""

    expected: Mapping[int, bytes]
    equal: int = 0
    seen: int = 0
    first: int | None = None

    def hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        self.seen += 1
        if self.expected.get(given.position) == digest(decisions_to_json(decisions)):
            self.equal += 1
        elif self.first is None:
            self.first = given.position

    def fidelity(self) -> Fidelity:
        first = self.first
        if first is None and self.seen < len(self.expected):
            first = sorted(self.expected)[self.seen]
        return Fidelity(len(self.expected), self.equal, first)


@dataclass(frozen=True)
class Question:
    """A record and the rule changes asked about. `policy` None: as recorded. `severity` and targets measure every run alike."""

    record: Record
    models: Models
    severity: Mapping[str, int]
    policy: PolicyInForce | None = None
    told: Progress = field(default=lambda _: None)

    def run(self, seed: int, *, compared: bool = False) -> Rerun:
        """The whole period once. `compared`: hold the decisions against the record's."""
        record = self.record
        state = record.fresh_state()
        standing = state.pool(record.tenant, record.pool)
        governed = standing is not None and standing.policy is not None
        kernel = Kernel(
            None,
            record.begins,
            tenant=record.tenant,
            pool=record.pool,
            state=state,
            heard_timers=record.heard_timers,
            event_prefix=DRAWN,
        )
        look = CloseLook(self.severity, record.begins)
        kernel.listen(look.hear)
        comparer = _Comparer(dict(record.decided)) if compared else None
        if comparer is not None:
            kernel.listen(comparer.hear)
        kernel.listen(self._teller())
        model = Unrecorded(record, self.models, seed)
        Reenactment(kernel, record, model)
        for heard in self._timeline(governed):
            kernel.schedule(
                heard.at, heard.fact, heard.event_id, occurred_at=heard.occurred_at, position=heard.position
            )
        kernel.run(until=record.ends - 1)
        pool = kernel.state.pool(record.tenant, record.pool)
        return Rerun(
            look.waits, look.outcome(record.ends), model.use, pool.policy if pool else None, kernel.inputs,
            comparer.fidelity() if comparer else None,
        )  # fmt: skip

    def _timeline(self, governed: bool) -> Sequence[Heard]:
        """The record's own facts; with another policy, that one in place of every recorded one."""
        if self.policy is None:
            return self.record.timeline
        timeline: list[Heard] = []
        if governed:
            timeline.append(Heard(self.record.begins, self.policy, f"what-if:{self.policy.version}"))
        for heard in self.record.timeline:
            if not isinstance(heard.fact, PolicyInForce | HoursExpanded):
                timeline.append(heard)
            elif isinstance(heard.fact, HoursExpanded):
                continue  # of the policy that does not rule here; this one brought its own
            elif not governed:
                governed = True
                timeline.append(replace(heard, fact=self.policy))
        return timeline

    def _teller(self) -> Callable[[Input, Sequence[Decided]], None]:
        begins, length = self.record.begins, max(1, self.record.ends - self.record.begins)
        heard = 0

        def tell(given: Input, _decisions: Sequence[Decided]) -> None:
            nonlocal heard
            heard += 1
            if heard % TOLD_EVERY == 0:
                self.told(min(1.0, (given.now - begins) / length))

        return tell


def policy_in_force(
    mapping: Mapping[str, object],
    version: int,
    hours: Mapping[str, tuple[tuple[int, int], ...]] | None = None,
    hours_until: int = 0,
) -> PolicyInForce:
    """The policy asked about, as the core hears of it. Raises PolicyErrors."""
    complete = parse_policy(mapping).to_mapping()
    text = json.dumps(complete, sort_keys=True, ensure_ascii=False)
    return PolicyInForce(version, hashlib.sha256(text.encode()).hexdigest(), complete, dict(hours or {}), hours_until)


def policy_at_start(record: Record) -> Policy | None:
    """In force when the period begins: of the state, or the first that the journal tells of."""
    state = record.fresh_state().pool(record.tenant, record.pool)
    if state is not None and state.policy is not None:
        return state.policy
    first = next((heard.fact for heard in record.timeline if isinstance(heard.fact, PolicyInForce)), None)
    return None if first is None else parse_policy(first.policy)


def target_of(policy: Policy | None, group: str, channel: Channel) -> int:
    """Response target in µs by which every run is measured."""
    found = policy.groups.get(group) if policy else None
    return (found.targets.get(channel, DEFAULT_TARGET) if found else DEFAULT_TARGET) * SECOND
