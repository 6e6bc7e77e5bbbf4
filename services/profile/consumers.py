"""Topic → handlers of profile."""

from __future__ import annotations

from services.profile.handlers.call_placed import PrepareCard
from services.profile.handlers.consents import KeepConsent
from services.profile.handlers.contact_arrived import ProfileContact
from services.profile.handlers.records import KeepRecord
from services.profile.settings import ProfileSettings
from shared.contracts.wire import CONSENTS, CONTACT_EVENTS, CRM_RECORDS, DIAL_REQUESTS, MESSAGES
from shared.kafka import ConsumeLoop, Producer, Received

RECORDS_IN_PARALLEL = 500
CONSENTS_IN_PARALLEL = 8


def arrivals(settings: ProfileSettings, producer: Producer, handler: ProfileContact) -> ConsumeLoop:
    """`contact-events`: contacts are independent of each other here, so several are profiled side by side."""
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CONTACT_EVENTS, settings.consumer_group, {"ContactArrived": handler}, producer,
        parallel=settings.arrivals_in_parallel,
    )  # fmt: skip


def records(settings: ProfileSettings, producer: Producer, handler: KeepRecord) -> ConsumeLoop:
    """`crm-records`: newer revisions win whatever the order, so a fetch is written as one batch."""
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CRM_RECORDS, settings.consumer_group,
        {"CustomerRecorded": handler, "DealRecorded": handler}, producer, parallel=RECORDS_IN_PARALLEL,
    )  # fmt: skip


async def _passed(received: Received) -> None:
    """A request that is given up, or asked about: nobody is called."""


def dial_requests(settings: ProfileSettings, producer: Producer, handler: PrepareCard) -> ConsumeLoop:
    """`dial-requests`: whom outbound calls in this moment."""
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, DIAL_REQUESTS, settings.consumer_group,
        {**dict.fromkeys(MESSAGES[DIAL_REQUESTS], _passed), "PlaceCall": handler}, producer,
        parallel=settings.arrivals_in_parallel,
    )  # fmt: skip


def consents(settings: ProfileSettings, producer: Producer, handler: KeepConsent) -> ConsumeLoop:
    """`consents`: what stands is told by the times in the words, so their order here does not matter."""
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CONSENTS, settings.consumer_group,
        {"ConsentGiven": handler, "ConsentWithdrawn": handler}, producer, parallel=CONSENTS_IN_PARALLEL,
    )  # fmt: skip
