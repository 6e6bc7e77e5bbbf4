"""The agents of `outbound_scale`, as browsers would be: a process of its own that works at a house's console until its parent ends.

`UCC_CREW_CONSOLE`: where the console answers; `UCC_CREW_AGENTS`: how many, named agent0, agent1 …
"""

from __future__ import annotations

import asyncio
import os
from typing import Final

from deploy.clients.desk import Desk
from deploy.demo.agents import SimulatedAgent, Temper
from deploy.demo.scripts import load_scripts
from deploy.loops import run
from shared import telemetry

TENANT: Final = "scale"
PASSWORD: Final = "scale-of-outbound"
TEMPER: Final = Temper(
    rejects=0.0, misses=0.0, talks_at_most=3_600.0, wraps_up_for=(26.0, 29.0), works_between_breaks=(1e6, 1e6)
)


async def work(console: str, agents: int) -> None:
    scripts = load_scripts()
    async with asyncio.TaskGroup() as crew:
        for n in range(agents):
            desk = Desk(console, TENANT, f"agent{n}", PASSWORD)
            crew.create_task(SimulatedAgent(desk, scripts, TEMPER, seed=n).work())


if __name__ == "__main__":
    telemetry.configure_logging("ERROR", json=False)
    run(work(os.environ["UCC_CREW_CONSOLE"], int(os.environ["UCC_CREW_AGENTS"])))
