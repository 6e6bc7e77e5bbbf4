"""Outside parties a customer is passed on to, or their agent asks first: played by themselves, each by its number answers after
a while, or never does.

What rings is one note, so that a restart finds it; only the instance that runs the exchange writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from pydantic import TypeAdapter

from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.simulator.settings import OutsideParty, SimulatorSettings
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import DialRequested

KEY: Final = "outside parties"
DAYS_KEPT: Final = 1


@dataclass(frozen=True, slots=True)
class _Ringing:
    """`at`: when it is decided, µs; `outcome`: None answers, else why not."""

    subject: str
    at: int
    outcome: str | None


_NOTE: Final = TypeAdapter(dict[str, _Ringing])


async def dial(port: ChannelPort, settings: SimulatorSettings, subject: str, wanted: DialRequested) -> None:
    """Ring once an attempt; one that was begun before and does not ring has an outcome nobody knows."""
    begun = await port.begin_dial(wanted)
    ringing = await _ringing(port)
    if wanted.attempt_id in ringing:
        return
    if begun is None or not begun.fresh:
        await _say(port, wanted.attempt_id, subject, "cancelled" if begun is None else "unknown")
        return
    party = next((p for p in settings.outside if p.number == begun.number), OutsideParty(number=begun.number))
    seconds = wanted.answer_seconds if party.does == "rings" else min(party.after_seconds, wanted.answer_seconds)
    outcome = {"answers": None, "busy": "busy", "rings": "no_answer"}[party.does]
    await _keep(port, {**ringing, wanted.attempt_id: _Ringing(subject, port.now() + seconds * SECOND, outcome)})


async def settle(port: ChannelPort) -> None:
    """Those that have rung long enough answer, or do not."""
    ringing = await _ringing(port)
    due = {attempt_id: one for attempt_id, one in ringing.items() if one.at <= port.now()}
    for attempt_id, one in sorted(due.items()):
        await _say(port, attempt_id, one.subject, one.outcome)
    if due:
        await _keep(port, {key: one for key, one in ringing.items() if key not in due})


async def withdraw(port: ChannelPort, subject: str) -> None:
    """The customer is elsewhere, or gone: whatever rings for them falls silent."""
    ringing = await _ringing(port)
    rest = {key: one for key, one in ringing.items() if one.subject != subject}
    if len(rest) < len(ringing):
        await _keep(port, rest)


async def _ringing(port: ChannelPort) -> dict[str, _Ringing]:
    note = await port.recall(KEY)
    return {} if note is None else _NOTE.validate_python(note.value)


async def _keep(port: ChannelPort, ringing: Mapping[str, _Ringing]) -> None:
    await port.remember(KEY, {key: asdict(one) for key, one in ringing.items()}, days=DAYS_KEPT)


async def _say(port: ChannelPort, attempt_id: str, subject: str, outcome: str | None) -> None:
    if outcome is None:
        said = {"attempt_id": attempt_id, "by": "person"}
        await port.report("DialAnswered", subject, f"answered {attempt_id}", said)
    else:
        said = {"attempt_id": attempt_id, "outcome": outcome}
        await port.report("DialFailed", subject, f"failed {attempt_id}", said)
