"""A small telephone exchange and web site on top of one gateway: spreads the stream over the contacts it is about.

Policy durations (patience, talk) follow the clock given; a call told to `hang up` leaves at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.clients.gateway import GatewayClient, cloud_event
from deploy.clients.streams import Frame
from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class LegEnd:
    """How a contact ended, as the router said. Times in policy µs; `waited` until the first acceptance or the end."""

    contact_id: str
    end: str
    waited: int
    assigned: int  # how often an agent accepted
    agent_id: str | None
    talked: int


class Leg:
    """One contact's side of the exchange."""

    def __init__(self, board: Switchboard, subject: str, channel: str) -> None:
        self.board = board
        self.subject = subject
        self.channel = channel
        self.contact_id = ""
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.hang_up = asyncio.Event()

    async def tell(self, kind: str, at: int, **data: Any) -> None:
        """Hand in an event about this contact."""
        event = cloud_event(kind, self.subject, at, data)
        contacts = await self.board.gateway.send(event)
        self.contact_id = contacts.get(self.subject, self.contact_id)
        self.board.acknowledged(event["id"])

    async def leave(self, at: int, *, connected: bool) -> None:
        """The customer goes: hangs up a conversation, or gives up waiting."""
        if connected:
            await self.tell("ContactEnded", at, by="customer")
        else:
            await self.tell("ContactAbandoned", at)

    async def next_frame(self, until: int | None) -> Frame | None:
        """The next frame, or None at `until` (policy µs) or when told to hang up."""
        if not self.frames.empty():
            return self.frames.get_nowait()
        frame = asyncio.ensure_future(self.frames.get())
        leaving = asyncio.ensure_future(self.hang_up.wait())
        waits: set[asyncio.Future[Any]] = {frame, leaving}
        if until is not None:
            waits.add(asyncio.ensure_future(self.board.clock.sleep_until(until)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return frame.result() if frame.done() else None
        finally:
            for wait in waits:
                wait.cancel()


class Switchboard:
    """The open legs of one gateway."""

    def __init__(
        self, gateway: GatewayClient, clock: Clock, acknowledged: Callable[[str], None] = lambda _event_id: None
    ) -> None:
        """`acknowledged` hears the id of every event the gateway service has acknowledged."""
        self.gateway = gateway
        self.clock = clock
        self.acknowledged = acknowledged
        self.legs: dict[str, Leg] = {}
        self.listening = asyncio.Event()  # the stream is open: nothing about later contacts is missed

    def open(self, subject: str, channel: str) -> Leg:
        """A leg that hears frames about `subject` from now on."""
        self.legs[subject] = Leg(self, subject, channel)
        return self.legs[subject]

    def close(self, leg: Leg) -> None:
        self.legs.pop(leg.subject, None)

    def hang_up_all(self) -> None:
        """Every customer leaves."""
        for leg in self.legs.values():
            leg.hang_up.set()

    async def run(self) -> None:
        """Read the gateway's stream for ever."""
        async for frame in self.gateway.stream():
            self.listening.set()
            leg = self.legs.get(frame.body.get("subject", ""))
            if leg is not None:
                leg.frames.put_nowait(frame)

    async def heartbeats(self) -> None:
        """Keep the lease of contacts whose media this exchange carries; for ever."""
        while True:
            await self.gateway.heartbeat()
            await asyncio.sleep(5)

    async def contact(
        self, leg: Leg, arrival: Mapping[str, Any], *, patience: int | None, talk: Callable[[str], int] | None
    ) -> LegEnd:
        """Arrive, wait at most `patience` (µs; None: as long as it takes), talk for `talk(agent id)` µs, leave; returns at the end.

        With `talk` this exchange carries the voice and reports connection and end; the agent may end sooner (EndContact),
        a transferred call waits again and goes on where it was. Without, the gateway service holds the session (web).
        """
        arrived = self.clock.now()
        await leg.tell("ContactArrived", arrived, channel=leg.channel, arrived_at=arrived, **arrival)
        leaves_at = None if patience is None else arrived + patience
        connected_at: int | None = None
        waited = assigned = talked = 0
        agent_id: str | None = None
        left = False
        try:
            while True:
                frame = await leg.next_frame(None if left else leaves_at)
                now = self.clock.now()
                if frame is None:
                    left = True
                    leg.hang_up.clear()
                    talked = now - (connected_at or now)
                    await leg.leave(now, connected=connected_at is not None)
                    continue
                match frame.type:
                    case "ContactAssigned" if not left:
                        assigned += 1
                        agent_id = str(frame.body["agent_id"])
                        waited = frame.body["waited"] if assigned == 1 else waited
                        connected_at = connected_at or now
                        if talk is None:
                            leaves_at = None
                        elif assigned == 1:
                            leaves_at = now + talk(agent_id)
                        if talk is not None:
                            await leg.tell("ContactConnected", now, offer_id=frame.body["offer_id"])
                    case "EndContact" if not left and talk is not None:
                        left = True
                        talked = now - (connected_at or now)
                        await leg.tell("ContactEnded", now, by="agent")
                    case "ContactClosed":
                        waited = waited if assigned else now - arrived
                        return LegEnd(frame.body["contact_id"], frame.body["end"], waited, assigned, agent_id, talked)
                    case _:
                        continue
        finally:
            self.close(leg)
