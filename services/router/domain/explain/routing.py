"""Why, in words (rule 11): why this agent, why still waiting, why it ended or was refused.

Everything is read from recorded decisions and from a state folded to the position asked about; nothing is
decided again. Sentences come in Chinese and English; numbers are whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.eligibility import NotEligible, eligible
from services.router.domain.explain import elsewhere as explain_elsewhere
from services.router.domain.explain import fairness
from services.router.domain.explain.words import (
    CAUSES,
    ENDS,
    NOT_ELIGIBLE,
    OUTCOMES,
    PREFERRED,
    REFUSALS,
    STRATEGIES,
)
from services.router.domain.policy.model import Policy, Strategy, Words
from services.router.domain.state import PoolState
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ContactClosed,
    ContactQueued,
    HeadStart,
    Hold,
    InputRefused,
    OfferMade,
    OfferWithdrawn,
)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """How many signed-in agents a contact could not be offered, by the first thing that failed."""

    reason: NotEligible
    agents: int


def passed_over(pool: PoolState, contact_id: str, now: int) -> tuple[PassedOver, ...]:
    """Counts over the agents of the folded state, most frequent first. Raises KeyError for an unknown contact."""
    contact = pool.contacts[contact_id]
    counts = dict.fromkeys(NotEligible, 0)
    if pool.policy is not None:
        reserve = pool.reserve()
        for agent in pool.agents.values():
            failing = eligible(agent, contact, pool.policy.capacity, now, reserve)
            if failing is not None:
                counts[failing] += 1
    found = [PassedOver(reason, count) for reason, count in counts.items() if count]
    return tuple(sorted(found, key=lambda p: (-p.agents, p.reason)))


def why_this_agent(offer: OfferMade, policy: Policy, tier: str | None = None) -> tuple[Words, ...]:
    """Winner, step and strategy, runner-up, head start (with its tier's reason), policy version."""
    why = offer.reasons
    waited = why.waited // SECOND
    lines = [_found_by(offer, waited)]
    if why.step == "preferred":
        known = PREFERRED.get(why.preferred_why or "")
        lines.append(
            Words(f"优先坐席：{known.zh}", f"Preferred agent: {known.en}")
            if known
            else Words("同事指名转给该坐席", "A colleague asked for this agent")
        )
    else:
        order = STRATEGIES[Strategy(why.strategy)]
        lines.append(Words(f"在符合条件的坐席中：{order.zh}", f"Among the eligible agents: {order.en}"))
    if why.relaxation:
        let_in = Words("，该坐席为放宽后加入", "; the agent was let in by it") if why.let_in else Words("", "")
        lines.append(
            Words(f"要求已放宽到第 {why.relaxation} 步{let_in.zh}", f"At relaxation step {why.relaxation}{let_in.en}")
        )
    if why.runner_up is not None:
        lines.append(
            Words(f"其次为坐席 {why.runner_up}", f"Next would have been agent {why.runner_up}")
            if why.trigger == "contact"
            else Words(f"其次为联络 {why.runner_up}", f"Next in line was contact {why.runner_up}")
        )
    lines += _head_start(why.head_start, policy, tier)
    lines.append(Words(f"依据策略第 {why.policy_version} 版", f"Under policy version {why.policy_version}"))
    return tuple(lines)


def _found_by(offer: OfferMade, waited: int) -> Words:
    if offer.reasons.trigger == "contact":
        return Words(
            f"联络等待 {waited} 秒后找到空闲坐席 {offer.agent_id}",
            f"After {waited} s the contact found agent {offer.agent_id} idle",
        )
    return Words(
        f"坐席 {offer.agent_id} 空出时，此联络在其可接的联络中排在最前（已等待 {waited} 秒）",
        f"When agent {offer.agent_id} became free, this contact was first of those they may take ({waited} s waited)",
    )


def _head_start(granted: HeadStart, policy: Policy, tier: str | None) -> list[Words]:
    lines: list[Words] = []
    if granted.tier:
        known = None if tier is None else policy.tiers.get(tier)
        zh, en = (f"（{known.because.zh}）", f" ({known.because.en})") if known else ("", "")
        lines.append(
            Words(f"客户等级提前 {granted.tier} 秒{zh}", f"Customer tier counts as {granted.tier} s of waiting{en}")
        )
    if granted.reason:
        lines.append(
            Words(f"来访原因提前 {granted.reason} 秒", f"Contact reason counts as {granted.reason} s of waiting")
        )
    if granted.supervisor:
        lines.append(
            Words(f"主管提前 {granted.supervisor} 秒", f"A supervisor granted {granted.supervisor} s of waiting")
        )
    if granted.repeat:
        lines.append(
            Words(
                f"再次来访提前 {granted.repeat} 秒",
                f"Coming back after service counts as {granted.repeat} s of waiting",
            )
        )
    return lines


@dataclass(frozen=True, slots=True)
class StandingHold:
    """A named hold with its end (I10): why work may wait beside an idle eligible agent."""

    hold: Hold
    until: int  # µs


def holds(contact: Contact, now: int) -> tuple[StandingHold, ...]:
    """The holds a contact is under at `now`."""
    found: list[StandingHold] = []
    if contact.phase is ContactPhase.ENRICHING and contact.enrich_until is not None:
        found.append(StandingHold(Hold.ENRICHMENT, contact.enrich_until))
    if contact.is_returning and contact.preferred_until is not None:
        found.append(StandingHold(Hold.RETURNING, contact.preferred_until))
    if contact.phase is ContactPhase.QUEUED:
        if contact.preferred_until is not None:
            found.append(StandingHold(Hold.PREFERRED_AGENT, contact.preferred_until))
        if contact.severity and contact.spares_until is not None and not contact.spares_nobody:
            found.append(StandingHold(Hold.EXPOSURE, contact.spares_until))
        found += [
            StandingHold(Hold.MISSED_THIS_CONTACT, until) for until in sorted(contact.excluded.values()) if until > now
        ]
    return tuple(found)


def held_for_inbound(pool: PoolState, contact: Contact) -> tuple[StandingHold, ...]:
    """Outbound work that waits because agents are kept free; looked at anew at the latest at its end."""
    if contact.phase is not ContactPhase.QUEUED or not contact.outbound or pool.policy is None or pool.reserve().open:
        return ()
    rule = pool.policy.blending
    look = pool.level.next_look(rule.minimum_dwell_seconds * SECOND) if pool.level and rule else None
    return (StandingHold(Hold.INBOUND_RESERVE, look or 0),)


def waits_for_the_rested(pool: PoolState, contact: Contact, now: int) -> tuple[StandingHold, ...]:
    """A campaign's contact that somebody could take who is in the pause between calls: until the first such pause is over."""
    if contact.phase is not ContactPhase.QUEUED or pool.policy is None:
        return ()
    capacity, reserve = pool.policy.capacity, pool.reserve()
    ends = [
        agent.pause.until
        for agent in pool.agents.values()
        if agent.pause is not None and eligible(agent, contact, capacity, now, reserve) is NotEligible.PAUSING
    ]
    return (StandingHold(Hold.PAUSE, min(ends)),) if ends else ()


def place_in_queue(pool: PoolState, contact_id: str) -> int:
    """1 for the first: contacts of the same channel and group that precede it, plus one. Raises KeyError."""
    contact = pool.contacts[contact_id]
    return 1 + sum(
        1
        for other in pool.contacts.values()
        if other.phase is ContactPhase.QUEUED
        and (other.group, other.channel) == (contact.group, contact.channel)
        and other.order_key < contact.order_key
    )


def why_still_waiting(pool: PoolState, contact_id: str, now: int) -> tuple[Words, ...]:
    """Place, holds, head start and what keeps the signed-in agents from taking it. Raises KeyError if not live."""
    contact = pool.contacts[contact_id]
    if contact.phase is not ContactPhase.QUEUED or pool.policy is None:
        held = tuple(_hold_words(hold, now) for hold in holds(contact, now))
        return held or explain_elsewhere.coming(pool, contact, now) or (_not_waiting(contact),)
    place = place_in_queue(pool, contact_id)
    waited = (now - contact.entered_group_at) // SECOND
    lines = [
        Words(
            f"在问题组 {contact.group} 中排第 {place} 位，已等待 {waited} 秒",
            f"Place {place} in group {contact.group}, waiting for {waited} s",
        )
    ]
    standing = (*holds(contact, now), *held_for_inbound(pool, contact), *waits_for_the_rested(pool, contact, now))
    lines += [_hold_words(hold, now) for hold in standing]
    lines += fairness.present_step(contact, now, pool.policy)
    lines += fairness.what_wears(contact)
    lines += _head_start(contact.head_start, pool.policy, contact.tier)
    counts = passed_over(pool, contact_id, now)
    if not pool.agents:
        lines.append(Words("没有坐席签入", "Nobody is signed in"))
    for count in counts:
        words = NOT_ELIGIBLE[count.reason]
        lines.append(Words(f"{count.agents} 名坐席：{words.zh}", f"{count.agents} agent(s): {words.en}"))
    return (*lines, *explain_elsewhere.coming(pool, contact, now))


def _hold_words(standing: StandingHold, now: int) -> Words:
    left = max(0, -(-(standing.until - now) // SECOND))
    match standing.hold:
        case Hold.ENRICHMENT:
            return Words("正在查询客户资料（至多片刻）", "The customer's profile is being looked up (a moment at most)")
        case Hold.PREFERRED_AGENT:
            return Words(f"为优先坐席再保留 {left} 秒", f"Held for a preferred agent for {left} s more")
        case Hold.INBOUND_RESERVE:
            again = Words(f"，{left} 秒内再评估" if left else "", f"; looked at anew in {left} s" if left else "")
            return Words(f"坐席为呼入客户预留{again.zh}", f"Agents are kept free for inbound customers{again.en}")
        case Hold.PAUSE:
            return Words(
                f"能接的坐席在两通之间停顿，最早 {left} 秒后结束",
                f"Who could take it is in the pause between calls; the first ends in {left} s",
            )
        case Hold.EXPOSURE:
            return Words(
                f"{left} 秒内不打扰轮休的坐席", f"Those who rest from wearing work are spared it for {left} s more"
            )
        case Hold.RETURNING:
            return Words(
                f"客户已回复，再等原坐席 {left} 秒", f"The customer wrote; held for their agent for {left} s more"
            )
        case Hold.MISSED_THIS_CONTACT:
            return Words(
                f"曾错过此联络的坐席 {left} 秒后可再次被分配",
                f"An agent who missed it may be asked again in {left} s",
            )


def _not_waiting(contact: Contact) -> Words:
    consultation = contact.consultation
    if consultation is not None:
        return Words(
            f"坐席 {consultation.from_agent} 正在咨询 {consultation.target}，客户等候",
            f"Agent {consultation.from_agent} consults {consultation.target}; the customer waits with them",
        )
    words = {
        ContactPhase.SELF_SERVICE: Words("正在自助服务中", "Being served by self-service"),
        ContactPhase.OFFERED: Words("已分配，等待坐席应答", "Offered; the agent is being asked"),
        ContactPhase.CONNECTING: Words("坐席已接受，正在接通", "Accepted; being connected"),
        ContactPhase.CONNECTED: Words("正在通话或会话中", "In conversation"),
        ContactPhase.OUTSIDE: Words("已转给外部号码，不占用坐席", "Passed on to an outside number; no agent is held"),
        ContactPhase.PARKED: Words("等候客户回复，不占坐席负荷", "Waiting for its customer; it takes no load"),
    }
    return words.get(contact.phase, Words("不在等待", "Not waiting"))


def why_queued(queued: ContactQueued) -> Words:
    """Why the contact entered (or came back to) a queue."""
    words = CAUSES[queued.cause]
    if queued.note is None:
        placed = Words(f"{words.zh}（{queued.group}）", f"{words.en} ({queued.group})")
        return fairness.asked_by(placed, queued.by, queued.why)
    wished = queued.note.partition(":")[2]
    return Words(
        f"{words.zh}（{queued.group}；所选问题组 {wished} 不受理）",
        f"{words.en} ({queued.group}; the group it chose, {wished}, does not serve it)",
    )


def why_withdrawn(withdrawn: OfferWithdrawn) -> Words:
    return OUTCOMES[withdrawn.outcome]


def why_ended(closed: ContactClosed) -> Words:
    """How the contact ended and how long it had waited in its last group."""
    words = ENDS[closed.end]
    waited = closed.waited // SECOND
    return Words(f"{words.zh}，等待 {waited} 秒", f"{words.en} after waiting {waited} s")


def why_refused(refused: InputRefused) -> Words:
    """Why an input changed nothing."""
    words = REFUSALS[refused.reason]
    return Words(f"{refused.event_type} 未生效：{words.zh}", f"{refused.event_type} changed nothing: {words.en}")
