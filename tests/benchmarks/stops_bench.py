"""How soon a "no" and a pause are obeyed, each by the door people use, while a house dials: from the request to the last thing that
leaves the gateway.

python -m tests.benchmarks.stops_bench [--agents 20] [--rounds 15]

no, by the agent's page, the link of a mail, the word of a text: from the request until no dial of that person can be authorised any
more, and until the call that rang at them meanwhile was taken down. No, by the key of the announcement (in the simulated network
whoever hears it presses it): from the key on. Pause: from the click until the last number the gateway dialled.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from deploy.loops import run
from deploy.stack import Ground
from shared import telemetry
from shared.security import Role
from tests.benchmarks.outbound_crew import TENANT
from tests.benchmarks.outbound_scale import CAMPAIGN, MORNING, NETWORK, house_of
from tests.integration.gateway.conformance.sms_gateway import SmsGateway

LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 30.0
WARM_SECONDS = 20
ENTRY = "10690000"


@dataclass(slots=True)
class Waits:
    """Milliseconds of each round, by what was waited for."""

    by_door: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def add(self, what: str, seconds: float) -> None:
        self.by_door.setdefault(what, []).append(1000 * seconds)

    def told(self) -> str:
        rows = [
            f"| {what} | {len(ms)} | {statistics.median(ms):.0f} | {max(ms):.0f} |" for what, ms in self.by_door.items()
        ]
        head = ["| from the request until | rounds | p50 ms | most ms |", "|---|---|---|---|"]
        return "\n".join([*head, *rows, f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"])


@dataclass(slots=True)
class Stage:
    """The house, its database as the owner sees it, and a manager's session."""

    ground: Ground
    owner: asyncpg.Pool
    http: httpx.AsyncClient
    sms: SmsGateway
    waits: Waits

    def now(self) -> int:
        """Policy time, µs."""
        started = self.ground.clock_started
        assert started is not None
        return MORNING + time.time_ns() // 1000 - started

    async def ask(self, service: str, path: str, **body: Any) -> Any:
        answer = await self.http.post(f"{self.ground.url(service)}{path}", **body)
        answer.raise_for_status()
        return answer

    async def until(self, sql: str, *of: object) -> Any:
        """The first row a statement gives, looked for every 10 ms. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if (row := await self.owner.fetchrow(sql, *of)) is not None:
                    return row
                await asyncio.sleep(LOOK_SECONDS)

    async def ringing(self) -> asyncpg.Record:
        """Somebody at whom a call began to ring this moment."""
        return await self.until(
            "SELECT a.attempt_id, a.number_key, r.numbers->0->>'number' AS number FROM outbound.attempts a"
            " JOIN outbound.records r USING (tenant_id, campaign_id, record_id)"
            " WHERE a.state = 'dialled' AND a.placed_at > $1 ORDER BY a.placed_at DESC LIMIT 1",
            self.now() - 3_000_000,
        )

    async def refuse(self, door: str, knock: Callable[[asyncpg.Record], Awaitable[object]]) -> None:
        """One person says no while their telephone rings."""
        called = await self.ringing()
        began = time.perf_counter()
        await knock(called)
        await self.until("SELECT 1 FROM outbound.refusals WHERE subject_key = $1", called["number_key"])
        self.waits.add(f"no, {door}: no dial of theirs can be authorised", time.perf_counter() - began)
        over = await self.until(
            "SELECT ended ->> 'outcome' AS outcome FROM gateway.attempts WHERE attempt_id = $1 AND ended IS NOT NULL",
            called["attempt_id"],
        )
        if over["outcome"] == "cancelled":  # else it ended by itself meanwhile
            self.waits.add(f"no, {door}: the call that rings is taken down", time.perf_counter() - began)

    async def at_the_desk(self, called: asyncpg.Record) -> None:
        await self.ask("console", f"/api/outbound/attempts/{called['attempt_id']}/refusal", json={"purpose": None})

    async def by_link(self, called: asyncpg.Record) -> None:
        made = await self.ask("gateway", "/v1/refusal-links", json={"number": called["number"]})
        (await self.http.post(made.json()["url"], data={"lang": "zh"})).raise_for_status()

    async def by_text(self, called: asyncpg.Record) -> None:
        (await self.sms.text(called["number"], ENTRY, "退订")).raise_for_status()

    async def pause(self) -> None:
        """Click, wait, and see which number the gateway dialled last; then on again."""
        await self.ringing()
        clicked, began = self.now(), time.perf_counter()
        await self.ask("console", f"/api/outbound/campaigns/{CAMPAIGN}/pause", json={})
        self.waits.add("pause: the click is answered", time.perf_counter() - began)
        await asyncio.sleep(3)
        last = await self.owner.fetchval("SELECT max(begun_at) FROM gateway.dials")
        self.waits.add("pause: the last number is dialled", max(0, last - clicked) / 1e6)
        await self.ask("console", f"/api/outbound/campaigns/{CAMPAIGN}/start", json={})

    async def listen_for_keys(self) -> None:
        """Whoever hears the announcement presses its key: from the key to our copy of the refusal. Until cancelled."""
        heard: set[str] = set()
        while True:
            rows = await self.owner.fetch(
                "SELECT DISTINCT refusal_id, withdrawn_at FROM outbound.refusals WHERE source = 'outbound_key'"
            )
            for row in rows:
                if row["refusal_id"] not in heard:
                    heard.add(row["refusal_id"])
                    waited = (self.now() - row["withdrawn_at"]) / 1e6
                    self.waits.add("no, by the announcement's key: no dial of theirs can be authorised", waited)
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def stage(agents: int) -> AsyncGenerator[Stage]:
    async with house_of(
        agents, 20_000, {**NETWORK, "refuses": 1.0}, purpose="service_followup", rulesets=["restraint"]
    ) as ground:
        token = ground.token("bench", TENANT, Role.ADMIN, Role.CAMPAIGN_MANAGER, seconds=86_400)
        owner = await asyncpg.create_pool(ground.database_url, min_size=1, max_size=3)
        async with httpx.AsyncClient(timeout=30, trust_env=False, headers={"Authorization": f"Bearer {token}"}) as http:
            made = Stage(ground, owner, http, SmsGateway(http), Waits())
            texts = {"title": "Texts", "kind": "sms", "settings": {
                "entries": [{"entry": ENTRY, "business_line": "rental"}], "send_url": "http://127.0.0.1:9/texts",
                "incoming": {"id": "message.id", "text": "message.text"},
            }}  # fmt: skip
            row = (await made.ask("gateway", "/v1/gateways", json=texts)).json()
            made.sms.inbound_url = f"{ground.url('gateway')}/v1/sms/{row['gateway_id']}/inbound"
            made.sms.secret = row["secret"]
            try:
                yield made
            finally:
                await owner.close()


async def stops(agents: int, rounds: int) -> str:
    async with stage(agents) as house:
        await asyncio.sleep(WARM_SECONDS)
        keys = asyncio.create_task(house.listen_for_keys())
        try:
            for _ in range(rounds):
                await house.refuse("agent's page", house.at_the_desk)
                await house.refuse("link of a mail", house.by_link)
                await house.refuse("word of a text", house.by_text)
                await house.pause()
        finally:
            keys.cancel()
            await asyncio.gather(keys, return_exceptions=True)
        return house.waits.told()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    telemetry.configure_logging("WARNING", json=False)
    print(run(stops(asked.agents, asked.rounds)))
