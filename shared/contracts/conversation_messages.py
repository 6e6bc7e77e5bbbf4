"""Topic `conversation-messages`: what is said, shown, typed and answered in a conversation, both ways, keyed by contact.

Also what a customer answered to the ivr's prompts, and what became of what we sent. Secure digits are never among it.
"""

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
    name: ShortText | None = personal()  # as its sender called it, made harmless


@dataclass(frozen=True, slots=True)
class MessageSent:
    """Somebody in the conversation wrote, or a file was laid beside it."""

    message_id: Id
    contact_id: Id
    author: Literal["customer", "agent", "bot", "system"]  # bot: the ivr
    sent_at: Microseconds
    agent_id: Id | None = None
    text: LongText | None = personal()
    attachments: tuple[Attachment, ...] = ()
    audience: Literal["everyone", "staff"] = "everyone"  # staff: a note among colleagues; no customer ever sees it


@dataclass(frozen=True, slots=True)
class PromptAnswered:
    """What came of one `PlayPrompt`."""

    message_id: Id
    contact_id: Id
    step: Id
    at: Microseconds
    outcome: Literal["played", "digits", "text", "timeout", "verified", "refused", "failed"]
    digits: Annotated[str, Field(max_length=32, pattern=r"^[0-9*#A-D]*$")] | None = personal()
    text: LongText | None = personal()


@dataclass(frozen=True, slots=True)
class MessageStateChanged:
    """What became of a message on its way to the customer or agent."""

    message_id: Id
    contact_id: Id
    target: Id  # the message it is about
    state: Literal["delivered", "read", "failed"]
    at: Microseconds
    reason: ShortText | None = None


@dataclass(frozen=True, slots=True)
class TypingShown:
    """Somebody is writing. Never stored; shown for a few seconds."""

    message_id: Id
    contact_id: Id
    author: Literal["customer", "agent", "bot"]
    at: Microseconds


@dataclass(frozen=True, slots=True)
class PageViewed:
    """The page of our site the visitor is on, beside the chat."""

    message_id: Id
    contact_id: Id
    at: Microseconds
    url: Annotated[str, Field(max_length=2_000)] | None = personal()
    title: ShortText | None = personal()


@dataclass(frozen=True, slots=True)
class FaxReported:
    """The end of a fax sent for `SendFax`, after its retries."""

    message_id: Id
    contact_id: Id
    command_id: Id
    at: Microseconds
    outcome: Literal["delivered", "failed"]
    pages: Annotated[int, Field(ge=0)] = 0
    attempts: Annotated[int, Field(ge=0)] = 0
    reason: ShortText | None = None


@dataclass(frozen=True, slots=True)
class RecordingKept:
    """A recording of the conversation is ready to be heard by those who may."""

    message_id: Id
    contact_id: Id
    recording_id: Id
    at: Microseconds
    seconds: Annotated[int, Field(ge=0)]


ConversationMessage = (
    MessageSent | PromptAnswered | MessageStateChanged | TypingShown | PageViewed | FaxReported | RecordingKept
)
