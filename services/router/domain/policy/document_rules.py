"""Reading the larger rules of the document: calendars, overflow and closing, relaxation, rotation, conversations.

What is not written gets the default of its dataclass.
"""

from __future__ import annotations

from services.router.domain.policy.conversation import ChatLife, RatingRule
from services.router.domain.policy.elsewhere import (
    TAKE_A_MESSAGE,
    TARGETED,
    CallbackMode,
    CallbackRule,
    ClosingRule,
    Destination,
    Elsewhere,
    OutsideNumber,
    OverflowRule,
)
from services.router.domain.policy.fairness import BetweenCalls, Blending, Exposure
from services.router.domain.policy.hours import Calendar, Weekday
from services.router.domain.policy.node import (
    COUNTRY,
    E164,
    IDENTIFIER,
    NAME,
    TIME_ZONE,
    DocumentNode,
)
from services.router.domain.policy.relaxation import Additional, RelaxationStep
from services.router.domain.policy.words import Words
from shared.contracts.fields import Channel, SkillLevel

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS
MAX_STEPS = 20
"""Steps of relaxation, and rules of overflow, of one group at most."""
MAX_NAMED = 200
"""Teams, sites or agents one step lets in at most."""


def calendar(name: str, node: DocumentNode, usual_time_zone: str) -> Calendar:
    found = Calendar(
        id=name,
        name=node.words("name", Words(name, name)),
        time_zone=node.text("time_zone", usual_time_zone, TIME_ZONE),
        week=node.week("week"),
        holidays=node.maybe_text("holidays", COUNTRY),
        make_up_as=str(node.choice("make_up_as", Weekday, Weekday.MON)),
        exceptions=node.days("exceptions"),
    )
    node.finish()
    return found


def outside_number(name: str, node: DocumentNode) -> OutsideNumber:
    number = OutsideNumber(
        name, node.words("name", Words(name, name)), node.text("number", form=E164), node.maybe_text("caller_id", E164)
    )
    node.finish()
    return number


def destination(node: DocumentNode, key: str, *, required: bool = False) -> Destination | None:
    """None where nothing is written, or nothing that can be read."""
    plain = [str(kind) for kind in Elsewhere if kind not in TARGETED]
    found = node.one_of(key, plain, {str(kind): NAME for kind in TARGETED}, required=required)
    return None if found is None else Destination(Elsewhere(found[0]), found[1])


def overflow_rule(node: DocumentNode) -> OverflowRule:
    rule = OverflowRule(
        to=destination(node, "to", required=True) or TAKE_A_MESSAGE,
        max_waiting=node.maybe_whole("max_waiting", None, 0, 100_000),
        max_wait_seconds=node.maybe_whole("max_wait_seconds", None, 1, WEEK_SECONDS),
        unstaffed_seconds=node.maybe_whole("unstaffed_seconds", None, 0, DAY_SECONDS),
        channels=node.channels("channels", tuple(Channel)),
    )
    node.finish()
    return rule


def closing_rule(node: DocumentNode | None) -> ClosingRule:
    usual = ClosingRule()
    if node is None:
        return usual
    rule = ClosingRule(
        node.whole("drain_seconds", usual.drain_seconds, 0, DAY_SECONDS),
        destination(node, "then") or usual.then,
        destination(node, "when_closed") or usual.when_closed,
    )
    node.finish()
    return rule


def relaxation_step(node: DocumentNode) -> RelaxationStep:
    step = RelaxationStep(
        after_seconds=node.number("after_seconds", 1, DAY_SECONDS),
        lower=node.wholes("lower", 1, 10),
        drop=node.texts("drop"),
        add=_additional(node.maybe_child("add")),
    )
    node.finish()
    return step


def _additional(node: DocumentNode | None) -> Additional | None:
    if node is None:
        return None
    added = Additional(
        teams=node.texts("teams", IDENTIFIER, MAX_NAMED),
        sites=node.texts("sites", IDENTIFIER, MAX_NAMED),
        agents=node.texts("agents", IDENTIFIER, MAX_NAMED),
        skills=skill_levels(node, "skills"),
    )
    node.finish()
    return added


def skill_levels(node: DocumentNode, key: str) -> tuple[SkillLevel, ...]:
    """A list of `{skill, level}`; level 1 where none is written."""
    needs: list[SkillLevel] = []
    for row in node.rows(key):
        needs.append(SkillLevel(row.text("skill"), row.whole("level", 1, 1, 10)))
        row.finish()
    return tuple(needs)


def callback_rule(node: DocumentNode | None) -> CallbackRule:
    usual = CallbackRule()
    if node is None:
        return usual
    rule = CallbackRule(
        offered=node.flag("offered", usual.offered),
        mode=node.choice("mode", CallbackMode, usual.mode),
        attempts=node.whole("attempts", usual.attempts, 1, 20),
        retry_seconds=node.whole("retry_seconds", usual.retry_seconds, 1, DAY_SECONDS),
        answer_seconds=node.whole("answer_seconds", usual.answer_seconds, 5, 300),
        carried_share_percent=node.whole("carried_share_percent", usual.carried_share_percent, 0, 100),
    )
    node.finish()
    return rule


def chat_life(node: DocumentNode | None) -> ChatLife:
    usual = ChatLife()
    if node is None:
        return usual
    life = ChatLife(
        first_reply_seconds=node.maybe_whole("first_reply_seconds", usual.first_reply_seconds, 1, DAY_SECONDS),
        waiting_after_seconds=node.maybe_whole("waiting_after_seconds", usual.waiting_after_seconds, 1, DAY_SECONDS),
        close_after_seconds=node.maybe_whole("close_after_seconds", usual.close_after_seconds, 1, WEEK_SECONDS),
        return_seconds=node.whole("return_seconds", usual.return_seconds, 0, DAY_SECONDS),
    )
    node.finish()
    return life


def rating_rule(node: DocumentNode | None) -> RatingRule:
    usual = RatingRule()
    if node is None:
        return usual
    rule = RatingRule(
        ask=node.flag("ask", usual.ask),
        scale=node.whole("scale", usual.scale, 2, 10),
        low=node.whole("low", usual.low, 0, 10),
        share_percent=node.whole("share_percent", usual.share_percent, 0, 100),
    )
    node.finish()
    return rule


def exposure_rule(node: DocumentNode | None) -> Exposure | None:
    if node is None:
        return None
    usual = Exposure()
    rule = Exposure(
        window_seconds=node.whole("window_seconds", usual.window_seconds, 60, WEEK_SECONDS),
        cap=node.whole("cap", usual.cap, 1, 100_000),
        cool_down_seconds=node.whole("cool_down_seconds", usual.cool_down_seconds, 0, DAY_SECONDS),
        break_seconds=node.whole("break_seconds", usual.break_seconds, 0, DAY_SECONDS),
        override_wait_seconds=node.maybe_whole("override_wait_seconds", usual.override_wait_seconds, 0, DAY_SECONDS),
    )
    node.finish()
    return rule


def blending_rule(node: DocumentNode | None) -> Blending | None:
    if node is None:
        return None
    usual = Blending()
    rule = Blending(
        reserve_agents=node.whole("reserve_agents", usual.reserve_agents, 0, 10_000),
        service_level_percent=node.whole("service_level_percent", usual.service_level_percent, 0, 100),
        service_level_seconds=node.whole("service_level_seconds", usual.service_level_seconds, 0, DAY_SECONDS),
        resume_percent=node.whole("resume_percent", usual.resume_percent, 0, 100),
        minimum_dwell_seconds=node.whole("minimum_dwell_seconds", usual.minimum_dwell_seconds, 0, DAY_SECONDS),
        minimum_sample=node.whole("minimum_sample", usual.minimum_sample, 1, 10_000),
        tolerated_loss_points=node.whole("tolerated_loss_points", usual.tolerated_loss_points, 0, 100),
    )
    node.finish()
    return rule


def between_calls_rule(node: DocumentNode | None) -> BetweenCalls | None:
    if node is None:
        return None
    usual = BetweenCalls()
    rule = BetweenCalls(
        pause_seconds=node.whole("pause_seconds", usual.pause_seconds, 0, 600),
        occupancy_ceiling_percent=node.whole("occupancy_ceiling_percent", usual.occupancy_ceiling_percent, 50, 100),
        inbound_too=node.flag("inbound_too", usual.inbound_too),
    )
    node.finish()
    return rule
