"""The scenarios every channel passes, with real calls through a real Asterisk: the gateway as the suite runs it, a telephone
for the agent and one for each customer. The ivr's words are tones, for a line is heard and not read."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.responses import FileResponse

from deploy.embedded import EmbeddedBroker, create_database, fresh_name
from shared.contracts.fields import Channel
from shared.security import Role
from tests.browser.house import Line as Wire
from tests.conftest import Broker
from tests.integration.gateway.conformance import test_conformance as suite
from tests.integration.gateway.conformance.driver import BUSINESS_LINE, Customer, Driver, create_channel, observing
from tests.integration.gateway.conformance.drivers import caller_number
from tests.integration.gateway.conftest import House, open_house, serving, token
from tests.telephony.exchange import MUSIC_HERTZ, Exchange, find, write_tone
from tests.telephony.house import PHONE_PASSWORD, plan_of_exchange
from tests.telephony.phone import CallLeg, Phone

ENTRY, AGENT_PHONE = "4100", "anna"
SOUND_SECONDS = 3.0


class Voice:
    """The ivr, as far as a channel needs it: sounds by their names. Each words' sound is a tone of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._free = itertools.count(600, 100)
        self.hertz: dict[str, int] = {}  # of words

    def says(self, words: str) -> str:
        hertz = self.hertz[words] = next(self._free)
        write_tone(self._folder / f"tone{hertz}.wav", hertz, SOUND_SECONDS)
        return f"tone{hertz}"

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/audio/{name}")
        async def audio(name: str) -> FileResponse:
            return FileResponse(self._folder / name)

        return app


class Asterisk(Driver):
    name = "asterisk"
    channel = Channel.PHONE
    abilities = frozenset({"leaves", "is heard leaving", "prompts", "hears of its place", "phones"})
    told_to_wait = "♪"

    def __init__(self, house: House, exchange: Exchange, voice: Voice) -> None:
        super().__init__(house)
        assert exchange.plan is not None
        self.exchange, self.voice, self.plan = exchange, voice, exchange.plan
        self.wire = Wire(self.plan.http_port)
        self.phones: list[Phone] = []

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        made = await create_channel(self.house, "asterisk", {
            "ari_url": f"{await self.wire.open()}/ari", "ari_user": self.plan.ari_user, "ari_password": self.plan.ari_password,
            "ring_seconds": 0, "silence_seconds": 60, "prompt_url": str(self.house.http.base_url).rstrip("/"),
            "entries": [{"entry": ENTRY, "business_line": BUSINESS_LINE, "self_service": True}],
        })  # fmt: skip
        self.gateway_id = made["gateway_id"]
        agent = await self._phone(AGENT_PHONE)
        await agent.register(PHONE_PASSWORD)
        address = {"kind": "sip", "address": AGENT_PHONE}
        await self.house.http.put("/v1/agents/agent-7/endpoint", json=address, headers=token(Role.ADMIN))
        self._witness = await self.arrives()
        yield
        for phone in self.phones:
            phone.close()
        await self.wire.close()

    async def _phone(self, name: str) -> Phone:
        self.phones.append(await Phone.open(name, self.exchange.sip))
        return self.phones[-1]

    async def arrives(self) -> Customer:
        caller = await self._phone(caller_number())
        call = await caller.call(ENTRY)
        await call.reach("up")
        return Customer(await self.exchange.contact_of(caller.name), call)

    async def delivers_again(self, customer: Customer) -> None:
        """The line to Asterisk breaks, and everything that stands there is read anew; a caller who left meanwhile shows when."""
        async with observing(self.house) as seen:
            await seen.queued(self._witness, self)
            self.wire.cut()
            await self.leaves(self._witness)
            self.wire.mend()
            await seen.event(self._witness, "ContactAbandoned")

    async def intrudes(self) -> int:
        return 0  # the adapter calls Asterisk; nothing comes in by HTTP

    def voiced(self, words: str) -> str:
        return self.voice.says(words)

    async def says(self, customer: Customer, words: str) -> None:
        customer.handle.press(words)

    async def hears(self, customer: Customer, words: str) -> None:
        call: CallLeg = customer.handle
        await call.hearing(MUSIC_HERTZ if words == self.told_to_wait else self.voice.hertz[words])

    async def leaves(self, customer: Customer) -> None:
        customer.handle.hang_up()

    async def sees_the_end(self, customer: Customer) -> None:
        await customer.handle.reach("ended")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def driver(
    postgres_server: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Driver]:
    """On a broker of its own: at the session's the whole house's router and ivr would serve these callers too."""
    root = find()
    if root is None:
        pytest.skip("no Asterisk here: tests/telephony/install-asterisk, or UCC_TEST_ASTERISK_ROOT, or one on the path")
    exchange = Exchange(root)
    exchange.set_up(plan_of_exchange())
    voice = Voice(tmp_path_factory.mktemp("voice"))
    database_url = create_database(postgres_server, fresh_name("ucc_conformance"), template=migrated_template)
    embedded = EmbeddedBroker()
    broker = Broker(embedded.bootstrap_servers, "in-memory", 4)
    try:
        await exchange.start()
        async with serving(voice.app()) as ivr, open_house(database_url, broker, ivr_url=ivr) as house:
            made = Asterisk(house, exchange, voice)
            async with made.running():
                yield made
    finally:
        await asyncio.to_thread(exchange.remove)


@pytest.fixture
def house(driver: Driver) -> House:
    return driver.house


observed = suite.observed
globals().update({name: scenario for name, scenario in vars(suite).items() if name.startswith("test_")})
