"""A contact's life in words: its journal rows told in order, each offer with why, and why it stands where it stands now.

The sentences are the core's (`domain.explain`); counts of the passed-over are computed here, on request, by folding the
journal to the moment of the offer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.router.domain.core import Decided, PoolState, apply, decisions_from_json, input_from_json
from services.router.domain.explain import conversations, elsewhere, fairness
from services.router.domain.explain import routing as explain
from services.router.domain.explain.words import NOT_ELIGIBLE
from services.router.domain.policy.model import Words
from services.router.journal import Row, rows_of_contact
from services.router.live import LiveFacts
from shared.contracts import routing_decisions as said
from shared.contracts.fields import SECOND
from shared.contracts.wire import adapter
from shared.directory import AgentPool
from shared.errors import NotFound
from shared.postgres import Pool

EXPLAINED_OFFERS = 10
"""Offers told with counts of the passed-over, newest last; each costs a fold from the nearest snapshot."""

Teller = Callable[[Any], Words]


def _transfer(decision: said.ContactTransferred) -> Words:
    if decision.to_agent is not None:
        return Words(
            f"坐席 {decision.from_agent} 咨询后将联络交给坐席 {decision.to_agent}",
            f"After consulting, agent {decision.from_agent} handed the contact to agent {decision.to_agent}",
        )
    return conversations.passed_on(decision)


_SETTLED = {
    "answered": Words("转接已被接听", "The transfer was answered"),
    "fell_back": Words("转接无人接听，已退回", "The transfer was not answered and fell back"),
    "abandoned": Words("转接期间客户离开", "The customer left during the transfer"),
}
_UNCONSULTED = {
    "cancelled": Words("咨询已取消，客户仍由原坐席接待", "The consultation was cancelled; the customer stays"),
    "unanswered": Words("咨询无人应答，客户仍由原坐席接待", "Nobody answered the consultation; the customer stays"),
    "rejected": Words(
        "被咨询坐席拒绝或离开，客户仍由原坐席接待", "The asked agent declined or left; the customer stays"
    ),
    "agent_lost": Words("坐席失联，咨询中止", "An agent was lost; the consultation broke off"),
    "contact_ended": Words("咨询期间客户离开", "The customer left during the consultation"),
    "party_left": Words("外部号码已挂断，客户仍由原坐席接待", "The outside party hung up; the customer stays"),
}


def _unconsulted(decision: said.ConsultationEnded) -> Words:
    """Why nobody was handed the customer; of an outside party, what became of its call."""
    told = _UNCONSULTED.get(decision.why)
    if told is None and (dialled := elsewhere.OUTCOMES.get(decision.why)) is not None:
        return Words(
            f"外部号码：{dialled.zh}，客户仍由原坐席接待", f"The outside number: {dialled.en}; the customer stays"
        )
    return told or _UNCONSULTED["unanswered"]


_ENDINGS = {
    "ended": Words("会话结束", "The conversation ended"),
    "transferred": Words("会话转出", "The conversation was passed on"),
    "connect_failed": Words("接通失败", "Connecting failed"),
    "not_reached": Words("未能接通客户", "The customer was not reached"),
    "agent_lost": Words("坐席失联，会话中断", "The agent was lost; the conversation broke off"),
    "not_connected": Words("接通之前已结束", "It ended before it was connected"),
    "no_reply": Words("坐席未及时首次回复", "The agent sent no first reply in time"),
    "not_free": Words("原坐席此时无空", "Its agent was not free to go on"),
    "signed_out": Words("坐席签出", "Its agent signed out"),
    "taken_over": Words("由主管接管", "A supervisor took over"),
}

TELLERS: Mapping[type[Any], Teller] = {
    said.SelfServiceAwaited: lambda d: Words("联络到达，先交自助服务", "Arrived; self-service may take it up first"),
    said.SelfServiceEngaged: lambda d: Words(
        f"自助服务已接手（{d.dialogue} 第 {d.version} 版）",
        f"Self-service took it up ({d.dialogue}, version {d.version})",
    ),
    said.SelfServiceAnswerGiven: lambda d: Words(
        f"已给出标准答案：{d.question}", f"A standard answer was given: {d.question}"
    ),
    said.EnrichmentAwaited: lambda d: Words(
        "联络到达，正在查询客户资料", "Arrived; the customer's profile is looked up"
    ),
    said.ContactQueued: explain.why_queued,
    said.ContactRekeyed: fairness.why_rekeyed,
    said.RelaxationReached: fairness.why_this_step,
    said.ExposureWaitEnded: fairness.why_wait_ended,
    said.ExposureOverridden: fairness.why_overridden,
    said.PreferredWaitEnded: lambda d: Words("不再为优先坐席保留", "No longer held for a preferred agent"),
    said.ExclusionEnded: lambda d: Words("曾错过的坐席可再次被分配", "Agents who missed it may be asked again"),
    said.OfferMade: lambda d: (
        Words(f"分配给坐席 {d.agent_id}", f"Offered to agent {d.agent_id}")
        if d.consult_of is None
        else Words(f"请坐席 {d.agent_id} 接受咨询", f"Agent {d.agent_id} is asked for a consultation")
    ),
    said.OfferWithdrawn: explain.why_withdrawn,
    said.ContactAssigned: lambda d: (
        Words(f"客户已接听，直接接给坐席 {d.agent_id}", f"The customer answered; given to agent {d.agent_id} at once")
        if d.unoffered
        else Words(
            f"坐席 {d.agent_id} 接受，等待 {d.waited // SECOND} 秒",
            f"Agent {d.agent_id} accepted after {d.waited // SECOND} s",
        )
    ),
    said.InteractionStarted: lambda d: Words(f"与坐席 {d.agent_id} 接通", f"Connected with agent {d.agent_id}"),
    said.AgentReturnAwaited: lambda d: Words("坐席页面中断，等待其返回", "The agent's page was lost; waiting for it"),
    said.InteractionEnded: lambda d: _ENDINGS.get(d.why, _ENDINGS["ended"]),
    said.WrapUpStarted: lambda d: Words("坐席进入话后处理", "After-contact work began"),
    said.WrapUpProlonged: lambda d: Words("话后处理延长", "After-contact work was prolonged"),
    said.HoldNoted: lambda d: (
        Words("客户进入等待", "The customer was put on hold")
        if d.held
        else Words("客户恢复通话", "The customer was taken back")
    ),
    said.WrapUpNoted: lambda d: Words(f"已填写小结：{d.disposition}", f"Disposition written: {d.disposition}"),
    said.WrapUpFinished: lambda d: Words(f"话后处理完成：{d.disposition}", f"After-contact work done: {d.disposition}"),
    said.ContactTransferred: _transfer,
    said.ConsultationRequested: conversations.who_is_asked,
    said.ConsultationStarted: conversations.who_talks,
    said.ReplyAwaited: conversations.whose_turn,
    said.ContactParked: conversations.why_parked,
    said.ContactReturning: conversations.why_returning,
    said.ContactResumed: conversations.why_resumed,
    said.ColleagueAdmitted: conversations.who_joined,
    said.ColleagueReleased: conversations.who_left,
    said.RatingAwaited: conversations.asked_to_rate,
    said.ContactRated: conversations.how_rated,
    said.ConsultationEnded: _unconsulted,
    said.TransferSettled: lambda d: _SETTLED.get(d.outcome, _SETTLED["fell_back"]),
    said.ContactOverflowed: elsewhere.why_overflowed,
    said.StaffingNoted: elsewhere.staffing,
    said.ContactDeferred: elsewhere.why_deferred,
    said.CallbackOffered: elsewhere.callback_offered,
    said.CallbackQueued: elsewhere.callback_queued,
    said.DialRequested: elsewhere.dial_requested,
    said.DialSettled: elsewhere.dial_settled,
    said.CallbackRetryScheduled: elsewhere.retry_scheduled,
    said.ContactClosed: explain.why_ended,
    said.InputRefused: explain.why_refused,
}
"""One sentence for each decision that speaks of a contact."""


async def explain_contact(
    api_pool: Pool, live: LiveFacts, tenant: str, contact_id: str, language: str, now: int
) -> dict[str, Any]:
    """What happened to a tenant's contact and why, in the asker's language. Raises NotFound."""
    found = await rows_of_contact(api_pool, tenant, contact_id)
    if not found:
        raise NotFound("no such contact in the journal")

    def say(words: Words) -> str:
        return words.zh if language == "zh" else words.en

    told: list[tuple[int, Row, Decided]] = [
        (partition, row, decided)
        for partition, row in found
        for decided in decisions_from_json(row.decisions)
        if getattr(decided.decision, "contact_id", None) == contact_id and type(decided.decision) in TELLERS
    ]
    partition, last, _ = told[-1] if told else (*found[-1], None)
    pool = AgentPool(tenant, last.pool, partition)
    state, now_text = await _now(live, pool, contact_id, told, now, say)
    return {
        "contact_id": contact_id,
        "state": state,
        "now_text": now_text,
        "timeline": [
            {
                "position": row.position,
                "at": row.now,
                "decision": type(decided.decision).__name__,
                "text": say(TELLERS[type(decided.decision)](decided.decision)),
                "details": adapter(type(decided.decision)).dump_python(decided.decision, mode="json"),
            }
            for _, row, decided in told
        ],
        "relaxation": await _relaxation(live, pool, contact_id, told, say),
        "offers": await _offers(live, told, say),
    }


async def _now(
    live: LiveFacts, pool: AgentPool, contact_id: str, told: Sequence[tuple[int, Row, Decided]], now: int,
    say: Callable[[Words], str],
) -> tuple[str, list[str]]:  # fmt: skip
    """Where the contact stands after the newest committed input, and why."""
    state = await live.follow(pool)
    if state is not None and contact_id in state.contacts:
        moment = max(now, told[-1][1].now) if told else now
        lines = explain.why_still_waiting(state, contact_id, moment)
        return str(state.contacts[contact_id].phase), [say(words) for words in lines]
    closed = [d.decision for _, _, d in told if isinstance(d.decision, said.ContactClosed)]
    if closed:
        return "closed", [say(explain.why_ended(closed[-1]))]
    refused = [d.decision for _, _, d in told if isinstance(d.decision, said.InputRefused)]
    return "refused", [say(explain.why_refused(refused[-1]))] if refused else []


async def _relaxation(
    live: LiveFacts,
    pool: AgentPool,
    contact_id: str,
    told: Sequence[tuple[int, Row, Decided]],
    say: Callable[[Words], str],
) -> list[dict[str, Any]]:
    """Past and coming steps of the latest wait, each with its time."""
    state = await live.follow(pool)
    contact = None if state is None else state.contacts.get(contact_id)
    decisions = [decided.decision for _, _, decided in told]
    steps = fairness.relaxation(decisions, contact is not None and contact.waits, state.policy if state else None)
    return [{"step": one.step, "at": one.at, "state": str(one.state), "text": say(one.text)} for one in steps]


async def _at_offer(live: LiveFacts, partition: int, row: Row, offer: said.OfferMade) -> PoolState | None:
    """The pool as it was when the offer was decided: after what the same input had led to before."""
    fold = await live.at(partition, row.position - 1)
    decisions = decisions_from_json(row.decisions)
    before = next(n for n, decided in enumerate(decisions) if decided.decision == offer)
    return apply(fold.state, input_from_json(row.input), decisions[:before]).pool(row.tenant, row.pool)


async def _offers(
    live: LiveFacts, told: Sequence[tuple[int, Row, Decided]], say: Callable[[Words], str]
) -> list[dict[str, Any]]:
    """Each offer with its reasons, its outcome, and who was passed over at that moment."""
    made = [(p, row, d.decision) for p, row, d in told if isinstance(d.decision, said.OfferMade)]
    outcomes: dict[str, str] = {}
    for _, _, decided in told:
        match decided.decision:
            case said.ContactAssigned(offer_id=offer_id) | said.ConsultationStarted(offer_id=offer_id):
                outcomes[offer_id] = "accepted"
            case said.OfferWithdrawn(offer_id=offer_id, outcome=outcome):
                outcomes[offer_id] = str(outcome)
            case _:
                continue
    explained: list[dict[str, Any]] = []
    for partition, row, offer in made[-EXPLAINED_OFFERS:]:
        pool = await _at_offer(live, partition, row, offer)
        known = pool is not None and offer.contact_id in pool.contacts and pool.policy is not None
        tier = pool.contacts[offer.contact_id].tier if known and pool else None
        why = explain.why_this_agent(offer, pool.policy, tier) if known and pool and pool.policy else ()
        counts = explain.passed_over(pool, offer.contact_id, row.now) if known and pool else ()
        explained.append(
            {
                "offer_id": offer.offer_id,
                "agent_id": offer.agent_id,
                "position": row.position,
                "at": offer.made_at,
                "outcome": outcomes.get(offer.offer_id),
                "why": [say(words) for words in why],
                "passed_over": [
                    {"reason": str(count.reason), "agents": count.agents, "text": say(NOT_ELIGIBLE[count.reason])}
                    for count in counts
                ],
            }
        )
    return explained
