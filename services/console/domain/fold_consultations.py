"""How the decisions of a warm transfer change the live picture: who asks, who is asked, who has the customer in the end.

The asked agent has the contact in hand as `consulting` from the acceptance on, and as connected after the hand-over; the
frames are those of any contact (`assigned`, `interaction_started`, `interaction_ended`), with the consultation beside them.
"""

from __future__ import annotations

from dataclasses import replace

from services.console.domain.changes import Changes
from services.console.domain.live import PoolLive
from services.console.domain.shapes import Consultation, ContactState, Interaction
from shared.contracts import routing_decisions as rd


def requested(pool: PoolLive, d: rd.ConsultationRequested, at: int, changes: Changes) -> None:
    consultation = Consultation(
        d.transfer_id, d.contact_id, d.from_agent, d.target_kind, d.target, d.until, since=at, joined=d.joined,
        takes_over=d.takes_over,
    )  # fmt: skip
    if (sender := pool.agents.get(d.from_agent)) is not None:
        sender.consultations[d.transfer_id] = consultation
    changes.tell("consultation_requested", d.from_agent, consultation)


def moved(
    pool: PoolLive, sender_id: str | None, transfer_id: str, state: str, asked: str | None, at: int, changes: Changes
) -> None:
    """Somebody is being asked, or somebody else is looked for: the sender sees it."""
    sender = pool.agents.get(sender_id) if sender_id is not None else None
    known = sender.consultations.get(transfer_id) if sender is not None else None
    if sender is not None and known is not None:
        sender.consultations[transfer_id] = replace(known, state=state, agent_id=asked, since=at)
        changes.tell("consultation_requested", sender_id, sender.consultations[transfer_id])


def started(pool: PoolLive, d: rd.ConsultationStarted, at: int, changes: Changes) -> None:
    """Both see that they talk; the asked agent's offer becomes a contact in hand."""
    contact, asked, sender = pool.contacts.get(d.contact_id), pool.agents.get(d.agent_id), pool.agents.get(d.from_agent)
    known = sender.consultations.get(d.transfer_id) if sender is not None else None
    talking = Consultation(
        d.transfer_id, d.contact_id, d.from_agent, known.target_kind if known else "agent", known.target if known else d.agent_id,
        known.until if known else at, "talking", d.agent_id, d.interaction_id, at, d.joined,
        known.takes_over if known else False,
    )  # fmt: skip
    for agent in (sender, asked):
        if agent is not None:
            agent.consultations[d.transfer_id] = talking
    if contact is not None:
        contact.consulted = d.agent_id
    offer = asked.offers.get(d.offer_id) if asked is not None else None
    if asked is not None and offer is not None:
        interaction = Interaction(
            d.interaction_id, d.contact_id, d.agent_id, d.offer_id, offer.channel, offer.business_line, offer.group,
            ContactState.CONSULTING, at, None, 0, offer.tier, offer.customer_id,
        )  # fmt: skip
        asked.interactions[d.interaction_id] = interaction
        changes.tell("assigned", d.agent_id, interaction)
    for agent_id in (d.from_agent, d.agent_id):
        changes.tell("consultation_started", agent_id, talking)


def ended(pool: PoolLive, d: rd.ConsultationEnded, at: int, changes: Changes) -> None:
    """No hand-over: the contact leaves the asked agent's hands."""
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.consulted = None
    asked = pool.agents.get(d.agent_id) if d.agent_id is not None else None
    theirs = asked.consultations.get(d.transfer_id) if asked is not None else None
    if asked is not None and theirs is not None and theirs.interaction_id is not None:
        asked.interactions.pop(theirs.interaction_id, None)
        changes.agents.add(asked.state.agent_id)
        changes.tell("interaction_ended", d.agent_id, {
            "contact_id": d.contact_id, "interaction_id": theirs.interaction_id, "at": at, "why": "consultation_over",
            "talked": at - theirs.since,
        })  # fmt: skip
    _over(pool, d.contact_id, d.transfer_id, d.from_agent, d.agent_id if theirs is not None else None, d.why, changes)


def handed_over(pool: PoolLive, d: rd.ContactTransferred, changes: Changes) -> None:
    """The customer is the asked agent's; `interaction_started` follows for them, as for any contact."""
    asked = pool.agents.get(d.to_agent) if d.to_agent is not None else None
    theirs = asked.interactions.get(d.interaction_id) if asked is not None and d.interaction_id is not None else None
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.agent_id, contact.consulted, contact.waited = d.to_agent, None, 0
        if theirs is not None:
            contact.group, contact.offer_id = theirs.group, theirs.offer_id
    _over(pool, d.contact_id, d.transfer_id, d.from_agent, d.to_agent, "handed_over", changes)


def outside_asked(pool: PoolLive, d: rd.DialRequested | rd.DialSettled, at: int, changes: Changes) -> None:
    """The sender sees that the outside party rings, or talks with them; unanswered, the end of the consultation follows."""
    contact = pool.contacts.get(d.contact_id)
    dialled = isinstance(d, rd.DialRequested)
    if contact is not None and d.transfer_id is not None and (dialled or d.outcome == "answered"):
        moved(pool, contact.agent_id, d.transfer_id, "dialling" if dialled else "talking", None, at, changes)


def handed_outside(pool: PoolLive, d: rd.ContactTransferred, at: int, changes: Changes) -> bool:
    """Whether it was to an outside party who was asked first: they have the customer, nobody of ours does."""
    sender = pool.agents.get(d.from_agent)
    if sender is None or d.transfer_id not in sender.consultations:
        return False
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.state, contact.since = ContactState.OUTSIDE, at
        contact.agent_id = contact.offer_id = None
    _over(pool, d.contact_id, d.transfer_id, d.from_agent, None, "handed_over", changes)
    return True


def _over(
    pool: PoolLive, contact_id: str, transfer_id: str, sender: str, asked: str | None, why: str, changes: Changes
) -> None:
    for agent_id in (sender, asked):
        if agent_id is None:
            continue
        agent = pool.agents.get(agent_id)
        known = agent.consultations.pop(transfer_id, None) if agent is not None else None
        changes.tell("consultation_ended", agent_id, {
            "transfer_id": transfer_id, "contact_id": contact_id, "from_agent": sender, "agent_id": asked, "why": why,
            "outside": known.target if known is not None and known.target_kind == "outside" else None,
        })  # fmt: skip
