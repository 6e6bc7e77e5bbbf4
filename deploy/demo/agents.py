"""Simulated agents: they work through console's public interface as a person at the page would, breaks and slips included.

What an agent sees in its snapshot (an offer, a conversation, a wrap-up of a run before) is taken up where it stands.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.clients.desk import Desk
from deploy.clients.streams import Frame
from deploy.demo.scripts import Scripts

ARRIVE_WITHIN = 6.0
BREAKS = ("break", "break", "lunch", "paperwork", "meeting")


@dataclass(frozen=True, slots=True)
class Temper:
    """How an agent works; times in seconds, chances from 0 to 1."""

    accept_after: tuple[float, float] = (1.5, 5.0)
    rejects: float = 0.02
    misses: float = 0.012  # lets an offer ring out (RONA)
    back_after_miss: tuple[float, float] = (15.0, 35.0)
    types_for: tuple[float, float] = (4.0, 11.0)
    fax_read_for: tuple[float, float] = (20.0, 50.0)
    talks_at_most: float = 240.0
    wraps_up_for: tuple[float, float] = (3.0, 12.0)
    works_between_breaks: tuple[float, float] = (240.0, 900.0)
    breaks_for: tuple[float, float] = (40.0, 110.0)


class SimulatedAgent:
    """One agent at one desk."""

    def __init__(self, desk: Desk, scripts: Scripts, temper: Temper, *, seed: int) -> None:
        self._desk = desk
        self._scripts = scripts
        self._temper = temper
        self._chance = random.Random(seed)
        self._deeds: dict[str, asyncio.Task[None]] = {}  # by what they are about; one at a time each
        self._chats: dict[str, int] = {}  # contact → answers given so far
        self._groups: dict[str, str] = {}
        self._on_break = False

    async def work(self) -> None:
        """Sign in and work for ever; cancelled, the agent just leaves (see `leave`)."""
        await asyncio.sleep(self._chance.uniform(0, ARRIVE_WITHIN))  # a password costs time to check: not all at once
        await self._desk.authenticate()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._desk.heartbeats())
            tasks.create_task(self._breaks())
            tasks.create_task(self._answer())

    async def leave(self) -> None:
        """Stop what is under way and sign out."""
        for deed in self._deeds.values():
            deed.cancel()
        await asyncio.gather(*self._deeds.values(), return_exceptions=True)
        await self._desk.sign_out()

    async def _answer(self) -> None:
        handlers: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "snapshot": self._snapshot,
            "agent_state": self._state,
            "offer": self._offer,
            "offer_withdrawn": lambda body: self._forget("offer", body["offer_id"]),
            "interaction_started": self._conversation,
            "interaction_ended": self._conversation_over,
            "message": self._message,
            "wrap_up_started": self._wrap_up,
        }
        try:
            async for frame in self._desk.stream():
                self._hear(handlers, frame)
        finally:
            for deed in self._deeds.values():
                deed.cancel()

    def _hear(self, handlers: Mapping[str, Callable[[Mapping[str, Any]], None]], frame: Frame) -> None:
        handler = handlers.get(frame.type)
        if handler is not None:
            handler(frame.body)

    def _do(self, kind: str, about: str, deed: Callable[[], Awaitable[object]], after: tuple[float, float]) -> None:
        """Do something about one thing in a while, unless that is under way already."""
        key = f"{kind}:{about}"
        if key in self._deeds and not self._deeds[key].done():
            return

        async def later() -> None:
            await asyncio.sleep(self._chance.uniform(*after))
            await deed()

        self._deeds[key] = asyncio.create_task(later(), name=key)
        self._deeds[key].add_done_callback(lambda done: self._settle(key, done))

    def _settle(self, key: str, done: asyncio.Task[None]) -> None:
        if self._deeds.get(key) is done:
            del self._deeds[key]
        if not done.cancelled() and (error := done.exception()) is not None:  # a fault of the simulation: show it
            done.get_loop().call_exception_handler({"message": "a simulated agent's deed failed", "exception": error})

    def _forget(self, kind: str, about: str) -> None:
        if (deed := self._deeds.pop(f"{kind}:{about}", None)) is not None:
            deed.cancel()

    def _snapshot(self, body: Mapping[str, Any]) -> None:
        view = body["agent"]
        if view["agent"] is None:
            self._do("sign-in", "", self._desk.sign_in_available, (0.0, 1.5))
        else:
            self._state(view["agent"])
        for offer in view["offers"]:
            self._offer(offer)
        for contact in view["contacts"]:
            self._conversation(contact)
        for wrap_up in view["wrap_ups"]:
            self._wrap_up(wrap_up)

    def _state(self, state: Mapping[str, Any]) -> None:
        if state["presence"] == "signed_out":
            self._do("sign-in", "", self._desk.sign_in_available, (2.0, 6.0))
        elif state["presence"] == "not_ready" and not self._on_break and state["pending_presence"] is None:
            self._do("return", "", lambda: self._desk.presence("available"), self._temper.back_after_miss)

    def _offer(self, offer: Mapping[str, Any]) -> None:
        contact, offer_id = offer["contact_id"], offer["offer_id"]
        self._groups[contact] = offer["group"]
        slip = self._chance.random()
        if slip < self._temper.misses:
            return
        if slip < self._temper.misses + self._temper.rejects:
            self._do("offer", offer_id, lambda: self._desk.reject(contact, offer_id, "busy"), self._temper.accept_after)
        else:
            self._do("offer", offer_id, lambda: self._desk.accept(contact, offer_id), self._temper.accept_after)

    def _conversation(self, interaction: Mapping[str, Any]) -> None:
        contact = interaction["contact_id"]
        self._groups[contact] = interaction["group"]
        match interaction["channel"]:
            case "web" if contact not in self._chats:
                self._chats[contact] = 0
                self._say(contact, self._chance.choice(self._scripts.greeting), first=True)
            case "fax":
                self._do("end", contact, lambda: self._desk.end(contact), self._temper.fax_read_for)
            case "phone":
                most = self._temper.talks_at_most
                self._do("end", contact, lambda: self._desk.end(contact), (most, most * 1.2))
            case _:
                pass

    def _conversation_over(self, body: Mapping[str, Any]) -> None:
        self._chats.pop(body["contact_id"], None)
        self._forget("end", body["contact_id"])
        self._forget("say", body["contact_id"])

    def _message(self, message: Mapping[str, Any]) -> None:
        contact = message["contact_id"]
        if message["author"] != "customer" or contact not in self._chats:
            return
        if message["text"] in self._scripts.thanks or self._chats[contact] >= 3:
            self._do("end", contact, lambda: self._bid_farewell(contact), self._temper.types_for)
            return
        script = self._scripts.groups.get(self._groups.get(contact, ""))
        answers = script.answers if script else self._scripts.greeting
        self._say(contact, answers[self._chats[contact] % len(answers)])

    def _say(self, contact: str, text: str, *, first: bool = False) -> None:
        self._chats[contact] += 0 if first else 1
        self._do("say", contact, lambda: self._desk.say(contact, text), self._temper.types_for)

    async def _bid_farewell(self, contact: str) -> None:
        if await self._desk.say(contact, self._chance.choice(self._scripts.farewell)):
            await self._desk.end(contact)

    def _wrap_up(self, wrap_up: Mapping[str, Any]) -> None:
        contact, interaction = wrap_up["contact_id"], wrap_up["interaction_id"]
        script = self._scripts.groups.get(wrap_up["group"])
        disposition = self._chance.choices(("resolved", "promised", "escalated", "unresolved"), (82, 10, 4, 4))[0]
        self._do(
            "wrap-up", interaction,
            lambda: self._desk.wrap_up(contact, interaction, disposition, script.reason if script else None),
            self._temper.wraps_up_for,
        )  # fmt: skip

    async def _breaks(self) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(*self._temper.works_between_breaks))
            self._on_break = True
            await self._desk.presence("not_ready", self._chance.choice(BREAKS))
            await asyncio.sleep(self._chance.uniform(*self._temper.breaks_for))
            self._on_break = False
            await self._desk.presence("available")
