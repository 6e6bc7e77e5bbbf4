"""Hours, overflow and callbacks in words: where a contact went, what it waits for, and what will happen when."""

from __future__ import annotations

from collections.abc import Mapping

from services.router.domain.callbacks import DeferredFor
from services.router.domain.contacts import Contact, ContactPhase, OutsideCall
from services.router.domain.policy.elsewhere import Destination, Elsewhere, OverflowRule
from services.router.domain.policy.model import Group, Policy
from services.router.domain.policy.words import Words
from services.router.domain.state import PoolState
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    CallbackOffered,
    CallbackQueued,
    CallbackRetryScheduled,
    ContactDeferred,
    ContactOverflowed,
    DialRequested,
    DialSettled,
    StaffingNoted,
)

WHY_ELSEWHERE: Mapping[str, Words] = {
    "max_waiting": Words("排队人数超过上限", "too many were waiting"),
    "max_wait": Words("等待超过上限", "it had waited too long"),
    "unstaffed": Words("没有能受理的坐席在岗", "nobody signed in could serve it"),
    "closed": Words("问题组未开放", "the group was closed"),
    "drained": Words("问题组已关闭", "the group had closed"),
}
OUTCOMES: Mapping[str, Words] = {
    "answered": Words("对方已接听", "answered"),
    "busy": Words("占线", "busy"),
    "no_answer": Words("无人接听", "no answer"),
    "sit": Words("号码无法接通", "the number cannot be reached"),
    "machine": Words("语音信箱接听", "an answering machine"),
    "fax": Words("传真机接听", "a fax machine"),
    "failed": Words("拨号失败", "dialling failed"),
    "cancelled": Words("已取消", "cancelled"),
    "unknown": Words("结果不明", "the outcome is not known"),
}
DEFERRALS: Mapping[str, Words] = {
    DeferredFor.CLOSED: Words("问题组未开放，保留位次至开放", "Its group is closed; its place is kept until it opens"),
    DeferredFor.CALLBACK_OFFERED: Words(
        "问题组未开放，已询问客户是否需要回电", "Closed; the customer is asked whether to be called back"
    ),
    DeferredFor.SCHEDULED: Words("回电将在约定时间开始排队", "A callback for a chosen time"),
    DeferredFor.RETRY: Words("上次未接通，稍后再拨", "Nobody was reached; it will be tried again"),
    DeferredFor.QUARANTINED: Words(
        "上次拨打结果不明，查明或有人决定之前不会重拨",
        "Nobody can tell what became of the last attempt: it is not dialled again before that is known or somebody says so",
    ),
    DeferredFor.CARRIED_OVER: Words(
        "回电顺延至下次开放，按限定比例进入队列", "Carried over to the next opening; it comes in by its share"
    ),
}


def destination(kind: str, target: str | None) -> Words:
    """Where, in words."""
    match kind:
        case Elsewhere.GROUP:
            return Words(f"转入问题组 {target}", f"into group {target}")
        case Elsewhere.SITE:
            return Words(f"转到网点 {target}", f"to site {target}")
        case Elsewhere.NUMBER:
            return Words(f"转到外部号码 {target}", f"to the outside number {target}")
        case Elsewhere.CALLBACK:
            return Words("询问是否需要回电", "a callback is offered")
        case Elsewhere.MESSAGE:
            return Words("请客户留言", "a message is taken")
        case _:
            return Words("告知后结束", "told so, and ended")


def why_overflowed(decision: ContactOverflowed) -> Words:
    why, to = WHY_ELSEWHERE[decision.why], destination(decision.to_kind, decision.to)
    waited = decision.waited // SECOND
    return Words(
        f"{why.zh}（问题组 {decision.group}，等待 {waited} 秒，当时 {decision.waiting} 个在排队）：{to.zh}",
        f"In group {decision.group} {why.en} ({waited} s waited, {decision.waiting} in the queue): {to.en}",
    )


def why_deferred(decision: ContactDeferred) -> Words:
    return DEFERRALS[decision.why]


def staffing(decision: StaffingNoted) -> Words:
    if decision.staffed:
        return Words("又有能受理的坐席在岗", "Somebody who could serve it is signed in again")
    return Words("没有能受理的坐席在岗", "Nobody signed in could serve it")


def callback_offered(decision: CallbackOffered) -> Words:
    if decision.why == "closed":
        return Words("未开放：询问客户是否需要回电", "Closed: the customer is asked whether to be called back")
    return Words("客户可选择回电而不必等待", "The customer may ask to be called back instead of waiting")


def callback_queued(decision: CallbackQueued) -> Words:
    first_zh, first_en = (
        ("先呼坐席", "the agent first") if decision.mode == "agent_first" else ("先呼客户", "the customer first")
    )
    if decision.not_before is not None:
        return Words(f"已预约回电（{first_zh}）", f"A callback was booked ({first_en})")
    return Words(f"回电已登记，保留原位次（{first_zh}）", f"A callback was taken, with its place ({first_en})")


def dial_requested(decision: DialRequested) -> Words:
    n = decision.number_of_attempt
    if decision.transfer_id is not None:
        return Words(
            f"拨打外部号码 {decision.outside}，接听后坐席 {decision.agent_id} 先与其通话，客户不离开坐席",
            f"The outside number {decision.outside} is dialled; answering, it talks with agent {decision.agent_id} first",
        )
    if decision.outside is not None:
        return Words(
            f"拨打外部号码 {decision.outside}，接听后客户即与其通话",
            f"The outside number {decision.outside} is dialled; on answering it has the customer",
        )
    if decision.agent_id is None:
        return Words(f"第 {n} 次拨打客户", f"Attempt {n}: the customer is dialled")
    return Words(
        f"坐席 {decision.agent_id} 已就绪，第 {n} 次拨打客户",
        f"Attempt {n}: agent {decision.agent_id} is on the line, the customer is dialled",
    )


def dial_settled(decision: DialSettled) -> Words:
    words = OUTCOMES[decision.outcome]
    return Words(f"拨打结果：{words.zh}", f"Dialled: {words.en}")


def retry_scheduled(decision: CallbackRetryScheduled) -> Words:
    words = OUTCOMES[decision.outcome]
    if decision.by is not None:
        return Words(
            f"上次结果不明，{decision.by} 决定再次拨打（{decision.why}）",
            f"Of the last attempt nobody could tell; {decision.by} has it dialled again ({decision.why})",
        )
    return Words(
        f"{words.zh}，已拨 {decision.attempts}/{decision.attempts_allowed} 次，稍后再拨",
        f"{words.en[0].upper()}{words.en[1:]}; attempt {decision.attempts} of {decision.attempts_allowed}, to be tried again",
    )


# ---- what will happen


def coming(pool: PoolState, contact: Contact, now: int) -> tuple[Words, ...]:
    """What hours, overflow and callback rules would do with a contact that waits, and when."""
    policy = pool.policy
    group = None if policy is None else policy.groups.get(contact.group)
    if policy is None or group is None:
        return ()
    if contact.phase is ContactPhase.DEFERRED and contact.deferral is not None:
        return (_deferred(pool, contact, now),)
    if contact.phase is ContactPhase.DIALLING:
        return (Words("正在拨打客户", "The customer is being dialled"),)
    if contact.outside is not None:
        return (_outside_ahead(contact, contact.outside, now),)
    if contact.phase is not ContactPhase.QUEUED:
        return ()
    lines = [words for rule in group.overflow if (words := _rule_ahead(contact, rule, now)) is not None]
    return (*lines, *_closing_ahead(pool, contact, group, now))


def _outside_ahead(contact: Contact, call: OutsideCall, now: int) -> Words:
    if call.answered:
        return Words(f"与外部号码 {call.number_id} 通话中", f"In conversation with the outside number {call.number_id}")
    left, group = max(0, (call.until - now) // SECOND), contact.group
    if contact.consultation is not None:
        return Words(
            f"正在拨打外部号码 {call.number_id}；{left} 秒内无人接听则客户仍由原坐席接待",
            f"The outside number {call.number_id} rings; unanswered within {left} s, the customer stays with the agent",
        )
    return Words(
        f"正在拨打外部号码 {call.number_id}；{left} 秒内无人接听则按原位次退回问题组 {group}",
        f"The outside number {call.number_id} rings; unanswered within {left} s, back to group {group} with its place",
    )


def _deferred(pool: PoolState, contact: Contact, now: int) -> Words:
    assert contact.deferral is not None
    words, until = DEFERRALS[contact.deferral.why], contact.deferral.until
    if until is None:
        opening = pool.openings.get(contact.group)
        until = None if opening is None or opening.open else opening.until
    if until is None:
        return words
    left = max(0, -(-(until - now) // SECOND))
    return Words(f"{words.zh}（{left} 秒后）", f"{words.en} (in {left} s)")


def _rule_ahead(contact: Contact, rule: OverflowRule, now: int) -> Words | None:
    """A rule whose time is yet to come, and whose way is not shut for this contact."""
    if contact.channel not in rule.channels or rule.to.target in (*contact.visited, contact.group):
        return None
    to = destination(rule.to.kind, rule.to.target)
    if rule.max_wait_seconds is not None:
        left = contact.entered_group_at // SECOND + rule.max_wait_seconds - now // SECOND
        if left <= 0:
            return None
        return Words(f"再等 {left} 秒仍未接入：{to.zh}", f"After {left} s more of waiting: {to.en}")
    if rule.unstaffed_seconds is not None and contact.unstaffed_since is not None:
        left = contact.unstaffed_since // SECOND + rule.unstaffed_seconds - now // SECOND
        return Words(f"{max(0, left)} 秒内仍无人在岗：{to.zh}", f"Should nobody come within {max(0, left)} s: {to.en}")
    return None


def _closing_ahead(pool: PoolState, contact: Contact, group: Group, now: int) -> list[Words]:
    opening = pool.openings.get(group.id)
    if opening is None:
        return []
    then = destination_of(group.closing.then, contact)
    if opening.open and opening.until is not None:
        left = max(0, (opening.until - now) // SECOND) + group.closing.drain_seconds
        return [Words(f"{left} 秒后问题组停止服务：{then.zh}", f"In {left} s the group stops serving: {then.en}")]
    if not opening.open and opening.drain_until is not None:
        left = max(0, (opening.drain_until - now) // SECOND)
        return [
            Words(f"已关闭，仍服务 {left} 秒，之后：{then.zh}", f"Closed; served for {left} s yet, then: {then.en}")
        ]
    return []


def destination_of(to: Destination, contact: Contact) -> Words:
    """Of a closing group; who can wait does."""
    if contact.can_wait and to.kind not in (Elsewhere.GROUP, Elsewhere.SITE):
        return DEFERRALS[DeferredFor.CLOSED]
    if contact.is_callback_waiting:
        return DEFERRALS[DeferredFor.CARRIED_OVER]
    return destination(to.kind, to.target)


def number_of(policy: Policy, outside: str) -> Words | None:
    """The name of an outside number of the policy."""
    known = policy.outside.get(outside)
    return None if known is None else known.name
