"""Outbound and gateway as processes of their own, between a campaign of thousands and a simulated network; the router and the
profile are played by a small server that always knows free agents and always allows.
"""

from __future__ import annotations

import json
import re
import signal
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from services.outbound.numbers import number_key
from shared.contracts.dial_results import AttemptEnded, AttemptRang
from shared.contracts.wire import DIAL_RESULTS, decode
from shared.kafka import make_consumer
from shared.security import Role
from tests.brokers import free_port
from tests.conftest import Broker
from tests.integration.outbound.conftest import KNOWN, MORNING, POOL
from tests.processes import Keys, ServiceProcess

AGENTS = 60
CALLS_PER_SECOND = 8
TENANT = "jinfeng"
READY_SECONDS = 180
"""A machine that has much else to do is no fault."""
NETWORK = {
    "person": 0, "machine": 0.4, "fax": 0, "busy": 0.3, "sit_vacant": 0.2, "sit_intercept": 0, "sit_reorder": 0, "failed": 0.1,
    "told_after": 0.4, "machine_rings": 1.0,
}  # fmt: skip


class _Neighbour(BaseHTTPRequestHandler):
    """GET: the router's floor or its empty journal; POST: the profile's consents."""

    def do_GET(self) -> None:
        agent = {
            "state": "idle",
            "since": MORNING - 60_000_000,
            "groups": ["out"],
            "contact_group": None,
            "kept_for_inbound": False,
        }
        if "/v1/dialling" in self.path:
            agents = [{**agent, "agent_id": f"a-{n}"} for n in range(AGENTS)]
            groups = [{"group": "out", "open": True, "answered": 0, "waiting": 0}]
            self._answer({"now": MORNING, "reserve_held": False, "agents": agents, "groups": groups})
        else:
            self._answer({"items": []})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer({"items": [KNOWN for _ in asked.get("entries", [])]})

    def _answer(self, body: Mapping[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class DiallingGround:
    def __init__(self, folder: Path, database_url: str, broker: Broker) -> None:
        self.database_url, self.broker, self.keys = database_url, broker, Keys()
        port = free_port()
        self.neighbour = ThreadingHTTPServer(("127.0.0.1", port), _Neighbour)
        threading.Thread(target=self.neighbour.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{port}"
        environment = {
            "UCC_DATABASE_URL": database_url, "UCC_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "UCC_KAFKA_PARTITIONS": str(broker.partitions), "UCC_TOKEN_VERIFY_KEYS": self.keys.verify_keys,
            "UCC_SERVICE_TOKEN": self.keys.token(Role.SERVICE), "UCC_ROUTER_URL": url, "UCC_PROFILE_URL": url,
            "UCC_CLOCK_STARTED": str(time.time_ns() // 1000), "UCC_CLOCK_ORIGIN": str(MORNING),
            "UCC_OUTBOUND_SILENCE_SECONDS": "3", "UCC_OUTBOUND_LEASE_SECONDS": "2", "UCC_KAFKA_FETCH_WAIT_MS": "20",
        }  # fmt: skip
        self.outbounds = [ServiceProcess("outbound", environment, folder / f"outbound-{n}.log") for n in range(2)]
        gateway_environment = {**environment, "UCC_OUTBOUND_URL": self.outbounds[0].url}
        self.gateway = ServiceProcess("gateway", gateway_environment, folder / "gateway.log")
        self.campaign = f"cp-{uuid.uuid4().hex[:8]}"

    @property
    def processes(self) -> list[ServiceProcess]:
        return [*self.outbounds, self.gateway]

    def start(self) -> None:
        for process in self.processes:
            process.start(wait_ready=False)
        for process in self.processes:
            process.wait_ready(READY_SECONDS)

    def strike(self, process: ServiceProcess) -> None:
        """kill -9, and another begins at once."""
        process.kill()
        process.start(timeout=READY_SECONDS)

    def end(self) -> None:
        for process in self.processes:
            process.signal(signal.SIGKILL)
        self.neighbour.shutdown()

    async def furnish(self, owner: asyncpg.Connection, records: int) -> None:
        """A tenant, its simulated line, and a campaign that runs."""
        await owner.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", TENANT)
        await owner.execute("INSERT INTO directory.pools VALUES ($1, $2, 0)", TENANT, POOL)
        headers = {"authorization": f"Bearer {self.keys.token(Role.ADMIN, tenant=TENANT)}"}
        line = {"entries": [{"entry": "100", "business_line": "sales"}], "network": NETWORK}
        body = {"title": "network", "kind": "simulator", "settings": line}
        async with httpx.AsyncClient(base_url=self.gateway.url, headers=headers, timeout=20, trust_env=False) as client:
            answer = await client.post("/v1/gateways", json=body)
            assert answer.status_code == 201, answer.text
            gateway = answer.json()["gateway_id"]
        await owner.execute(
            "INSERT INTO outbound.caller_ids VALUES ($1, '+862165432100', 'own', NULL, 1, true)", TENANT
        )
        await owner.execute("INSERT INTO outbound.operators VALUES ($1, 'ICP-1', true, 1900, '{}')", TENANT)
        await owner.execute(
            "INSERT INTO outbound.trunks VALUES ($1, 't-1', $2, $3, 200)", TENANT, gateway, CALLS_PER_SECOND
        )
        await owner.execute(
            "INSERT INTO outbound.campaigns (tenant_id, campaign_id, title, mode, purpose, state, pool_id, group_name, business_line,"
            " gateway_id, rulesets, document, created_at, created_by, changed_at) VALUES ($1, $2, 'T', 'progressive',"
            " 'service_followup', 'paused', $3, 'out', 'sales', $4, '{}', $5, $6, 'u', $6)",
            TENANT, self.campaign, POOL, gateway, json.dumps({"ring_seconds": 5}), MORNING,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO outbound.lists (tenant_id, list_id, campaign_id, title, source, created_at) VALUES ($1, $2, $2, 'L', 'api', 0)",
            TENANT, self.campaign,
        )  # fmt: skip
        rows: list[tuple[Any, ...]] = []
        for n in range(records):
            number = f"+86138{n:08d}"
            key = number_key("ucc-development", TENANT, number)
            rows.append((TENANT, self.campaign, f"r{n:06d}", key, json.dumps([{"number": number, "key": key}])))
        await owner.executemany(
            "INSERT INTO outbound.records (tenant_id, campaign_id, record_id, list_id, person_key, numbers, created_at)"
            " VALUES ($1, $2, $3, $2, $4, $5, 0)",
            rows,
        )  # fmt: skip
        await owner.execute("UPDATE outbound.campaigns SET state = 'running'")

    async def under_way(self, owner: asyncpg.Connection) -> int:
        return await owner.fetchval(
            "SELECT count(*) FROM outbound.attempts WHERE closed_at IS NULL AND state <> 'unknown'"
        )

    async def told(self) -> tuple[dict[str, set[int]], dict[str, set[str]]]:
        """Attempt → when it was dialled; attempt → how it ended: everything on the topic."""
        dialled: defaultdict[str, set[int]] = defaultdict(set)
        ended: defaultdict[str, set[str]] = defaultdict(set)
        consumer = make_consumer(self.broker.bootstrap_servers, DIAL_RESULTS)
        await consumer.start()
        quiet = 0
        try:
            while quiet < 10:
                fetched = await consumer.getmany(timeout_ms=300)
                quiet = 0 if fetched else quiet + 1
                for record in (r for records in fetched.values() for r in records):
                    fact = decode(DIAL_RESULTS, record.headers, record.value).data
                    if fact.campaign != self.campaign:
                        continue
                    if isinstance(fact, AttemptRang):
                        dialled[fact.attempt_id].add(fact.placed_at)
                    elif isinstance(fact, AttemptEnded):
                        ended[fact.attempt_id].add(fact.outcome)
        finally:
            await consumer.stop()
        return dialled, ended

    def faults_logged(self) -> list[str]:
        """What the logs call errors, beyond being interrupted."""
        found = [line for process in self.processes for line in process.log_text().splitlines() if '"error"' in line]
        return [line[:300] for line in found if not re.search(r"unknown|Connection|away|broker", line)]
