"""Topic → handlers of profile."""

from __future__ import annotations

from services.profile.handlers.contact_arrived import ProfileContact
from services.profile.settings import ProfileSettings
from shared.contracts.wire import CONTACT_EVENTS
from shared.kafka import ConsumeLoop, Producer


def arrivals(settings: ProfileSettings, producer: Producer, handler: ProfileContact) -> ConsumeLoop:
    """`contact-events`: contacts are independent of each other here, so several are profiled side by side."""
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CONTACT_EVENTS, settings.consumer_group, {"ContactArrived": handler}, producer,
        parallel=settings.arrivals_in_parallel,
    )  # fmt: skip
