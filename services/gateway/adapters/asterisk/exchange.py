"""The adapter's loop: one line to Asterisk, one stream from UCC, and the calls between them.

Whenever the line was away (Asterisk or this process restarted, the network broke) what stands in Asterisk is compared with
the contacts UCC believes we hold: calls that still stand are taken up where they were, calls that went away are ended with
the fact that fits, and callers who came meanwhile are welcomed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

from services.gateway.adapters.asterisk import arrivals, attempt_line
from services.gateway.adapters.asterisk.ari import Ari, AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.calls import Call, Phase, Report
from services.gateway.adapters.asterisk.facts import (
    CustomerGone,
    CustomerReached,
    CustomerUnreached,
    LegGone,
    LegUp,
    OutsideGone,
    OutsideUp,
    Repair,
)
from services.gateway.adapters.asterisk.listening import EAR
from services.gateway.adapters.asterisk.live_call import LiveCall
from services.gateway.adapters.asterisk.reachability import Reachability
from services.gateway.adapters.asterisk.recording import Archive
from services.gateway.adapters.asterisk.remembering import recalled
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.asterisk.wiring import SNOOPS, bridge_of
from services.gateway.adapters.port import ChannelEvent, ChannelPort, OpenContact
from services.gateway.adapters.progress import Progress
from services.gateway.domain.callbacks import CALLED_BACK
from shared import telemetry
from shared.contracts.channel_commands import PlayPrompt
from shared.contracts.dial_requests import PlaceCall, TellAttempt
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import DialRequested, OfferMade

log = telemetry.logger("gateway")

FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 5.0
UNHEARD: Final = (
    "ChannelVarset",
    "ChannelDialplan",
    "ChannelConnectedLine",
    "ChannelCallerId",
    "ChannelCreated",
)
"""Events nobody here reads: Asterisk is asked not to send them."""


async def run(port: ChannelPort, settings: AsteriskSettings) -> None:
    """Until cancelled."""
    ari = Ari(settings.ari_url, settings.ari_user, settings.ari_password.get_secret_value(), settings.app)
    try:
        await Exchange(port, settings, ari).run()
    finally:
        await ari.close()


class Exchange:
    """The calls of one gateway row."""

    def __init__(self, port: ChannelPort, settings: AsteriskSettings, ari: Ari) -> None:
        self._shared = Surroundings(port, ari, settings, lambda agent_id: self._reachability.unreachable(agent_id))
        self._reachability = Reachability(self._shared)
        self._archive = Archive(self._shared)
        self._calls: dict[str, LiveCall] = {}  # by subject
        self._running: set[asyncio.Task[None]] = set()
        self._connected = asyncio.Event()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._line())
                loops.create_task(self._stream())
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    # --- UCC's stream

    async def _stream(self) -> None:
        """Decisions and commands to the calls they are about; those of calls that are over are done."""
        await self._connected.wait()
        port = self._shared.port
        progress = Progress(await port.read_to())
        self._start(progress.keep(port), "progress")
        self._start(self._reachability.run(), "reachability")
        self._start(self._archive.run(), "archive")
        async with aclosing(port.events(progress.mark)) as events:
            async for event in events:
                done = progress.begun(event.number)
                live = self._calls.get(event.subject or "")
                again = live is not None and event.number <= live.call.heard
                if live is None and (_is_for_callback(event) or isinstance(event.data, PlaceCall)):
                    live = self._call_back(event)
                elif live is None and isinstance(event.data, TellAttempt):
                    await attempt_line.tell_unknown(port, event.data)
                if live is None or (again and not isinstance(event.data, PlayPrompt)):
                    done()
                else:
                    live.hear(event.data, event.number, done)

    def _call_back(self, event: ChannelEvent) -> LiveCall:
        """A callback's turn, or a call of outbound: an agent is asked, or the customer dialled. Nobody is on the line yet."""
        call = Call(event.subject or "", event.contact_id, "zh", Phase.ABSENT)
        live = LiveCall(self._shared, call, None, None, greeted=True)
        self._take_up(live)
        return live

    # --- the line to Asterisk

    async def _line(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                async with self._shared.ari.events() as events, aclosing(events):
                    await self._listen()
                    await self._reconcile()
                    self._connected.set()
                    wait = FIRST_WAIT_SECONDS
                    async for event in events:
                        await self._heard(event)
            except Away as error:
                log.warning("the exchange is away", gateway_id=self._shared.port.gateway_id, fault=str(error))
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    async def _listen(self) -> None:
        """Phones that come and go, and none of what nobody reads. (A subscription to their endpoints would bring every event
        of their channels a second time, keys included.)"""
        ari = self._shared.ari
        unheard = {"disallowed": [{"type": kind} for kind in UNHEARD]}
        for asking in (
            ari.request("PUT", path("applications", ari.app, "eventFilter"), unheard),
            ari.request("POST", path("applications", ari.app, "subscription"), eventSource="deviceState:"),
        ):
            await self._shared.done(asking)

    async def _heard(self, event: Mapping[str, Any]) -> None:
        kind, channel = event["type"], event.get("channel", {})
        if kind == "ApplicationReplaced":
            raise Away("another client took the application over")
        if kind == "StasisStart" and event["args"][:1] == [arrivals.INBOUND]:
            await self._arrived(channel, event["args"])
            return
        self._reachability.heard(kind, event)
        self._archive.heard(kind, event)
        live = self._shared.by_channel.get(_channel_of(event))
        if live is not None:
            live.asterisk(kind, event)
        elif kind == "StasisStart":  # a phone answered whose call is over: it hears nobody
            await self._shared.done(self._shared.ari.request("DELETE", path("channels", channel["id"])))

    async def _arrived(self, channel: Mapping[str, Any], arguments: list[str]) -> None:
        if channel["id"] in self._calls:
            return
        number = arguments[1] if len(arguments) > 1 else ""
        entry = arrivals.reached(self._shared, number)
        if entry is None:
            log.error("a caller reached a number no entry names; the dialplan's fallback has them")
            return
        country = await self._shared.port.country()
        arrival = arrivals.arrived(self._shared, channel, number, entry, country)
        self._take_up(LiveCall(self._shared, arrivals.new_call(self._shared, channel, entry), number, arrival))

    def _take_up(self, live: LiveCall) -> None:
        self._calls[live.call.subject] = live
        self._start(live.run(), "call", live)

    def _start(self, running: Coroutine[Any, Any, None], name: str, live: LiveCall | None = None) -> None:
        task = asyncio.create_task(running, name=name)
        self._running.add(task)
        task.add_done_callback(lambda done: self._ended(done, live))

    def _ended(self, task: asyncio.Task[None], live: LiveCall | None) -> None:
        """A call is over. One that broke (a bug) is taken up again from what Asterisk remembers."""
        self._running.discard(task)
        if live is None:
            return
        self._calls.pop(live.call.subject, None)
        for channel in [name for name, owner in self._shared.by_channel.items() if owner is live]:
            del self._shared.by_channel[channel]
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error(
                "a call's loop broke; it is taken up anew", contact_id=live.call.contact_id, fault=type(fault).__name__,
                exc_info=fault,
            )  # fmt: skip
            self._start(self._again(live.call), "again")

    async def _again(self, call: Call) -> None:
        remembered = await recalled(self._shared, call.subject)
        if remembered is not None:
            live = LiveCall(self._shared, remembered, None, None, greeted=True)
            live.wiring.adopt({})
            self._take_up(live)
            live.hear(Repair())

    # --- after the line was away

    async def _reconcile(self) -> None:
        """Raises Away."""
        ari, port = self._shared.ari, self._shared.port
        there = {channel["id"]: channel for channel in await self._asked("channels")}
        bridges = {bridge["id"]: bridge for bridge in await self._asked("bridges")}
        ours = {name: given for name, one in there.items() if (given := arrivals.arguments(one, ari.app)) is not None}
        info = await ari.request("GET", path("asterisk", "info"), only="status")
        started = datetime.fromisoformat(info["status"]["startup_time"]).timestamp()
        for live in list(self._calls.values()):
            _compare(live, there, ours, bridges, started)
        for name, given in ours.items():
            if given[:1] == [SNOOPS]:  # of a supervision nobody remembers: it begins anew
                await self._shared.done(ari.request("DELETE", path("channels", name)))
        for name in bridges:
            if name.endswith(EAR):
                await self._shared.done(ari.request("DELETE", path("bridges", name)))
        for contact in await port.open_contacts():
            if contact.channel is not Channel.PHONE or contact.subject is None or contact.subject in self._calls:
                continue
            known = contact.subject in ours or contact.callback
            remembered = await recalled(self._shared, contact.subject) if known else None
            if remembered is None and contact.callback:
                continue  # nobody was asked or dialled yet
            if remembered is None:
                await self._ended_unseen(contact, contact.subject, there, started)
            else:
                live = LiveCall(self._shared, remembered, None, None, greeted=True)
                self._take_up(live)
                _compare(live, there, ours, bridges, started)
        for call in await attempt_line.calls_under_way(self._shared):
            if call.subject not in self._calls:
                live = LiveCall(self._shared, call, None, None, greeted=True)
                self._take_up(live)
                _compare(live, there, ours, bridges, started)
        for name, given in ours.items():
            if given[:1] == [arrivals.INBOUND] and name not in self._calls:
                await self._arrived(there[name], given)

    async def _asked(self, what: str) -> list[Mapping[str, Any]]:
        try:
            return await self._shared.ari.request("GET", path(what))
        except (Gone, AriRefused) as error:
            raise Away(str(error)) from error

    async def _ended_unseen(
        self, contact: OpenContact, subject: str, there: Mapping[str, Any], started: float
    ) -> None:  # fmt: skip
        """A call went away while we did not look. Who hung up is told by who is still there."""
        shared, key = self._shared, f"{subject}/gone"
        offer = contact.offer_id or ""
        agent_legs = [name for name in (offer, f"{offer}.now") if name in there]
        if subject in there:
            said = Report("ContactEnded", key, {"by": "system", "failed": True, "reason": "failed_open"})
        elif _born(subject) < started:
            said = Report("ContactEnded", key, {"by": "system", "failed": True, "reason": "exchange_restarted"})
        elif contact.agent_id is None:
            said = Report("ContactAbandoned", key)
        else:
            by = {"by": "customer"} if agent_legs else {"by": "system", "reason": "ended_unseen"}
            said = Report("ContactEnded", key, by)
        await shared.say(subject, said)
        for leg in agent_legs:
            await shared.done(shared.ari.request("DELETE", path("channels", leg)))
        await shared.done(shared.ari.request("DELETE", path("bridges", bridge_of(contact.contact_id))))


def _compare(
    live: LiveCall, there: Mapping[str, Any], ours: Mapping[str, list[str]], bridges: Mapping[str, Any], started: float
) -> None:
    """Tell a call what it missed, then let it make true again what is true."""
    call = live.call
    live.wiring.adopt(bridges)
    if call.phase is Phase.ABSENT:
        _compare_absent(live, there, ours)
    elif call.subject not in ours:
        fell = "exchange_restarted" if _born(call.subject) < started else None
        live.hear(CustomerGone("failed_open" if call.subject in there else fell))
        return
    ends = [*((leg.channel, leg.up) for leg in call.legs.values() if not leg.gone),
            *((one.channel, one.up) for one in call.listeners.values())]  # fmt: skip
    for channel, up in ends:
        if channel not in there:
            live.hear(LegGone(channel))
        elif not up and channel in ours:
            live.hear(LegUp(channel))
    outside = call.outside
    if outside is not None and outside.channel not in there:
        live.hear(OutsideGone(outside.channel, "unknown"))
    elif outside is not None and not outside.up and outside.channel in ours:
        live.hear(OutsideUp(outside.channel))
    live.hear(Repair())


def _compare_absent(live: LiveCall, there: Mapping[str, Any], ours: Mapping[str, list[str]]) -> None:
    """A customer who was being dialled: answered meanwhile, still ringing, or gone without anybody knowing how."""
    call = live.call
    if call.subject in ours:
        live.hear(CustomerReached())
    elif call.attempt_id and call.subject not in there:
        live.hear(CustomerUnreached("unknown"))


def _is_for_callback(event: ChannelEvent) -> bool:
    of_ours = event.subject is not None and event.subject.startswith(CALLED_BACK)
    dialled = isinstance(event.data, DialRequested) and event.data.outside is None
    return of_ours and (dialled or isinstance(event.data, OfferMade))


def _channel_of(event: Mapping[str, Any]) -> str:
    """The channel an event is about: its own, or that which a playback plays to."""
    if "playback" in event:
        return event["playback"]["target_uri"].partition(":")[2]
    if "recording" in event:
        return event["recording"]["target_uri"].partition(":")[2]
    if event["type"] == "Dial":  # of its steps only that there is something to hear
        return event["peer"]["id"] if event["dialstatus"] == "PROGRESS" else ""
    return event.get("channel", {}).get("id", "")


def _born(subject: str) -> float:
    """When Asterisk made a channel (seconds since 1970), as its id says: `[system-]seconds.number`; now for other ids."""
    seconds = subject.rpartition("-")[2].partition(".")[0]
    return float(seconds) if seconds.isdigit() else float("inf")
