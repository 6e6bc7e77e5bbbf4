"""Why a number is not dialled: one enum and its words for the API, the logs, the pages and the report.

Each suppression says how it ends: with time (its `until`), with a change of the facts, or not at all for this record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Suppression(StrEnum):
    NOT_RUNNING = "not_running"
    NO_RULESET = "no_ruleset"
    OPTED_OUT = "opted_out"
    ON_DNC = "on_dnc"
    NO_CONSENT = "no_consent"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_UNKNOWN = "consent_unknown"
    CONSENT_ON_ITS_WAY = "consent_on_its_way"
    REGISTRY_STALE = "registry_stale"
    OUTSIDE_WINDOW = "outside_window"
    REST_HOURS = "rest_hours"
    HOLIDAY = "holiday"
    UNKNOWN_TIME_ZONE = "unknown_time_zone"
    CAP_24H = "cap_24h"
    CAP_7D = "cap_7d"
    CAP_30D = "cap_30d"
    CAP_RECORD = "cap_record"
    CAP_CAMPAIGN_CONTACTS = "cap_campaign_contacts"
    RECENT_CONVERSATION = "recent_conversation"
    REFUSAL_REST = "refusal_rest"
    ABANDONED_RECENTLY = "abandoned_recently"
    MACHINE_RECENTLY = "machine_recently"
    ABANDONMENT_BUDGET = "abandonment_budget"
    RING_TOO_SHORT = "ring_too_short"
    NO_INFORMATION_MESSAGE = "no_information_message"
    AGENT_TOO_LATE = "agent_too_late"
    NO_CALLER_ID = "no_caller_id"
    LICENCE = "licence"
    RETENTION_TOO_SHORT = "retention_too_short"
    NOT_RECORDED = "not_recorded"
    ATTEMPT_OPEN = "attempt_open"
    NUMBER_INVALID = "number_invalid"
    MAX_ATTEMPTS = "max_attempts"
    NOT_DUE = "not_due"
    NO_AGENT = "no_agent"
    NO_LINE = "no_line"
    NO_TRUNK = "no_trunk"


class EndsWith(StrEnum):
    """What ends a suppression."""

    TIME = "time"  # by itself, at `until`
    CHANGE = "change"  # when the facts change: a setting, a consent, somebody else's call
    NOTHING = "nothing"  # this record is not dialled again in this campaign, short of a new consent


@dataclass(frozen=True, slots=True)
class InWords:
    """The same words in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Told:
    """A suppression as people read it. `{name}` in `words` stands for a fact of the refusal."""

    ends_with: EndsWith
    title: InWords
    words: InWords


def _told(ends_with: EndsWith, zh: str, en: str, told_zh: str, told_en: str) -> Told:
    return Told(ends_with, InWords(zh, en), InWords(told_zh, told_en))


_TIME, _CHANGE, _NOTHING = EndsWith.TIME, EndsWith.CHANGE, EndsWith.NOTHING

CATALOGUE: Final[Mapping[Suppression, Told]] = {
    Suppression.NOT_RUNNING: _told(
        _CHANGE, "活动未运行", "campaign not running",
        "活动没有在运行，不外呼。", "The campaign is not running; nothing is dialled.",
    ),
    Suppression.NO_RULESET: _told(
        _CHANGE, "没有适用的规则集", "no ruleset for this place",
        "活动所选的规则集都不适用于该号码所在地，未选规则不外呼。",
        "None of the rulesets chosen for the campaign covers where this number is; without rules nothing is dialled.",
    ),
    Suppression.OPTED_OUT: _told(
        _NOTHING, "已拒绝来电", "opted out",
        "对方已拒绝这一用途的来电，立即生效。", "The person refused calls for this purpose; that holds at once.",
    ),
    Suppression.ON_DNC: _told(
        _NOTHING, "在谢绝来电名单上", "on a do-not-call registry",
        "该号码在谢绝来电名单上，且没有对方的同意。",
        "The number is on a do-not-call registry, and the person has given no consent.",
    ),
    Suppression.NO_CONSENT: _told(
        _NOTHING, "没有同意", "no consent",
        "没有对方对这一用途的同意；沉默视为拒绝。",
        "The person has given no consent for this purpose; silence is refusal.",
    ),
    Suppression.CONSENT_EXPIRED: _told(
        _NOTHING, "同意已过期", "consent expired",
        "对方的同意已经过期。", "The person's consent has expired.",
    ),
    Suppression.CONSENT_UNKNOWN: _told(
        _CHANGE, "同意情况未知", "consent not known now",
        "客户档案暂时答不上同意与拒绝的情况，知道之前不外呼。",
        "The customer's consent and refusals cannot be read at the moment; until they can, nothing is dialled.",
    ),
    Suppression.CONSENT_ON_ITS_WAY: _told(
        _CHANGE, "同意正在登记", "consent on its way",
        "名单带来的同意正在记入客户档案，记入之前不外呼。",
        "The consent its list brought is on its way to the customer's profile; until it is there, the record is not dialled.",
    ),
    Suppression.REGISTRY_STALE: _told(
        _CHANGE, "名单数据过旧", "registry data too old",
        "谢绝来电名单的数据已有 {days} 天，最多 {limit} 天。",
        "The do-not-call registry data is {days} days old; {limit} are allowed.",
    ),
    Suppression.OUTSIDE_WINDOW: _told(
        _TIME, "不在可呼时段", "outside the calling window",
        "对方当地时间 {local}（{zone}）不在可呼时段内；各时区须同时允许。",
        "It is {local} in {zone}: outside the calling window, which must hold in every zone the number may be in.",
    ),
    Suppression.REST_HOURS: _told(
        _TIME, "休息时间", "rest hours",
        "对方当地时间 {local}（{zone}）是休息时间。", "It is {local} in {zone}: people rest then.",
    ),
    Suppression.HOLIDAY: _told(
        _TIME, "公共假日", "public holiday",
        "对方当地今天（{local}）是公共假日。", "Today ({local}) is a public holiday there.",
    ),
    Suppression.UNKNOWN_TIME_ZONE: _told(
        _CHANGE, "时区未知", "time zone unknown",
        "不知道号码所在的时区，无法判断当地时间。",
        "The time zone of the number is not known, so neither is its local time.",
    ),
    Suppression.CAP_24H: _told(
        _TIME, "24 小时次数已满", "calls of 24 hours used up",
        "24 小时内已有 {count} 次，最多 {limit} 次。", "{count} calls within 24 hours; {limit} are allowed.",
    ),
    Suppression.CAP_7D: _told(
        _TIME, "7 天次数已满", "calls of 7 days used up",
        "7 天内已有 {count} 次，最多 {limit} 次。", "{count} calls within 7 days; {limit} are allowed.",
    ),
    Suppression.CAP_30D: _told(
        _TIME, "30 天次数已满", "calls of 30 days used up",
        "30 天内已有 {count} 次，最多 {limit} 次。", "{count} calls within 30 days; {limit} are allowed.",
    ),
    Suppression.CAP_RECORD: _told(
        _TIME, "该记录次数已满", "record's calls used up",
        "这条记录近期已外呼 {count} 次，最多 {limit} 次。", "This record was dialled {count} times lately; {limit} are allowed.",
    ),
    Suppression.CAP_CAMPAIGN_CONTACTS: _told(
        _NOTHING, "已谈过足够多次", "spoken to often enough",
        "这次活动已与对方通话 {count} 次，最多 {limit} 次。",
        "This campaign has spoken with the person {count} times; {limit} are allowed.",
    ),
    Suppression.RECENT_CONVERSATION: _told(
        _TIME, "刚谈过", "spoken to lately",
        "不久前刚就此事通过话，先不再打扰。", "They were spoken to about this lately; it rests for a while.",
    ),
    Suppression.REFUSAL_REST: _told(
        _TIME, "拒绝后静默", "resting after a refusal",
        "对方在通话中拒绝过，静默期未满。", "The person declined in a conversation; that rests for a while.",
    ),
    Suppression.ABANDONED_RECENTLY: _told(
        _TIME, "曾接通无人", "abandoned lately",
        "不久前打通却无坐席应答；静默期内须保证有坐席才可再呼。",
        "A call to this number was abandoned lately; until it has rested, only a call with an agent guaranteed may follow.",
    ),
    Suppression.MACHINE_RECENTLY: _told(
        _TIME, "刚遇应答机", "machine lately",
        "不久前判断为应答机；静默期内须保证有坐席才可再呼。",
        "A machine was detected at this number lately; until it has rested, only a call with an agent guaranteed may follow.",
    ),
    Suppression.ABANDONMENT_BUDGET: _told(
        _CHANGE, "放弃率已到上限", "abandonment at its limit",
        "活动的接通无人率 {percent}% 高于上限 {limit}%；只外呼保证有坐席的。",
        "The campaign abandons {percent}% of its answered calls; {limit}% is the limit. Only calls with an agent guaranteed go out.",
    ),
    Suppression.RING_TOO_SHORT: _told(
        _CHANGE, "振铃时间过短", "rings too short",
        "活动设定振铃 {seconds} 秒，至少须 {limit} 秒。", "The campaign rings {seconds} seconds; {limit} are the least.",
    ),
    Suppression.NO_INFORMATION_MESSAGE: _told(
        _CHANGE, "缺少告知语音", "no information message",
        "活动没有设定接通无人时播放的告知语音（名称、号码、拒绝方式）。",
        "The campaign has no message for people nobody comes to in time (who called, at which number, how to refuse).",
    ),
    Suppression.AGENT_TOO_LATE: _told(
        _CHANGE, "等待坐席过久", "waits too long for an agent",
        "活动让接听者等 {milliseconds} 毫秒才有坐席或告知语音，最多 {limit} 毫秒。",
        "The campaign lets people wait {milliseconds} ms for an agent or the message; {limit} are allowed.",
    ),
    Suppression.NO_CALLER_ID: _told(
        _CHANGE, "没有主叫号码", "no caller ID",
        "没有可用的、经核实的本方主叫号码。", "No verified number of our own is there to be shown.",
    ),
    Suppression.LICENCE: _told(
        _CHANGE, "没有许可", "no licence",
        "未登记呼叫中心业务许可，不得外呼。", "No call-centre licence is on file; nothing may be dialled.",
    ),
    Suppression.RETENTION_TOO_SHORT: _told(
        _CHANGE, "保存期过短", "records kept too short",
        "记录只保存 {days} 天，至少须 {limit} 天。", "Records are kept {days} days; {limit} are the least.",
    ),
    Suppression.NOT_RECORDED: _told(
        _CHANGE, "未录音", "not recorded",
        "规则要求保存通话录音，活动没有开启录音。",
        "The rules want conversations recorded, and the campaign does not record them.",
    ),
    Suppression.ATTEMPT_OPEN: _told(
        _CHANGE, "另一通尚未结束", "another attempt is open",
        "给此人的另一次外呼尚未结束，或结果未明。",
        "Another attempt to reach this person is under way, or nobody knows yet what became of it.",
    ),
    Suppression.NUMBER_INVALID: _told(
        _NOTHING, "号码无效", "number invalid",
        "号码无法拨打。", "The number cannot be dialled.",
    ),
    Suppression.MAX_ATTEMPTS: _told(
        _NOTHING, "尝试次数用完", "attempts used up",
        "已尝试 {count} 次，活动最多 {limit} 次。", "{count} attempts were made; the campaign makes {limit} at most.",
    ),
    Suppression.NOT_DUE: _told(
        _TIME, "未到时间", "not due yet",
        "这条记录要到约定或重拨时间才可外呼。", "This record rests until its agreed or recycled time.",
    ),
    Suppression.NO_AGENT: _told(
        _CHANGE, "没有坐席", "no agent",
        "没有可接这通电话的空闲坐席。", "No agent who could take this call is free.",
    ),
    Suppression.NO_LINE: _told(
        _CHANGE, "线路全忙", "every line in use",
        "线路的通道或每秒呼叫数已用完。", "The trunk's channels or calls per second are used up.",
    ),
    Suppression.NO_TRUNK: _told(
        _CHANGE, "没有设置线路", "no line set up",
        "还没有设置可以外呼的线路。", "No trunk to call out over has been set up.",
    ),
}  # fmt: skip


def ends_record(reason: Suppression) -> bool:
    """Whether the record is done with: no time and no setting brings it back."""
    return CATALOGUE[reason].ends_with is EndsWith.NOTHING
