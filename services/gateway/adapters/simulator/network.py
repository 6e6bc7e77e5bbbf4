"""The simulated telephone network: outbound's calls ring people who are not there, each by its fate, hundreds at a time.

Nothing is kept here that a restart would miss: when an attempt was begun, answered and connected stands in its row, and what
becomes of it then is a function of seed and attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.gateway.adapters.port import ChannelEvent, ChannelPort
from services.gateway.adapters.simulator.fates import CAUSES, Fate, Network, fate_of
from services.gateway.domain.attempts import KeptAttempt, arrival_of, ended
from shared import telemetry
from shared.contracts.channel_commands import EndContact, PlayPrompt
from shared.contracts.dial_requests import CancelCall, PlaceCall, TellAttempt
from shared.contracts.dial_results import AttemptAnswered, AttemptOutcome, AttemptRang
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactAssigned, ContactClosed, SelfServiceEngaged
from shared.database_faults import errors_by_consequence
from shared.errors import Backpressure, BrokerUnavailable

log = telemetry.logger("gateway")

RINGS_AFTER: Final = 1.5
"""Seconds until the far end is heard ringing."""
LOOK_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 0.5


@dataclass(slots=True)
class Played:
    """One call under way, and what was heard of it since; `news` is set with everything heard."""

    attempt: KeptAttempt
    fate: Fate
    news: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: str | None = None
    connected_at: int | None = None  # µs
    closed: bool = False


class SimulatedNetwork:
    """The calls of one gateway row; `run` within whose task group they are played."""

    def __init__(self, port: ChannelPort, network: Network) -> None:
        self._port = port
        self._network = network
        self._played: dict[str, Played] = {}  # by subject
        self._calls: asyncio.TaskGroup | None = None
        self._last_heard: dict[str, asyncio.Task[None]] = {}  # by subject

    async def run(self, ready: asyncio.Event) -> None:
        """Take up what is under way, then play calls until cancelled."""
        async with asyncio.TaskGroup() as self._calls:
            for attempt in await self._port.attempts():
                self._begin(attempt)
            ready.set()
            await asyncio.Event().wait()

    def take(self, event: ChannelEvent, done: Callable[[], None]) -> None:
        """Hear it: after what was heard of the same call, beside all others."""
        assert self._calls is not None
        subject = event.subject or ""
        before = self._last_heard.get(subject)
        self._last_heard[subject] = self._calls.create_task(self._in_turn(before, event, done), name="heard of a call")

    async def _in_turn(self, before: asyncio.Task[None] | None, event: ChannelEvent, done: Callable[[], None]) -> None:
        if before is not None:
            await asyncio.wait({before})
        await _until_said(lambda: self.hear(event))
        done()
        subject = event.subject or ""
        if self._last_heard.get(subject) is asyncio.current_task():
            del self._last_heard[subject]

    async def hear(self, event: ChannelEvent) -> None:
        """A request, a decision or a command about a placed call. Repeated, it is the same fact."""
        subject, data = event.subject or "", event.data
        played = self._played.get(subject)
        match data:
            case PlaceCall():
                begun = await self._port.begin_attempt(data.attempt_id)
                if begun is not None and played is None:
                    self._begin(begun.attempt)
            case TellAttempt() if played is None:
                await self._tell_unknown(data)
            case CancelCall() if played is not None:
                played.cancelled = data.reason
            case ContactAssigned():
                said = {"offer_id": data.offer_id}
                await self._port.report("ContactConnected", subject, f"connected {data.offer_id}", said)
                if played is not None:
                    played.connected_at = played.connected_at or self._port.now()
            case SelfServiceEngaged() if played is not None:
                played.connected_at = played.connected_at or self._port.now()
            case PlayPrompt():
                heard = "played" if data.gather is None else "timeout"
                await self._port.answered(event.contact_id, data.step, heard)
            case EndContact():
                await self._port.report("ContactEnded", subject, f"ended {data.command_id}", {"by": data.by})
            case ContactClosed() if played is not None:
                played.closed = True
            case _:
                return
        if played is not None:
            played.news.set()

    async def _tell_unknown(self, asked: TellAttempt) -> None:
        known = next((one for one in await self._port.attempts() if one.attempt_id == asked.attempt_id), None)
        if known is not None:
            await self._port.tell(ended(known, "unknown", self._port.now()))

    def _begin(self, attempt: KeptAttempt) -> None:
        if self._calls is None or attempt.subject in self._played:
            return
        wanted = attempt.wanted
        played = Played(attempt, fate_of(self._network, wanted.attempt_id, wanted.ring_seconds))
        played.connected_at = attempt.connected_at
        self._played[attempt.subject] = played
        self._calls.create_task(self._play(played), name="simulated call")

    async def _play(self, played: Played) -> None:
        try:
            await _until_said(lambda: self._go_on(played))
        finally:
            self._played.pop(played.attempt.subject, None)

    # --- one call -------------------------------------------------------------------------------------------------

    async def _go_on(self, played: Played) -> None:
        """From where it stands to its end; everything said on the way has one id, so it may be said again."""
        attempt, fate = played.attempt, played.fate
        begun = attempt.begun_at or self._port.now()
        if attempt.answered_at is None and not await self._rings(played, begun):
            return
        answered_at = attempt.answered_at or begun + round(fate.after * SECOND)
        audited = fate.reached == "machine" and attempt.wanted.audit_machine
        if fate.reached in ("machine", "fax") and self._tells_machines(attempt) and not audited:
            await self._port.tell(self._answered(attempt, answered_at, by=fate.reached))
            await self._end(attempt, fate.reached)
            return
        await self._report(attempt, "ContactArrived", "arrived", arrival_of(attempt), answered_at)
        by = "machine" if audited else None  # an agent is to say who it was
        await self._port.tell(self._answered(attempt, answered_at, by=by, contact_id=attempt.contact_id))
        await self._until(played, answered_at + round(fate.patience * SECOND), lambda: played.connected_at is not None)
        if played.connected_at is not None:
            await self._until(played, played.connected_at + round(fate.talks * SECOND))
            if not played.closed:
                await self._report(attempt, "ContactEnded", "hung up", {"by": "customer"})
        elif played.closed:
            await self._announced(played)
        else:
            await self._report(attempt, "ContactAbandoned", "left", {})
            await self._end(attempt, "abandoned", "hung_up_by_customer")

    async def _rings(self, played: Played, begun: int) -> bool:
        """True when somebody, or something, took the call."""
        attempt, fate = played.attempt, played.fate
        wanted = attempt.wanted
        rings = begun + round(RINGS_AFTER * SECOND)
        decided = begun + round(fate.after * SECOND)
        if rings < decided and fate.reached in ("person", "machine", "fax", "no_answer"):
            await self._until(played, rings, lambda: played.cancelled is not None)
            about = (wanted.attempt_id, wanted.campaign, wanted.gateway_id)
            if played.cancelled is None:
                await self._port.tell(AttemptRang(*about, begun, rings))
        await self._until(played, decided, lambda: played.cancelled is not None)
        if played.cancelled is not None:
            await self._end(attempt, "cancelled", played.cancelled)
            return False
        if fate.reached in ("person", "machine", "fax"):
            return True
        await self._end(attempt, fate.reached, cause=CAUSES[fate.reached])
        return False

    async def _announced(self, played: Played) -> None:
        """Nobody came in time: the message is heard, and may be answered with the key."""
        attempt, began = played.attempt, self._port.now()
        announcement = attempt.wanted.announcement
        if announcement is None:
            await self._end(attempt, "abandoned")
            return
        await self._until(None, began + round(self._network.announcement * SECOND))
        if played.fate.refuses and announcement.refusal_key:
            await self._port.refuse(attempt.attempt_id)
        await self._end(attempt, "abandoned", announced=True, announced_at=began)

    def _tells_machines(self, attempt: KeptAttempt) -> bool:
        return self._network.tells_machines or attempt.wanted.detect_machine

    def _answered(self, attempt: KeptAttempt, at: int, **more: Any) -> AttemptAnswered:
        wanted = attempt.wanted
        return AttemptAnswered(wanted.attempt_id, wanted.campaign, wanted.gateway_id, at, **more)

    async def _end(self, attempt: KeptAttempt, outcome: AttemptOutcome, reason: str | None = None, **more: Any) -> None:
        await self._port.tell(ended(attempt, outcome, self._port.now(), reason, **more))

    async def _report(
        self, attempt: KeptAttempt, kind: str, key: str, said: Mapping[str, Any], at: int | None = None
    ) -> None:
        await self._port.report(kind, attempt.subject, f"{key} {attempt.subject}", said, at)

    async def _until(self, played: Played | None, at: int, or_else: Callable[[], bool] = lambda: False) -> None:
        """Until a moment (µs of the policy's clock, which may run fast), the call's end, or what is looked for."""
        while (left := at - self._port.now()) > 0:
            if played is not None and (played.closed or or_else()):
                return
            seconds = min(left / SECOND, LOOK_SECONDS)
            if played is None:
                await asyncio.sleep(seconds)
                continue
            played.news.clear()
            try:
                async with asyncio.timeout(seconds):
                    await played.news.wait()
            except TimeoutError:
                continue


async def _until_said(say: Callable[[], Awaitable[None]]) -> None:
    """Again while broker or database are away: what is said has one id, and one call's trouble is no other's."""
    while True:
        try:
            with errors_by_consequence():
                return await say()
        except (BrokerUnavailable, Backpressure) as error:
            log.warning("a simulated call waits", cause=str(error))
            await asyncio.sleep(AGAIN_SECONDS)
