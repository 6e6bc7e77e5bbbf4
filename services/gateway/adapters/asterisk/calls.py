"""What is true of one call, and what becomes of it: plain values, no Asterisk in sight.

A call is the customer's channel (its id is the contact's subject) and legs: the channels of agents rung for offers (their
id is the offer's, so ringing twice is impossible) and of supervisors. `decide` takes what happened (a decision or command
of UCC, a fact of Asterisk) and says what is true now and what is to be done. Who hears whom is not an action but a
function of what is true (`media`): whoever drives a call makes it so, as often as needed, also after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal

from services.gateway.adapters.asterisk.attempt_actions import AttemptAction, ZipTone
from shared.contracts.dial_requests import PlaceCall
from shared.contracts.routing_decisions import DialRequested

SupervisorMode = Literal["listen", "whisper", "barge"]


class Phase(StrEnum):
    """Where the customer is."""

    ABSENT = "absent"  # is to be called back, and not on the line yet
    ARRIVED = "arrived"  # nobody has decided anything yet
    GUIDED = "guided"  # by prompts of the ivr
    WAITING = "waiting"  # for an agent, with comfort
    TALKING = "talking"  # an agent has the customer, who may be on hold; or an outside party has
    ANNOUNCED = "announced"  # we called, nobody could come: they hear who it was
    RATING = "rating"  # the agent has hung up; the customer is asked how it was
    OVER = "over"


TRANSITIONS: Final[Mapping[Phase, frozenset[Phase]]] = MappingProxyType(
    {
        Phase.ABSENT: frozenset({Phase.ARRIVED, Phase.WAITING, Phase.TALKING, Phase.OVER}),
        Phase.ARRIVED: frozenset({Phase.GUIDED, Phase.WAITING, Phase.TALKING, Phase.ANNOUNCED, Phase.OVER}),
        Phase.GUIDED: frozenset({Phase.WAITING, Phase.TALKING, Phase.OVER}),
        Phase.WAITING: frozenset({Phase.TALKING, Phase.ANNOUNCED, Phase.OVER}),
        Phase.ANNOUNCED: frozenset({Phase.OVER}),
        Phase.TALKING: frozenset({Phase.WAITING, Phase.RATING, Phase.OVER}),
        Phase.RATING: frozenset({Phase.OVER}),
        Phase.OVER: frozenset(),
    }
)
"""From → to; staying is always allowed."""


@dataclass(frozen=True, slots=True)
class Leg:
    """An agent's end of the call."""

    channel: str
    offer_id: str
    agent_id: str
    up: bool = False  # the phone was answered
    accepted: bool = False  # UCC gave this agent the contact, or the consultation
    gone: bool = False  # hung up between answering and being given the contact
    consult_of: str | None = None  # the transfer this agent is asked about


@dataclass(frozen=True, slots=True)
class Listener:
    """A supervisor's end of the call."""

    channel: str
    supervisor: str
    mode: SupervisorMode
    up: bool = False


@dataclass(frozen=True, slots=True)
class Consultation:
    """Sender and asked agent talk; the customer waits, or joined them."""

    transfer_id: str
    offer_id: str
    joined: bool = False


@dataclass(frozen=True, slots=True)
class OutsideLeg:
    """The outside party the customer was passed on to, or whom their agent asks first; its channel has the attempt's id, so
    dialling twice is impossible."""

    channel: str
    up: bool = False
    transfer_id: str | None = None  # asked first: the customer is the agent's yet
    joined: bool = False  # and hears the party too


@dataclass(frozen=True, slots=True)
class Call:
    """Everything that is true of a call. `heard`: number of the last event of UCC's stream it has heard."""

    subject: str
    contact_id: str
    language: str = "en"
    phase: Phase = Phase.ARRIVED
    answered: bool = False
    agent: str | None = None  # offer id of the leg that has the customer
    legs: Mapping[str, Leg] = field(default_factory=dict[str, Leg])  # by offer id
    listeners: Mapping[str, Listener] = field(default_factory=dict[str, Listener])  # by supervisor
    consultation: Consultation | None = None
    held: bool = False
    consented: bool = False  # told that the call is recorded
    rates: bool = False  # there is a question to play after the conversation
    asked: bool = False  # it was played
    heard: int = 0
    may_call_back: bool = False  # who waits may press a key to be called back
    attempt_id: str = ""  # of a callback: the dialling under way, or that was answered
    outside: OutsideLeg | None = None
    placed: PlaceCall | None = None  # for outbound, until somebody has the customer
    screening: bool = False  # it is listened who took the call
    refused: bool = False  # further calls, by key

    def leg_of(self, channel: str) -> Leg | None:
        return next((leg for leg in self.legs.values() if leg.channel == channel), None)

    def listener_of(self, channel: str) -> Listener | None:
        return next((one for one in self.listeners.values() if one.channel == channel), None)

    @property
    def channels(self) -> frozenset[str]:
        """Every channel of the call, the customer's too."""
        others = {leg.channel for leg in self.legs.values() if not leg.gone}
        others |= set() if self.outside is None else {self.outside.channel}
        return frozenset({self.subject} | others | {one.channel for one in self.listeners.values()})

    @property
    def agent_channel(self) -> str | None:
        """The channel of the agent who has the customer, once they answered."""
        leg = self.legs.get(self.agent or "")
        return leg.channel if leg is not None and leg.up and not leg.gone else None


def moved(call: Call, phase: Phase) -> Call:
    """The call in another phase. Raises ValueError for a move the table does not know."""
    if phase is call.phase:
        return call
    if phase not in TRANSITIONS[call.phase]:
        raise ValueError(f"a call that is {call.phase} does not become {phase}")
    return replace(call, phase=phase)


# --- what is to be done ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """A canonical fact to say. The same key again is the same fact."""

    kind: str
    key: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring an agent's phone; `now`: its owner accepted on the page, let it answer by itself."""

    leg: Leg
    now: bool = False


@dataclass(frozen=True, slots=True)
class RingListener:
    """Ring a supervisor's phone."""

    listener: Listener


@dataclass(frozen=True, slots=True)
class AskRating:
    """Play the question; one key from 1 to `scale` answers it."""

    scale: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a channel; `sorry`: after a word that nobody can take the call."""

    channel: str
    sorry: bool = False


@dataclass(frozen=True, slots=True)
class DialCustomer:
    """Call the customer of a callback, if this attempt was never begun."""

    wanted: DialRequested


@dataclass(frozen=True, slots=True)
class DialOutside:
    """Call an outside party, if this attempt was never begun."""

    wanted: DialRequested


@dataclass(frozen=True, slots=True)
class PassOn:
    """Hand the customer to an outside number; the call is no longer UCC's."""

    number: str
    caller_id: str | None


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """Hand the customer to the dialplan, which records what they have to say; the call is no longer UCC's."""


@dataclass(frozen=True, slots=True)
class AskToBeCalled:
    """The customer wants to be called back at the number they called from."""


Action = (
    Report
    | Ring
    | RingListener
    | HangUp
    | DialCustomer
    | DialOutside
    | PassOn
    | TakeMessage
    | AskToBeCalled
    | AskRating
    | ZipTone
    | AttemptAction
)
Decided = tuple[Call, Sequence[Action]]


# --- who hears whom -------------------------------------------------------------------------------------------------


class Hears(StrEnum):
    """What the customer hears outside the bridge."""

    PROMPTS = "prompts"
    COMFORT = "comfort"
    MUSIC = "music"
    BRIDGE = "bridge"
    SILENCE = "silence"  # for a moment
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Media:
    """The channels in the call's bridge, and what the customer hears."""

    bridge: frozenset[str]
    customer: Hears
    monitors: Mapping[str, tuple[SupervisorMode, str]] = field(default_factory=dict[str, "tuple[SupervisorMode, str]"])
    """Supervisor's channel → (listen or whisper, the agent's channel it is about)."""


def media(call: Call) -> Media:
    """Who hears whom, now."""
    if call.phase is Phase.OVER:
        return Media(frozenset(), Hears.NOTHING)
    if call.phase is Phase.ABSENT:  # who accepted waits in silence for the customer to answer
        return Media(frozenset(), Hears.NOTHING)
    if call.phase is Phase.ANNOUNCED:
        return Media(frozenset(), Hears.SILENCE)
    if call.phase is Phase.WAITING and call.placed is not None:  # in the bridge already: only the agent is brought in
        return Media(frozenset({call.subject}), Hears.SILENCE)
    if call.phase is not Phase.TALKING:
        return Media(frozenset(), Hears.COMFORT if call.phase is Phase.WAITING else Hears.PROMPTS)
    agent = call.agent_channel
    consulted, party = _consulted(call), _party(call)
    inside = {channel for channel in (agent, consulted, party) if channel is not None}
    asked = consulted is not None or (party is not None and agent is not None)
    if (agent is not None or party is not None) and not call.held and (not asked or _together(call)):
        inside.add(call.subject)
    monitors: dict[str, tuple[SupervisorMode, str]] = {}
    for one in call.listeners.values():
        if one.up and one.mode == "barge":
            inside.add(one.channel)
        elif one.up and agent is not None:
            monitors[one.channel] = (one.mode, agent)
    return Media(frozenset(inside), Hears.BRIDGE if call.subject in inside else Hears.MUSIC, monitors)


def _consulted(call: Call) -> str | None:
    leg = call.legs.get(call.consultation.offer_id) if call.consultation is not None else None
    return leg.channel if leg is not None and leg.up and leg.accepted and not leg.gone else None


def _party(call: Call) -> str | None:
    return call.outside.channel if call.outside is not None and call.outside.up else None


def _together(call: Call) -> bool:
    """A conference: the customer hears whoever was asked too."""
    if call.consultation is not None:
        return call.consultation.joined
    return call.outside is not None and call.outside.joined
