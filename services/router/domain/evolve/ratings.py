"""What is remembered of conversations to be rated, and that they were asked about and answered."""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.inputs import Input
from services.router.domain.ratings import Rateable
from services.router.domain.workspace import Workspace
from shared.contracts.routing_decisions import ContactClosed, ContactRated, RatingAwaited


def remember(work: Workspace, decision: ContactClosed) -> None:
    """The contact is over and its customer is to be asked."""
    if decision.rating_scale is None or decision.agent_id is None or decision.group is None or work.copying:
        return
    work.pool.ratings[decision.contact_id] = Rateable(
        decision.at,
        decision.agent_id,
        decision.group,
        decision.channel,
        decision.rating_scale,
        decision.customer_id,
    )


def note(work: Workspace, given: Input, decision: RatingAwaited | ContactRated) -> None:
    """Asked, or answered: from here on it is not taken a second time."""
    if work.copying:
        return
    ratings = work.pool.ratings
    known = ratings[decision.contact_id]
    rated = known.rated or isinstance(decision, ContactRated)
    ratings[decision.contact_id] = replace(known, asked=True, rated=rated)
