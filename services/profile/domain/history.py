"""The router's decisions as the history of contacts: what of a batch concerns the timeline, latest word per contact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.contracts.envelope import Envelope
from shared.contracts.routing_decisions import (
    ContactClosed,
    ContactQueued,
    ContactRated,
    InteractionEnded,
    InteractionStarted,
    RoutingDecision,
    WrapUpFinished,
)

Key = tuple[str, str]
"""(tenant, contact id) or (tenant, interaction id)."""


@dataclass(slots=True)
class Happened:
    """What a batch of decisions adds to the history. Within an interaction started < ended < wrapped up holds by id."""

    queued: dict[Key, ContactQueued] = field(default_factory=dict[Key, ContactQueued])
    started: dict[Key, InteractionStarted] = field(default_factory=dict[Key, InteractionStarted])
    ended: dict[Key, InteractionEnded] = field(default_factory=dict[Key, InteractionEnded])
    wrapped: dict[Key, WrapUpFinished] = field(default_factory=dict[Key, WrapUpFinished])
    last_wrap_up: dict[Key, WrapUpFinished] = field(default_factory=dict[Key, WrapUpFinished])
    closed: dict[Key, ContactClosed] = field(default_factory=dict[Key, ContactClosed])
    rated: dict[Key, ContactRated] = field(default_factory=dict[Key, ContactRated])

    def changes_cards(self) -> list[Key]:
        """Contacts whose customers' cards tell something else now."""
        return sorted({*self.closed, *self.last_wrap_up, *self.rated})


def history_of(decisions: Iterable[Envelope[RoutingDecision]]) -> Happened:
    """Sort a batch, in its order, into what happened; decisions of no concern to the timeline are passed over."""
    happened = Happened()
    for envelope in decisions:
        tenant = envelope.tenant
        match envelope.data:
            case ContactQueued() as queued:
                happened.queued[tenant, queued.contact_id] = queued
            case InteractionStarted() as started:
                happened.started[tenant, started.interaction_id] = started
            case InteractionEnded() as ended:
                happened.ended[tenant, ended.interaction_id] = ended
            case WrapUpFinished() as finished:
                happened.wrapped[tenant, finished.interaction_id] = finished
                happened.last_wrap_up[tenant, finished.contact_id] = finished
            case ContactClosed() as closed:
                happened.closed[tenant, closed.contact_id] = closed
            case ContactRated() as rated:
                happened.rated[tenant, rated.contact_id] = rated
            case _:
                continue
    return happened
