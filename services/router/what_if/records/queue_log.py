"""Asterisk's `queue_log`: one line an event, `epoch|call|queue|agent|event|data1|data2|…`, calls pieced together from it.

After Asterisk's own description of the file. A call that enters a second queue is a second call here (`<call>#2`): what
waits is routed anew. Agents are there from ADDMEMBER to REMOVEMEMBER less their pauses; where the file names no such thing
(static members), the half hours in which they served stand for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.router.what_if.records.calls import (
    CallEnd,
    CallRecord,
    LogUnreadable,
    RecordedCall,
    Rejected,
    Shift,
    group_name,
)
from shared.contracts.fields import SECOND

PRESET = "asterisk-queue-log"
_LEFT = ("ABANDON",)
_ELSEWHERE = ("EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY", "JOINEMPTY")
_DONE = ("COMPLETEAGENT", "COMPLETECALLER", "TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER")
_SIGNED_IN = ("ADDMEMBER", "AGENTLOGIN", "AGENTCALLBACKLOGIN", "UNPAUSE")
_SIGNED_OUT = ("REMOVEMEMBER", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF", "PAUSE")
COVERED = 0.95
"""Of the calls an agent answered, this share must fall into times the file calls them there; else it does not know."""
_TALKED = {"COMPLETEAGENT": 1, "COMPLETECALLER": 1, "TRANSFER": 3, "BLINDTRANSFER": 3, "ATTENDEDTRANSFER": 3}
"""Which datum (from 0) is the conversation's length in seconds."""
FIELDS = 5


@dataclass
class _Waiting:
    key: str
    queue: str
    entered: int
    answered: int | None = None
    agent: str | None = None


@dataclass
class _Presence:
    """An agent's time: the queues they are members of, whether paused, since when there."""

    queues: set[str] = field(default_factory=set[str])
    paused: bool = False
    since: int | None = None


class _Reading:
    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []
        self.rejected: list[Rejected] = []
        self.shifts: list[Shift] = []
        self._under_way: dict[str, _Waiting] = {}
        self._entries: dict[str, int] = {}
        self._agents: dict[str, _Presence] = {}
        self._last = 0

    def take(self, number: int, line: str) -> None:
        parts = line.split("|")
        try:
            if len(parts) < FIELDS:
                raise ValueError(f"{len(parts)} fields; epoch|call|queue|agent|event are needed")
            at = round(float(parts[0]) * SECOND)
            self._last = max(self._last, at)
            self._event(at, parts[1], parts[2], parts[3], parts[4].strip(), [part.strip() for part in parts[5:]])
        except (ValueError, IndexError) as error:
            why = "data of the event are missing" if isinstance(error, IndexError) else str(error)
            self.rejected.append(Rejected(number, why, line))

    def _event(self, at: int, call: str, queue: str, agent: str, event: str, data: list[str]) -> None:
        if event == "ENTERQUEUE":
            self._entries[call] = self._entries.get(call, 0) + 1
            key = call if self._entries[call] == 1 else f"{call}#{self._entries[call]}"
            self._under_way[call] = _Waiting(key, queue, at)
        elif event == "CONNECT":
            waiting = self._known(call, event)
            waiting.answered, waiting.agent = at, agent
        elif event in _DONE:
            self._served(at, self._known(call, event), int(data[_TALKED[event]]))
            del self._under_way[call]
        elif event in _LEFT or event in _ELSEWHERE:
            waiting = self._known(call, event)
            end = CallEnd.ABANDONED if event in _LEFT else CallEnd.ELSEWHERE
            self._closed(waiting, at, end)
            del self._under_way[call]
        elif event in _SIGNED_IN or event in _SIGNED_OUT:
            presence = self._agents.setdefault(agent, _Presence())
            (presence.queues.add if event in _SIGNED_IN else presence.queues.discard)(queue)
            self._changed(agent, presence, at)
        elif event in ("PAUSEALL", "UNPAUSEALL"):
            presence = self._agents.setdefault(agent, _Presence())
            presence.paused = event == "PAUSEALL"
            self._changed(agent, presence, at)

    def _known(self, call: str, event: str) -> _Waiting:
        waiting = self._under_way.get(call)
        if waiting is None:
            raise ValueError(f"{event} of a call that never entered a queue here: {call}")
        return waiting

    def _served(self, at: int, waiting: _Waiting, talked: int) -> None:
        if waiting.answered is None:
            raise ValueError(f"the end of a conversation that never began: {waiting.key}")
        self.calls.append(
            RecordedCall(
                waiting.key, None, group_name(waiting.queue), "standard", waiting.entered,
                (waiting.answered - waiting.entered) // SECOND, CallEnd.SERVED, waiting.answered,
                max(talked, (at - waiting.answered) // SECOND), waiting.agent,
            )
        )  # fmt: skip

    def _closed(self, waiting: _Waiting, at: int, end: CallEnd) -> None:
        waited = (at - waiting.entered) // SECOND
        self.calls.append(
            RecordedCall(
                waiting.key, None, group_name(waiting.queue), "standard", waiting.entered, waited, end, at, 0, None
            )
        )

    def _changed(self, agent: str, presence: _Presence, at: int) -> None:
        there = bool(presence.queues) and not presence.paused
        if there and presence.since is None:
            presence.since = at
        elif not there and presence.since is not None:
            self.shifts.append(Shift(agent, presence.since, at))
            presence.since = None

    def finish(self) -> None:
        """Who is still there stays until the last line; calls under way have no end and are not counted."""
        for agent in sorted(self._agents):
            presence = self._agents[agent]
            if presence.since is not None and presence.since < self._last:
                self.shifts.append(Shift(agent, presence.since, self._last))


def read_queue_log(lines: Iterable[str]) -> CallRecord:
    """The calls of a queue_log. Raises LogUnreadable when not one line is of that form."""
    reading, read = _Reading(), 0
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if text:
            read += 1
            reading.take(number, text)
    if read and len(reading.rejected) == read:
        raise LogUnreadable(f"line {reading.rejected[0].line}: {reading.rejected[0].why}; this is no queue_log")
    reading.finish()
    shifts = sorted(reading.shifts, key=lambda shift: (shift.begins, shift.agent))
    return CallRecord.of(reading.calls, reading.rejected, read, shifts if _covers(shifts, reading.calls) else ())


def _covers(shifts: Sequence[Shift], calls: Iterable[RecordedCall]) -> bool:
    there: dict[str, list[Shift]] = {}
    for shift in shifts:
        there.setdefault(shift.agent, []).append(shift)
    served = [call for call in calls if call.agent is not None]
    inside = sum(any(s.begins <= call.served_at <= s.ends for s in there.get(call.agent or "", ())) for call in served)
    return bool(served) and inside >= COVERED * len(served)
