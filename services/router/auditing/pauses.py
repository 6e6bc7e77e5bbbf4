"""The pause between calls held against a journal: nobody in it was given outbound work that no person chose them for.

Counted from decisions alone; a pause that is over by the clock but whose timer the journal does not hold yet is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.contracts import routing_decisions as said

Fault = tuple[str, str]
"""About whom, and what."""


class PauseAudit:
    """One agent pool's pauses; give it each row's decisions, in order."""

    def __init__(self) -> None:
        self._paused: dict[str, tuple[int, bool]] = {}  # agent → until, from all work
        self._outbound: dict[str, None] = {}  # contacts that wait for the rested

    def row(self, decisions: Iterable[said.RoutingDecision], now: int) -> Iterator[Fault]:
        """Every fault of one input's decisions."""
        for decision in decisions:
            match decision:
                case said.AgentPaused(agent_id=agent_id):
                    if decision.until <= now:
                        yield agent_id, "a pause that was over when it began"
                    self._paused[agent_id] = (decision.until, decision.whole)
                case said.ContactQueued() | said.ContactRekeyed():
                    self._queued(decision)
                case said.OfferMade(consult_of=None) | said.ContactAssigned(unoffered=True):
                    yield from self._given(decision.agent_id, decision.contact_id, now)
                case said.ContactClosed(contact_id=contact_id):
                    self._outbound.pop(contact_id, None)
                case said.AgentStateChanged(presence="signed_out", agent_id=agent_id):
                    self._paused.pop(agent_id, None)
                case _:
                    pass

    def _queued(self, decision: said.ContactQueued | said.ContactRekeyed) -> None:
        in_person = isinstance(decision, said.ContactQueued) and decision.only_agent is not None
        if decision.outbound and not in_person:
            self._outbound[decision.contact_id] = None
        else:
            self._outbound.pop(decision.contact_id, None)

    def _given(self, agent_id: str, contact_id: str, now: int) -> Iterator[Fault]:
        until, whole = self._paused.get(agent_id, (0, False))
        if until > now and (whole or contact_id in self._outbound):
            yield agent_id, f"was given {contact_id} in the pause between calls"
