"""A hundred agents and two hundred calls at once, held: the whole house in one process, a simulated network, agents at the console.

python -m tests.benchmarks.outbound_scale [--agents 100] [--minutes 5]

One call in ten reaches a person (mean ring 10 s, talk 120 s, wrap-up 30 s): with a hundred agents about 85 talk and 120 lines ring.
Printed every 10 s and summed up at the end: calls under way, talking, abandoned, lag of the event loop everything shares.
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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.clients.administration import Administration, ServiceRefused
from deploy.clients.desk import Desk
from deploy.demo.agents import SimulatedAgent, Temper
from deploy.demo.scripts import load_scripts
from deploy.embedded import BROKER_PARTITIONS, EmbeddedBroker, EmbeddedPostgres, create_database, fresh_name
from deploy.foundation import migrated
from deploy.stack import PORT_OFFSETS, Ground, listeners, running
from deploy.tenants import create_pool, create_tenant
from shared.security import Role, new_signing_key

TENANT, GROUP, CAMPAIGN, PASSWORD = "scale", "calls", "scale", "scale-of-outbound"
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
TEMPER = Temper(
    rejects=0.0, misses=0.0, talks_at_most=3_600.0, wraps_up_for=(26.0, 29.0), works_between_breaks=(1e6, 1e6)
)
TOLD_EVERY = 10


@dataclass(slots=True)
class Seen:
    """Samples, one a second."""

    calls: list[int] = field(default_factory=list[int])
    talking: list[int] = field(default_factory=list[int])
    lags: list[float] = field(default_factory=list[float])
    missed: int = 0
    last: dict[str, Any] = field(default_factory=dict[str, Any])

    def told(self, agents: int) -> str:
        steady = self.calls[len(self.calls) // 3 :]  # the first third fills the lines
        talking = self.talking[len(self.talking) // 3 :]
        lags = sorted(self.lags)
        counts = self.last["abandonment"]
        return "\n".join(
            [
                f"agents {agents}, samples {len(self.calls)}, missed {self.missed}, of which steady {len(steady)}",
                f"calls at once: mean {statistics.mean(steady):.0f}, least {min(steady)}, most {max(steady)}",
                f"talking: mean {statistics.mean(talking):.0f}",
                f"answered by a person {counts['answered']}, abandoned {counts['abandoned']}, dialled {self.last['today']['dialled']}",
                f"event loop lag: p50 {1000 * lags[len(lags) // 2]:.0f} ms, p99 {1000 * lags[int(len(lags) * 0.99)]:.0f} ms",
                f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; unknown attempts {self.last['unknown']}",
            ]
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(ground: Ground, agents: int, records: int) -> None:
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
        settings = {"entries": [{"entry": "100", "business_line": "rental", "title": "Main"}], "network": NETWORK}
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
                  "choices": {"announcement": "这里是演示外呼。", "agent_pause_seconds": 0, "occupancy_ceiling": None}},
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


async def watch(ground: Ground, seconds: int) -> Seen:
    """The campaign's own live figures, and how late a timer of the shared event loop is."""
    token = ground.token("bench", TENANT, Role.CAMPAIGN_MANAGER, seconds=86_400)
    house = Administration(token, {"outbound": ground.url("outbound")})
    seen = Seen()
    try:
        for second in range(seconds):
            due = time.perf_counter() + 1
            await asyncio.sleep(1)
            seen.lags.append(time.perf_counter() - due)
            try:
                seen.last = await asyncio.to_thread(house.call, "GET", "outbound", f"/v1/campaigns/{CAMPAIGN}/live")
            except ServiceRefused as error:
                if error.status != 503:
                    raise
                seen.missed += 1  # an overloaded machine; said at the end
                continue
            funnel = seen.last["funnel"]
            seen.calls.append(sum(funnel.values()))
            seen.talking.append(funnel["talking"])
            if second % TOLD_EVERY == 0:
                print(f"{second:4d} s  {funnel}  agents {seen.last['agents']}", flush=True)
    finally:
        house.close()
    return seen


async def scale(agents: int, minutes: int) -> str:
    with tempfile.TemporaryDirectory(prefix="ucc-scale-") as name:
        postgres, broker = EmbeddedPostgres(Path(name) / "postgres"), EmbeddedBroker()
        url = create_database(postgres.url, fresh_name("scale"))
        migrated(url)
        ports = {service: free_port() for service in PORT_OFFSETS}
        began = time.time_ns() // 1000
        ground = Ground(
            url, broker.bootstrap_servers, BROKER_PARTITIONS, new_signing_key(), ports=ports, clock_started=began,
            clock_origin=MORNING, extra={"speech": False},
        )  # fmt: skip
        create_tenant(url, TENANT, "Scale", country="CN", time_zone="Asia/Shanghai")
        create_pool(url, TENANT, "main", partitions=BROKER_PARTITIONS)
        try:
            async with running(ground, listeners("127.0.0.1", ports)):
                await asyncio.to_thread(prepare, ground, agents, 40 * agents * minutes)
                crew = _crew(ground, agents)
                working = [asyncio.create_task(one.work()) for one in crew]
                try:
                    return (await watch(ground, minutes * 60)).told(agents)
                finally:
                    for one in working:
                        one.cancel()
                    await asyncio.gather(*working, return_exceptions=True)
        finally:
            postgres.stop()


def _crew(ground: Ground, agents: int) -> Sequence[SimulatedAgent]:
    scripts = load_scripts()
    return [
        SimulatedAgent(Desk(ground.url("console"), TENANT, f"agent{n}", PASSWORD), scripts, TEMPER, seed=n)
        for n in range(agents)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--minutes", type=int, default=5)
    asked = parser.parse_args()
    print(asyncio.run(scale(asked.agents, asked.minutes)))
