"""Topic → handlers of outbound."""

from __future__ import annotations

from services.outbound.handlers.follow_ups import HearDeal
from services.outbound.handlers.plans import TakePlan
from services.outbound.handlers.refusals import HearRefusal
from services.outbound.handlers.results import FoldResult, HearTakenUp
from services.outbound.handlers.ring_backs import NoticeRingBack
from services.outbound.settings import OutboundSettings
from shared.contracts.wire import CALL_PLANS, CONSENTS, CONTACT_EVENTS, CRM_RECORDS, DIAL_RESULTS
from shared.kafka import ConsumeLoop, Producer


def results(settings: OutboundSettings, producer: Producer, handler: FoldResult) -> ConsumeLoop:
    """`dial-results`: an attempt's facts in their order."""
    kinds = ("AttemptRang", "AttemptAnswered", "AttemptConnected", "AttemptEnded")
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, DIAL_RESULTS, settings.consumer_group, dict.fromkeys(kinds, handler), producer
    )


def refusals(settings: OutboundSettings, producer: Producer, handler: HearRefusal) -> ConsumeLoop:
    """`consents`: a person's words in their order."""
    kinds = ("ConsentGiven", "ConsentWithdrawn")
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CONSENTS, settings.consumer_group, dict.fromkeys(kinds, handler), producer
    )


def contacts(
    settings: OutboundSettings, producer: Producer, ring_back: NoticeRingBack, taken_up: HearTakenUp
) -> ConsumeLoop:  # fmt: skip
    """`contact-events`: customers who call us, and calls whose agent comes first; each for itself."""
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CONTACT_EVENTS, settings.consumer_group,
        {"ContactArrived": ring_back, "CallbackRequested": taken_up}, producer, parallel=CONTACTS_IN_PARALLEL,
    )  # fmt: skip


CONTACTS_IN_PARALLEL = 8


def plans(settings: OutboundSettings, producer: Producer, handler: TakePlan) -> ConsumeLoop:
    """`call-plans`: pages of a plan in their order."""
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CALL_PLANS, settings.consumer_group, {"CallPlanned": handler}, producer
    )


def deals(settings: OutboundSettings, producer: Producer, handler: HearDeal) -> ConsumeLoop:
    """`crm-records`: a customer's deals in their order."""
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CRM_RECORDS, settings.consumer_group, {"DealRecorded": handler}, producer
    )
