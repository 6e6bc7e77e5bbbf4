"""Topic `contact-events`: the facts the router hears, one total order per agent pool.

Written by gateway, ivr, profile, console and outbound with the pool's partition named; the router is
their owner and only decider. All names are facts in the past tense, except requests of people
(`TransferRequested`), which are facts too: that somebody asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.fields import (
    AddressKind,
    Channel,
    HeldSkill,
    Id,
    IdentityLevel,
    LongText,
    Microseconds,
    Name,
    ShortText,
    SkillLevel,
    personal,
)


class Presence(StrEnum):
    """What the agent says about themselves."""

    AVAILABLE = "available"
    NOT_READY = "not_ready"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class ContactArrived:
    """A customer attempts to reach the organisation on one channel."""

    contact_id: Id
    channel: Channel
    business_line: Name
    arrived_at: Microseconds
    entry: ShortText | None = None  # which own number, page or fax line was reached
    group: Name | None = None  # question group, where a menu or form already found it
    language: Name | None = None  # wished language as a skill name, e.g. "zh-yue"
    needs: Annotated[tuple[SkillLevel, ...], Field(max_length=16)] = ()  # beyond the group's own
    reason: Name | None = None  # contact reason code, where already known
    gateway_id: Id | None = None  # the gateway whose session this contact is
    self_service: bool = False  # the session can be served by the ivr first: its gateway carries out `PlayPrompt`
    deposit: bool = False  # a message left (web form, voicemail): nobody waits on the line, so it can wait for opening
    identity: IdentityLevel = IdentityLevel.CLAIMED  # how far the channel itself vouches for the address
    campaign: Id | None = None  # of outbound work: whose record this is
    attempt: Id | None = None  # and the attempt of it
    answered: bool = False  # the customer was dialled and is on the line: assigned at once, never offered
    address_kind: AddressKind | None = None
    address: ShortText | None = personal()
    display_name: ShortText | None = personal()
    text: LongText | None = personal()  # first message, or what was typed or read


@dataclass(frozen=True, slots=True)
class PreferredAgent:
    agent_id: Id
    why: Literal["case_owner", "account_owner", "last_good_agent"]


@dataclass(frozen=True, slots=True)
class ContactProfiled:
    """Who the customer is, as far as routing is concerned; the screen-pop is ready from now on."""

    contact_id: Id
    customer_id: Id | None = None  # None: unknown or ambiguous
    candidates: Annotated[int, Field(ge=0)] = 0
    tier: Name | None = None
    language: Name | None = None
    preferred: Annotated[tuple[PreferredAgent, ...], Field(max_length=8)] = ()
    repeat: bool = False  # came back after a *served* contact within the policy's window


@dataclass(frozen=True, slots=True)
class ContactClassified:
    """The question group of a contact was found (menu, matcher or a person)."""

    contact_id: Id
    group: Name
    reason: Name | None = None
    by: Literal["menu", "matcher", "agent", "supervisor"] = "menu"


@dataclass(frozen=True, slots=True)
class ContactMoved:
    """A supervisor moves a waiting contact to another question group; its first queueing counts on."""

    contact_id: Id
    group: Name
    by: Id  # user
    why: Name


@dataclass(frozen=True, slots=True)
class ContactPrioritised:
    """A supervisor grants a waiting contact seconds of seniority (0: takes them back)."""

    contact_id: Id
    seconds: Annotated[int, Field(ge=0, le=86_400)]
    by: Id
    why: Name


@dataclass(frozen=True, slots=True)
class ContactDirected:
    """A supervisor gives a waiting contact to one agent: held for them, and back in its queue if they do not take it."""

    contact_id: Id
    agent_id: Id
    by: Id
    why: Name


@dataclass(frozen=True, slots=True)
class SelfServiceStarted:
    """The ivr took the contact up; unclaimed contacts go to their line's default group."""

    contact_id: Id
    dialogue: Name
    version: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True)
class SelfServiceAnswered:
    """A standard answer was given whole. A customer who leaves after it, before asking for a person, was self-served."""

    contact_id: Id
    question: Name
    version: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True)
class SelfServiceEnded:
    """Self-service is over: the customer was served, wants a person, or nothing answered in time (ivr or gateway say so)."""

    contact_id: Id
    outcome: Literal["served", "to_person", "failed"]
    group: Name | None = None  # None: the line's default group
    reason: Name | None = None  # contact reason code, or why it failed
    business_line: Name | None = None  # found by a main-number menu; None: as it arrived
    language: Name | None = None  # chosen in the menu
    by: Literal["menu", "matcher", "default"] = "menu"


@dataclass(frozen=True, slots=True)
class ContactAbandoned:
    """The customer left before an agent was connected."""

    contact_id: Id


@dataclass(frozen=True, slots=True)
class ContactConnected:
    """Customer and agent hear (or read) each other."""

    contact_id: Id
    offer_id: Id


@dataclass(frozen=True, slots=True)
class ContactConnectFailed:
    """The accepted offer could not be connected; the contact keeps its place."""

    contact_id: Id
    offer_id: Id
    reason: Name = "failed"


@dataclass(frozen=True, slots=True)
class ContactEnded:
    """The conversation is over, or the contact failed before one began."""

    contact_id: Id
    by: Literal["customer", "agent", "system"]
    failed: bool = False  # e.g. gateway lost: the contact ends as failed, not served
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class AgentSignedIn:
    """An agent opened their page; carries what the roster says about them."""

    agent_id: Id
    session_id: Id
    skills: Annotated[tuple[HeldSkill, ...], Field(max_length=100)] = ()
    capacity: dict[Channel, Annotated[int, Field(ge=0, le=50)]] = field(
        default_factory=dict[Channel, int]
    )  # overrides the policy's
    teams: tuple[Id, ...] = ()
    sites: tuple[Id, ...] = ()
    presence: Presence = Presence.NOT_READY
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class AgentSignedOut:
    agent_id: Id
    session_id: Id | None = None
    by: Id | None = None  # user: a supervisor signs the agent out
    why: Name | None = None


@dataclass(frozen=True, slots=True)
class AgentProfileChanged:
    """The roster changed while the agent is signed in, or a supervisor changed a skill for the time being."""

    agent_id: Id
    skills: Annotated[tuple[HeldSkill, ...], Field(max_length=100)] = ()
    capacity: dict[Channel, Annotated[int, Field(ge=0, le=50)]] = field(default_factory=dict[Channel, int])
    teams: tuple[Id, ...] = ()
    sites: tuple[Id, ...] = ()
    by: Id | None = None  # user
    why: Name | None = None


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """The agent (or a supervisor for them) chose a presence. Signing out is `AgentSignedOut`."""

    agent_id: Id
    presence: Literal[Presence.AVAILABLE, Presence.NOT_READY]
    reason: Name | None = None
    by: Id | None = None  # user: a supervisor chose for the agent
    why: Name | None = None


@dataclass(frozen=True, slots=True)
class EndpointLost:
    """The agent's page or phone was not heard of for 10 s: no offers; live contacts stay."""

    agent_id: Id
    cause: Literal["page", "phone"] = "page"


@dataclass(frozen=True, slots=True)
class EndpointRestored:
    agent_id: Id
    cause: Literal["page", "phone"] = "page"


@dataclass(frozen=True, slots=True)
class OfferAccepted:
    agent_id: Id
    contact_id: Id
    offer_id: Id
    via: Literal["page", "phone"] = "page"


@dataclass(frozen=True, slots=True)
class OfferRejected:
    agent_id: Id
    contact_id: Id
    offer_id: Id
    outcome: Literal["rejected", "busy", "no_answer"] = "rejected"
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class WrapUpCompleted:
    agent_id: Id
    contact_id: Id
    interaction_id: Id
    disposition: Name
    reason: Name | None = None  # contact reason code


@dataclass(frozen=True, slots=True)
class WrapUpExtended:
    agent_id: Id
    contact_id: Id
    interaction_id: Id


class TransferTarget(StrEnum):
    GROUP = "group"
    AGENT = "agent"
    SITE = "site"  # a branch: its agents who have what the contact asks for
    OUTSIDE = "outside"  # one of the organisation's outside numbers, by its id in the policy


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """The handling agent passes the contact on, or consults a colleague first.

    An unanswered blind transfer falls back to the group of the agent's interaction, a warm one to the sender.
    """

    contact_id: Id
    agent_id: Id
    transfer_id: Id
    target_kind: TransferTarget
    target: Id | Name
    # warm: sender and asked agent talk first, the customer waits with the sender; conference: all three talk at once
    mode: Literal["blind", "warm", "conference"] = "blind"


@dataclass(frozen=True, slots=True)
class TransferCompleted:
    """The sender of a warm transfer hands the customer to the agent they consulted."""

    contact_id: Id
    agent_id: Id
    transfer_id: Id


@dataclass(frozen=True, slots=True)
class TransferCancelled:
    """The sender of a warm transfer keeps the customer; the asked agent is free again."""

    contact_id: Id
    agent_id: Id
    transfer_id: Id


@dataclass(frozen=True, slots=True)
class TakeOverRequested:
    """A supervisor takes a conversation from its agent; it passes on once the supervisor's own seat has answered."""

    contact_id: Id
    agent_id: Id  # the supervisor's own seat
    by: Id  # user
    why: Name


@dataclass(frozen=True, slots=True)
class ColleagueJoined:
    """A colleague reads along with a conversation and may write notes to its agent; the contact stays that agent's."""

    contact_id: Id
    agent_id: Id  # the colleague
    why: Name | None = None


@dataclass(frozen=True, slots=True)
class ColleagueLeft:
    contact_id: Id
    agent_id: Id


@dataclass(frozen=True, slots=True)
class ConversationTurned:
    """In a written conversation it is the other side's turn to speak: said at the change, not at every message."""

    contact_id: Id
    to: Literal["agent", "customer"]


@dataclass(frozen=True, slots=True)
class RatingInvited:
    """The customer was asked, after the contact, how it was: by key press, stars in the page, or a link sent."""

    contact_id: Id
    channel: Channel  # on which they were asked
    scale: Annotated[int, Field(ge=2, le=10)]


@dataclass(frozen=True, slots=True)
class RatingGiven:
    contact_id: Id
    score: Annotated[int, Field(ge=1, le=10)]
    scale: Annotated[int, Field(ge=2, le=10)]
    via: Literal["key", "web", "link"]


@dataclass(frozen=True, slots=True)
class ContactHeld:
    """The customer was put on hold by the agent who has them, or taken back (`held` false)."""

    contact_id: Id
    agent_id: Id
    held: bool = True


@dataclass(frozen=True, slots=True)
class GroupClosed:
    """Emergency closure at one button: from now on the group (None: every group) takes nobody, whatever its calendar says."""

    group: Name | None
    by: Id  # user
    why: Name
    # what becomes of those who wait: they go there at once; None: they stay and are served
    then: Literal["message", "callback", "end"] | None = None


@dataclass(frozen=True, slots=True)
class GroupReopened:
    """The emergency closure is over; from here on the calendar counts again."""

    group: Name | None
    by: Id
    why: Name


@dataclass(frozen=True, slots=True)
class CallbackRequested:
    """A customer is to be called back: by their own wish while they wait, or booked for them.

    A waiting `contact_id` ends as `callback_accepted` and its place goes on to the callback, which is a contact of its own;
    a conversation goes on, and the callback begins its own place. The number stays with the gateway that will dial.
    """

    callback_id: Id
    contact_id: Id | None = None  # during or for which it was asked
    mode: Literal["agent_first", "customer_first"] | None = None  # None: the group's
    not_before: Microseconds | None = None  # a chosen time; None: in turn
    window_until: Microseconds | None = None  # the customer cannot be reached after
    by: Literal["customer", "agent", "ivr"] = "customer"
    group: Name | None = None  # None: the contact's
    business_line: Name | None = None  # needed where there is no contact
    gateway_id: Id | None = None  # which dials; None: the contact's own
    customer_id: Id | None = None
    campaign: Id | None = None  # of outbound work: an agent sees the record first, accepts (dial) or rejects (skip)
    attempt: Id | None = None  # and the attempt of it, which is the id of the dial too
    attempts: Annotated[int, Field(ge=1, le=20)] | None = None  # None: the group's; a campaign's record is dialled once
    agent_id: Id | None = None  # whose call it is: only they are offered it while they are signed in
    address: ShortText | None = personal()


@dataclass(frozen=True, slots=True)
class CallbackCancelled:
    """A callback that has not reached its customer is given up, by the customer or by staff."""

    contact_id: Id  # of the callback
    by: Id  # user, or "customer"
    why: Name


@dataclass(frozen=True, slots=True)
class CallbackReleased:
    """Somebody looked into an attempt of which nobody could tell what became of it: the customer is to be called again."""

    contact_id: Id  # of the callback
    by: Id  # user
    why: Name


@dataclass(frozen=True, slots=True)
class DialAnswered:
    """Somebody took the call we placed."""

    contact_id: Id
    attempt_id: Id
    by: Literal["person", "machine", "fax"] | None = None  # None: nobody listened for it


@dataclass(frozen=True, slots=True)
class DialFailed:
    """The call we placed reached nobody; `unknown`: whoever dialled it is gone and cannot say."""

    contact_id: Id
    attempt_id: Id
    outcome: Literal["busy", "no_answer", "sit", "failed", "cancelled", "unknown"]


@dataclass(frozen=True, slots=True)
class OutsideLeft:
    """An outside party hung up after answering, and the customer was not theirs: an agent had asked them first."""

    contact_id: Id
    attempt_id: Id


@dataclass(frozen=True, slots=True)
class PolicyPublished:
    """A version of the pool's policy is in force from here on. The document itself is the router's."""

    version: Annotated[int, Field(ge=1)]
    hash: Annotated[str, Field(min_length=64, max_length=64)]
    waiting: Literal["apply", "keep"] = "apply"
    """Whether it applies to those who wait already, or they keep the targets, head start and steps they entered with."""


ContactEvent = (
    ContactArrived
    | ContactProfiled
    | ContactClassified
    | ContactMoved
    | ContactPrioritised
    | ContactDirected
    | SelfServiceStarted
    | SelfServiceAnswered
    | SelfServiceEnded
    | ContactAbandoned
    | ContactConnected
    | ContactConnectFailed
    | ContactEnded
    | AgentSignedIn
    | AgentSignedOut
    | AgentProfileChanged
    | PresenceChanged
    | EndpointLost
    | EndpointRestored
    | OfferAccepted
    | OfferRejected
    | WrapUpCompleted
    | WrapUpExtended
    | TransferRequested
    | TransferCompleted
    | TransferCancelled
    | TakeOverRequested
    | ColleagueJoined
    | ColleagueLeft
    | ConversationTurned
    | RatingInvited
    | RatingGiven
    | ContactHeld
    | GroupClosed
    | GroupReopened
    | CallbackRequested
    | CallbackCancelled
    | CallbackReleased
    | DialAnswered
    | DialFailed
    | OutsideLeft
    | PolicyPublished
)
