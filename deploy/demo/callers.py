"""Simulated customers: they telephone, write from the web site and send faxes through the signed gateway interface.

Arrivals come and go in slow waves, so that the wallboard shows calm, queues, and a few who give up. Some customers have
the free seat as their account owner: whoever sits down there is soon offered somebody of their own.
"""

from __future__ import annotations

import asyncio
import math
import random
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.clients.switchboard import Leg, Switchboard
from deploy.demo.fax import fax_document
from deploy.demo.scripts import Scripts
from shared import telemetry
from shared.contracts.crm_records import CustomerRecorded
from shared.contracts.fields import SECOND, AddressKind

log = telemetry.logger("demo")


@dataclass(frozen=True, slots=True)
class Traffic:
    """How much comes in and how customers behave; contacts per minute, times in seconds."""

    phone_per_minute: float = 6.0  # leaves agents to the campaign, beside those kept for callers
    web_per_minute: float = 3.0
    fax_per_minute: float = 0.8
    wave_seconds: float = 420.0
    wave_height: float = 0.45  # share by which the rate swings around its mean
    patience_median: float = 55.0
    talk_median: float = 48.0
    talk_spread: float = 0.55  # sigma of the lognormal
    with_a_person: float = 4.0  # so much longer a call lasts at the free seat
    known_callers: float = 0.85  # share that calls from a number on file
    own_customers: float = 0.12  # share drawn from the customers of the free seat
    replies_after: tuple[float, float] = (2.5, 7.0)
    visitor_gives_up_after: float = 150.0  # seconds without an answer in a running chat


@dataclass(frozen=True, slots=True)
class Book:
    """Whom the simulation may play: customers by the group they can be served in."""

    everybody: Sequence[CustomerRecorded]
    of_free_seat: Sequence[CustomerRecorded]
    free_seat: str  # agent id
    languages: Mapping[str, frozenset[str]]  # group → languages somebody there speaks
    business_lines: Mapping[str, str]  # group → business line
    fax_groups: Sequence[str]


class Callers:
    """Customers on two gateways: the telephone exchange, and the web site with its fax line."""

    def __init__(
        self, phone: Switchboard, web: Switchboard, book: Book, scripts: Scripts, traffic: Traffic, *, seed: int
    ) -> None:  # fmt: skip
        self._phone, self._web = phone, web
        self._book, self._scripts, self._traffic = book, scripts, traffic
        self._chance = random.Random(seed)
        self._run_id = uuid.uuid4().hex[:8]  # subjects of different runs never meet
        self._number = 0
        self._contacts: set[asyncio.Task[None]] = set()

    async def live(self) -> None:
        """End what a run before left, then come in for ever."""
        for board in (self._phone, self._web):
            await board.gateway.reconcile([])
        traffic = self._traffic
        try:
            async with asyncio.TaskGroup() as group:
                for board in (self._phone, self._web):
                    group.create_task(board.run())
                    await board.listening.wait()
                group.create_task(self._phone.heartbeats())
                group.create_task(self._stream_of(traffic.phone_per_minute, self._telephone))
                group.create_task(self._stream_of(traffic.web_per_minute, self._visit))
                group.create_task(self._stream_of(traffic.fax_per_minute, self._fax))
        finally:
            for contact in self._contacts:
                contact.cancel()

    async def leave(self, seconds: float = 2.0) -> None:
        """Everybody hangs up; returns when all contacts are closed, or after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        for board in (self._phone, self._web):
            board.hang_up_all()
        while (self._phone.legs or self._web.legs) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)

    async def _stream_of(self, per_minute: float, arrive: Callable[[], Coroutine[Any, Any, None]]) -> None:
        started = asyncio.get_running_loop().time()
        while True:
            phase = 2 * math.pi * (asyncio.get_running_loop().time() - started) / self._traffic.wave_seconds
            rate = per_minute * (1 + self._traffic.wave_height * math.sin(phase))
            await asyncio.sleep(self._chance.expovariate(rate / 60))
            contact = asyncio.create_task(arrive())
            self._contacts.add(contact)
            contact.add_done_callback(self._gone)

    def _gone(self, contact: asyncio.Task[None]) -> None:
        self._contacts.discard(contact)
        if not contact.cancelled() and (error := contact.exception()) is not None:
            log.error("a simulated contact failed", fault=type(error).__name__, exc_info=error)

    def _subject(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._run_id}-{self._number}"

    def _somebody(self, kind: AddressKind) -> tuple[CustomerRecorded, str] | None:
        """A customer with an address of that kind, not in a contact at this moment."""
        own = self._chance.random() < self._traffic.own_customers and self._book.of_free_seat
        for _ in range(30):
            customer = self._chance.choice(own or self._book.everybody)
            for identity in customer.identities:
                if identity.kind is kind and identity.value:
                    return customer, identity.value
        return None

    def _group_for(self, customer: CustomerRecorded | None) -> str:
        """A group by its share of the traffic, where somebody speaks the customer's language."""
        groups = self._scripts.groups
        language = customer.language if customer else None
        usable = [g for g in groups if language is None or language in self._book.languages[g]]
        return self._chance.choices(usable, [groups[g].share for g in usable])[0]

    def _duration(self, median: float, sigma: float) -> int:
        return int(median * math.exp(self._chance.gauss(0, sigma)) * SECOND)

    def _arrival(self, group: str, kind: AddressKind, address: str | None) -> dict[str, Any]:
        script = self._scripts.groups[group]
        known: dict[str, Any] = {"address_kind": kind.value, "address": address} if address else {}
        return {"business_line": self._book.business_lines[group], "group": group, "reason": script.reason, **known}

    async def _telephone(self) -> None:
        found = self._somebody(AddressKind.PHONE) if self._chance.random() < self._traffic.known_callers else None
        customer, number = found or (None, f"+861740599{self._chance.randrange(10_000):04d}")
        group = self._group_for(customer)
        leg = self._phone.open(self._subject("call"), "phone")
        await self._phone.contact(
            leg,
            {**self._arrival(group, AddressKind.PHONE, number), "entry": "021-9500-0000"},
            patience=self._duration(self._traffic.patience_median, 0.7),
            talk=self._talk,
        )

    def _talk(self, agent_id: str) -> int:
        """A person at the free seat is given the time to look around."""
        longer = self._traffic.with_a_person if agent_id == self._book.free_seat else 1.0
        return int(longer * self._duration(self._traffic.talk_median, self._traffic.talk_spread))

    async def _visit(self) -> None:
        found = self._somebody(AddressKind.WEB)
        customer, address = found or (None, f"visitor-{uuid.uuid4().hex[:10]}")
        group = self._group_for(customer)
        leg = self._web.open(self._subject("chat"), "web")
        try:
            await self._chat(leg, group, address)
        finally:
            self._web.close(leg)

    async def _chat(self, leg: Leg, group: str, address: str) -> None:
        """Ask, wait, answer back whoever writes, and go when satisfied (or after too long a silence)."""
        clock = self._web.clock
        arrived = clock.now()
        await leg.tell(
            "ContactArrived", arrived, channel="web", arrived_at=arrived, entry="/contact",
            text=self._chance.choice(self._scripts.groups[group].questions), **self._arrival(group, AddressKind.WEB, address),
        )  # fmt: skip
        leaves_at = arrived + 2 * self._duration(self._traffic.patience_median, 0.5)
        connected = leaving = False
        replies = 0
        while True:
            frame = await leg.next_frame(None if leaving else leaves_at)
            if frame is None:
                leaving = True
                leg.hang_up.clear()
                await leg.leave(clock.now(), connected=connected)
                continue
            if frame.type == "ContactClosed":
                return
            if frame.type == "ContactAssigned":
                connected = True
            elif frame.type == "MessageSent" and frame.body["author"] == "agent" and not leaving:
                replies += 1
                await asyncio.sleep(self._chance.uniform(*self._traffic.replies_after))
                words = self._scripts.thanks if replies >= 3 else self._replies(group, replies)
                await self._web.gateway.write(leg.subject, uuid.uuid4().hex, self._chance.choice(words))
            leaves_at = clock.now() + int(self._traffic.visitor_gives_up_after * SECOND) if connected else leaves_at

    def _replies(self, group: str, replies: int) -> Sequence[str]:
        return self._scripts.groups[group].questions if replies == 2 else self._scripts.replies

    async def _fax(self) -> None:
        found = self._somebody(AddressKind.FAX)
        customer, number = found or (None, "+862190000000")
        group = self._chance.choice(self._book.fax_groups)
        document = await asyncio.to_thread(fax_document, group, customer.key if customer else None, self._number)
        fields = {
            "business_line": self._book.business_lines[group],
            "group": group,
            "from": number,
            "to": "+862195000001",
        }
        self._number += 1
        await self._web.gateway.fax(document, fields)
