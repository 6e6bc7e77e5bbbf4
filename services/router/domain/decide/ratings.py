"""Ratings after the contact: asked once, answered once, a low one marked for somebody to act on."""

from __future__ import annotations

from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.ratings import Rateable
from shared.contracts.contact_events import RatingGiven, RatingInvited
from shared.contracts.routing_decisions import ContactRated, RatingAwaited, RefusalReason


def rating_invited(draft: Draft, fact: RatingInvited) -> None:
    """The gateway asked the customer; asking again (another tab, another way) counts once."""
    over = _rateable(draft, fact.contact_id)
    if over.rated:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "rated_already")
    if not over.asked:
        draft.emit(
            fact.contact_id,
            RatingAwaited(fact.contact_id, over.agent_id, over.group, fact.channel, fact.scale, draft.now),
        )


def rating_given(draft: Draft, fact: RatingGiven) -> None:
    """The score, held against the threshold its group has now."""
    over = _rateable(draft, fact.contact_id)
    if over.rated:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "rated_already")
    if fact.scale != over.scale or fact.score > fact.scale:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "off_the_scale")
    group = draft.policy.groups.get(over.group)
    draft.emit(
        fact.contact_id,
        ContactRated(
            contact_id=fact.contact_id,
            agent_id=over.agent_id,
            group=over.group,
            channel=over.channel,
            score=fact.score,
            scale=fact.scale,
            low=group is not None and fact.score <= group.rating.low,
            via=fact.via,
            at=draft.now,
            customer_id=over.customer_id,
        ),
    )


def _rateable(draft: Draft, contact_id: str) -> Rateable:
    """The conversation asked about. Raises Refusal: still going on, never to be rated, or too long ago."""
    found = draft.pool.ratings.get(contact_id)
    if found is not None:
        return found
    if draft.work.find_contact(contact_id) is not None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "not_over")
    raise Refusal(
        RefusalReason.ILLEGAL_IN_STATE if contact_id in draft.pool.ended else RefusalReason.UNKNOWN_CONTACT, "not_asked"
    )
