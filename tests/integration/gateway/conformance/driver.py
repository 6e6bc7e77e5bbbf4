"""What the conformance suite asks of a channel: a customer's side to act on, and nothing about how the channel works.

To put a channel under the suite, write a driver: it stands where the outside world stands (a telephone network, a
messaging provider, a mail server, a browser) and says what its customers can do.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from shared.contracts.channel_commands import ChannelCommand
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CHANNEL_COMMANDS, CONTACT_EVENTS, CONVERSATION_MESSAGES
from shared.security import Role
from tests.integration.gateway.conftest import House, Topic, assigned, closed, now_us, offered, queued, token

Ability = Literal["leaves", "is heard leaving", "prompts", "writes", "hears of its place", "phones", "reports"]
"""leaves: before anybody served them · is heard leaving: a conversation ends on the customer's side · writes: words both ways ·
phones: agents are rung · reports: what became of our words is told"""

BUSINESS_LINE = "rental"


@dataclass
class Customer:
    """A customer in one contact. `subject`: the channel's key of it; `handle`: whatever the driver needs."""

    contact_id: str
    handle: Any = None


class Driver(ABC):
    """One channel, set up for a tenant of the house."""

    name: str
    channel: Channel
    abilities: frozenset[Ability]
    told_to_wait = "请稍候"  # a piece of what who hears of their place is told first

    def __init__(self, house: House) -> None:
        self.house = house
        self.gateway_id = ""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Start the outside world and create the channel's row."""
        yield

    @abstractmethod
    async def arrives(self) -> Customer:
        """A new customer reaches us; returns once the channel took them over."""

    @abstractmethod
    async def delivers_again(self, customer: Customer) -> None:
        """Everything the outside world sent about this customer so far is sent again, byte for byte."""

    @abstractmethod
    async def intrudes(self) -> int:
        """The same with a forged credential; the status it is refused with (0: the channel has no such door)."""

    def voiced(self, words: str) -> str | None:
        """The ivr's sound of these words; None where the channel shows or speaks them itself."""
        return None

    async def says(self, customer: Customer, words: str) -> None:
        """The customer writes (or speaks) words, or presses keys."""
        raise NotImplementedError

    async def hears(self, customer: Customer, words: str) -> None:
        """Returns once the customer was shown or told something with these words in it."""
        raise NotImplementedError

    async def times_heard(self, customer: Customer, words: str) -> int:
        raise NotImplementedError

    async def leaves(self, customer: Customer) -> None:
        raise NotImplementedError

    async def sees_the_end(self, customer: Customer) -> None:
        """Returns once the customer's session is over; a correspondence by letters has none."""
        return

    async def restarts(self) -> None:
        """The adapter is stopped and started, as when its instance dies or its settings change."""
        await restart(self.house, self.gateway_id)


async def restart(house: House, gateway_id: str, changed: str = "entries") -> None:
    """Set the row up anew with one more entry (or line): the adapter is cancelled, another begins where it stopped."""
    channels = house.app.state.channels
    row = house.app.state.parts.credentials.adapter(gateway_id)
    known = row.settings[changed]
    spare = {**known[0], "entry": f"spare-{uuid.uuid4().hex[:8]}"} if changed == "entries" else known[0]
    settings = {**row.settings, changed: [*known, spare]}
    answer = await house.http.put(
        f"/v1/gateways/{gateway_id}/settings", json=settings, headers=token(Role.ADMIN, tenant=row.tenant_id)
    )
    assert answer.status_code == 204, answer.text
    await until(lambda: channels.running_with(gateway_id) == house.app.state.parts.credentials.adapter(gateway_id))


async def until(there: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not there():
            await asyncio.sleep(0.02)


async def create_channel(house: House, kind: str, settings: dict[str, Any], tenant: str = "jinfeng") -> dict[str, str]:
    """A row of this kind that runs; its id, secret and key."""
    answer = await house.http.post(
        "/v1/gateways",
        json={"title": kind, "kind": kind, "settings": settings},
        headers=token(Role.ADMIN, tenant=tenant),
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    kinds = house.app.state.channels.kinds
    if kinds[kind].run is not None:
        await until(lambda: house.app.state.channels.running_with(made["gateway_id"]) is not None)
    return made


@dataclass
class Observed:
    """The canonical side: what the channel says on the topics, and the router's and ivr's voice towards it."""

    house: House
    contact_events: Topic
    messages: Topic

    async def event(self, contact: Customer, kind: str, **fields: object) -> Any:
        """The first contact event of this type about the contact; its data."""
        return (await self.contact_events.until(_is(contact, kind, fields), 20)).data

    async def message(self, contact: Customer, kind: str, **fields: object) -> Any:
        return (await self.messages.until(_is(contact, kind, fields), 20)).data

    async def settled(self) -> None:
        """Read what is there now."""
        for topic in (self.contact_events, self.messages):
            for _ in range(3):
                await topic.fetch(100)

    def ids(self, contact: Customer) -> list[tuple[str, str]]:
        """Distinct facts about a contact: (type, id). A reader drops repeats by id, so they are one."""
        envelopes = [*self.contact_events.envelopes(), *self.messages.envelopes()]
        return sorted({(e.type, e.id) for e in envelopes if e.subject == contact.contact_id})

    async def commands(self, command: ChannelCommand) -> None:
        envelope = Envelope(command.command_id, "/ivr", now_us(), "jinfeng", command.contact_id, command)
        await self.house.producer.publish(CHANNEL_COMMANDS, envelope, key=command.contact_id)

    async def queued(self, customer: Customer, driver: Driver) -> None:
        await self.house.router.decides(queued(customer.contact_id, driver.gateway_id, driver.channel))

    async def assigned(self, customer: Customer, driver: Driver) -> str:
        """Offered to and accepted by agent-7; the offer."""
        offer = f"o-{uuid.uuid4().hex}"
        about = (customer.contact_id, driver.gateway_id, offer, driver.channel)
        await self.house.router.decides(offered(*about), assigned(*about))
        return offer

    async def closed(self, customer: Customer, driver: Driver) -> None:
        await self.house.router.decides(closed(customer.contact_id, driver.gateway_id, driver.channel))


def _is(contact: Customer, kind: str, fields: dict[str, object]) -> Callable[[Envelope[Any]], bool]:
    return lambda e: (
        e.subject == contact.contact_id
        and e.type == kind
        and all(getattr(e.data, name) == value for name, value in fields.items())
    )


@contextlib.asynccontextmanager
async def observing(house: House) -> AsyncGenerator[Observed]:
    topics = [Topic(house.broker, name) for name in (CONTACT_EVENTS, CONVERSATION_MESSAGES)]
    for topic in topics:
        await topic.open()
    yield Observed(house, *topics)
    for topic in topics:
        await topic.close()
