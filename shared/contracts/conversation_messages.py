"""Topic `conversation-messages`: chat text and references to files, both ways, keyed by contact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.fields import Id, LongText, Microseconds, ShortText, personal


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file kept by the gateway; `pages` > 0 when it can be viewed as page images."""

    file_id: Id
    media_type: ShortText
    size: Annotated[int, Field(ge=0)]
    pages: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class MessageSent:
    """Somebody in the conversation wrote, or a file was laid beside it."""

    message_id: Id
    contact_id: Id
    author: Literal["customer", "agent", "system"]
    sent_at: Microseconds
    agent_id: Id | None = None
    text: LongText | None = personal()
    attachments: tuple[Attachment, ...] = ()


ConversationMessage = MessageSent
