"""Relaxation, rotation, reserve and supervisors' requests in words: whom a contact asks for when, and who stepped in why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.policy.model import Policy, Words
from shared.contracts.fairness_decisions import LetIn
from shared.contracts.fields import SECOND, SkillLevel
from shared.contracts.routing_decisions import (
    ConsultationRequested,
    ContactQueued,
    ContactRekeyed,
    ExposureOverridden,
    ExposureWaitEnded,
    RelaxationReached,
    RequirementStep,
    RoutingDecision,
)

OVERRIDES = {
    "service_level": Words("等待过久，暂破轮休上限", "it had waited too long for somebody fresh"),
    "own_case": Words("其负责的工单，不受轮休限制", "it is their own case"),
    "asked": Words("由人指名", "a person asked for them"),
}
DOORS = {"team": Words("班组", "team"), "site": Words("网点", "site"), "agent": Words("坐席", "agent")}


class StepState(StrEnum):
    """Where a step of relaxation stands for a contact."""

    PAST = "past"
    SKIPPED = "skipped"  # nobody signed in could ever match it
    PRESENT = "present"
    COMING = "coming"
    NOT_REACHED = "not_reached"  # it waits no longer


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    step: int
    at: int  # µs; when its time comes or came
    state: StepState
    text: Words


def asked_for(requirement: Iterable[SkillLevel], let_in: Iterable[LetIn], policy: Policy | None) -> Words:
    """Whom a step asks for, in words."""
    zh, en = _skills(requirement, policy)
    doors = [(DOORS[door.kind], door.id, *_skills(door.skills, policy)) for door in let_in]
    zh_doors = "".join(
        f"；另放宽至{kind.zh} {which}{f'（{zh_needs}）' if zh_needs else ''}" for kind, which, zh_needs, _ in doors
    )
    en_doors = "".join(
        f"; also {kind.en} {which}{f' ({en_needs})' if en_needs else ''}" for kind, which, _, en_needs in doors
    )
    return Words(f"要求：{zh or '无'}{zh_doors}", f"Asked for: {en or 'nothing'}{en_doors}")


def _skills(needs: Iterable[SkillLevel], policy: Policy | None) -> tuple[str, str]:
    named = [
        (
            policy.skills[need.skill] if policy and need.skill in policy.skills else Words(need.skill, need.skill),
            need.level,
        )
        for need in needs
    ]
    return "、".join(f"{words.zh} ≥ {n}" for words, n in named), ", ".join(f"{words.en} ≥ {n}" for words, n in named)


def relaxation(told: Sequence[RoutingDecision], waits: bool, policy: Policy | None) -> tuple[ExplainedStep, ...]:
    """Past, present and coming steps of the contact's latest wait, as its decisions told them; empty where it has none."""
    steps: tuple[RequirementStep, ...] = ()
    step = reached = 0
    for decision in told:
        match decision:
            case ContactQueued() | ContactRekeyed() | ConsultationRequested():
                steps, step, reached = decision.steps, 0, 0
            case RelaxationReached():
                step, reached = decision.step, decision.reached
            case _:
                continue
    return tuple(
        ExplainedStep(n, one.at, _state(n, step, reached, waits), asked_for(one.requirement, one.let_in, policy))
        for n, one in enumerate(steps)
    )


def _state(n: int, step: int, reached: int, waits: bool) -> StepState:
    if n == step:
        return StepState.PRESENT if waits else StepState.PAST
    if reached <= n < step:
        return StepState.SKIPPED
    if n < step:
        return StepState.PAST
    return StepState.COMING if waits else StepState.NOT_REACHED


def why_this_step(decision: RelaxationReached) -> Words:
    words = asked_for(decision.requirement, decision.let_in, None)
    if decision.skipped:
        return Words(
            f"在岗无人符合更严的要求，提前放宽到第 {decision.step} 步。{words.zh}",
            f"Nobody signed in could match the narrower steps: on to step {decision.step} at once. {words.en}",
        )
    if decision.step == 0:
        return Words(
            f"有符合原要求的坐席签入，恢复原要求。{words.zh}",
            f"Somebody who meets it signed in: back to the first step. {words.en}",
        )
    return Words(f"第 {decision.step} 步放宽。{words.zh}", f"Relaxation step {decision.step}. {words.en}")


def why_wait_ended(decision: ExposureWaitEnded) -> Words:
    waited = decision.waited // SECOND
    return Words(
        f"已等待 {waited} 秒无人可接，轮休中的坐席（{decision.resting} 名）也可接",
        f"Nobody fresh took it within {waited} s: those who rest ({decision.resting}) may be asked too",
    )


def why_overridden(decision: ExposureOverridden) -> Words:
    words = OVERRIDES.get(decision.why, OVERRIDES["service_level"])
    total, cap = decision.total // 60, decision.cap // 60
    return Words(
        f"坐席 {decision.agent_id} 本应轮休（已承受 {total}，上限 {cap}），仍被分配：{words.zh}",
        f"Agent {decision.agent_id} should rest ({total} of {cap} severity-minutes) and is asked all the same: {words.en}",
    )


def what_wears(contact: Contact) -> tuple[Words, ...]:
    """That a waiting contact is wearing; until when who rests is spared it is a hold (see `explain.holds`)."""
    if contact.phase is not ContactPhase.QUEUED or not contact.severity:
        return ()
    return (
        Words(
            f"耗神联络（强度 {contact.severity}），按轮休分配", f"Wearing (severity {contact.severity}): by rotation"
        ),
    )


def present_step(contact: Contact, now: int, policy: Policy | None) -> tuple[Words, ...]:
    """Of a waiting contact with steps: the one that counts, and when the next one comes."""
    if not contact.steps:
        return ()
    words = asked_for(contact.requirement, contact.let_in, policy)
    lines = [Words(f"放宽第 {contact.step} 步。{words.zh}", f"Relaxation step {contact.step}. {words.en}")]
    coming = contact.reached + 1
    if coming < len(contact.steps):
        left = max(0, -(-(contact.steps[coming].at - now) // SECOND))
        lines.append(Words(f"{left} 秒后到第 {coming} 步", f"Step {coming} comes in {left} s"))
    return tuple(lines)


def asked_by(words: Words, by: str | None, why: str | None, policy: Policy | None = None) -> Words:
    """A sentence with who asked for it and why, where a supervisor did."""
    if by is None:
        return words
    preset = policy.request_reasons.get(why or "") if policy else None
    zh, en = (preset.zh, preset.en) if preset else (why or "–", why or "–")
    return Words(f"{words.zh}（{by}：{zh}）", f"{words.en} (by {by}: {en})")


def why_rekeyed(decision: ContactRekeyed) -> Words:
    seconds = decision.head_start.seconds
    if decision.by is not None:
        granted = decision.head_start.supervisor
        return asked_by(
            Words(f"主管给予 {granted} 秒优先", f"A supervisor granted {granted} s of seniority"),
            decision.by,
            decision.why,
        )
    return Words(
        f"资料更新后重新计算位次（提前 {seconds} 秒）", f"Its place was computed anew (head start {seconds} s)"
    )
