"""A dialogue as values: what is said, what is asked, and where each answer leads.

A dialogue is a graph of named nodes. Nodes that wait for the customer are menu, ask, question and verify; the others are
passed through; person and hang_up end it. `dialogue_document` reads dialogues, `soundness` says which may be published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from shared.contracts.fields import Channel

Wording: TypeAlias = Mapping[str, str]
"""Language → text."""

PERSON_KEY: Final = "0"
"""The key that leads to a person, in every menu of every dialogue."""
PLACEHOLDER_DEAL: Final = "{deal}"
"""In a text: the product of the contract a branch found (`deal`), or plain words where there is none."""


@dataclass(frozen=True, slots=True)
class Option:
    """A key of a menu. `quiet`: works, and is not announced."""

    key: str
    label: Wording
    next: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class SayNode:
    text: Wording
    next: str
    link: str | None = None  # shown by text channels


@dataclass(frozen=True, slots=True)
class MenuNode:
    """Keys to choose from; text channels show them as buttons."""

    prompt: Wording
    options: tuple[Option, ...]
    repeat: str | None = None  # the key that says everything again
    typed: str | None = None  # question node that free words typed here go to
    silent: str | None = None  # where silence leads after the last try; None: to a person


@dataclass(frozen=True, slots=True)
class AskNode:
    """Digits or words that are kept under `field` and travel with the contact; passed over where they are known."""

    prompt: Wording
    field: str
    label: Wording  # what the agent reads beside the value
    next: str
    digits: tuple[int, int] | None = None  # fewest and most; None: free words (voice: whatever keys are pressed)
    read_back: bool = False  # voice: said again and confirmed
    silent: str | None = None  # who gives nothing goes there at once: the value is not needed


@dataclass(frozen=True, slots=True)
class QuestionNode:
    """Free words to the matcher: its answer is given, or the nearest questions are offered, or a person takes over."""

    prompt: Wording
    answered: str
    unsure: str
    options: tuple[Option, ...] = ()  # for voice channels, which hear no words
    silent: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerNode:
    """The answer of a standard question, in the words of the contact's channel."""

    question: str
    next: str


@dataclass(frozen=True, slots=True)
class FaxNode:
    """Sends the fax answer of a standard question: to the number asked for, or back to where the contact came from."""

    question: str
    next: str
    to: str | None = None  # field that holds the number


@dataclass(frozen=True, slots=True)
class VerifyNode:
    """Secret digits, checked by profile; only whether they fit comes back."""

    prompt: Wording
    digits: int
    verified: str
    refused: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of the contact; everything that is named. `deal` also remembers which contract it found."""

    open: str | None = None  # calendar open now
    closed: str | None = None
    language: str | None = None
    channel: Channel | None = None
    tier: str | None = None
    known: bool | None = None
    business_line: str | None = None
    deal: str | None = None  # business line of a contract in force


@dataclass(frozen=True, slots=True)
class BranchNode:
    cases: tuple[tuple[Condition, str], ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class SetNode:
    next: str
    business_line: str | None = None
    language: str | None = None
    group: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RefuseNode:
    """The customer refuses further calls and texts to their number; `purpose` None: for all but what they asked for."""

    next: str
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class PersonNode:
    """The end that queues the contact. `group` None: the group found on the way, else the line's default."""

    group: str | None = None
    reason: str | None = None
    say: Wording | None = None


@dataclass(frozen=True, slots=True)
class HangUpNode:
    say: Wording | None = None


Node: TypeAlias = (
    SayNode
    | MenuNode
    | AskNode
    | QuestionNode
    | AnswerNode
    | FaxNode
    | VerifyNode
    | BranchNode
    | SetNode
    | RefuseNode
    | PersonNode
    | HangUpNode
)
WAITING: Final = (MenuNode, AskNode, QuestionNode, VerifyNode)
ENDS: Final = (PersonNode, HangUpNode)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Weekly hours in a time zone, with days that differ. Minutes of the day, end may be 1440."""

    time_zone: str
    weekly: Mapping[int, tuple[tuple[int, int], ...]]  # 0 Monday … 6 Sunday
    country: str | None = None  # its public holidays are closed, its make-up workdays like a Monday
    closed_days: frozenset[str] = frozenset()  # ISO days
    open_days: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict[str, tuple[tuple[int, int], ...]])


@dataclass(frozen=True, slots=True)
class Tries:
    """How long is waited, and how often it is asked, before a person takes over."""

    tries: int = 3
    first_seconds: int = 6  # voice: until the first key
    between_seconds: int = 3  # voice: between keys
    text_seconds: int = 240  # text channels: until the customer writes


@dataclass(frozen=True, slots=True)
class Dialogue:
    dialogue_id: str
    title: Wording
    languages: tuple[str, ...]  # the first where nothing is known of the customer
    channels: frozenset[Channel]
    start: str
    person: str  # the person node that takes over when tries run out
    nodes: Mapping[str, Node]
    business_line: str | None = None  # contacts of this line; None: found by entry only
    entries: frozenset[str] = frozenset()  # own numbers, pages or fax lines it answers, before any line's dialogue
    hours: Mapping[str, OpeningHours] = field(default_factory=dict[str, OpeningHours])
    tries: Tries = Tries()
    any_line: bool = False  # contacts of every line without a dialogue of its own on their channel

    @property
    def line_is_known(self) -> bool:
        """Whether the line a contact arrives on says what it is about; behind a main number only a menu does."""
        return self.business_line is not None or self.any_line

    @property
    def asks_who_calls(self) -> bool:
        """Whether a branch wants to know the customer: only then is profile asked."""
        return any(
            c.tier is not None or c.known is not None or c.deal is not None
            for node in self.nodes.values()
            if isinstance(node, BranchNode)
            for c, _ in node.cases
        )


def ways(node: Node) -> list[tuple[str, str]]:
    """Where a node leads: (why, node), in the order of the document."""
    match node:
        case MenuNode():
            found = [(option.key, option.next) for option in node.options]
            found += [("typed", node.typed)] if node.typed else []
            return found + ([("silent", node.silent)] if node.silent else [])
        case QuestionNode():
            found = [(option.key, option.next) for option in node.options]
            found += [("answered", node.answered), ("unsure", node.unsure)]
            return found + ([("silent", node.silent)] if node.silent else [])
        case AskNode() if node.silent is not None:
            return [("next", node.next), ("silent", node.silent)]
        case VerifyNode():
            return [("verified", node.verified), ("refused", node.refused)]
        case BranchNode():
            return [(describe(condition), target) for condition, target in node.cases] + [("otherwise", node.otherwise)]
        case PersonNode() | HangUpNode():
            return []
        case _:
            return [("next", node.next)]


def describe(condition: Condition) -> str:
    """A condition in a few words."""
    named = [
        ("open", condition.open), ("closed", condition.closed), ("language", condition.language), ("channel", condition.channel),
        ("tier", condition.tier), ("known", condition.known), ("business_line", condition.business_line), ("deal", condition.deal),
    ]  # fmt: skip
    return ", ".join(f"{name} {value}" for name, value in named if value is not None)


def dialogue_for(
    dialogues: Mapping[str, Dialogue], channel: Channel, business_line: str, entry: str | None
) -> Dialogue | None:
    """The dialogue that serves a contact: by entry, else by business line, else one for any line; ties by id."""
    serving = [d for _, d in sorted(dialogues.items()) if channel in d.channels]
    by_entry = (d for d in serving if entry is not None and entry in d.entries)
    by_line = (d for d in serving if d.business_line == business_line)
    for_any = (d for d in serving if d.any_line)
    return next(by_entry, None) or next(by_line, None) or next(for_any, None)
