"""A hundred agents and two hundred calls at once, held: the whole house in one process, a simulated network, agents at the console.

python -m tests.benchmarks.outbound_scale [--agents 100] [--minutes 5]

One call in ten reaches a person (mean ring 10 s, talk 120 s, wrap-up 30 s): with a hundred agents about 85 talk and 120 lines ring.
The agents are a process of their own, as browsers would be. Printed every 10 s, and summed up at the end over the steady two thirds:
calls under way, talking, abandoned, lag of the event loop everything shares, processor time and statements of a call.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import os
import socket
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from deploy.beside import beside
from deploy.clients.administration import Administration, ServiceRefused
from deploy.embedded import BROKER_PARTITIONS, EmbeddedBroker, EmbeddedPostgres, create_database, fresh_name
from deploy.foundation import migrated
from deploy.loops import run
from deploy.stack import PORT_OFFSETS, Ground, listeners, running
from deploy.tenants import create_pool, create_tenant
from shared import telemetry
from shared.security import Role, new_signing_key
from tests.benchmarks.outbound_crew import PASSWORD, TENANT

GROUP, CAMPAIGN = "calls", "scale"
MORNING = 1_795_572_000_000_000  # Wednesday 2026-11-25, 10:00 in Shanghai: the law looks at clocks
POLICY = """
enrichment_wait_ms: 150
business_lines:
  rental: {name: {zh: 租赁, en: Rental}, default_group: calls}
skills:
  zh: {name: {zh: 普通话, en: Mandarin}}
dispositions:
  solved: {name: {zh: 已解决, en: Solved}}
groups:
  calls:
    name: {zh: 外呼, en: Calls}
    business_line: rental
    outbound: true
    channels: [phone]
    skills: [{skill: zh, level: 1}]
    targets: {phone: 20}
    wrap_up: {phone: {mode: timed, seconds: 30}}
"""
NETWORK = {
    "person": 0.10,
    "machine": 0.05,
    "busy": 0.04,
    "sit_vacant": 0.03,
    "sit_intercept": 0.01,
    "sit_reorder": 0.01,
}
TOLD_EVERY = 10
OFTENEST, WORDS = 25, 90
"""Statements told of, and of each so many characters."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of the campaign's live view, and how much late a timer was that should have rung."""

    second: int
    ringing: int
    waiting: int
    talking: int
    lag: float  # seconds


@dataclass(frozen=True, slots=True)
class Costs:
    """Counted since the house began."""

    dialled: int
    statements: Counter[str]
    processor: float  # seconds of the house's process

    def since(self, before: Costs) -> str:
        """Of one dial, from `before` to now."""
        dials = max(1, self.dialled - before.dialled)
        sent = self.statements - before.statements
        often = "\n".join(f"    {n / dials:6.2f}  {text}" for text, n in sent.most_common(OFTENEST))
        return (
            f"of each of {dials} dials, everything between included: {1000 * (self.processor - before.processor) / dials:.0f} ms of a"
            f" core, {sent.total() / dials:.0f} statements:\n{often}"
        )


@dataclass(slots=True)
class Seen:
    """What was sampled, once a second."""

    samples: list[Sample] = field(default_factory=list[Sample])
    missed: int = 0
    last: dict[str, Any] = field(default_factory=dict[str, Any])
    steady_from: Costs | None = None
    until: Costs | None = None

    def told(self, agents: int) -> str:
        steady = self.samples[len(self.samples) // 3 :]  # the first third fills the lines
        calls = sorted(s.ringing + s.waiting + s.talking for s in steady)
        counts = self.last["abandonment"]
        lines = [
            f"agents {agents}, samples {len(self.samples)}, missed {self.missed}, of which steady {len(steady)}",
            f"calls at once: mean {statistics.mean(calls):.0f}, least {calls[0]}, p10 {calls[len(calls) // 10]}, most {calls[-1]}",
            f"talking: mean {statistics.mean(s.talking for s in steady):.0f}",
            f"answered by a person {counts['answered']}, abandoned {counts['abandoned']}, dialled {self.last['today']['dialled']}",
            f"event loop lag: {lag_of(self.samples)}; steady: {lag_of(steady)}",
            f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; unknown attempts {self.last['unknown']}",
        ]
        if self.steady_from is not None and self.until is not None:
            lines.append(self.until.since(self.steady_from))
        return "\n".join(lines)


def lag_of(samples: list[Sample]) -> str:
    lags = sorted(1000 * sample.lag for sample in samples)
    return f"p50 {lags[len(lags) // 2]:.0f} ms, p99 {lags[int(len(lags) * 0.99)]:.0f} ms, most {lags[-1]:.0f} ms"


@contextmanager
def counted_statements() -> Iterator[Counter[str]]:
    """Every statement that pools opened meanwhile send, by its first words."""
    sent: Counter[str] = Counter()
    make = asyncpg.create_pool

    def count(query: asyncpg.connection.LoggedQuery) -> None:
        lines = (line.strip() for line in query.query.splitlines())
        sent[next((line for line in lines if line and not line.startswith("--")), "")[:WORDS]] += 1

    def counted(*place: Any, init: Any, **more: Any) -> Any:
        async def begin(connection: Any) -> None:
            await init(connection)
            connection.add_query_logger(count)

        return make(*place, init=begin, **more)

    asyncpg.create_pool = counted
    try:
        yield sent
    finally:
        asyncpg.create_pool = make


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(ground: Ground, agents: int, records: int, network: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Policy, people, a gateway with its network, a campaign with its list; then it is started."""
    token = ground.token("bench", TENANT, Role.ADMIN, seconds=86_400)
    house = Administration(token, {name: ground.url(name) for name in PORT_OFFSETS})
    try:
        house.publish_policy(POLICY, "scale")
        house.call(
            "POST", "console", "/api/roster/skills", json={"skill": "zh", "name": {"zh": "普通话", "en": "Mandarin"}}
        )
        for n in range(agents):
            agent = {
                "agent_id": f"a-{n}",
                "display_name": f"Agent {n}",
                "pool": "main",
                "skills": [{"skill": "zh", "level": 5}],
            }
            user = {"user_id": f"u-{n}", "user": f"agent{n}", "display_name": f"Agent {n}", "roles": ["agent"],
                    "agent_id": f"a-{n}", "password": PASSWORD}  # fmt: skip
            house.call("POST", "console", "/api/roster/agents", json=agent)
            house.call("POST", "console", "/api/roster/users", json=user)
        settings = {"entries": [{"entry": "100", "business_line": "rental", "title": "Main"}], "network": network}
        body = {"title": "Network", "kind": "simulator", "settings": settings}
        gateway = house.call("POST", "gateway", "/v1/gateways", json=body)["gateway_id"]
        operator = {
            "licence": "bench",
            "records_conversations": True,
            "keeps_days": 1_900,
            "rulesets": ["cn", "restraint"],
        }
        house.call("PUT", "outbound", "/v1/operator", json=operator)
        house.call("PUT", "outbound", "/v1/caller-ids", json={"number": "+862195000000", "verified": True})
        lines = {"gateway_id": gateway, "calls_per_second": 30, "channels": 400}
        house.call("PUT", "outbound", "/v1/trunks/bench", json=lines)
        house.call(
            "POST", "outbound", "/v1/campaigns",
            json={"campaign_id": CAMPAIGN, "title": "Scale", "mode": "predictive", "purpose": "requested_callback", "group": GROUP,
                  "business_line": "rental", "gateway_id": gateway, "rulesets": ["cn", "restraint"],
                  "choices": {"announcement": "这里是演示外呼。", "agent_pause_seconds": 0, "occupancy_ceiling": None}, **changes},
        )  # fmt: skip
        _fill(house, records)
        house.call("POST", "outbound", f"/v1/campaigns/{CAMPAIGN}/start")
    finally:
        house.close()


def _fill(house: Administration, records: int) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("id", "phone"), *((f"K{n}", f"138{n:08d}") for n in range(records))])
    files = {"file": ("scale.csv", text.getvalue().encode())}
    made = house.call("POST", "outbound", "/v1/imports", params={"campaign": CAMPAIGN}, files=files)
    for wanted in ("mapping", "done"):
        while house.call("GET", "outbound", f"/v1/imports/{made['import_id']}")["state"] != wanted:
            time.sleep(0.2)
        if wanted == "mapping":
            house.call("POST", "outbound", f"/v1/imports/{made['import_id']}/start", json={})


async def watch(ground: Ground, seconds: int, statements: Counter[str]) -> Seen:
    """The campaign's own live figures, and how late a timer of the shared event loop is."""
    token = ground.token("bench", TENANT, Role.CAMPAIGN_MANAGER, seconds=86_400)
    house = Administration(token, {"outbound": ground.url("outbound")})
    seen = Seen()
    try:
        for second in range(seconds):
            due = time.perf_counter() + 1
            await asyncio.sleep(1)
            lag = time.perf_counter() - due
            try:
                seen.last = await asyncio.to_thread(house.call, "GET", "outbound", f"/v1/campaigns/{CAMPAIGN}/live")
            except ServiceRefused as error:
                if error.status != 503:
                    raise
                seen.missed += 1  # an overloaded machine; said at the end
                continue
            funnel = seen.last["funnel"]
            ringing = funnel["dialling"] + funnel["ringing"]
            seen.samples.append(Sample(second, ringing, funnel["waiting"], funnel["talking"], lag))
            seen.until = Costs(seen.last["today"]["dialled"], Counter(statements), time.process_time())
            if seen.steady_from is None and second >= seconds // 3:
                seen.steady_from = seen.until
            if second % TOLD_EVERY == 0:
                print(
                    f"{second:4d} s  {funnel}  agents {seen.last['agents']}  lag {1000 * lag:.0f} ms  load {os.getloadavg()[0]:.1f}",
                    flush=True,
                )
    finally:
        house.close()
    return seen


@asynccontextmanager
async def house_of(
    agents: int, records: int, network: Mapping[str, Any] = NETWORK, **campaign: Any
) -> AsyncGenerator[Ground]:
    """The whole house, with so many agents at work and a campaign that dials so many people; `campaign` changes its fields."""
    with tempfile.TemporaryDirectory(prefix="ucc-scale-") as name:
        postgres, broker = EmbeddedPostgres(Path(name) / "postgres"), EmbeddedBroker()
        url = create_database(postgres.url, fresh_name("scale"))
        migrated(url)
        ports = {service: free_port() for service in PORT_OFFSETS}
        ground = Ground(
            url, broker.bootstrap_servers, BROKER_PARTITIONS, new_signing_key(), ports=ports,
            clock_started=time.time_ns() // 1000, clock_origin=MORNING,
            extra={"speech": False, "gateway_public_url": f"http://127.0.0.1:{ports['gateway']}"},
        )  # fmt: skip
        create_tenant(url, TENANT, "Scale", country="CN", time_zone="Asia/Shanghai")
        create_pool(url, TENANT, "main", partitions=BROKER_PARTITIONS)
        crew = {"UCC_CREW_CONSOLE": ground.url("console"), "UCC_CREW_AGENTS": str(agents)}
        try:
            async with running(ground, listeners("127.0.0.1", ports)):
                await asyncio.to_thread(prepare, ground, agents, records, network, campaign)
                with beside("tests.benchmarks.outbound_crew", crew):
                    yield ground
        finally:
            postgres.stop()


async def scale(agents: int, minutes: float) -> str:
    with counted_statements() as statements:
        async with house_of(agents, round(40 * agents * minutes)) as ground:
            return (await watch(ground, round(minutes * 60), statements)).told(agents)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=5)
    asked = parser.parse_args()
    telemetry.configure_logging("WARNING", json=False)
    print(run(scale(asked.agents, asked.minutes)))
