"""Chat life, company, take-over and ratings in words, Chinese and English."""

from __future__ import annotations

from services.router.domain.policy.words import Words
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ColleagueAdmitted,
    ColleagueReleased,
    ConsultationRequested,
    ConsultationStarted,
    ContactParked,
    ContactRated,
    ContactResumed,
    ContactReturning,
    ContactTransferred,
    RatingAwaited,
    ReplyAwaited,
)

_TARGETS = {"group": "问题组", "agent": "坐席", "site": "网点", "outside": "外部号码"}


def whose_turn(decision: ReplyAwaited) -> Words:
    seconds = None if decision.until is None else (decision.until - decision.at) // SECOND
    if decision.of == "agent":
        if seconds is None:
            return Words("轮到坐席回复", "It is the agent's turn to write")
        return Words(
            f"坐席须在 {seconds} 秒内首次回复，否则重新排队",
            f"The agent's first reply is due in {seconds} s, else the chat is queued again",
        )
    if seconds is None:
        return Words("轮到客户回复", "It is the customer's turn to write")
    return Words(
        f"轮到客户回复；{seconds} 秒无回复则不再占用坐席负荷",
        f"It is the customer's turn; after {seconds} s of silence the chat takes no load",
    )


def why_parked(decision: ContactParked) -> Words:
    seconds = None if decision.until is None else max(0, decision.until - decision.at) // SECOND
    zh = "" if seconds is None else f"；{seconds} 秒后仍无回复将关闭"
    en = "" if seconds is None else f"; closed after {seconds} s more of silence"
    if decision.agent_id is None:
        return Words(
            f"坐席已签出，会话继续等候客户{zh}", f"Its agent signed out; the chat goes on waiting for its customer{en}"
        )
    return Words(
        f"客户未回复，等候客户，释放坐席 {decision.agent_id} 的负荷{zh}",
        f"The customer is silent: waiting for them, agent {decision.agent_id}'s load is freed{en}",
    )


def why_returning(decision: ContactReturning) -> Words:
    seconds = (decision.until - decision.at) // SECOND
    return Words(
        f"客户再次回复；坐席 {decision.agent_id} 在 {seconds} 秒内有空则继续，否则按原位次排队",
        f"The customer wrote again: agent {decision.agent_id} goes on if free within {seconds} s, else the queue, "
        "with the old place",
    )


def why_resumed(decision: ContactResumed) -> Words:
    seconds = decision.parked // SECOND
    return Words(
        f"坐席 {decision.agent_id} 继续（其间 {seconds} 秒未占负荷）",
        f"Agent {decision.agent_id} goes on (it took no load for {seconds} s)",
    )


def who_joined(decision: ColleagueAdmitted) -> Words:
    because = "" if decision.why is None else f"（{decision.why}）"
    reason = "" if decision.why is None else f" ({decision.why})"
    return Words(
        f"同事 {decision.agent_id} 加入旁读{because}，会话仍归原坐席",
        f"Colleague {decision.agent_id} reads along{reason}; the contact stays its agent's",
    )


def who_left(decision: ColleagueReleased) -> Words:
    return Words(f"同事 {decision.agent_id} 离开", f"Colleague {decision.agent_id} left")


def asked_to_rate(decision: RatingAwaited) -> Words:
    return Words(
        f"已邀请客户评价坐席 {decision.agent_id}（1–{decision.scale} 分）",
        f"The customer was asked to rate agent {decision.agent_id} (1 to {decision.scale})",
    )


def how_rated(decision: ContactRated) -> Words:
    zh = "，属低分，将建立工单回访" if decision.low else ""
    en = "; low: a case is opened to call them back" if decision.low else ""
    return Words(
        f"客户评价 {decision.score}/{decision.scale}{zh}", f"The customer gave {decision.score} of {decision.scale}{en}"
    )


def _kind(target_kind: str) -> str:
    return "outside number" if target_kind == "outside" else target_kind


def passed_on(decision: ContactTransferred) -> Words:
    """By whom and to whom: blind, or to an outside party who was asked first."""
    kind = _kind(decision.target_kind)
    return Words(
        f"坐席 {decision.from_agent} 将联络转给{_TARGETS.get(decision.target_kind, '')} {decision.target}",
        f"Agent {decision.from_agent} passed the contact to {kind} {decision.target}",
    )


def who_is_asked(decision: ConsultationRequested) -> Words:
    if decision.takes_over:
        because = decision.why or ""
        return Words(
            f"主管 {decision.by} 要接管（{because}），其座席应答后会话归其",
            f"Supervisor {decision.by} takes over ({because}); the conversation is theirs once their seat answers",
        )
    target = f"{_TARGETS.get(decision.target_kind, '')} {decision.target}"
    if decision.joined:
        return Words(
            f"坐席 {decision.from_agent} 邀请{target} 加入三方会话",
            f"Agent {decision.from_agent} invites {_kind(decision.target_kind)} {decision.target} into a conference",
        )
    return Words(
        f"坐席 {decision.from_agent} 想先咨询{target}",
        f"Agent {decision.from_agent} wants to consult {_kind(decision.target_kind)} {decision.target} first",
    )


def who_talks(decision: ConsultationStarted) -> Words:
    if decision.joined:
        return Words(
            f"坐席 {decision.agent_id} 加入，三方会话", f"Agent {decision.agent_id} joined: all three talk together"
        )
    return Words(
        f"坐席 {decision.from_agent} 与坐席 {decision.agent_id} 商谈，客户等候",
        f"Agents {decision.from_agent} and {decision.agent_id} talk; the customer waits",
    )
