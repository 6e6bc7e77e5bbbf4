"""The whole house around a real Asterisk: every service a process of its own, agents with SIP phones, callers, decisions read."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aiokafka.structs import TopicPartition

from deploy.asterisk.plan import Browsers, ExchangePlan, Line, StaticQueue, Trunk
from deploy.asterisk.plan import Phone as PhonePlan
from deploy.clients.administration import Administration
from deploy.clients.desk import Desk
from deploy.stack import PORT_OFFSETS, START_ORDER, Ground
from deploy.tenants import create_pool, create_tenant
from shared.contracts.wire import CONVERSATION_MESSAGES, ROUTING_DECISIONS, TOPICS, decode
from shared.kafka import create_topics, make_consumer
from shared.security import Role, new_signing_key
from tests.brokers import free_port
from tests.browser.house import Line as Wire
from tests.conftest import Broker
from tests.processes import ServiceProcess
from tests.telephony.exchange import Exchange, find, free_udp_port
from tests.telephony.phone import HOST, LIMIT, CallLeg, Manner, Phone, until

TENANT = "telephony"
PASSWORD = secrets.token_urlsafe(16)
PHONE_PASSWORD = secrets.token_urlsafe(16)
POLICY = Path(__file__).parent / "policy.yaml"
CARE, MANY, MENU, ELSEWHERE, SHUT = "4000", "4001", "4002", "4003", "4004"
"""The numbers customers call: a few agents, many agents, self-service first, nobody but a number outside, nobody but a message."""
SHOWN = "+862195000000"
"""The number of ours that campaigns' calls show; who rings it back is a caller like any."""
FAX = "+862155500000"
"""The number of the fax machine."""
SINGLES = ("anna", "bo", "carla", "sven")  # sven supervises
MANY_AGENTS = tuple(f"many{number:02}" for number in range(20))
GUARD = "guard"
"""The phone of the static queue, which rings while UCC does not answer."""
OUTSIDE_HERTZ = 600
"""What the telephone outside sounds like: customers called back, and numbers contacts are passed on to."""
D = TypeVar("D")


@dataclass
class Agent:
    """A person with a page and a phone."""

    name: str
    desk: Desk
    phone: Phone
    beating: asyncio.Task[None] | None = None


class House:
    """Everything, and what the tests ask of it."""

    def __init__(self, ground: Ground, exchange: Exchange, folder: Path) -> None:
        self.ground, self.exchange = ground, exchange
        secret = {"UCC_TOKEN_SIGNING_KEY": ground.signing_key}
        self.services = {
            name: ServiceProcess(name, {**ground.environment(), **secret}, folder / f"{name}.log", ground.ports[name])
            for name in START_ORDER
        }
        self.agents: dict[str, Agent] = {}
        self.gateway_id = ""
        self.outside: Phone | None = None
        self.wire = Wire(exchange.plan.http_port if exchange.plan else 0)
        self.decisions: list[Any] = []
        self.messages: list[Any] = []
        self._callers: list[Phone] = []
        self._numbers = iter(range(13_000_000_000, 13_999_999_999))

    # --- the services

    def start(self) -> None:
        """All at once: most of their time is reading code."""
        for service in self.services.values():
            service.start(wait_ready=False)
        with ThreadPoolExecutor() as workers:
            list(workers.map(lambda service: service.wait_ready(120), self.services.values()))

    def stop(self) -> None:
        with ThreadPoolExecutor() as workers:
            list(workers.map(lambda service: service.stop(), self.services.values()))

    def kill(self) -> None:
        for service in self.services.values():
            service.kill()

    def administration(self) -> Administration:
        token = self.ground.token("tests", TENANT, Role.ADMIN, seconds=3600)
        return Administration(token, {service: self.ground.url(service) for service in PORT_OFFSETS})

    # --- people

    async def on_duty(self, *names: str, manner: Manner = "answer") -> list[Agent]:
        """These agents sign in, available, with phones that behave so."""
        on = [self.agents[name] for name in names]
        for agent in on:
            agent.phone.manner = manner
        await asyncio.gather(*(self._sign_in(agent) for agent in on))
        return on

    async def _sign_in(self, agent: Agent) -> None:
        await agent.desk.authenticate()
        assert await agent.desk.sign_in_available()
        if agent.beating is None:
            agent.beating = asyncio.create_task(agent.desk.heartbeats())
        await self.state_of(agent.name, "available")

    async def state_of(self, agent: str, presence: str, work_state: str | None = None) -> None:
        """Wait until the router's last word on an agent is this."""

        def there() -> bool:
            said = [d for d in self.decisions if type(d).__name__ == "AgentStateChanged" and d.agent_id == agent]
            return bool(said) and said[-1].presence == presence and work_state in (None, said[-1].work_state)

        await until(there, f"{agent} is {presence} {work_state or ''}")

    async def rest(self) -> None:
        """Everybody hangs up and goes home; nothing is left in Asterisk."""
        for phone in [*self._callers, *(agent.phone for agent in self.agents.values())]:
            if phone.current is not None:
                phone.current.hang_up()
        for phone in self._callers:
            phone.close()
        self._callers.clear()
        await self.exchange.quiet()
        for agent in self.agents.values():
            if agent.beating is not None:
                await self._sign_out(agent)
            agent.phone.forget()
        if self.outside is not None:
            if self.outside.current is not None:
                self.outside.current.hang_up()
            self.outside.forget()

    async def _sign_out(self, agent: Agent) -> None:
        def out() -> bool:
            said = [d for d in self.decisions if type(d).__name__ == "AgentStateChanged" and d.agent_id == agent.name]
            return not said or said[-1].presence == "signed_out"

        async with asyncio.timeout(60):
            while not out():
                await agent.desk.sign_out()
                await asyncio.sleep(0.3)
        if agent.beating is not None:
            agent.beating.cancel()
            agent.beating = None

    # --- calls

    async def caller(self, hertz: int | None = None) -> Phone:
        phone = await Phone.open(f"+86{next(self._numbers)}", self.exchange.sip, hertz=hertz)
        self._callers.append(phone)
        return phone

    async def call(self, entry: str, hertz: int | None = None) -> CallLeg:
        """A new customer calls."""
        return await (await self.caller(hertz)).call(entry)

    async def contact_of(self, call: CallLeg) -> str:
        """The contact UCC made of a call: the first that was heard of after it, from its number's channel."""
        return await self.exchange.contact_of(call.phone.name)

    def said(self, kind: type[D], contact_id: str) -> list[D]:
        """Decisions and messages of a kind about a contact, in order."""
        both = [*self.decisions, *self.messages]
        return [d for d in both if isinstance(d, kind) and getattr(d, "contact_id", None) == contact_id]

    async def hears(self, kind: type[D], contact_id: str, count: int = 1, seconds: float = LIMIT) -> D:
        """Wait for the nth decision (or message) of a kind about a contact."""
        try:
            await until(lambda: len(self.said(kind, contact_id)) >= count, kind.__name__, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the contact's story: {self.story(contact_id)}") from None
        return self.said(kind, contact_id)[count - 1]

    def story(self, contact_id: str) -> list[str]:
        """For messages of failing assertions: decisions about a contact, refusals with their reason, its conversation."""
        about = [d for d in self.decisions if getattr(d, "contact_id", None) == contact_id]
        told = ("digits", "reason", "agent_id", "outcome", "end", "by", "cause", "detail")
        about += [m for m in self.messages if m.contact_id == contact_id]
        return [" ".join([type(d).__name__, *(str(getattr(d, f)) for f in told if getattr(d, f, None))]) for d in about]

    async def follow(self, topic: str, into: list[Any]) -> None:
        consumer = make_consumer(self.ground.kafka_bootstrap_servers)
        await consumer.start()
        try:
            parts = [TopicPartition(topic, p) for p in range(self.ground.kafka_partitions)]
            consumer.assign(parts)
            await consumer.seek_to_end(*parts)
            async for record in consumer:
                envelope = decode(topic, record.headers, record.value)
                if envelope.tenant == TENANT:
                    into.append(envelope.data)
        finally:
            await consumer.stop()


def plan_of_exchange(outside_port: int = 5060, others: tuple[Trunk, ...] = ()) -> ExchangePlan:
    """One trunk for the callers of this machine, a phone for everybody, a static queue with a phone of its own.

    `outside_port`: of the telephone that stands for every number outside; `others`: more trunks beside it.
    """
    first = free_port()
    rtp = 20_000 + first % 20_000
    return ExchangePlan(
        ari_password=secrets.token_urlsafe(16), answer_seconds=10, http_port=first, sip_bind=HOST, sip_port=free_udp_port(), rtp_first=rtp,
        rtp_last=rtp + 800, entries=(Line(entry=CARE, fallback="static"),), otherwise="static",
        browsers=Browsers(), fax_lines=(FAX,), queues=(StaticQueue(name="static", phones=(GUARD,)),),
        trunks=(Trunk(host=HOST, port=outside_port, codecs=("ulaw",)), *others),
        phones=tuple(PhonePlan(name=name, password=PHONE_PASSWORD) for name in (*SINGLES, *MANY_AGENTS, GUARD)),
    )  # fmt: skip


def settings_of_gateway(house: House, ari_url: str) -> dict[str, Any]:
    plan = house.exchange.plan
    assert plan is not None
    return {
        "ari_url": ari_url, "ari_user": plan.ari_user, "ari_password": plan.ari_password, "ring_seconds": 0,
        "lease_seconds": 6, "unreachable_seconds": 0, "prompt_url": house.ground.url("gateway"), "trunk": "trunk",
        "comfort": {"announce_seconds": 2},
        "shared_folder": house.exchange.shared_folder,
        "softphone": {"ws_url": f"ws://{HOST}:{plan.http_port}/ws"},
        "entries": [
            {"entry": CARE, "business_line": "rental", "group": "care", "self_service": False, "language": "en"},
            {"entry": MANY, "business_line": "rental", "group": "many", "self_service": False, "language": "en"},
            {"entry": FAX, "business_line": "rental", "self_service": True, "language": "zh"},
            {"entry": SHOWN, "business_line": "rental", "group": "care", "self_service": False, "language": "en"},
            {"entry": SHUT, "business_line": "rental", "group": "shut", "self_service": False, "language": "en"},
            {"entry": ELSEWHERE, "business_line": "rental", "group": "elsewhere", "self_service": False, "language": "en"},
            {"entry": MENU, "business_line": "rental", "self_service": True, "language": "en"},
        ],
    }  # fmt: skip


def _roster() -> Sequence[tuple[str, Mapping[str, Any]]]:
    items: list[tuple[str, Mapping[str, Any]]] = [
        ("skills", {"skill": "care", "name": {"zh": "客服", "en": "Care"}, "kind": "product"}),
        ("skills", {"skill": "many", "name": {"zh": "高峰", "en": "Peak"}, "kind": "product"}),
    ]
    for name in (*SINGLES, *MANY_AGENTS):
        skill = "many" if name in MANY_AGENTS else "care"
        held = [{"skill": skill, "level": 8}]
        items.append(("agents", {"agent_id": name, "display_name": name, "pool": "main", "skills": held}))
        roles = ["agent", "admin"] if name == "sven" else ["agent"]
        account = {"user_id": f"u-{name}", "user": name, "display_name": name, "roles": roles, "agent_id": name}
        items.append(("users", {**account, "password": PASSWORD}))
    return items


def _furnish(house: House, ari_url: str) -> str:
    """Policy, people, phones, the gateway's row; answers its id."""
    administration = house.administration()
    try:
        administration.publish_policy(POLICY.read_text(encoding="utf-8"), "telephony tests")
        for kind, item in _roster():
            administration.call("POST", "console", f"/api/roster/{kind}", json=item)
        for name in (*SINGLES, *MANY_AGENTS):
            phone = {"kind": "sip", "address": name, "auto_answer": name == "carla"}
            administration.call("PUT", "gateway", f"/v1/agents/{name}/endpoint", json=phone)
        row = {"title": "Exchange", "kind": "asterisk", "settings": settings_of_gateway(house, ari_url)}
        return administration.call("POST", "gateway", "/v1/gateways", json=row)["gateway_id"]
    finally:
        administration.close()


@asynccontextmanager
async def open_house(
    database_url: str, broker: Broker, folder: Path, others: tuple[Trunk, ...] = ()
) -> AsyncGenerator[House]:
    """The house as long as the block runs; `others`: trunks beside that of the telephone outside."""
    root = find()
    assert root is not None
    exchange = Exchange(root)
    outside = await Phone.open("outside", (HOST, 0), hertz=OUTSIDE_HERTZ)
    exchange.set_up(plan_of_exchange(outside.port, others))
    outside.server = exchange.sip
    ports = {service: free_port() for service in PORT_OFFSETS}
    assert exchange.plan is not None
    pages = {"softphone_origins": [f"ws://{HOST}:{exchange.plan.http_port}"], "authorise_dials": False}
    ground = Ground(
        database_url, broker.bootstrap_servers, broker.partitions, new_signing_key(), ports=ports, extra=pages
    )
    create_tenant(database_url, TENANT, "Telephony tests")
    create_pool(database_url, TENANT, "main", partitions=broker.partitions)
    await create_topics(broker.bootstrap_servers, broker.partitions, 1, TOPICS)
    house = House(ground, exchange, folder)
    house.outside = outside
    followers: list[asyncio.Task[None]] = []
    try:
        await exchange.start()
        ari_url = f"{await house.wire.open()}/ari"
        followers.append(asyncio.create_task(house.follow(ROUTING_DECISIONS, house.decisions)))
        followers.append(asyncio.create_task(house.follow(CONVERSATION_MESSAGES, house.messages)))
        await asyncio.to_thread(house.start)
        house.gateway_id = await asyncio.to_thread(_furnish, house, ari_url)
        for number, name in enumerate((*SINGLES, *MANY_AGENTS)):
            hertz = 700 + 200 * number if name in SINGLES else None
            phone = await Phone.open(name, exchange.sip, hertz=hertz)
            await phone.register(PHONE_PASSWORD)
            house.agents[name] = Agent(name, Desk(ground.url("console"), TENANT, name, PASSWORD), phone)
        await exchange.listens()
        yield house
    finally:
        for task in [*followers, *(agent.beating for agent in house.agents.values() if agent.beating)]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        outside.close()
        for agent in house.agents.values():
            agent.phone.close()
            await agent.desk.close()
        await house.wire.close()
        await asyncio.to_thread(house.kill)
        exchange.remove()
