"""What a visitor is shown of what happens in their contacts. Nothing of the organisation's inside: no groups, no reasons."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from services.gateway.adapters.port import ChannelEvent, Place
from shared.contracts.envelope import stable_id

Frame = dict[str, Any]

_STANDS: Final = {
    "SelfServiceAwaited": "bot",
    "SelfServiceEngaged": "bot",
    "ContactQueued": "waiting",
    "OfferMade": "waiting",
    "OfferWithdrawn": "waiting",
    "ContactAssigned": "agent",
    "ContactTransferred": "agent",
    "ContactClosed": "ended",
}
_SILENT: Final = frozenset({"OfferMade", "OfferWithdrawn", "SelfServiceAwaited"})
"""They change nothing a visitor would notice."""


def body_of(event: ChannelEvent) -> Mapping[str, Any]:
    return dataclasses.asdict(event.data)


def frame_of(tenant: str, kind: str, body: Mapping[str, Any]) -> Frame | None:
    """The frame of an event's type and body; None for what visitors are not shown."""
    if kind == "MessageSent":
        return {"type": "message", "contact_id": body["contact_id"], "message": message_shape(body)}
    if kind == "MessageStateChanged":
        return {"type": "receipt", "message_id": body["target"], "state": body["state"]}
    if kind == "PlayPrompt":
        return choices_of(tenant, body)
    if kind == "CallbackOffered":
        return {"type": "callback", "contact_id": body["contact_id"], "why": body["why"]}
    if kind == "ContactTransferred" and body.get("to_agent") is None:
        return None
    return None if kind in _SILENT else state_of(kind, body)


def state_of(kind: str, body: Mapping[str, Any]) -> Frame | None:
    """How a contact stands: bot, waiting, agent or ended (then by whom, and how)."""
    stands = _STANDS.get(kind)
    if stands is None:
        return None
    frame: Frame = {"type": "state", "contact_id": body["contact_id"], "state": stands}
    if stands == "ended":
        frame |= {
            "by": body.get("by"),
            "end": body.get("end"),
            "rating": body.get("rating_scale"),
            "to": body.get("to_kind"),
        }
    return frame


def choices_of(tenant: str, prompt: Mapping[str, Any]) -> Frame | None:
    """The buttons of a question, and after which message they belong (None: at once); without choices none."""
    gather, said = prompt.get("gather"), prompt.get("say") or ()
    choices = [{"key": c["key"], "label": c["label"]} for c in (gather or {}).get("choices", ())]
    after = stable_id("said", tenant, prompt["command_id"], str(len(said) - 1)) if said else None
    return {
        "type": "choices", "contact_id": prompt["contact_id"], "step": prompt["step"], "after": after, "choices": choices,
    }  # fmt: skip


def message_shape(message: Mapping[str, Any]) -> Frame:
    """A message as visitors see it; an agent's id stays inside."""
    shape: Frame = {
        "message_id": message["message_id"],
        "author": message["author"],
        "text": message.get("text"),
        "at": message["sent_at"] // 1000,  # ms, as browsers count
        "files": [
            {"file_id": a["file_id"], "media_type": a["media_type"], "size": a["size"], "name": a.get("name")}
            for a in message.get("attachments") or ()
        ],
    }
    if state := "read" if message.get("read_at") else "delivered" if message.get("delivered_at") else None:
        shape["state"] = state
    return shape


def place_frame(place: Place) -> Frame:
    """Where the visitor stands in line; null estimates are unknown, and said to be."""
    return {"type": "place", "position": place.position, "p50": place.p50_seconds, "p90": place.p90_seconds}
