"""A call as the adapter remembers it: where it stands, which legs belong to it. Pure: events and answers in, the next state out.

The customer's leg fetches what to do next again and again; every answer is made from this state alone, so a repeated or
late request of the gateway repeats nothing. The stream's number is part of it: an event told twice counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic import TypeAdapter

from services.gateway.adapters.port import ChannelEvent
from shared.contracts.channel_commands import HoldContact, JoinConsultation, PlayPrompt, SuperviseContact
from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    ContactTransferred,
    DialRequested,
)

Role = Literal["agent", "consulted", "party", "listen", "whisper", "barge"]
LegState = Literal["wanted", "ringing", "up", "over"]


@dataclass(frozen=True, slots=True)
class Leg:
    """Somebody rung for this call: an agent for an offer, a supervisor, or an outside party whom the agent asks first."""

    person: str
    role: Role
    state: LegState = "wanted"
    sid: str | None = None  # the gateway's id of it, once it rings


Stage = Literal["served", "waiting", "message", "outside", "passed_on", "connecting", "talking", "over"]
"""`served`: by the ivr · `waiting`: in a queue · `message`: leaving one · `outside`: sent on to a number · `passed_on`: an
outside party rings for them, or has them · `connecting`: an agent's phone rings · `talking` · `over`"""


@dataclass(frozen=True, slots=True)
class Party:
    """An outside party the customer is passed on to; dialled by the document of one request, and no other. One who is asked
    first (`transfer_id`) is a leg of its own instead, by the attempt's id.

    `wanted`: the intent is not written yet · `cleared`: the next request dials · `dialled` · `over`: nobody answered
    """

    attempt_id: str
    number: str
    seconds: int
    shown: str | None = None
    state: Literal["wanted", "cleared", "dialled", "over"] = "wanted"
    transfer_id: str | None = None
    joined: bool = False  # on answering the customer hears them too


@dataclass(frozen=True, slots=True)
class Call:
    contact_id: str
    entry: str
    language: str
    stage: Stage = "served"
    number: int = 0  # of the stream's last event that counted
    quiet_since: float = 0.0  # s since 1970: when the ivr owed something
    prompt: PlayPrompt | None = None
    answered: str | None = None  # step
    stay: int = 0  # how often they were put in a queue
    offer_id: str | None = None  # of the agent who has the customer
    consulted: str | None = None  # offer of the agent, or attempt of the outside party, who is asked
    joined: bool = False  # the customer is part of the consultation
    held: bool = False
    gone: bool = False  # the customer's leg is no more
    told: bool = False  # that the conversation is recorded
    outside: str | None = None  # the number UCC sent them on to, and what it sees
    shown: str | None = None
    party: Party | None = None
    legs: Mapping[str, Leg] = field(default_factory=dict[str, Leg])  # offer or supervisor → leg

    @property
    def quiet(self) -> bool:
        """Nothing is to be said: the ivr's next word is awaited."""
        return self.stage == "served" and (self.prompt is None or self.prompt.step == self.answered)

    @property
    def apart(self) -> bool:
        """The customer waits while the agent holds, or asks somebody."""
        return self.held or (self.consulted is not None and not self.joined)

    @property
    def unheard_of(self) -> Leg | None:
        """An outside party asked first who was to ring, or perhaps rings."""
        leg = None if self.party is None else self.legs.get(self.party.attempt_id)
        return leg if leg is not None and leg.state in ("wanted", "ringing") and leg.sid is None else None

    def leg(self, key: str, **changes: Any) -> Call:
        """With one leg changed, if it is there."""
        if key not in self.legs:
            return self
        return replace(self, legs={**self.legs, key: replace(self.legs[key], **changes)})


_CALL = TypeAdapter(Call)


def read(note: Mapping[str, Any]) -> Call:
    return _CALL.validate_python(note)


def written(call: Call) -> Mapping[str, Any]:
    return _CALL.dump_python(call, mode="json")


def after(call: Call, event: ChannelEvent) -> Call:
    """The call once an event of the stream has happened to it."""
    if event.number <= call.number or call.stage == "over":
        return call
    return replace(_after(call, event.data), number=event.number)


def _after(call: Call, data: object) -> Call:
    match data:
        case PlayPrompt():
            return replace(call, prompt=data) if call.stage == "served" else call
        case ContactQueued():
            stage = "message" if call.stage == "message" else "waiting"
            return replace(
                call,
                stage=stage,
                stay=call.stay + 1,
                prompt=None,
                offer_id=None,
                consulted=None,
                held=False,
                party=None,
            )
        case ContactAssigned():
            legs = {**call.legs, data.offer_id: Leg(data.agent_id, "agent")}
            return replace(call, stage="connecting", offer_id=data.offer_id, legs=legs, held=False)
        case ConsultationStarted():
            legs = {**call.legs, data.offer_id: Leg(data.agent_id, "consulted")}
            return replace(call, consulted=data.offer_id, joined=data.joined, legs=legs)
        case JoinConsultation():
            return replace(call, joined=data.joined)
        case ConsultationEnded():
            asked = call.party is not None and call.party.transfer_id == data.transfer_id
            return replace(call, consulted=None, joined=False, party=None if asked else call.party)
        case ContactTransferred(to_agent=str()):
            kept = {call.consulted: replace(call.legs[call.consulted], role="agent")} if call.consulted else {}
            return replace(call, offer_id=call.consulted, consulted=None, held=False, legs={**call.legs, **kept})
        case ContactTransferred() if call.party is not None and call.party.transfer_id == data.transfer_id:
            return _handed_to(call, call.party)
        case DialRequested(attempt_id=again) if call.party is not None and call.party.attempt_id == again:
            return call  # told twice: where its dialling stands is not forgotten
        case DialRequested(outside=str(), number=str(number)):
            party = Party(data.attempt_id, number, data.answer_seconds, data.caller_id)
            if data.transfer_id is not None:
                asked = replace(party, transfer_id=data.transfer_id, joined=data.joined)
                return _asking(call, asked) if call.stage == "talking" else call
            return replace(
                call, stage="passed_on", party=party, offer_id=None, consulted=None, joined=False, held=False
            )
        case HoldContact():
            return replace(call, held=data.held)
        case SuperviseContact() if data.mode != "stop":
            key = supervisor_key(data.requested_by)
            leg = call.legs.get(key)
            there = leg is not None and leg.state in ("ringing", "up")
            listening = replace(leg, role=data.mode) if leg and there else Leg(data.requested_by, data.mode)
            return replace(call, legs={**call.legs, key: listening})
        case ContactClosed() if call.stage in ("served", "waiting") and data.number is not None:
            return replace(call, stage="outside", outside=data.number, shown=data.caller_id)
        case ContactClosed() if call.stage in ("served", "waiting") and data.to_kind == "message":
            return replace(call, stage="message")
        case ContactClosed():
            return replace(call, stage="over")
        case _:
            return call


def _asking(call: Call, party: Party) -> Call:
    return replace(call, party=party, legs={**call.legs, party.attempt_id: Leg("", "party")})


def answered_by(call: Call, attempt_id: str, leg_sid: str) -> Call:
    """The outside party asked first has picked up: from here on they talk with the agent."""
    party, leg = call.party, call.legs.get(attempt_id)
    if party is None or party.attempt_id != attempt_id or leg is None or leg.state == "over":
        return call
    return replace(call.leg(attempt_id, state="up", sid=leg_sid), consulted=attempt_id, joined=party.joined)


def _handed_to(call: Call, party: Party) -> Call:
    """The customer is the outside party's, who was asked first, or, left by both, waits to be taken back."""
    there = call.consulted == party.attempt_id and call.legs[party.attempt_id].state == "up"
    theirs = party.attempt_id if there else None
    return replace(call, offer_id=theirs, consulted=None, joined=False, held=False, party=None)


def party_in(call: Call, attempt_id: str, before: str, state: Literal["cleared", "dialled", "over"]) -> Call:
    """With the outside party of this attempt one step on, if it stands where that step begins."""
    party = call.party
    if call.stage != "passed_on" or party is None or (party.attempt_id, party.state) != (attempt_id, before):
        return call
    return replace(call, party=replace(party, state=state))


def leaving_a_message(call: Call, stay: str | None) -> Call:
    """The caller would rather leave a message than wait on; said of an earlier stay in a queue it means nothing."""
    return replace(call, stage="message") if call.stage == "waiting" and str(call.stay) == stay else call


def supervisor_key(supervisor: str) -> str:
    """The key of a supervisor's leg; an offer's leg has the offer's id."""
    return f"supervisor:{supervisor}"


def unneeded(call: Call) -> list[tuple[str, Leg]]:
    """Legs nobody needs any more: of whoever no longer has or is asked about the customer; all, when it is over."""
    asked = call.party.attempt_id if call.party is not None and call.party.transfer_id is not None else None
    needed = {call.offer_id, call.consulted, asked} if call.stage in ("connecting", "talking") else set[str | None]()
    return [
        (key, leg)
        for key, leg in call.legs.items()
        if leg.state in ("ringing", "up")
        and (call.stage == "over" or (leg.role in ("agent", "consulted", "party") and key not in needed))
    ]
