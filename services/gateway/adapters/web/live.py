"""Pushing a visitor what happens: one reader of the site's stream an instance, handing each event to the tabs it concerns.

A tab subscribes first and reads from the database what it missed since its cursor; what the reader hands over meanwhile
is dropped where it is not newer. So nothing is lost and nothing comes twice, however often the connection breaks.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.web import visits
from services.gateway.adapters.web.frames import (
    Frame,
    body_of,
    choices_of,
    frame_of,
    message_shape,
    place_frame,
    state_of,
)
from services.gateway.adapters.web.settings import WebSettings
from services.gateway.adapters.web.tokens import Visitor
from shared import telemetry
from shared.errors import NotFound, Refused
from shared.kafka import supervise

TABS: Final = 12
"""Open streams of one visitor on one instance; more are refused."""
BEHIND: Final = 500
"""A tab that has so many events untaken is let go; it comes back with its cursor."""
BEAT_SECONDS: Final = 10.0
PLACE_SECONDS: Final = 5.0
NAME_TRIES: Final = 5
_NEVER: Final = 2**62


@dataclass(eq=False, slots=True)
class Tab:
    """One open page: what it has not taken yet; `lost` when that became too much."""

    waiting: asyncio.Queue[tuple[int | None, Frame]] = field(default_factory=lambda: asyncio.Queue(BEHIND))
    lost: bool = False

    def hand(self, number: int | None, frame: Frame) -> None:
        if self.waiting.full():
            self.lost = True
        else:
            self.waiting.put_nowait((number, frame))


class Site:
    """The open tabs of one site on this instance, and its one reader of the stream while there are any."""

    def __init__(self, port: ChannelPort) -> None:
        self._port = port
        self._tabs: defaultdict[str, set[Tab]] = defaultdict(set)
        self._visitor_of: dict[str, str] = {}
        self._position: int | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._places: dict[str, tuple[float, Frame | None]] = {}

    @asynccontextmanager
    async def tab(self, visitor_id: str) -> AsyncIterator[Tab]:
        """An open page of a visitor. Raises Refused for one too many."""
        if len(self._tabs.get(visitor_id, ())) >= TABS:
            raise Refused("too_many_tabs", f"at most {TABS} open pages of one visitor")
        tab = Tab()
        self._tabs[visitor_id].add(tab)
        try:
            await self._begin()
            yield tab
        finally:
            self._tabs[visitor_id].discard(tab)
            if not self._tabs[visitor_id]:
                del self._tabs[visitor_id]
            if not self._tabs:
                self._end()

    def concerns(self, contact_id: str, visitor_id: str) -> None:
        self._visitor_of[contact_id] = visitor_id

    async def place(self, contact_id: str) -> Frame | None:
        """Asked of the router once for all tabs of a contact."""
        asked_at, known = self._places.get(contact_id, (0.0, None))
        if time.monotonic() - asked_at >= PLACE_SECONDS - 0.5:
            place = await self._port.place(contact_id)
            known = None if place is None else place_frame(place)
            self._places[contact_id] = (time.monotonic(), known)
        return known

    async def _begin(self) -> None:
        if self._readers:
            return
        async with self._port.database() as connection:
            last, _ = await visits.stream_position(connection, self._port.gateway_id)
        if not self._readers:  # another tab may have begun meanwhile
            self._position = last
            self._readers = [
                asyncio.create_task(supervise("gateway web stream", self._read)),
                asyncio.create_task(supervise("gateway web hints", self._pass_hints)),
            ]

    def _end(self) -> None:
        for reader in self._readers:
            reader.cancel()
        self._readers = []
        self._visitor_of.clear()
        self._places.clear()

    async def _read(self) -> None:
        async for event in self._port.events(self._position or 0):
            self._position = event.number
            visitor_id = (event.subject or "").partition(".")[0]
            if visitor_id in self._tabs:
                self._visitor_of[event.contact_id] = visitor_id
                frame = frame_of(self._port.tenant, event.type, body_of(event))
                for tab in tuple(self._tabs[visitor_id]) if frame is not None else ():
                    tab.hand(event.number, frame or {})

    async def _pass_hints(self) -> None:
        async for hint in self._port.hints():
            for tab in tuple(self._tabs.get(self._visitor_of.get(hint.contact_id, ""), ())):
                tab.hand(None, {"type": "typing", "author": hint.author})


class Live:
    """The sites of this instance."""

    def __init__(self) -> None:
        self._sites: dict[str, Site] = {}

    def site(self, port: ChannelPort) -> Site:
        return self._sites.setdefault(port.gateway_id, Site(port))


def encode(number: int | None, frame: Frame) -> bytes:
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"data: " + json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


class VisitorStream:
    """The frames of one open page. `still`: whether visitor and site are still believed (asked at each beat)."""

    def __init__(
        self, port: ChannelPort, settings: WebSettings, site: Site, visitor: Visitor, still: Callable[[], bool]
    ) -> None:
        self._port, self._settings, self._site, self._visitor = port, settings, site, visitor
        self._still = still
        self._cursor = 0
        self._shown: frozenset[str] = frozenset()  # messages of the snapshot: their events are repeats
        self._waiting_in: str | None = None  # contact that stands in line
        self._naming: asyncio.Task[None] | None = None

    async def frames(self, cursor: int | None) -> AsyncGenerator[bytes]:
        """From after `cursor` on, else a snapshot first; ends when the page must come back."""
        async with self._site.tab(self._visitor.visitor_id) as tab:
            try:
                yield b"retry: 1000\n\n"
                async for piece in self._missed(cursor, tab):
                    yield piece
                async for piece in self._live(tab):
                    yield piece
            finally:
                if self._naming is not None:
                    self._naming.cancel()

    async def _missed(self, cursor: int | None, tab: Tab) -> AsyncGenerator[bytes]:
        gateway, visitor_id = self._port.gateway_id, self._visitor.visitor_id
        async with self._port.database() as connection:
            await visits.seen(connection, gateway, visitor_id)
            last, pruned_to = await visits.stream_position(connection, gateway)
            if cursor is None or not pruned_to <= cursor <= last:
                self._cursor = last
                snapshot = await self._snapshot(connection)
                happened = ()
            else:
                self._cursor = cursor
                snapshot = None
                happened = await visits.visitor_events(connection, gateway, visitor_id, cursor, _NEVER)
                await self._resume(connection)
        if snapshot is not None:
            await self._name(snapshot)
            yield encode(self._cursor, snapshot)
        for event in happened:
            self._cursor = event.number
            if (frame := frame_of(self._port.tenant, event.type, event.body)) is not None:
                yield self._seen(event.number, frame, tab)

    async def _resume(self, connection: Any) -> None:
        """A page that goes on knows what it showed; we must know how its contact stands."""
        visit = await visits.latest_visit(connection, self._port.gateway_id, self._visitor.visitor_id)
        if visit is None:
            return
        self._site.concerns(visit.contact_id, self._visitor.visitor_id)
        stands = await visits.last_state(connection, self._port.gateway_id, visit.contact_id)
        state = state_of(*stands) if stands else None
        self._waiting_in = visit.contact_id if state and state["state"] == "waiting" else None

    async def _snapshot(self, connection: Any) -> Frame:
        gateway, visitor_id = self._port.gateway_id, self._visitor.visitor_id
        days = self._settings.visitor_days
        messages = await visits.visitor_messages(connection, gateway, visitor_id, days)
        self._shown = frozenset(message["message_id"] for message in messages)
        snapshot: Frame = {
            "type": "snapshot",
            "messages": [message_shape(m) for m in messages],
            "state": None,
            "choices": None,
        }
        visit = await visits.latest_visit(connection, gateway, visitor_id)
        if visit is not None:
            self._site.concerns(visit.contact_id, visitor_id)
            stands = await visits.last_state(connection, gateway, visit.contact_id)
            state = (state_of(*stands) if stands else None) or {
                "type": "state",
                "contact_id": visit.contact_id,
                "state": "bot",
            }
            if not visit.open:
                state["state"] = "ended"
                if await visits.is_rated(connection, visit.contact_id):
                    state["rating"] = None
            snapshot["state"] = state
            self._waiting_in = visit.contact_id if state["state"] == "waiting" else None
            prompt = await visits.pending_prompt(connection, gateway, visit.contact_id) if visit.open else None
            snapshot["choices"] = choices_of(self._port.tenant, prompt) if prompt else None
        return snapshot

    async def _name(self, snapshot: Frame) -> None:
        state = snapshot["state"]
        if state and state["state"] == "agent":
            state["agent"] = await self._port.agent_name(state["contact_id"])

    async def _live(self, tab: Tab) -> AsyncGenerator[bytes]:
        beat_at = asked_at = time.monotonic()
        if self._waiting_in is not None:
            asked_at -= PLACE_SECONDS
        while not tab.lost:
            now = time.monotonic()
            wait = beat_at + BEAT_SECONDS - now
            if self._waiting_in is not None:
                wait = min(wait, asked_at + PLACE_SECONDS - now)
            try:
                async with asyncio.timeout(max(wait, 0.0)):
                    number, frame = await tab.waiting.get()
            except TimeoutError:
                now = time.monotonic()
                if self._waiting_in is not None and now - asked_at >= PLACE_SECONDS:
                    asked_at = now
                    if (place := await self._site.place(self._waiting_in)) is not None:
                        yield encode(None, place)
                if now - beat_at >= BEAT_SECONDS:
                    beat_at = now
                    if not self._believed():
                        return
                    async with self._port.database() as connection:
                        await visits.seen(connection, self._port.gateway_id, self._visitor.visitor_id)
                    yield b": still here\n\n"
                continue
            if number is None:
                yield encode(None, frame)
            elif number > self._cursor:
                self._cursor = number
                if not self._repeats(frame):
                    yield self._seen(number, frame, tab)

    def _repeats(self, frame: Frame) -> bool:
        return frame["type"] == "message" and frame["message"]["message_id"] in self._shown

    def _believed(self) -> bool:
        return self._visitor.expires_at > time.time() and self._still()

    def _seen(self, number: int, frame: Frame, tab: Tab) -> bytes:
        if frame["type"] == "state":
            self._waiting_in = frame["contact_id"] if frame["state"] == "waiting" else None
            if frame["state"] == "agent":
                self._naming = asyncio.create_task(self._tell_name(frame["contact_id"], tab))
        telemetry.count("ucc_push_frames_total", stream="web")
        return encode(number, frame)

    async def _tell_name(self, contact_id: str, tab: Tab) -> None:
        """The console may hear of the assignment a little later than we do."""
        for attempt in range(NAME_TRIES):
            if (name := await self._port.agent_name(contact_id)) is not None:
                return tab.hand(None, {"type": "agent", "name": name})
            await asyncio.sleep(0.2 * 2**attempt)


def still_there(row: Callable[[], object]) -> bool:
    """Whether a site's row is still in force."""
    try:
        row()
    except NotFound:
        return False
    return True
