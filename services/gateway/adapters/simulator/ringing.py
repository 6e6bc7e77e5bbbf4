"""Calling the people who can be played: their telephone in the browser rings, is answered, refused, or nobody is there.

One attempt lies on a played person's telephone at a time, as a note: so every instance sees it, and a restart finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.simulator.settings import SimulatorSettings
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactAssigned, DialRequested

DAYS_KEPT = 1
State = Literal["ringing", "answered", "refused", "silent"]


@dataclass(frozen=True, slots=True)
class Ring:
    """A telephone that rings, or rang. `until` in µs; `version` of its note."""

    attempt_id: str
    subject: str
    until: int
    state: State
    version: int

    def to_note(self, state: State) -> dict[str, Any]:
        return {"attempt_id": self.attempt_id, "subject": self.subject, "until": self.until, "state": state}


def phone_key(caller: int) -> str:
    return f"phone {caller}"


def _agent_key(subject: str) -> str:
    return f"agent of {subject}"


def _answered_key(subject: str) -> str:
    return f"answered {subject}"


async def ring_of(port: ChannelPort, caller: int) -> Ring | None:
    """What lies on the telephone of a played person."""
    note = await port.recall(phone_key(caller))
    if note is None:
        return None
    said = note.value
    return Ring(said["attempt_id"], said["subject"], int(said["until"]), said["state"], note.version)


async def dial(port: ChannelPort, settings: SimulatorSettings, subject: str, wanted: DialRequested) -> bool:
    """Ring once an attempt; one that was begun before and is on no telephone has an outcome nobody knows. False: it is to ring
    somebody whom nobody plays."""
    begun = await port.begin_dial(wanted)
    if begun is None:
        await failed(port, subject, wanted.attempt_id, "cancelled")
        return True
    caller = next((n for n, played in enumerate(settings.callers) if played.number == begun.number), None)
    lies = None if caller is None else await ring_of(port, caller)
    if lies is not None and lies.attempt_id == wanted.attempt_id:
        return True
    if not begun.fresh:
        await failed(port, subject, wanted.attempt_id, "unknown")
    elif caller is None:
        return False
    elif lies is not None and lies.state == "ringing" and port.now() < lies.until:
        await failed(port, subject, wanted.attempt_id, "busy")
    else:
        ring = Ring(wanted.attempt_id, subject, port.now() + wanted.answer_seconds * SECOND, "ringing", 0)
        await port.remember(phone_key(caller), ring.to_note("ringing"), days=DAYS_KEPT)
    return True


async def withdraw(port: ChannelPort, settings: SimulatorSettings, subject: str) -> None:
    """The attempt is over for us: whatever rings for this contact falls silent."""
    for caller in range(len(settings.callers)):
        ring = await ring_of(port, caller)
        if ring is not None and ring.subject == subject and ring.state == "ringing":
            await port.remember(phone_key(caller), ring.to_note("silent"), after=ring.version, days=DAYS_KEPT)


async def give_up_unanswered(port: ChannelPort, settings: SimulatorSettings) -> None:
    """Telephones that rang long enough."""
    for caller in range(len(settings.callers)):
        ring = await ring_of(port, caller)
        if ring is None or ring.state != "ringing" or port.now() < ring.until:
            continue
        if await port.remember(phone_key(caller), ring.to_note("silent"), after=ring.version, days=DAYS_KEPT):
            await failed(port, ring.subject, ring.attempt_id, "no_answer")


async def pick_up(port: ChannelPort, caller: int, attempt_id: str, answers: bool) -> str | None:
    """The played person answers or refuses; the call's subject, None where nothing rings (any more)."""
    ring = await ring_of(port, caller)
    if ring is None or ring.state != "ringing" or ring.attempt_id != attempt_id:
        return None
    state: State = "answered" if answers else "refused"
    if not await port.remember(phone_key(caller), ring.to_note(state), after=ring.version, days=DAYS_KEPT):
        return None
    if not answers:
        await failed(port, ring.subject, attempt_id, "busy")
        return ring.subject
    await answered(port, ring.subject, attempt_id)
    return ring.subject


async def answered(port: ChannelPort, subject: str, attempt_id: str) -> bool:
    """The customer is on the line; True where an agent waits, who is connected hereby."""
    await port.remember(_answered_key(subject), {"attempt_id": attempt_id}, days=DAYS_KEPT)
    await port.report("DialAnswered", subject, f"answered {attempt_id}", {"attempt_id": attempt_id, "by": "person"})
    waiting = await port.recall(_agent_key(subject))
    if waiting is not None:
        await _connected(port, subject, waiting.value["offer_id"])
    return waiting is not None


async def agent_ready(port: ChannelPort, subject: str, assigned: ContactAssigned) -> bool:
    """An agent accepted a callback: connected once its customer has answered, before or after; True: hereby."""
    await port.remember(_agent_key(subject), {"offer_id": assigned.offer_id}, days=DAYS_KEPT)
    if not await is_answered(port, subject):
        return False
    await _connected(port, subject, assigned.offer_id)
    return True


async def is_answered(port: ChannelPort, subject: str) -> bool:
    """Whether the customer of a callback is on the line."""
    return await port.recall(_answered_key(subject)) is not None


async def _connected(port: ChannelPort, subject: str, offer_id: str) -> None:
    await port.report("ContactConnected", subject, f"connected {offer_id}", {"offer_id": offer_id})


async def failed(port: ChannelPort, subject: str, attempt_id: str, outcome: str) -> None:
    await port.report("DialFailed", subject, f"failed {attempt_id}", {"attempt_id": attempt_id, "outcome": outcome})
