"""Topic `channel-commands`: what a gateway is asked to do with a contact. Stale ones are refused with an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.contracts.fields import Id, Microseconds, Name


@dataclass(frozen=True, slots=True)
class EndContact:
    """Hang up, close the chat, file the fax."""

    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id
    by: Literal["agent", "system"] = "agent"
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class HoldContact:
    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id
    held: bool = True  # False: resume


ChannelCommand = EndContact | HoldContact
