"""The port of every channel: what an adapter may ask of the gateway, and nothing else.

An adapter translates between one kind of session (a call, a chat, a message thread) and canonical events. It says what
happened (`report`, `said`, `answered`), hears what is to be done (`events`), and keeps no truth of its own: after a
restart it reads its stream from `read_to` on and compares what it still holds with `open_contacts`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from services.gateway.domain.attempts import BegunAttempt, KeptAttempt
from services.gateway.domain.callbacks import Dial
from services.gateway.domain.recordings import Recorded
from shared.contracts.channel_commands import ChannelCommand
from shared.contracts.consents import ConsentSource
from shared.contracts.contact_events import ContactArrived
from shared.contracts.conversation_messages import Attachment, ConversationMessage, MessageSent
from shared.contracts.dial_requests import DialRequest
from shared.contracts.dial_results import AttemptAnswered, AttemptEnded, AttemptRang
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import DialRequested, RoutingDecision


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    """One event of the adapter's stream: a decision, a command, a message or a request to dial about one of its contacts.

    `number` is dense per gateway; `subject` is the adapter's own key of the contact (None: it never gave one).
    """

    number: int
    type: str
    contact_id: str
    subject: str | None
    data: RoutingDecision | ChannelCommand | MessageSent | DialRequest


@dataclass(frozen=True, slots=True)
class OpenContact:
    """A contact UCC believes this gateway still holds."""

    contact_id: str
    subject: str | None
    channel: Channel
    agent_id: str | None = None
    offer_id: str | None = None
    callback: bool = False  # nobody is on the line until its customer is dialled


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an agent's phone rings."""

    agent_id: str
    kind: Literal["softphone", "sip", "extension", "outside"]
    address: str
    auto_answer: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A waiting contact's place and an honest estimate in seconds; None: not known."""

    position: int
    waiting: int
    p50_seconds: int | None
    p90_seconds: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """What an adapter wrote down for its next start, or for the other instances. `version` grows with each writing."""

    value: Mapping[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class Hint:
    """Somebody of ours is writing to the customer of this contact. Never kept: who is not there misses nothing."""

    contact_id: str
    author: str


PromptOutcome = Literal["played", "digits", "text", "timeout", "verified", "refused", "failed"]


class ChannelPort(Protocol):
    """One gateway row's way into UCC."""

    @property
    def tenant(self) -> str: ...
    @property
    def gateway_id(self) -> str: ...
    @property
    def secret(self) -> str:
        """The row's signing secret: for tokens of visitors and signatures of webhooks."""
        ...

    async def country(self) -> str:
        """Region for numbers written without country code."""
        ...

    async def time_zone(self) -> str:
        """The tenant's time zone, an IANA name."""
        ...

    def contact_id(self, subject: str) -> str:
        """UCC's id of the contact the adapter calls `subject`."""
        ...

    def now(self) -> int:
        """Policy time, microseconds."""
        ...

    async def report(
        self, kind: str, subject: str, event_id: str, data: Mapping[str, Any], at: int | None = None
    ) -> str:
        """Say a canonical fact (`ContactArrived`, `OfferAccepted`, `ContactEnded` …) after acks=all; the contact's id.

        The same `event_id` again is the same fact. Raises InvalidMessage, BrokerUnavailable.
        """
        ...

    async def said(
        self, subject: str, message_key: str, text: str | None, attachments: Sequence[Attachment] = ()
    ) -> MessageSent:
        """The customer's words or files. Raises NotFound, Refused (after the end), BrokerUnavailable."""
        ...

    async def answered(
        self, contact_id: str, step: str, outcome: PromptOutcome, *, digits: str | None = None, text: str | None = None
    ) -> None:
        """What came of a `PlayPrompt`; said twice it counts once."""
        ...

    async def rate(self, contact_id: str, score: int, via: Literal["key", "web", "link"]) -> str:
        """The customer's answer to how it was: counted. Raises Refused: rated before, not asked, or off the scale."""
        ...

    async def converse(self, message: ConversationMessage) -> None:
        """Any other fact of the conversation: delivery states, typing, the page looked at, a recording, a fax report."""
        ...

    def events(self, after: int) -> AsyncGenerator[ChannelEvent]:
        """The adapter's stream from a number on, for ever; nothing is left out while it is kept (24 h)."""
        ...

    def hints(self) -> AsyncIterator[Hint]:
        """What passes by from now on, for ever; heard on every instance."""
        ...

    def database(self) -> AbstractAsyncContextManager[Any]:
        """A transaction on the gateway's schema that sees this row's tenant only: for what an adapter keeps of its own."""
        ...

    async def agent_name(self, contact_id: str) -> str | None:
        """The name of the agent who serves the contact, as customers are told it; None when the console does not say."""
        ...

    async def read_to(self) -> int:
        """Up to which number events were carried out; a new row begins at its stream's start."""
        ...

    async def carried_out(self, number: int) -> None:
        """Remember that; effects of later ones may be repeated after a restart, so they are idempotent by id."""
        ...

    async def open_contacts(self) -> Sequence[OpenContact]: ...

    async def ask_for_callback(
        self,
        contact_id: str,
        key: str,
        number: str,
        *,
        not_before: int | None = None,
        window_until: int | None = None,
    ) -> str | None:
        """The customer of a contact wants to be called back at this number (E.164), in turn or at a time they chose (µs).

        The callback's contact id; None where no channel of the tenant can dial. Asked again with the same key it is one.
        Raises BrokerUnavailable.
        """
        ...

    async def begin_dial(self, wanted: DialRequested) -> Dial | None:
        """Commit the intent to dial one attempt, before dialling it. None: too late, nobody to call, or refused by outbound's
        gate: report `DialFailed`.

        A `Dial` that is not `fresh` was begun before, by this process or one that died: ask the exchange what became of it
        and report that, or `unknown`; never dial it again.
        """
        ...

    async def begin_attempt(self, attempt_id: str) -> BegunAttempt | None:
        """Commit the intent to call a customer for outbound, before dialling. None: not to be dialled, which was said.

        One that is not `fresh` was begun before: ask the exchange what became of it and tell that, or `unknown`.
        """
        ...

    async def tell(self, result: AttemptRang | AttemptAnswered | AttemptEnded) -> None:
        """What only the channel knows of such an attempt: that it rings, who took the call, why nobody was reached or
        nobody came. Connected and talked are concluded from what is reported of its contact. A first end stays."""
        ...

    async def attempts(self) -> Sequence[KeptAttempt]:
        """Those begun here that have no outcome yet: after a restart, compare them with what stands."""
        ...

    async def refuse(self, attempt_id: str) -> None:
        """The person called pressed the key that refuses further calls, for all but what they asked for themselves."""
        ...

    async def refuse_number(self, number: str, channel: Channel, source: ConsentSource, key: str) -> None:
        """Somebody refuses to be called or written to at their number (E.164), for all but what they asked for themselves;
        `key`: the channel's of what they said it with, so that said twice it is once."""
        ...

    async def endpoint(self, agent_id: str) -> Endpoint | None: ...

    async def endpoints(self) -> Sequence[Endpoint]: ...

    async def recall(self, key: str) -> Note | None:
        """What was remembered under a key of this gateway."""
        ...

    async def remember(
        self, key: str, value: Mapping[str, Any], *, after: int | None = None, days: float | None = None
    ) -> bool:
        """Write a note, for so many days (None: for ever). With `after` only if its version is still that (0: none is
        there yet), else False: so that of two instances one goes first."""
        ...

    async def changed(self, key: str, version: int, seconds: float) -> Note | None:
        """The note as soon as its version is another than `version`, at the latest after `seconds`."""
        ...

    async def place(self, contact_id: str) -> Place | None:
        """None when the router does not say (in time)."""
        ...

    async def audio(self, audio: str) -> bytes | None:
        """A prompt's WAV from the ivr; None when there is none: then the adapter speaks the text itself or is silent."""
        ...

    async def spoken(self, text: str, language: str) -> str | None:
        """The ivr's prompt of these words, for `audio`; None while it has none."""
        ...

    async def verify(self, contact_id: str, kind: str, value: str) -> bool:
        """Check a secure entry at the profile service; the value goes nowhere else."""
        ...

    async def keep_file(self, contact_id: str, body: bytes, media_type: str, name: str = "") -> Attachment:
        """Store a file of the conversation (≤ 20 MB); the same bytes again are the same file."""
        ...

    async def file(self, file_id: str) -> bytes | None:
        """A file of a conversation of this tenant, as it was kept."""
        ...

    async def keep_recording(self, recorded: Recorded, wav: bytes) -> None:
        """Store a finished recording (WAV, any length) and say `RecordingKept`; twice is once. Raises UnreadableSound."""
        ...

    async def deposit_fax(self, arrived: ContactArrived | Mapping[str, Any], subject: str, body: bytes) -> str:
        """A received fax (TIFF or PDF): stored, read, announced; the contact's id.

        `arrived`: address (who sent it), entry (our number), and, where they differ from what the row's entry for that
        number says, business_line, group, language, self_service. `subject`: the line's key of the fax, so that handing
        it over again is harmless. Raises InvalidMessage for what is no document, BrokerUnavailable: keep it and try again.
        """
        ...
