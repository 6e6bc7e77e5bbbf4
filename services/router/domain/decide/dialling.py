"""Asking the gateway to dial, the customer of a callback or an outside party: once an attempt, and only while it is not too
late."""

from __future__ import annotations

from services.router.domain.callbacks import Callback
from services.router.domain.contacts import Contact
from services.router.domain.decide.draft import Draft
from services.router.domain.policy.elsewhere import OutsideNumber
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import DialRequested

BEGIN_SECONDS = 15
"""Within which a gateway must begin to dial; later, the agent who waits has waited in vain."""


OUTSIDE_ANSWER_SECONDS = 30
"""How long an outside party may ring; with the time to begin, what a customer waits at most before the transfer falls back."""


def request_dial(draft: Draft, contact: Contact, callback: Callback, agent_id: str | None) -> None:
    """`agent_id`: who accepted and waits for the customer; None: the customer first."""
    draft.emit(
        contact.contact_id,
        DialRequested(
            contact_id=contact.contact_id,
            attempt_id=callback.attempt or draft.next_id("d"),
            number_of_attempt=callback.attempts + 1,
            answer_seconds=draft.group_of(contact).callback.answer_seconds,
            not_after=draft.now + BEGIN_SECONDS * SECOND,
            agent_id=agent_id,
            gateway_id=contact.gateway_id,
        ),
    )


def request_outside(
    draft: Draft, contact: Contact, party: OutsideNumber, asked_by: str | None = None, transfer_id: str | None = None,
    *, joined: bool = False,
) -> None:  # fmt: skip
    """The outside party is dialled for a customer whom their agent has let go, or for the agent who asks them first."""
    latest = draft.now + BEGIN_SECONDS * SECOND
    draft.emit(
        contact.contact_id,
        DialRequested(
            contact_id=contact.contact_id,
            attempt_id=draft.next_id("d"),
            number_of_attempt=1,
            answer_seconds=OUTSIDE_ANSWER_SECONDS,
            not_after=latest,
            agent_id=asked_by,
            gateway_id=contact.gateway_id,
            outside=party.id,
            number=party.number,
            caller_id=party.caller_id,
            until=latest + OUTSIDE_ANSWER_SECONDS * SECOND,
            transfer_id=transfer_id,
            joined=joined,
        ),
    )


def connect_deadline(draft: Draft, contact: Contact) -> int:
    """Until when an accepted contact must be connected, µs; a customer who is yet to be called gets time to answer."""
    seconds = draft.policy.connect_timeout_seconds
    if contact.is_callback_waiting:
        seconds += BEGIN_SECONDS + draft.group_of(contact).callback.answer_seconds
    return draft.now + seconds * SECOND
