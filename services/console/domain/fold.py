"""How each decision of the router changes the live picture, and which frames tell of it.

A fold never refuses: the router has decided, the console only shows. `Changes` gathers what a batch touched, so that an
agent's tile or a group's row is pushed once a batch however many decisions concerned it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from services.console.domain import fold_callbacks as callbacks
from services.console.domain import fold_consultations as consultations
from services.console.domain import fold_conversations as conversations
from services.console.domain.changes import Changes
from services.console.domain.live import (
    CLOSED_OFFERS_KEPT,
    AgentLive,
    GroupStay,
    Missed,
    OpenContact,
    PoolLive,
    Waiting,
)
from services.console.domain.shapes import (
    ContactState,
    Interaction,
    Notice,
    Offer,
    Transfer,
    WrapUp,
    agent_audience,
    floor_audiences,
)
from shared.contracts import routing_decisions as rd
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND
from shared.contracts.metrics import definitions

CAME_BACK = (rd.QueueCause.OPENED, rd.QueueCause.CALLBACK, rd.QueueCause.CALLBACK_ANSWERED)
"""Causes of waiting in the same group after it was closed, or nobody was reached: one stay, whose wait counts from now."""


def fold(pool: PoolLive, decision: rd.RoutingDecision, at: int, changes: Changes) -> None:
    """Apply one decision taken at `at` (µs)."""
    match decision:
        case rd.EnrichmentAwaited():
            _enrichment_awaited(pool, decision)
        case rd.ContactQueued():
            _queued(pool, decision, at, changes)
        case rd.OfferMade():
            _offer_made(pool, decision, at, changes)
        case rd.OfferWithdrawn():
            _offer_withdrawn(pool, decision, at, changes)
        case rd.ContactAssigned():
            _assigned(pool, decision, at, changes)
        case rd.ContactTransferred(to_agent=None):
            if not consultations.handed_outside(pool, decision, at, changes):
                _transferred(pool, decision, changes)
        case rd.ContactTransferred():
            consultations.handed_over(pool, decision, changes)
        case rd.ConsultationRequested():
            consultations.requested(pool, decision, at, changes)
        case rd.ConsultationStarted():
            consultations.started(pool, decision, at, changes)
            _close_offer(pool, decision.agent_id, decision.offer_id, changes)
        case rd.ConsultationEnded():
            consultations.ended(pool, decision, at, changes)
        case rd.CallbackQueued():
            callbacks.queued(pool, decision, at, changes)
        case rd.ContactDeferred():
            callbacks.deferred(pool, decision, at, changes)
        case rd.DialRequested(transfer_id=str()) | rd.DialSettled(transfer_id=str()):
            consultations.outside_asked(pool, decision, at, changes)
        case rd.DialRequested():
            callbacks.dialled(pool, decision, at, changes)
        case rd.CallbackRetryScheduled():
            callbacks.retries(pool, decision, at, changes)
        case rd.ContactClosed():
            callbacks.closed(pool, decision)
            _closed(pool, decision, changes)
        case rd.RonaAlerted():
            pool.missed[decision.agent_id] = Missed(decision.in_a_row, at)
        case rd.PolicyApplied():
            changes.policy = True
        case rd.InputRefused(reason=rd.RefusalReason.DUPLICATE_EVENT):
            pass  # a click repeated until acknowledged: the first one counts
        case rd.InputRefused():
            changes.tell("refused", decision.agent_id, {
                "event_id": decision.event_id, "event_type": decision.event_type, "reason": decision.reason,
                "contact_id": decision.contact_id, "detail": decision.detail,
            })  # fmt: skip
        case (
            rd.ExposureWaitEnded()
            | rd.ExposureOverridden()
            | rd.ExposureCounted()
            | rd.AgentRested()
            | rd.AgentRestEnded()
            | rd.AgentPaused()
            | rd.ReserveChanged()
            | rd.PreferredWaitEnded()
            | rd.ExclusionEnded()
            | rd.ContactOverflowed()
            | rd.StaffingNoted()
            | rd.CallbackOffered()
            | rd.AgentReturnAwaited()
            | rd.HoldNoted()
            | rd.SelfServiceEngaged()
            | rd.SelfServiceAnswerGiven()
            | rd.RatingAwaited()
        ):
            pass  # nothing a page shows: the explanation tells of it
        case _:
            _PLAIN[type(decision)](pool, decision, changes)


def agent_notices(pool: PoolLive, agent_ids: set[str]) -> list[Notice]:
    """The tiles of these agents, for themselves and the floors that see them."""
    return [_tile(pool, agent) for agent_id in sorted(agent_ids) if (agent := pool.agents.get(agent_id)) is not None]


def _tile(pool: PoolLive, agent: AgentLive) -> Notice:
    state = agent.state
    seen_by = (agent_audience(state.agent_id), *floor_audiences(state.teams, state.sites))
    return Notice("agent_state", seen_by, agent.shape(pool.pool, pool.ratings.get(state.agent_id, ())))


def _self_service_awaited(pool: PoolLive, d: rd.SelfServiceAwaited, changes: Changes) -> None:
    pool.contacts[d.contact_id] = OpenContact(
        d.contact_id, d.channel, d.business_line, ContactState.SELF_SERVICE, d.arrived_at, d.arrived_at
    )
    pool.line(d.business_line).now[d.contact_id] = None
    changes.lines.add(d.business_line)


def _self_service_over(pool: PoolLive, contact: OpenContact, end: rd.ContactEnd | None, changes: Changes) -> None:
    """The contact left the ivr: with an end there, or on its way to people (None)."""
    line = pool.line(contact.business_line)
    if contact.state is not ContactState.SELF_SERVICE or contact.contact_id not in line.now:
        return
    del line.now[contact.contact_id]
    changes.lines.add(contact.business_line)
    if end is None:
        line.to_people += 1
    elif end is rd.ContactEnd.SELF_SERVED:
        line.served += 1
    else:
        line.left += 1


def _enrichment_awaited(pool: PoolLive, d: rd.EnrichmentAwaited) -> None:
    pool.contacts[d.contact_id] = OpenContact(
        d.contact_id, d.channel, d.business_line, ContactState.ENRICHING, d.arrived_at, d.arrived_at
    )


def _queued(pool: PoolLive, d: rd.ContactQueued, at: int, changes: Changes) -> None:
    contact = pool.contacts.get(d.contact_id)
    if contact is None:
        contact = OpenContact(d.contact_id, d.channel, d.business_line, ContactState.WAITING, at, d.arrived_at)
        pool.contacts[d.contact_id] = contact
    _self_service_over(pool, contact, None, changes)
    contact.business_line = d.business_line
    contact.state, contact.since, contact.group = ContactState.WAITING, at, d.group
    contact.requirement, contact.head_start = d.requirement, d.head_start.seconds
    contact.queued_at, contact.entered_group_at, contact.due_at = d.queued_at, d.entered_group_at, d.due_at
    contact.tier, contact.customer_id, contact.cause = d.tier, d.customer_id, d.cause
    contact.agent_id = contact.offer_id = None
    contact.only_agent = d.only_agent
    changes.queue = True
    callbacks.waits(pool, d.contact_id)
    entry = contact.entry
    if entry is not None and entry.group == d.group and d.cause in CAME_BACK:
        contact.entry = replace(entry, entered_at=d.entered_group_at)
        pool.group(d.group).waiting[d.contact_id] = Waiting(d.channel, d.entered_group_at)
        return
    if entry is not None and (entry.group, entry.entered_at) == (d.group, d.entered_group_at):
        return  # the same stay goes on: an offer failed, the place is kept
    if entry is not None:
        _settle(pool, contact, "flowed_out", at - entry.entered_at, changes)
    group = pool.group(d.group)
    group.business_line = group.business_line or d.business_line
    group.today.offered += 1
    group.waiting[d.contact_id] = Waiting(d.channel, d.entered_group_at)
    target = group.targets.get(d.channel)
    contact.entry = GroupStay(
        d.group, d.entered_group_at, d.due_at - d.queued_at if target is None else target * SECOND
    )
    changes.groups.add(d.group)


def _settle(pool: PoolLive, contact: OpenContact, outcome: str, waited: int, changes: Changes) -> None:
    """The contact's stay in its group has an outcome."""
    entry, contact.entry = contact.entry, None
    if entry is None:
        return
    group = pool.group(entry.group)
    group.waiting.pop(contact.contact_id, None)
    changes.groups.add(entry.group)
    today, within = group.today, waited <= entry.target
    match outcome:
        case "answered":
            today.answered += 1
            today.answered_within += within
            today.wait_answered += waited
        case "abandoned":
            today.abandoned += 1
            today.abandoned_within += within
            today.short_abandons += waited <= pool.short_abandon
        case "flowed_out":
            today.flowed_out += 1
        case "callback":
            today.callback += 1
        case "turned_away":
            today.turned_away += 1
        case _:
            today.failed += 1


def _rekeyed(pool: PoolLive, d: rd.ContactRekeyed, changes: Changes) -> None:
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.requirement, contact.head_start = d.requirement, d.head_start.seconds
        contact.tier, contact.customer_id = d.tier, d.customer_id
        contact.due_at = contact.due_at if d.due_at is None else d.due_at
        changes.queue = True


def _relaxed(pool: PoolLive, d: rd.RelaxationReached, changes: Changes) -> None:
    """Who may take the waiting contact changed: so does what agents see of their queues."""
    contact = pool.contacts.get(d.contact_id)
    if contact is not None and contact.state is ContactState.WAITING:
        contact.requirement = d.requirement
        changes.queue = True


def _offer_made(pool: PoolLive, d: rd.OfferMade, at: int, changes: Changes) -> None:
    contact = pool.contacts.get(d.contact_id)
    if contact is not None and d.consult_of is None:
        contact.state, contact.since = ContactState.OFFERED, at
        contact.agent_id, contact.offer_id = d.agent_id, d.offer_id
        changes.queue = True
    offer = Offer(
        d.offer_id, d.contact_id, d.agent_id, d.channel, d.business_line, d.group, d.made_at, d.expires_at, d.auto_accept,
        d.reasons.waited, contact.tier if contact else None, d.customer_id, d.reasons.preferred_why, d.consult_of,
        None if d.consult_of is None or contact is None else contact.agent_id, d.callback, contact.attempt if contact else None,
    )  # fmt: skip
    callbacks.offered(pool, d.contact_id, d.agent_id)
    if (agent := pool.agents.get(d.agent_id)) is not None:
        agent.offers[d.offer_id] = offer
    changes.agents.add(d.agent_id)
    changes.tell("offer", d.agent_id, offer)
    if d.consult_of is not None and contact is not None:
        consultations.moved(pool, contact.agent_id, d.consult_of, "offered", d.agent_id, at, changes)


def _close_offer(pool: PoolLive, agent_id: str, offer_id: str, changes: Changes) -> None:
    if (agent := pool.agents.get(agent_id)) is not None:
        agent.offers.pop(offer_id, None)
    pool.closed_offers[offer_id] = agent_id
    if len(pool.closed_offers) > CLOSED_OFFERS_KEPT:
        del pool.closed_offers[next(iter(pool.closed_offers))]
    changes.agents.add(agent_id)


def _offer_withdrawn(pool: PoolLive, d: rd.OfferWithdrawn, at: int, changes: Changes) -> None:
    agent = pool.agents.get(d.agent_id)
    withdrawn = agent.offers.get(d.offer_id) if agent is not None else None
    _close_offer(pool, d.agent_id, d.offer_id, changes)
    contact = pool.contacts.get(d.contact_id)
    if contact is not None and contact.offer_id == d.offer_id:
        contact.state, contact.since = ContactState.WAITING, at
        contact.agent_id = contact.offer_id = None
        changes.queue = True
    if withdrawn is not None and withdrawn.consult_of is not None:
        consultations.moved(pool, withdrawn.from_agent, withdrawn.consult_of, "seeking", None, at, changes)
    changes.tell("offer_withdrawn", d.agent_id, {
        "offer_id": d.offer_id, "contact_id": d.contact_id, "outcome": d.outcome, "reason": d.reason,
    })  # fmt: skip


def _assigned(pool: PoolLive, d: rd.ContactAssigned, at: int, changes: Changes) -> None:
    _close_offer(pool, d.agent_id, d.offer_id, changes)
    contact = pool.contacts.get(d.contact_id)
    if contact is not None:
        contact.state, contact.since, contact.waited = ContactState.CONNECTING, at, d.waited
        contact.agent_id, contact.offer_id = d.agent_id, d.offer_id
        contact.called = d.unoffered
    interaction = Interaction(
        d.interaction_id, d.contact_id, d.agent_id, d.offer_id, d.channel, contact.business_line if contact else "", d.group,
        ContactState.CONNECTING, at, d.connect_deadline, d.waited, contact.tier if contact else None, d.customer_id,
        attempt=contact.attempt if contact else None, called=d.unoffered,
    )  # fmt: skip
    if (agent := pool.agents.get(d.agent_id)) is not None:
        agent.interactions[d.interaction_id] = interaction
    changes.tell("assigned", d.agent_id, interaction)


def _interaction_started(pool: PoolLive, d: rd.InteractionStarted, changes: Changes) -> None:
    if (contact := pool.contacts.get(d.contact_id)) is not None:
        contact.state, contact.since = ContactState.CONNECTED, d.at
        _settle(pool, contact, "answered", contact.waited, changes)
    agent = pool.agents.get(d.agent_id)
    if agent is not None and (known := agent.interactions.get(d.interaction_id)) is not None:
        started = replace(known, state=ContactState.CONNECTED, since=d.at, connect_deadline=None)
        agent.interactions[d.interaction_id] = started
        changes.tell("interaction_started", d.agent_id, started)
    changes.agents.add(d.agent_id)


def _interaction_ended(pool: PoolLive, d: rd.InteractionEnded, changes: Changes) -> None:
    if (agent := pool.agents.get(d.agent_id)) is not None:
        agent.interactions.pop(d.interaction_id, None)
    changes.agents.add(d.agent_id)
    changes.tell("interaction_ended", d.agent_id, {
        "contact_id": d.contact_id, "interaction_id": d.interaction_id, "at": d.at, "why": d.why, "talked": d.talked,
    })  # fmt: skip


def _wrap_up_started(pool: PoolLive, d: rd.WrapUpStarted, changes: Changes) -> None:
    contact = pool.contacts.get(d.contact_id)
    if contact is not None and contact.agent_id == d.agent_id:
        contact.state, contact.since = ContactState.WRAPPING, d.at
    wrap_up = WrapUp(
        d.interaction_id, d.contact_id, d.channel, d.group, contact.customer_id if contact else None, d.mode, d.at, d.until,
        d.extensions_left, attempt=contact.attempt if contact else None, called=bool(contact and contact.called),
    )  # fmt: skip
    if (agent := pool.agents.get(d.agent_id)) is not None:
        agent.wrap_ups[d.interaction_id] = wrap_up
        pool.wrapping[d.contact_id] = d.agent_id
    changes.agents.add(d.agent_id)
    changes.tell("wrap_up_started", d.agent_id, wrap_up)


def _wrap_up_prolonged(pool: PoolLive, d: rd.WrapUpProlonged, changes: Changes) -> None:
    agent = pool.agents.get(d.agent_id)
    if agent is not None and (known := agent.wrap_ups.get(d.interaction_id)) is not None:
        longer = replace(known, until=d.until, extensions_left=d.extensions_left)
        agent.wrap_ups[d.interaction_id] = longer
        changes.tell("wrap_up_prolonged", d.agent_id, longer)


def _wrap_up_noted(pool: PoolLive, d: rd.WrapUpNoted, changes: Changes) -> None:
    agent = pool.agents.get(d.agent_id)
    if agent is not None and (known := agent.wrap_ups.get(d.interaction_id)) is not None:
        noted = replace(known, disposition=d.disposition, reason=d.reason)
        agent.wrap_ups[d.interaction_id] = noted
        changes.tell("wrap_up_noted", d.agent_id, noted)


def _wrap_up_finished(pool: PoolLive, d: rd.WrapUpFinished, changes: Changes) -> None:
    if (agent := pool.agents.get(d.agent_id)) is not None:
        agent.wrap_ups.pop(d.interaction_id, None)
    if pool.wrapping.get(d.contact_id) == d.agent_id:
        del pool.wrapping[d.contact_id]
    changes.agents.add(d.agent_id)
    changes.tell("wrap_up_finished", d.agent_id, {
        "contact_id": d.contact_id, "interaction_id": d.interaction_id, "at": d.at, "disposition": d.disposition,
        "reason": d.reason, "by_timeout": d.by_timeout,
    })  # fmt: skip


def _transferred(pool: PoolLive, d: rd.ContactTransferred, changes: Changes) -> None:
    transfer = Transfer(d.transfer_id, d.contact_id, d.target_kind, d.target)
    if (agent := pool.agents.get(d.from_agent)) is not None:
        agent.transfers[d.transfer_id] = transfer
    changes.tell("transfer_requested", d.from_agent, transfer)


def _transfer_settled(pool: PoolLive, d: rd.TransferSettled, changes: Changes) -> None:
    if (agent := pool.agents.get(d.from_agent)) is not None:
        agent.transfers.pop(d.transfer_id, None)
    changes.tell("transfer_settled", d.from_agent, {
        "contact_id": d.contact_id, "transfer_id": d.transfer_id, "outcome": d.outcome, "agent_id": d.agent_id,
    })  # fmt: skip


def _closed(pool: PoolLive, d: rd.ContactClosed, changes: Changes) -> None:
    concerned = pool.holders(d.contact_id) | {agent for agent in (d.agent_id,) if agent}
    if (contact := pool.contacts.pop(d.contact_id, None)) is not None:
        _self_service_over(pool, contact, d.end, changes)
        _settle(pool, contact, definitions().ends[d.end], d.waited, changes)
        changes.queue = changes.queue or contact.state is ContactState.WAITING
    for agent_id in sorted(concerned):
        changes.tell("contact_closed", agent_id, {"contact_id": d.contact_id, "end": d.end, "at": d.at, "by": d.by})


def _agent_state(pool: PoolLive, d: rd.AgentStateChanged, changes: Changes) -> None:
    agent = pool.agents.get(d.agent_id)
    if agent is None:
        agent = pool.agents[d.agent_id] = AgentLive(d)
        left: set[str] = set()
    else:
        before = agent.state
        left = set(floor_audiences(before.teams, before.sites)) - set(floor_audiences(d.teams, d.sites))
        agent.state = d
    if left:
        changes.notices.append(Notice("agent_gone", tuple(sorted(left)), {"agent_id": d.agent_id}))
    if d.presence is not Presence.NOT_READY:
        pool.missed.pop(d.agent_id, None)
    changes.queue = True  # skills or capacity may differ
    if d.presence is Presence.SIGNED_OUT:
        changes.notices.append(_tile(pool, agent))
        del pool.agents[d.agent_id]
        changes.agents.discard(d.agent_id)
    else:
        changes.agents.add(d.agent_id)


_PLAIN: Mapping[type[object], Callable[[PoolLive, Any, Changes], None]] = {
    rd.SelfServiceAwaited: _self_service_awaited,
    rd.ContactRekeyed: _rekeyed,
    rd.RelaxationReached: _relaxed,
    rd.InteractionStarted: _interaction_started,
    rd.InteractionEnded: _interaction_ended,
    rd.WrapUpStarted: _wrap_up_started,
    rd.WrapUpProlonged: _wrap_up_prolonged,
    rd.WrapUpNoted: _wrap_up_noted,
    rd.WrapUpFinished: _wrap_up_finished,
    rd.TransferSettled: _transfer_settled,
    rd.ReplyAwaited: conversations.turned,
    rd.ContactParked: conversations.parked,
    rd.ContactReturning: conversations.returning,
    rd.ContactResumed: conversations.resumed,
    rd.ColleagueAdmitted: conversations.admitted,
    rd.ColleagueReleased: conversations.released,
    rd.ContactRated: conversations.rated,
    rd.DialSettled: callbacks.settled,
    rd.GroupHoursChanged: callbacks.stands,
    rd.AgentStateChanged: _agent_state,
}
"""Decisions whose change needs neither their time nor a second look."""
