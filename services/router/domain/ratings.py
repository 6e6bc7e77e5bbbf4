"""What is remembered of a served contact whose customer may say how it was: a day long, one answer each."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from services.router.domain.policy.conversation import RatingRule
from shared.contracts.fields import Channel


@dataclass(frozen=True, slots=True)
class Rateable:
    """A conversation that is over."""

    closed_at: int
    agent_id: str
    group: str
    channel: Channel
    scale: int
    customer_id: str | None = None
    asked: bool = False
    rated: bool = False


def is_chosen(rule: RatingRule, contact_id: str) -> bool:
    """Whether this contact is among the share that is asked: by its id, so that everybody who looks finds the same."""
    return rule.ask and crc32(contact_id.encode()) % 100 < rule.share_percent
