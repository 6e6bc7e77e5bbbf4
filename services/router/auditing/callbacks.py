"""What the auditor holds hours, overflow, callbacks and calls to outside parties to: one dial per attempt (I5), one end of each
contact (I1), no way in a circle, and nobody offered in a group that is closed and done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.contracts import routing_decisions as said

HEARD = (
    said.CallbackQueued
    | said.DialRequested
    | said.DialSettled
    | said.CallbackRetryScheduled
    | said.ContactOverflowed
    | said.ContactDeferred
    | said.GroupHoursChanged
)
"""Decisions this file looks at; offers and closings are told to it beside."""
Found = Callable[[str, str, str], None]


@dataclass
class _Calling:
    """What was said of one callback."""

    allowed: int
    attempts: int = 0
    under_way: str | None = None
    unknown: str | None = None  # in quarantine for this attempt
    answered: bool = False


@dataclass
class CallbackHistory:
    """Of one agent pool. `found` is told (invariant, subject, text)."""

    found: Found
    _callings: dict[str, _Calling] = field(default_factory=dict[str, _Calling])
    _attempts: set[str] = field(default_factory=set[str])
    _outside: dict[str, str] = field(default_factory=dict[str, str])  # contact → attempt, while an outside party rings
    _talks_outside: set[str] = field(default_factory=set[str])  # contacts whose outside party answered last time
    _origins: set[str] = field(default_factory=set[str])
    _left: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])  # contact → groups it flowed out of
    _shut: set[str] = field(default_factory=set[str])  # groups that are closed and serve nobody

    def hear(self, decision: HEARD) -> None:
        match decision:
            case said.CallbackQueued(contact_id=contact_id):
                if contact_id in self._callings:
                    self.found("I1", contact_id, "called back a second time under the same id")
                self._callings[contact_id] = _Calling(decision.attempts_allowed)
                if decision.origin is not None:
                    self._origins.add(decision.origin)
            case said.DialRequested(outside=None):
                self._dialled(decision)
            case said.DialRequested(contact_id=contact_id):
                if contact_id in self._outside or decision.attempt_id in self._attempts:
                    self.found("I5", contact_id, "an outside party dialled twice, or beside another")
                self._attempts.add(decision.attempt_id)
                self._outside[contact_id] = decision.attempt_id
                self._talks_outside.discard(contact_id)
            case said.DialSettled(contact_id=contact_id) if contact_id in self._outside:
                if self._outside[contact_id] != decision.attempt_id:
                    self.found("I5", contact_id, "a call to an outside party was settled that was not under way")
                del self._outside[contact_id]
                if decision.outcome == "answered":
                    self._talks_outside.add(contact_id)
            case said.DialSettled(contact_id=contact_id):
                calling = self._callings.get(contact_id)
                if calling is None or decision.attempt_id not in (calling.under_way, calling.unknown):
                    self.found("I5", contact_id, "an attempt was settled that was not under way")
                else:
                    calling.under_way, calling.answered = None, decision.outcome == "answered"
                    calling.unknown = decision.attempt_id if decision.outcome == "unknown" else None
            case said.CallbackRetryScheduled(contact_id=contact_id):
                calling = self._callings.get(contact_id)
                if calling is None or calling.under_way is not None or calling.attempts >= calling.allowed:
                    self.found("I5", contact_id, "tried again beside an attempt, or beyond the last")
                elif calling.unknown is not None and decision.by is None:
                    self.found("I5", contact_id, "tried again though nobody can tell what became of the last attempt")
                else:
                    calling.unknown = None
            case said.ContactOverflowed(contact_id=contact_id, to_kind="group"):
                left = self._left.setdefault(contact_id, set())
                left.add(decision.group)
                if decision.to in left:
                    self.found("overflow", contact_id, "flowed back into a group it had left")
            case said.GroupHoursChanged(group=group):
                if decision.open or decision.serving:
                    self._shut.discard(group)
                else:
                    self._shut.add(group)
            case _:
                return

    def _dialled(self, decision: said.DialRequested) -> None:
        """I5: every attempt has its own id, none begins beside another, none after the last."""
        calling = self._callings.get(decision.contact_id)
        if calling is None or (calling.under_way, calling.unknown) != (None, None) or calling.answered:
            self.found("I5", decision.contact_id, "dialled without being a callback, or beside another attempt")
            return
        if decision.attempt_id in self._attempts or decision.number_of_attempt != calling.attempts + 1:
            self.found("I5", decision.contact_id, "the same attempt dialled twice")
        if decision.number_of_attempt > calling.allowed:
            self.found("I5", decision.contact_id, f"dialled more than {calling.allowed} times")
        self._attempts.add(decision.attempt_id)
        calling.attempts, calling.under_way = decision.number_of_attempt, decision.attempt_id

    def talks_outside(self, contact_id: str) -> bool:
        """Whether the outside party dialled last for this contact answered."""
        return contact_id in self._talks_outside

    def offered(self, offer: said.OfferMade) -> None:
        if offer.group in self._shut and offer.consult_of is None and offer.reasons.step != "preferred":
            self.found("hours", offer.contact_id, f"offered in group {offer.group}, which is closed")

    def closed(self, decision: said.ContactClosed) -> None:
        contact_id = decision.contact_id
        if decision.end is said.ContactEnd.CALLBACK_ACCEPTED and contact_id not in self._origins:
            self.found("I1", contact_id, "ended for a callback that does not exist")
        calling = self._callings.get(contact_id)
        self._talks_outside.discard(contact_id)
        if self._outside.pop(contact_id, None) is not None:
            self.found("I5", contact_id, "closed while an outside party was dialled")
        if calling is not None and calling.under_way is not None:
            self.found("I5", contact_id, "closed while its customer was dialled")
        self._left.pop(contact_id, None)
