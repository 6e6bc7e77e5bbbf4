"""How chat life, company and ratings change the live picture: whose turn it is, parked chats, colleagues, what customers say."""

from __future__ import annotations

from dataclasses import replace

from services.console.domain.changes import Changes
from services.console.domain.live import RATINGS_KEPT, PoolLive
from services.console.domain.shapes import Awaited, ContactState
from shared.contracts import routing_decisions as rd


def turned(pool: PoolLive, d: rd.ReplyAwaited, changes: Changes) -> None:
    _awaiting(pool, d.agent_id, d.interaction_id, Awaited(d.of, d.at, d.until), changes)


def parked(pool: PoolLive, d: rd.ContactParked, changes: Changes) -> None:
    """The chat stays in its agent's hands, beside those that count; without an agent it is nobody's until its customer writes."""
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.state, contact.since = ContactState.PARKED, d.at
        contact.agent_id = d.agent_id
    if d.agent_id is not None and d.interaction_id is not None:
        awaited = Awaited("customer", d.at, d.until)
        _awaiting(pool, d.agent_id, d.interaction_id, awaited, changes, ContactState.PARKED, d.at)


def returning(pool: PoolLive, d: rd.ContactReturning, changes: Changes) -> None:
    _awaiting(pool, d.agent_id, d.interaction_id, Awaited("agent", d.at, d.until), changes)


def resumed(pool: PoolLive, d: rd.ContactResumed, changes: Changes) -> None:
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.state, contact.since = ContactState.CONNECTED, d.at
    awaited = Awaited("agent", d.at)
    _awaiting(pool, d.agent_id, d.interaction_id, awaited, changes, ContactState.CONNECTED, d.at)


def _awaiting(
    pool: PoolLive,
    agent_id: str,
    interaction_id: str,
    awaited: Awaited,
    changes: Changes,
    state: ContactState | None = None,
    since: int = 0,
) -> None:
    agent = pool.agents.get(agent_id)
    known = agent.interactions.get(interaction_id) if agent is not None else None
    if agent is None or known is None:
        return
    changed = replace(known, awaited=awaited)
    if state is not None:
        changed = replace(changed, state=state, since=since)
        changes.agents.add(agent_id)
    agent.interactions[interaction_id] = changed
    changes.tell("interaction_changed", agent_id, changed)


def admitted(pool: PoolLive, d: rd.ColleagueAdmitted, changes: Changes) -> None:
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.colleagues[d.agent_id] = None
        _tell_company(pool, d.contact_id, changes, d.agent_id)


def released(pool: PoolLive, d: rd.ColleagueReleased, changes: Changes) -> None:
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.colleagues.pop(d.agent_id, None)
        _tell_company(pool, d.contact_id, changes, d.agent_id)


def _tell_company(pool: PoolLive, contact_id: str, changes: Changes, joining: str) -> None:
    """The agent and everybody beside the conversation see who is there."""
    contact = pool.contacts[contact_id]
    company = tuple(contact.colleagues)
    shape = {"contact_id": contact_id, "colleagues": list(company), "agent_id": contact.agent_id}
    for agent_id in sorted({*company, joining, *filter(None, (contact.agent_id,))}):
        changes.tell("company_changed", agent_id, shape)


def rated(pool: PoolLive, d: rd.ContactRated, changes: Changes) -> None:
    """Kept as tenths of the scale's five, so that groups with other scales count alike."""
    kept = pool.ratings.setdefault(d.agent_id, [])
    kept.append(d.score * 50 // d.scale)
    del kept[:-RATINGS_KEPT]
    changes.agents.add(d.agent_id)
