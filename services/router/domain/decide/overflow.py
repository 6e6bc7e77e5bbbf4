"""What becomes of a contact its group cannot take: closed, too many, too long, nobody staffed (rules 8 and 9).

Asked of every contact an input queued or touched, before it is matched. A contact goes on with its first place; it never
comes back to a group it flowed out of, so a circle of rules ends.
"""

from __future__ import annotations

from services.router.domain.callbacks import DeferredFor
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide.arrivals import rekey
from services.router.domain.decide.draft import Draft
from services.router.domain.decide.matching import first_agents
from services.router.domain.decide.queueing import close, enqueue
from services.router.domain.decide.standing import anyone_staffed, opening_of, queued_in, waiting_count
from services.router.domain.memberships import of_site
from services.router.domain.policy.elsewhere import TAKE_A_MESSAGE, Destination, Elsewhere, OverflowRule
from services.router.domain.policy.model import Group
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    CallbackOffered,
    ContactDeferred,
    ContactEnd,
    ContactOverflowed,
    ContactQueued,
    QueueCause,
    StaffingNoted,
)

NEWCOMERS = (
    QueueCause.NEW,
    QueueCause.SELF_SERVICE,
    QueueCause.SELF_SERVICE_FAILED,
    QueueCause.RECLASSIFIED,
    QueueCause.OVERFLOWED,
)
"""Causes with which a contact comes into a group from outside. Whoever was in already keeps their place in it."""
ANSWER_SECONDS = 60
"""How long a closed group waits for the customer's word whether to be called back."""
CLOSED_RULE = -1
"""In place of a rule's number: the group is closed."""
LIVE = (Channel.PHONE, Channel.WEB)


def settle(draft: Draft) -> None:
    """Send on whom their group cannot take, of those the input touched or whose staff it changed."""
    for contact_id in sorted({*draft.work.contacts, *_lost_or_found_staff(draft)}):
        settle_contact(draft, contact_id)


def settle_contact(draft: Draft, contact_id: str) -> None:
    """Follow the rules from group to group until one keeps the contact, or it is over."""
    for _ in range(len(draft.policy.groups) + 1):
        contact = draft.work.find_contact(contact_id)
        if contact is None or not _is_subject(contact):
            return
        if contact.is_callback_waiting:
            _carry_over(draft, contact)
            return
        if not _sent_on(draft, contact):
            break
    contact = draft.work.find_contact(contact_id)
    if contact is not None and contact.overflow_at is not None and contact.overflow_at <= draft.now:
        rekey(draft, contact, new_preferred=False)  # there was nowhere to go; the next rule has its own time


def _is_subject(contact: Contact) -> bool:
    """Queued for a group, or for a branch the group flowed over to; not for whom a colleague chose."""
    chosen = contact.only_agent is not None or (contact.site is not None and contact.transfer is not None)
    return contact.phase is ContactPhase.QUEUED and not chosen


def _carry_over(draft: Draft, contact: Contact) -> None:
    """A callback whose group is closed is kept for its opening."""
    if not opening_of(draft, contact.group).open:
        defer(draft, contact, DeferredFor.CARRIED_OVER)


def _sent_on(draft: Draft, contact: Contact) -> bool:
    group = draft.group_of(contact)
    opening = opening_of(draft, group.id)
    comes = _comes_now(draft, contact.contact_id)
    if contact.site is None and not opening.open and (comes or not opening.serving):
        _closed(draft, contact, group, comes)
        return True
    _note_staffing(draft, contact, group)
    contact = draft.contact(contact.contact_id)
    for number, rule in enumerate(group.overflow):
        if contact.channel in rule.channels:
            why = _reached(draft, contact, rule, comes)
            if why is not None and _flow(draft, contact, number, why, rule.to):
                return True
    return False


def _comes_now(draft: Draft, contact_id: str) -> bool:
    """Whether this input brought the contact into its group."""
    for decided in reversed(draft.decided):
        if decided.subject == contact_id and isinstance(decided.decision, ContactQueued):
            return decided.decision.cause in NEWCOMERS
    return False


def _reached(draft: Draft, contact: Contact, rule: OverflowRule, comes: bool) -> str | None:
    """Which condition of the rule holds."""
    if rule.max_waiting is not None:
        many = comes and waiting_count(draft, contact.group, contact.channel) > rule.max_waiting
        return "max_waiting" if many and not first_agents(draft, contact) else None
    if rule.max_wait_seconds is not None:
        return "max_wait" if draft.now - contact.entered_group_at >= rule.max_wait_seconds * SECOND else None
    since, grace = contact.unstaffed_since, rule.unstaffed_seconds or 0
    return "unstaffed" if since is not None and draft.now - since >= grace * SECOND else None


# ---- staffing


def _unstaffed_rules(group: Group, channel: Channel) -> list[int]:
    """Graces in seconds of the group's rules for want of staff."""
    return [r.unstaffed_seconds for r in group.overflow if r.unstaffed_seconds is not None and channel in r.channels]


def _note_staffing(draft: Draft, contact: Contact, group: Group) -> None:
    """Since when nobody signed in could serve it; only where a rule asks."""
    graces = _unstaffed_rules(group, contact.channel)
    if not graces and contact.unstaffed_since is None:
        return
    since = until = None
    if graces and not anyone_staffed(draft, contact):
        since = draft.now if contact.unstaffed_since is None else contact.unstaffed_since
        until = min((at for s in graces if (at := since + s * SECOND) > draft.now), default=None)
    if (since, until) != (contact.unstaffed_since, contact.unstaffed_until):
        draft.emit(contact.contact_id, StaffingNoted(contact.contact_id, since is None, since, until))


def _lost_or_found_staff(draft: Draft) -> list[str]:
    """Contacts whom an agent's coming, going or retraining left without anybody who could serve them, or gave somebody."""
    work = draft.work
    if not work.requalified and None not in work.agents.values():
        return []
    found: list[str] = []
    for group_id in sorted(draft.policy.groups):
        group = draft.policy.groups[group_id]
        if any(rule.unstaffed_seconds is not None for rule in group.overflow):
            for _, _, contact_ids in draft.queues.by_group.requirements(group_id):
                first = draft.work.find_contact(contact_ids[0])
                if first is None or anyone_staffed(draft, first) is not (first.unstaffed_since is None):
                    found += contact_ids
    return found


# ---- ways


def _flow(draft: Draft, contact: Contact, rule: int, why: str, to: Destination) -> bool:
    """Along one rule; False where that way is shut, so that the next rule is asked."""
    match to.kind:
        case Elsewhere.GROUP:
            return _into_group(draft, contact, rule, why, to)
        case Elsewhere.SITE:
            return _to_site(draft, contact, rule, why, to)
        case Elsewhere.CALLBACK:
            return _offer_callback(draft, contact)
        case Elsewhere.MESSAGE | Elsewhere.NUMBER | Elsewhere.END:
            if contact.can_wait or (to.kind is Elsewhere.NUMBER and contact.channel is not Channel.PHONE):
                return False
            _send_away(draft, contact, rule, why, to)
            return True


def _into_group(draft: Draft, contact: Contact, rule: int, why: str, to: Destination) -> bool:
    target = draft.policy.groups.get(to.target or "")
    if target is None or contact.channel not in target.channels or target.id in (*contact.visited, contact.group):
        return False
    if not opening_of(draft, target.id).open:
        return False
    _tell(draft, contact, rule, why, to)
    enqueue(draft, draft.contact(contact.contact_id), QueueCause.OVERFLOWED, target)
    return True


def _to_site(draft: Draft, contact: Contact, rule: int, why: str, to: Destination) -> bool:
    """To whoever works at the branch; nobody there who could: shut."""
    if to.target is None:
        return False
    asked = [(*way, of_site(to.target)) for way in contact.qualifications]
    if contact.site == to.target or not any(draft.queues.staffed(contact.channel, way) for way in asked):
        return False
    _tell(draft, contact, rule, why, to)
    enqueue(draft, draft.contact(contact.contact_id), QueueCause.OVERFLOWED, draft.group_of(contact))
    return True


def _offer_callback(draft: Draft, contact: Contact) -> bool:
    """The customer waits on, and is asked once."""
    if contact.callback_offered or contact.callback is not None or contact.channel not in LIVE or contact.deposit:
        return False
    offer_callback(draft, contact, "overflow", None)
    return True


def offer_callback(draft: Draft, contact: Contact, why: str, until: int | None) -> None:
    draft.emit(
        contact.contact_id,
        CallbackOffered(
            contact_id=contact.contact_id,
            channel=contact.channel,
            group=contact.group,
            why=why,
            until=until,
            gateway_id=contact.gateway_id,
            overflow_at=contact.overflow_at if contact.overflow_at and contact.overflow_at > draft.now else None,
        ),
    )


def offer_callbacks(draft: Draft) -> None:
    """Whoever still waits after matching may ask to be called back, where their group does that."""
    for contact_id in sorted(draft.work.contacts):
        contact = draft.work.contacts[contact_id]
        if contact is None or contact.phase is not ContactPhase.QUEUED or contact.callback_offered:
            continue
        live = contact.channel in LIVE and not contact.deposit and contact.callback is None
        if live and contact.only_agent is None and draft.group_of(contact).callback.offered:
            offer_callback(draft, contact, "waiting", None)


# ---- closed


def _closed(draft: Draft, contact: Contact, group: Group, comes: bool) -> None:
    """The group takes nobody: who can wait does, with their place; others go where its closing says."""
    closure = opening_of(draft, group.id).closure
    to = group.closing.when_closed if comes else group.closing.then
    if closure is not None and closure.then is not None and not comes:
        to = Destination(Elsewhere(closure.then))
    why = "closed" if comes else "drained"
    if to.kind in (Elsewhere.GROUP, Elsewhere.SITE) and _flow(draft, contact, CLOSED_RULE, why, to):
        return
    if contact.can_wait:
        defer(draft, contact, DeferredFor.CLOSED)
    elif to.kind is Elsewhere.CALLBACK and contact.channel in LIVE and contact.callback is None:
        until = draft.now + ANSWER_SECONDS * SECOND
        defer(draft, contact, DeferredFor.CALLBACK_OFFERED, until)
        offer_callback(draft, draft.contact(contact.contact_id), "closed", until)
    elif not _flow(draft, contact, CLOSED_RULE, why, to):
        _send_away(draft, contact, CLOSED_RULE, why, TAKE_A_MESSAGE)


def callback_declined(draft: Draft, contact: Contact) -> None:
    """Nobody said they want to be called back: a message is taken."""
    _send_away(draft, contact, CLOSED_RULE, "closed", TAKE_A_MESSAGE)


def group_no_longer_serves(draft: Draft, group: str) -> None:
    """Those queued when their group closed: callbacks are kept, others are served yet or go where its closing says."""
    for contact in queued_in(draft, group):
        settle_contact(draft, contact.contact_id)


def way_opened(draft: Draft, group: str) -> None:
    """A group opened: whoever waits in one that flows over into it, and found that way shut, is asked again."""
    for other in sorted(draft.policy.groups):
        if any(rule.to.target == group for rule in draft.policy.groups[other].overflow):
            for contact in queued_in(draft, other):
                settle_contact(draft, contact.contact_id)


def defer(draft: Draft, contact: Contact, why: DeferredFor, until: int | None = None) -> None:
    draft.emit(
        contact.contact_id,
        ContactDeferred(contact.contact_id, contact.channel, contact.group, why, until, contact.gateway_id),
    )


def _send_away(draft: Draft, contact: Contact, rule: int, why: str, to: Destination) -> None:
    """It ends here; where it goes on is the gateway's."""
    _tell(draft, contact, rule, why, to)
    close(
        draft,
        contact.contact_id,
        ContactEnd.REJECTED if to.kind is Elsewhere.END else ContactEnd.OVERFLOWED,
        "system",
        None,
        draft.now - contact.entered_group_at,
        why,
        to,
    )


def _tell(draft: Draft, contact: Contact, rule: int, why: str, to: Destination) -> None:
    draft.emit(
        contact.contact_id,
        ContactOverflowed(
            contact_id=contact.contact_id,
            channel=contact.channel,
            group=contact.group,
            rule=rule,
            why=why,
            to_kind=to.kind,
            at=draft.now,
            waited=draft.now - contact.entered_group_at,
            to=to.target,
            waiting=waiting_count(draft, contact.group, contact.channel),
            gateway_id=contact.gateway_id,
        ),
    )
