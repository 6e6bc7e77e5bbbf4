"""The words of explanations, Chinese and English side by side: one entry per reason the core knows.

A test holds every table complete, so that no reason ever reaches a page as a code.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.router.domain.eligibility import NotEligible
from services.router.domain.policy.model import Strategy, Words
from shared.contracts.routing_decisions import ContactEnd, OfferOutcome, QueueCause, RefusalReason

STRATEGIES: Mapping[Strategy, Words] = {
    Strategy.LONGEST_IDLE: Words("空闲时间最长", "idle the longest"),
    Strategy.LEAST_OCCUPIED: Words("当前负荷最低", "the least occupied"),
    Strategy.BEST_PROFICIENCY: Words("所需技能最熟练", "the most proficient in the skills asked for"),
    Strategy.FEWEST_HANDLED: Words("本班接待最少", "has handled the fewest contacts this shift"),
}

PREFERRED: Mapping[str, Words] = {
    "case_owner": Words("其负责该客户的工单", "owns the customer's case"),
    "account_owner": Words("其为该客户的专属客服", "is the customer's account owner"),
    "last_good_agent": Words("其上次服务获得好评", "served the customer well last time"),
}

NOT_ELIGIBLE: Mapping[NotEligible, Words] = {
    NotEligible.HELD_FOR_ANOTHER: Words("正为其他坐席保留", "held for another agent"),
    NotEligible.CHANNEL_NOT_SERVED: Words("不受理该渠道", "does not serve this channel"),
    NotEligible.LACKS_SKILL: Words("缺少所需技能", "lacks a skill"),
    NotEligible.SKILL_TOO_LOW: Words("技能等级不足", "not proficient enough"),
    NotEligible.SKILL_EXPIRED: Words("技能已过期", "a skill has expired"),
    NotEligible.RESTING: Words("正在轮休，暂不接耗神联络", "rests from wearing contacts"),
    NotEligible.NOT_AVAILABLE: Words("未就绪", "not available"),
    NotEligible.PRESENCE_PENDING: Words("即将小休或签出", "about to leave"),
    NotEligible.UNREACHABLE: Words("连接中断", "unreachable"),
    NotEligible.CHANNEL_FULL: Words("该渠道已满", "full on this channel"),
    NotEligible.NOT_INTERRUPTIBLE: Words("手头工作不可被打断", "busy with work that may not be interrupted"),
    NotEligible.LOAD_FULL: Words("总负荷已满", "fully loaded"),
    NotEligible.PAUSING: Words("在两通之间停顿", "in the pause between two calls"),
    NotEligible.KEPT_FOR_INBOUND: Words("为呼入客户预留", "kept free for inbound customers"),
    NotEligible.EXCLUDED: Words("刚刚错过、拒绝或转出此联络", "has just missed, rejected or passed on this contact"),
}

CAUSES: Mapping[QueueCause, Words] = {
    QueueCause.NEW: Words("新进入队列", "newly queued"),
    QueueCause.OFFER_FAILED: Words("上次分配未被接受，保留原位次", "an offer was not accepted; the place is kept"),
    QueueCause.CONNECT_FAILED: Words("接通失败，保留原位次", "connecting failed; the place is kept"),
    QueueCause.TRANSFERRED: Words("由坐席转入", "transferred by an agent"),
    QueueCause.TRANSFER_FAILED: Words(
        "转接无人应答，已退回原问题组", "the transfer was not answered; back to the group"
    ),
    QueueCause.RECLASSIFIED: Words("已改到另一问题组", "moved to another question group"),
    QueueCause.MOVED: Words("由主管改到另一问题组", "moved to another question group by a supervisor"),
    QueueCause.DIRECTED: Words("由主管指派给坐席", "given to one agent by a supervisor"),
    QueueCause.DIRECTION_FAILED: Words(
        "所指派的坐席未接，退回原位次", "who it was given to did not take it; back to its place"
    ),
    QueueCause.AGENT_LOST: Words("坐席失联，重新排队", "the agent was lost; queued again"),
    QueueCause.NO_REPLY: Words("坐席未及时首次回复，重新排队", "its agent sent no first reply in time; queued again"),
    QueueCause.REPLIED: Words(
        "客户回复时原坐席无空，重新排队", "the customer wrote again while their agent was not free; queued again"
    ),
    QueueCause.OVERFLOWED: Words("由另一问题组溢入，保留原位次", "flowed in from another group; the place is kept"),
    QueueCause.OPENED: Words("问题组已开放，保留原位次", "its group opened; the place is kept"),
    QueueCause.CALLBACK: Words("回电开始排队，保留原位次", "a callback, with its place"),
    QueueCause.CALLBACK_ANSWERED: Words(
        "客户已接听回电，按原位次等候", "the customer answered our call and waits with their place"
    ),
    QueueCause.SELF_SERVICE: Words("自助服务后转人工", "handed to people by self-service"),
    QueueCause.SELF_SERVICE_FAILED: Words(
        "自助服务未接手或未完成，转人工", "self-service did not take it up or did not finish"
    ),
}

OUTCOMES: Mapping[OfferOutcome, Words] = {
    OfferOutcome.REJECTED: Words("坐席拒绝", "the agent rejected it"),
    OfferOutcome.BUSY: Words("坐席话机占线", "the agent's phone was busy"),
    OfferOutcome.TIMED_OUT: Words("坐席超时未应答", "the agent did not answer in time"),
    OfferOutcome.ABANDONED: Words("客户先行离开", "the customer left first"),
    OfferOutcome.ENDED: Words("联络已被结束", "the contact was ended"),
    OfferOutcome.AGENT_SIGNED_OUT: Words("坐席已签出", "the agent signed out"),
    OfferOutcome.AGENT_UNREACHABLE: Words("坐席连接中断", "the agent became unreachable"),
    OfferOutcome.RECLASSIFIED: Words("联络改到另一问题组", "the contact moved to another group"),
    OfferOutcome.SUPERVISOR: Words("主管另有安排", "a supervisor decided otherwise"),
    OfferOutcome.CANCELLED: Words("发起咨询的坐席已取消", "the colleague who asked no longer does"),
}

ENDS: Mapping[ContactEnd, Words] = {
    ContactEnd.SERVED: Words("已由坐席服务", "served by an agent"),
    ContactEnd.SELF_SERVED: Words("已由自助服务解决", "served by self-service"),
    ContactEnd.ABANDONED_IN_SELF_SERVICE: Words("客户在自助服务中离开", "the customer left in self-service"),
    ContactEnd.ABANDONED_IN_QUEUE: Words("客户在排队中离开", "the customer left the queue"),
    ContactEnd.ABANDONED_WHILE_OFFERED: Words("客户在等待坐席应答时离开", "the customer left while it was offered"),
    ContactEnd.CALLBACK_ACCEPTED: Words("客户接受回电", "the customer accepted a callback"),
    ContactEnd.OVERFLOWED: Words("已溢出到别处", "flowed out to another place"),
    ContactEnd.REJECTED: Words("未受理", "not admitted"),
    ContactEnd.FAILED: Words("因故障结束", "ended by a failure"),
}

REFUSALS: Mapping[RefusalReason, Words] = {
    RefusalReason.DUPLICATE_EVENT: Words("重复的事件", "a repeated event"),
    RefusalReason.DUPLICATE_CONTACT: Words("该联络已存在", "the contact is known already"),
    RefusalReason.UNKNOWN_CONTACT: Words("未知的联络", "no such contact"),
    RefusalReason.UNKNOWN_AGENT: Words("坐席未签入", "the agent is not signed in"),
    RefusalReason.UNKNOWN_POOL: Words("未知的坐席池", "no such agent pool"),
    RefusalReason.UNKNOWN_GROUP: Words("没有受理该渠道的此问题组", "no such question group for this channel"),
    RefusalReason.GROUP_CLOSED: Words("该问题组现在不受理", "the question group takes nobody now"),
    RefusalReason.UNKNOWN_TARGET: Words("策略中没有此网点或外部号码", "no such site or outside number in the policy"),
    RefusalReason.CONTACT_ALREADY_ENDED: Words("联络已经结束", "the contact has ended already"),
    RefusalReason.OFFER_WITHDRAWN: Words("该分配已被收回", "the offer had been withdrawn"),
    RefusalReason.OFFER_NOT_FOUND: Words("没有此分配", "no such offer"),
    RefusalReason.NOT_THIS_AGENT: Words("该联络不属于此坐席", "it is another agent's"),
    RefusalReason.ILLEGAL_IN_STATE: Words("当前状态下不可行", "not possible in the present state"),
    RefusalReason.STALE_POLICY: Words("策略版本已过时", "a newer policy is in force"),
    RefusalReason.ALREADY_SIGNED_IN: Words("已经签入", "signed in already"),
    RefusalReason.POLICY_MISSING: Words("尚无生效的策略", "no policy is in force"),
    RefusalReason.QUARANTINED: Words("输入无法处理，已隔离", "the input could not be processed and was set aside"),
}
