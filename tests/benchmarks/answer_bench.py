"""From the customer's answer to the moment both hear each other, on a real Asterisk, by Asterisk's own times.

python -m tests.benchmarks.answer_bench [--calls 200] [--agents 10] [--modes progressive,power,predictive]

Every service is a process of its own, the campaign is outbound's, the callees are SIPp's (three in four ring 0.5–3 s, answer and
talk 2–5 s, one in four is busy), agents' phones answer by themselves. Times are those of Asterisk's events: the called leg is up;
the agent's leg is made; it is up; the second of both is in the bridge.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import websockets

from deploy.asterisk.plan import Trunk
from deploy.embedded import EmbeddedBroker, EmbeddedPostgres, create_database, fresh_name
from shared.postgres import migrate
from tests.benchmarks.report import percentile
from tests.brokers import KafkaProcess, kafka_jars
from tests.conftest import Broker
from tests.telephony.campaigns import begin_campaign, ready_to_dial, stop_campaign
from tests.telephony.exchange import Exchange, find, free_udp_port
from tests.telephony.house import MANY_AGENTS, House, open_house, settings_of_gateway
from tests.telephony.phone import HOST
from tests.telephony.settings import SETTINGS_SECONDS

CALLEE = Path(__file__).parents[1] / "telephony" / "callee.xml"
PLACED = "attempt-"
LONGEST_MINUTES = 12
MODES = ("progressive", "power", "predictive")


@dataclass
class Stages:
    """Of one answered call, seconds of Asterisk's clock."""

    answered: float
    rung: float | None = None  # the agent's leg was made
    picked_up: float | None = None
    bridged: float | None = None
    agent: str | None = None  # channel


@dataclass
class Watch:
    """Reads every event of Asterisk beside the gateway."""

    calls: dict[str, Stages] = field(default_factory=dict[str, Stages])  # by the called leg's channel
    unclaimed: dict[str, tuple[float, float | None]] = field(default_factory=dict[str, "tuple[float, float | None]"])
    ended: int = 0

    def heard(self, event: Mapping[str, Any]) -> None:
        channel = event.get("channel", {})
        name, at = channel.get("id", ""), datetime.fromisoformat(event["timestamp"]).timestamp()
        match event["type"]:
            case "ChannelStateChange" if name.startswith(PLACED) and channel["state"] == "Up":
                self.calls.setdefault(name, Stages(at))
            case "ChannelCreated" if not name.startswith(PLACED):
                self.unclaimed[name] = (at, None)
            case "ChannelStateChange" if channel["state"] == "Up" and name in self.unclaimed:
                self.unclaimed[name] = (self.unclaimed[name][0], at)
            case "ChannelEnteredBridge" if len(event["bridge"]["channels"]) == 2:
                self._bridged(event["bridge"]["channels"], at)
            case "ChannelDestroyed" if name in self.calls:
                self.ended += 1
            case _:
                pass

    def _bridged(self, channels: Sequence[str], at: float) -> None:
        customer = next((one for one in channels if one in self.calls), None)
        agent = next((one for one in channels if one in self.unclaimed), None)
        if customer is None or agent is None:
            return
        stages = self.calls[customer]
        if stages.bridged is None:
            stages.rung, stages.picked_up = self.unclaimed.pop(agent)
            stages.bridged = at


@asynccontextmanager
async def watching(exchange: Exchange) -> AsyncGenerator[Watch]:
    assert exchange.plan is not None
    plan, watch = exchange.plan, Watch()
    url = f"ws://{HOST}:{plan.http_port}/ari/events?app=watch&subscribeAll=true&api_key={plan.ari_user}:{plan.ari_password}"
    async with websockets.connect(url, max_size=2**22, proxy=None) as line:

        async def read() -> None:
            async for frame in line:
                watch.heard(json.loads(frame))

        reading = asyncio.create_task(read())
        try:
            yield watch
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading


@asynccontextmanager
async def callees(port: int, folder: Path) -> AsyncGenerator[None]:
    """SIPp as the network behind the trunk."""
    process = await asyncio.create_subprocess_exec(
        "sipp", "-sf", str(CALLEE), "-i", HOST, "-p", str(port), "-nostdin", "-trace_err", "-error_file", "errors.log",
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def furnish(house: House, agents: Sequence[str]) -> None:
    """Phones that answer by themselves, calls go to SIPp, and outbound may dial."""
    ready_to_dial(house)
    administration = house.administration()
    try:
        for name in agents:
            phone = {"kind": "sip", "address": name, "auto_answer": True}
            administration.call("PUT", "gateway", f"/v1/agents/{name}/endpoint", json=phone)
        settings = {**settings_of_gateway(house, house.exchange.ari_url), "trunk": "network"}
        administration.call("PUT", "gateway", f"/v1/gateways/{house.gateway_id}/settings", json=settings)
    finally:
        administration.close()


async def measured(house: House, mode: str, first: int, calls: int) -> str:
    """Until that many answered calls are over."""
    async with watching(house.exchange) as watch:
        numbers = [f"+861380{n:07d}" for n in range(first, first + calls * 3)]
        await asyncio.to_thread(begin_campaign, house, mode, numbers, mode=mode)
        try:
            async with asyncio.timeout(LONGEST_MINUTES * 60):
                while watch.ended < calls:
                    await asyncio.sleep(1)
        except TimeoutError:
            print(f"{mode}: {watch.ended} calls only, in {LONGEST_MINUTES} minutes", file=sys.stderr)
        live = await asyncio.to_thread(stop_campaign, house, mode)
        await house.exchange.quiet()
    return told(mode, list(watch.calls.values()), live)


def told(mode: str, calls: Sequence[Stages], live: Mapping[str, Any]) -> str:
    """One line of figures, ms."""
    whole = [one for one in calls if one.bridged is not None and one.rung is not None]
    parts = {
        "answer → bridge": [(one.bridged or 0) - one.answered for one in whole],
        "answer → agent's leg": [(one.rung or 0) - one.answered for one in whole],
        "leg → picked up": [(one.picked_up or 0) - (one.rung or 0) for one in whole],
        "picked up → bridge": [(one.bridged or 0) - (one.picked_up or 0) for one in whole],
    }
    shown = [
        f"{name} {' / '.join(f'{1000 * percentile(taken, share):.0f}' for share in (0.5, 0.9, 0.99))}"
        for name, taken in parts.items()
        if taken
    ]
    load = os.getloadavg()[0]
    heads = f"{mode}: {len(calls)} answered, {len(whole)} bridged, abandoned {live['abandonment']['abandoned']}, load {load:.1f}"
    return "\n    ".join([heads, *shown])


async def answers(calls: int, agents: int, modes: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="ucc-answers-") as name:
        folder = Path(name)
        postgres, jars = EmbeddedPostgres(folder / "postgres"), kafka_jars()
        kafka = KafkaProcess(jars) if jars else None
        if kafka is not None:
            kafka.start()
            broker = Broker(kafka.bootstrap_servers, "Apache Kafka (jars)", kafka.partitions, kafka)
        else:
            broker = Broker(EmbeddedBroker().bootstrap_servers, "in-memory", 4)
        url = create_database(postgres.url, fresh_name("answers"))
        migrate(url)
        port = free_udp_port()
        network = Trunk(name="network", host=HOST, port=port, codecs=("ulaw",))
        print(f"{broker.kind}, {agents} agents, {os.cpu_count()} cores; ms at p50 / p90 / p99", flush=True)
        try:
            async with open_house(url, broker, folder, (network,)) as house, callees(port, folder):
                crew = MANY_AGENTS[:agents]
                await asyncio.to_thread(furnish, house, crew)
                await asyncio.sleep(SETTINGS_SECONDS)
                await house.on_duty(*crew, manner="ring")
                for n, mode in enumerate(modes):
                    print(await measured(house, mode, n * 100_000, calls), flush=True)
        finally:
            if kafka is not None:
                kafka.stop()
            postgres.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200, help="answered calls a mode")
    parser.add_argument("--agents", type=int, default=10)
    parser.add_argument("--modes", default=",".join(MODES))
    asked = parser.parse_args()
    if find() is None:
        sys.exit("no Asterisk here: tests/telephony/install-asterisk")
    asyncio.run(answers(asked.calls, asked.agents, asked.modes.split(",")))
