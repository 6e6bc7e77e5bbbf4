"""The demo's life: simulated customers and agents on the public interfaces, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import yaml

from deploy.clients.desk import Desk
from deploy.clients.gateway import GatewayClient
from deploy.clients.switchboard import Switchboard
from deploy.demo.agents import SimulatedAgent, Temper
from deploy.demo.callers import Book, Callers, Traffic
from deploy.demo.prepare import POLICY_FILE, DemoTenant, demo_ledger
from deploy.demo.roster import Roster
from deploy.demo.scripts import Scripts, load_scripts
from deploy.stack import Ground
from shared import telemetry
from shared.clock import make_clock
from shared.contracts.fields import Channel
from shared.kafka import supervise

log = telemetry.logger("demo")

LEAVE_SECONDS = 3.0


class Simulation:
    """Customers and agents of the demo tenant. `start`, then `stop` before the services stop."""

    def __init__(self, ground: Ground, tenant: DemoTenant, traffic: Traffic | None = None) -> None:
        scripts = load_scripts()
        clock = make_clock(ground.clock_rate, ground.clock_started, ground.clock_origin)
        self._gateways = {
            name: GatewayClient(ground.url("gateway"), credential.gateway_id, credential.secret)
            for name, credential in tenant.gateways.items()
        }
        boards = {name: Switchboard(gateway, clock) for name, gateway in self._gateways.items()}
        seed = int(datetime.now(UTC).timestamp())
        book = _book(tenant.roster, scripts)
        self._callers = Callers(boards["phone"], boards["web"], book, scripts, traffic or Traffic(), seed=seed)
        self._desks = [
            Desk(ground.url("console"), tenant.roster.tenant, seat.user, tenant.passwords[seat.user])
            for seat in tenant.roster.seats
            if not seat.free
        ]
        self._agents = [
            SimulatedAgent(desk, scripts, Temper(), seed=seed + number) for number, desk in enumerate(self._desks)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Everybody comes in."""
        self._tasks = [
            asyncio.create_task(supervise("simulated agent", agent.work, restart_seconds=5)) for agent in self._agents
        ]
        self._tasks.append(asyncio.create_task(supervise("simulated customers", self._callers.live, restart_seconds=5)))

    async def stop(self) -> None:
        """Customers hang up, agents sign out; what does not answer in time is left to the next start."""
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._callers.leave()
                await asyncio.gather(*(agent.leave() for agent in self._agents))
        except TimeoutError:
            log.warning("the simulation left without everybody having said goodbye")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(
            *(gateway.close() for gateway in self._gateways.values()), *(desk.close() for desk in self._desks)
        )


def _book(roster: Roster, scripts: Scripts) -> Book:
    policy = yaml.safe_load(POLICY_FILE.read_text(encoding="utf-8"))
    customers = demo_ledger(roster).customers
    free = next(seat.agent_id for seat in roster.seats if seat.free)
    return Book(
        everybody=customers,
        of_free_seat=[customer for customer in customers if customer.account_owner == free],
        free_seat=free,
        languages={group: languages_spoken(roster, policy["groups"][group]) for group in scripts.groups},
        business_lines={group: policy["groups"][group]["business_line"] for group in scripts.groups},
        fax_groups=[g for g in scripts.groups if Channel.FAX in policy["groups"][g]["channels"]],
    )


def languages_spoken(roster: Roster, group: Mapping[str, list[Mapping[str, int]]]) -> frozenset[str]:
    """Languages of the simulated agents who have the group's skills: nobody is left waiting for the free seat."""
    able = [
        seat
        for seat in roster.seats
        if not seat.free
        and all(seat.skills.get(str(need["skill"]), 0) >= need.get("level", 1) for need in group["skills"])
    ]
    return frozenset(skill for seat in able for skill in seat.skills)
