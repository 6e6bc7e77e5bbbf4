"""The replay's agents: there in the half hours the log says, they take what is offered at once and never miss."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from deploy.clients.desk import Desk
from deploy.replay.plan import Shift
from shared.clock import Clock

END_AGAIN_SECONDS = 5.0
ANSWER = "您的问题已记录，稍后由同事详细答复。"


class CrewMember:
    """One agent: signs in and out through console, accepts, and ends web contacts after their planned handling."""

    def __init__(
        self, desk: Desk, shifts: Sequence[Shift], clock: Clock, shift_by: int, web_handling: Callable[[str], int]
    ) -> None:
        """`shift_by`: µs between the log's calendar and the clock; `web_handling`: contact id → µs."""
        self._desk = desk
        self._shifts = shifts
        self._clock = clock
        self._shift_by = shift_by
        self._web_handling = web_handling
        self._deeds: set[asyncio.Task[Any]] = set()
        self._known: set[str] = set()  # offers and contacts already acted upon: a snapshot shows them again
        self._in_hand: set[str] = set()  # web contacts in conversation
        self._gone = asyncio.Event()  # signed out, nothing in hand
        self.on_shift = False

    async def work(self) -> None:
        """All shifts, then return."""
        await self._desk.authenticate()
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(self._desk.heartbeats())
            reading = tasks.create_task(self._read())
            for shift in self._shifts:
                await self._clock.sleep_until(shift.begins + self._shift_by)
                self.on_shift = True
                await self._desk.sign_in_available()
                await self._clock.sleep_until(shift.ends + self._shift_by)
                self.on_shift = False
                await self._desk.sign_out()  # while a call lasts the router keeps it pending
            await self._gone.wait()
            beating.cancel()
            reading.cancel()

    async def _read(self) -> None:
        handlers: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "offer": self._offer,
            "interaction_started": self._interaction,
            "interaction_ended": lambda body: self._in_hand.discard(body["contact_id"]),
            "agent_state": self._state,
        }
        async for frame in self._desk.stream():
            if frame.type == "snapshot":
                self._snapshot(frame.body["agent"])
            elif (handler := handlers.get(frame.type)) is not None:
                handler(frame.body)

    def _snapshot(self, view: Mapping[str, Any]) -> None:
        for offer in view["offers"]:
            self._offer(offer)
        for contact in view["contacts"]:
            self._interaction(contact)
        if view["agent"] is not None:
            self._state(view["agent"])

    def _do(self, deed: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(deed)
        self._deeds.add(task)
        task.add_done_callback(self._deeds.discard)

    def _offer(self, offer: Mapping[str, Any]) -> None:
        if offer["offer_id"] not in self._known:
            self._known.add(offer["offer_id"])
            self._do(self._desk.accept(offer["contact_id"], offer["offer_id"]))

    def _interaction(self, interaction: Mapping[str, Any]) -> None:
        contact = interaction["contact_id"]
        if interaction["channel"] == "web" and interaction["state"] == "connected" and contact not in self._known:
            self._known.add(contact)
            self._in_hand.add(contact)
            self._do(self._handle(contact))

    async def _handle(self, contact: str) -> None:
        done_at = self._clock.now() + self._web_handling(contact)
        await self._desk.say(contact, ANSWER)
        await self._clock.sleep_until(done_at)
        while contact in self._in_hand:  # an end that came too late was refused: say it again
            await self._desk.end(contact)
            await asyncio.sleep(END_AGAIN_SECONDS)

    def _state(self, state: Mapping[str, Any]) -> None:
        """Off by accident (a page's silence, a missed offer) while on shift: come back."""
        gone = state["presence"] == "signed_out" and state["work_state"] == "idle"
        (self._gone.set if gone else self._gone.clear)()
        off = state["presence"] != "available" and state["pending_presence"] is None
        if self.on_shift and off and state["work_state"] == "idle":
            signed_out = state["presence"] == "signed_out"
            self._do(self._desk.sign_in_available() if signed_out else self._desk.presence("available"))
