"""kill -9 of outbound and gateway while a campaign dials: nobody is dialled twice, no outcome is lost.

`UCC_DIALLING_FAULTS=50` for as many kills; the usual number suits a run of everything.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Broker
from tests.faults.dialling_ground import DiallingGround

FAULTS = int(os.environ.get("UCC_DIALLING_FAULTS", "12"))
RECORDS = 6_000
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600 + 60 * FAULTS)]


async def test_kills_while_a_campaign_dials(module_database_url: str, real_kafka: Broker, tmp_path: Path) -> None:
    owner = await asyncpg.connect(module_database_url)
    ground = DiallingGround(tmp_path, module_database_url, real_kafka)
    try:
        await asyncio.to_thread(ground.start)
        await ground.furnish(owner, RECORDS)
        before = 0
        for struck in range(FAULTS):
            async with asyncio.timeout(240):  # it dials on, whoever died
                while (made := await owner.fetchval("SELECT count(*) FROM outbound.attempts")) < before + 5:
                    await asyncio.sleep(0.05)
            before = made
            began = time.monotonic()
            victim = ground.processes[struck % len(ground.processes)]
            await asyncio.to_thread(ground.strike, victim)
            print(f"{struck + 1:3} {victim.service:8} {made:5} attempts {time.monotonic() - began:5.1f} s", flush=True)
        await owner.execute("UPDATE outbound.campaigns SET state = 'paused'")
        async with asyncio.timeout(180):
            while await ground.under_way(owner):
                await asyncio.sleep(0.2)
        dialled, ended = await ground.told()
        rows = await owner.fetch("SELECT * FROM outbound.attempts ORDER BY person_key, n")
        twice = [attempt for attempt, times in dialled.items() if len(times) > 1]
        at_once = [
            later["attempt_id"]
            for earlier, later in itertools.pairwise(rows)
            if earlier["person_key"] == later["person_key"]
            and (earlier["closed_at"] is None or later["authorised_at"] < earlier["closed_at"])
        ]
        booked = {row["attempt_id"]: row["result"] for row in rows}
        lost = [a for a, outcomes in ended.items() if outcomes != {"unknown"} and booked.get(a) not in outcomes]
        unknown = [row["attempt_id"] for row in rows if row["state"] == "unknown"]
        print(f"{len(rows)} attempts, {len(dialled)} dialled, {len(ended)} ended, {len(unknown)} unknown", flush=True)
        assert (twice, at_once, lost) == ([], [], [])
        assert set(dialled) <= set(booked), "dialled without a written intent"
        assert ground.faults_logged() == []
    finally:
        ground.end()
        await owner.close()
