"""A contact's way through a dialogue: where it is, what is known of it, and what the last answer led to.

A visit is a value, kept as JSON between two answers, so that any instance goes on where another stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from services.ivr.domain.matching.verdict import Match
from services.ivr.domain.questions import QuestionSet
from shared.contracts.channel_commands import Gather, Utterance
from shared.contracts.contact_events import SelfServiceAnswered, SelfServiceEnded
from shared.contracts.fields import Channel

FoundBy: TypeAlias = Literal["menu", "matcher", "default"]
Matcher: TypeAlias = Callable[[str, str, str | None], Match]
"""(text, language, business line or None for any) → verdict."""


@dataclass(frozen=True, slots=True)
class ContractInForce:
    """A deal of the customer, as far as a dialogue may name it."""

    business_line: str
    product: str


@dataclass(frozen=True, slots=True)
class Caller:
    """What profile says of the customer; the default is a stranger."""

    known: bool = False
    tier: str | None = None
    contracts: tuple[ContractInForce, ...] = ()


@dataclass(frozen=True, slots=True)
class Arriving:
    """The contact a dialogue begins with."""

    contact_id: str
    channel: Channel
    business_line: str
    language: str | None = None
    text: str | None = None
    caller: Caller = Caller()
    number: str | None = None  # E.164, of who calls or texts


@dataclass(frozen=True, slots=True)
class World:
    """What a step may consult: the question set, the matcher, and which of the dialogue's calendars are open now."""

    questions: QuestionSet
    match: Matcher
    open_now: frozenset[str] = frozenset()


class Mode(StrEnum):
    """What the prompt in the customer's ear is there for."""

    MENU = "menu"
    ASK = "ask"
    CONFIRM = "confirm"  # a value is read back
    QUESTION = "question"
    ASK_BACK = "ask_back"  # the nearest questions are offered
    ANSWER = "answer"  # a standard answer is being given
    FAX = "fax"  # and on its way as a fax
    VERIFY = "verify"
    LEAVE = "leave"  # last words
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Visit:
    contact_id: str
    channel: Channel
    business_line: str
    language: str
    mode: Mode = Mode.MENU
    node: str = ""
    step: int = 0  # prompts and faxes so far; the answer to any but the last comes too late
    tries: int = 0  # at the node it is at
    line_found: bool = False  # by a menu: the contact may have arrived on another
    language_chosen: bool = False
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    trail: tuple[str, ...] = ()  # what was chosen and typed, in words
    text: str | None = None  # free words not yet understood
    pending: str | None = None  # value being read back; node after the answer being given
    offered: tuple[str, ...] = ()  # questions offered to choose from
    asked_back: bool = False
    giving: str | None = None  # question whose answer is being given
    answered: tuple[str, ...] = ()
    group: str | None = None
    reason: str | None = None
    by: FoundBy = "default"
    deal: str | None = None
    caller: Caller = Caller()
    number: str | None = None  # for a refusal; nothing else is done with it

    @property
    def spoken(self) -> bool:
        """Whether the customer hears, and answers with keys."""
        return self.channel is Channel.PHONE

    @property
    def ended(self) -> bool:
        return self.mode is Mode.ENDED

    def to_mapping(self) -> dict[str, Any]:
        """The visit as JSON holds it."""
        return asdict(self)


def visit_from(stored: Mapping[str, Any]) -> Visit:
    """The visit of a mapping. Raises ValueError, KeyError or TypeError where it is none."""
    fields = dict(stored)
    caller = dict(fields["caller"])
    contracts = tuple(ContractInForce(**contract) for contract in caller.pop("contracts"))
    typed: dict[str, Any] = {
        "channel": Channel(fields["channel"]),
        "mode": Mode(fields["mode"]),
        "caller": Caller(**caller, contracts=contracts),
        **{name: tuple(fields[name]) for name in ("trail", "offered", "answered")},
    }
    return Visit(**{**fields, **typed})


@dataclass(frozen=True, slots=True)
class NextPrompt:
    """What is said next, and what is awaited."""

    say: tuple[Utterance, ...]
    gather: Gather | None = None
    verify: Literal["pin"] | None = None


@dataclass(frozen=True, slots=True)
class FaxOrder:
    """A page to be faxed; `to` None: back to where the contact came from."""

    title: str
    body: str
    language: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class QuestionUse:
    """A standard question was asked in this contact."""

    question: str
    version: int
    by: Literal["menu", "matcher"]


@dataclass(frozen=True, slots=True)
class Step:
    """What one answer led to. Neither prompt nor fax nor end never happens."""

    visit: Visit
    prompt: NextPrompt | None = None
    faxes: tuple[FaxOrder, ...] = ()
    events: tuple[SelfServiceAnswered | SelfServiceEnded, ...] = ()
    asked: tuple[QuestionUse, ...] = ()
    hang_up: bool = False
    trace: tuple[str, ...] = ()  # nodes passed, for the simulator
    match: Match | None = None  # the matcher's verdict, where it was asked
    refusals: tuple[str | None, ...] = ()  # of further calls: for this purpose, or all that was not asked for


def note_of(visit: Visit) -> str:
    """What the customer chose and typed, one line, for the agent who takes over."""
    return " › ".join(visit.trail)
