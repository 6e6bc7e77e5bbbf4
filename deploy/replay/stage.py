"""Where a replay takes place: an embedded stack of its own under a fast clock, or somebody's running installation."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from deploy.clients.administration import Administration, ServiceRefused
from deploy.clients.desk import Desk
from deploy.clients.gateway import GatewayClient
from deploy.data_directory import DataDirectory
from deploy.demo.prepare import GatewayCredential, gateway_credential
from deploy.foundation import Foundation
from deploy.replay.plan import Plan
from deploy.replay.tenant import (
    POOL,
    SOURCE,
    TENANT,
    agent_names,
    customers_table,
    policy_document,
    roster_items,
)
from deploy.servers import bind
from deploy.stack import PORT_OFFSETS, Ground, running
from deploy.tenants import create_pool, create_tenant
from services.router.what_if.records.mapping import LogMap
from shared.clock import Clock, make_clock
from shared.contracts.fields import SECOND
from shared.security import Role

SETUP_SECONDS = 20
"""Wall time a replay's preparation is given before the day begins; a day that begins later is shifted, and says so."""
SETUP_TOKEN_SECONDS = 3_600


@dataclass(frozen=True)
class Stage:
    """What a replay plays on; `desks` by agent id."""

    gateway: GatewayClient
    desks: Mapping[str, Desk]
    clock: Clock
    tenant: str


@asynccontextmanager
async def own_stage(
    plan: Plan, mapping: LogMap, rate: float, data: DataDirectory, base: Foundation
) -> AsyncGenerator[Stage]:
    """A stack of its own on `base` whose policy clock runs `rate` times as fast and shows the log's calendar."""
    create_tenant(base.database_url, TENANT, "replayed call log", time_zone=mapping.time_zone)
    create_pool(base.database_url, TENANT, POOL, partitions=base.kafka_partitions)
    sockets = {service: bind("127.0.0.1", 0, service) for service in PORT_OFFSETS}
    ground = Ground(
        database_url=base.database_url,
        kafka_bootstrap_servers=base.kafka_bootstrap_servers,
        kafka_partitions=base.kafka_partitions,
        signing_key=data.signing_key(),
        ports={service: listener.getsockname()[1] for service, listener in sockets.items()},
        clock_rate=rate,
        clock_started=time.time_ns() // 1000,
        clock_origin=plan.begins - int(SETUP_SECONDS * rate * SECOND),
    )
    async with running(ground, sockets):
        token = ground.token("ucc-replay", TENANT, Role.ADMIN, seconds=SETUP_TOKEN_SECONDS)
        urls = {service: ground.url(service) for service in PORT_OFFSETS}
        clock = make_clock(ground.clock_rate, ground.clock_started, ground.clock_origin)
        async with _set(plan, mapping, rate, data, TENANT, token, urls) as (gateway, desks):
            yield Stage(gateway, desks, clock, TENANT)


@asynccontextmanager
async def somebodys_stage(
    plan: Plan, mapping: LogMap, data: DataDirectory, tenant: str, token: str, urls: Mapping[str, str]
) -> AsyncGenerator[Stage]:
    """A running installation, under its own clock; `token` is an administrator's of `tenant`."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        answer = await client.get(f"{urls['console']}/api/session", headers={"authorization": f"Bearer {token}"})
    answer.raise_for_status()
    me = answer.json()
    clock = make_clock(me["clock_rate"], time.time_ns() // 1000, me["now"])
    async with _set(plan, mapping, me["clock_rate"], data, tenant, token, urls) as (gateway, desks):
        yield Stage(gateway, desks, clock, tenant)


@asynccontextmanager
async def _set(
    plan: Plan, mapping: LogMap, rate: float, data: DataDirectory, tenant: str, token: str, urls: Mapping[str, str]
) -> AsyncGenerator[tuple[GatewayClient, Mapping[str, Desk]]]:
    """Policy, agents, customers and a gateway in the token's tenant; clients of them while the block runs."""
    key = data.secret("replay_agents_key").encode()
    agents = sorted(agent_names(plan).values())
    passwords = {agent: hmac.new(key, agent.encode(), hashlib.sha256).hexdigest()[:32] for agent in agents}
    administration = Administration(token, urls)
    try:
        credential = await asyncio.to_thread(_prepare, administration, plan, mapping, rate, data, passwords)
    finally:
        administration.close()
    gateway = GatewayClient(urls["gateway"], credential.gateway_id, credential.secret)
    desks = {agent: Desk(urls["console"], tenant, agent, passwords[agent]) for agent in agents}
    try:
        yield gateway, desks
    finally:
        await asyncio.gather(gateway.close(), *(desk.close() for desk in desks.values()))


def _prepare(
    administration: Administration,
    plan: Plan,
    mapping: LogMap,
    rate: float,
    data: DataDirectory,
    passwords: Mapping[str, str],
) -> GatewayCredential:
    administration.publish_policy(policy_document(mapping, rate), "replay")
    for kind, item in roster_items(list(passwords), passwords):
        try:
            administration.call("POST", "console", f"/api/roster/{kind}", json=item)
        except ServiceRefused as error:
            if error.status != 409:  # 409: there since an earlier replay on this data directory
                raise
    if plan.tiers:
        administration.import_table("customers", SOURCE, "customers.csv", customers_table(plan))
    return gateway_credential(administration, data, "replay", "Replayed call log")
