"""What the telephone in the browser is told of its call."""

from __future__ import annotations

from typing import Any, Final

from services.gateway.adapters.port import ChannelEvent, Place
from shared.contracts.channel_commands import HoldContact, PlayPrompt
from shared.contracts.routing_decisions import (
    CallbackOffered,
    ConsultationEnded,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    ContactTransferred,
    DialSettled,
    OfferMade,
    SelfServiceEngaged,
    TransferSettled,
)

Frame = dict[str, Any]
_STATES: Final = {
    SelfServiceEngaged: "self_service",
    ContactQueued: "waiting",
    OfferMade: "ringing",
    ContactAssigned: "connected",
    ContactTransferred: "connected",
    ConsultationStarted: "held",
    ConsultationEnded: "connected",
    DialSettled: "held",
    TransferSettled: "outside",
}


def frame_of(event: ChannelEvent) -> Frame | None:
    """None for what a caller does not notice."""
    data = event.data
    match data:
        case PlayPrompt():
            return _prompt(data)
        case HoldContact():
            return {"type": "state", "state": "held" if data.held else "connected"}
        case ContactClosed():
            asked = data.rating_scale if data.by != "customer" else None  # who hung up hears no question
            return {
                "type": "state",
                "state": "ended",
                "by": data.by,
                "end": data.end,
                "rating": asked,
                "to": data.to_kind,
            }
        case CallbackOffered():
            return {"type": "callback", "why": data.why}
        case DialSettled() if data.outcome != "answered":
            return None
        case ConsultationStarted(joined=True) | DialSettled(joined=True):
            return {"type": "state", "state": "connected"}
        case ContactTransferred() if data.to_agent is None:
            return {"type": "state", "state": "waiting"}
        case _:
            state = _STATES.get(type(data))
            return None if state is None else {"type": "state", "state": state}


def _prompt(prompt: PlayPrompt) -> Frame:
    frame: Frame = {
        "type": "prompt",
        "step": prompt.step,
        "say": [{"text": u.text, "language": u.language, "audio": u.audio} for u in prompt.say],
        "gather": None,
        "verify": prompt.verify,
    }
    if (gather := prompt.gather) is not None:
        frame["gather"] = {
            "max_digits": gather.max_digits, "finish_on": gather.finish_on, "first_timeout_ms": gather.first_timeout_ms,
            "between_timeout_ms": gather.between_timeout_ms, "barge_in": gather.barge_in, "secure": gather.secure,
            "choices": [{"key": c.key, "label": c.label} for c in gather.choices],
        }  # fmt: skip
    return frame


def place_frame(place: Place) -> Frame:
    return {"type": "place", "position": place.position, "p50": place.p50_seconds, "p90": place.p90_seconds}
