"""Twenty calls at once, half of them placed by SIPp: every agent has exactly one, every end reconciles, the audit is clean."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.audit import audit
from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    InteractionStarted,
)
from tests.telephony.house import MANY, MANY_AGENTS, House
from tests.telephony.phone import HOST, CallLeg, until

SCENARIO = Path(__file__).with_name("caller.xml")
BY_SIPP = 10


async def _sipp(house: House, folder: Path) -> asyncio.subprocess.Process:
    """That many customers of an independent SIP stack; they wait to be hung up on."""
    return await asyncio.create_subprocess_exec(
        "sipp", f"{house.exchange.sip[0]}:{house.exchange.sip[1]}", "-sf", str(SCENARIO), "-s", MANY, "-i", HOST,
        "-m", str(BY_SIPP), "-l", str(BY_SIPP), "-r", str(BY_SIPP), "-nostdin", "-timeout", "200s", "-timeout_error",
        "-trace_err", "-error_file", "errors.log",
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("sipp") is None, reason="needs sipp (package sip-tester)")
async def test_twenty_calls_at_once(
    house: House, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seen = len(house.decisions)
    agents = await house.on_duty(*MANY_AGENTS)
    callers: list[CallLeg] = [await house.call(MANY) for _ in range(len(agents) - BY_SIPP)]
    sipp = await _sipp(house, tmp_path)
    legs = [await agent.phone.rung() for agent in agents]
    await until(lambda: all(leg.up for leg in legs), "every agent has a call", 120)
    queued = [d for d in house.decisions[seen:] if isinstance(d, ContactQueued)]
    contacts = {d.contact_id for d in queued}
    assert len(contacts) == len(agents)
    assigned = [await house.hears(ContactAssigned, contact) for contact in sorted(contacts)]
    assert sorted(a.agent_id for a in assigned) == sorted(MANY_AGENTS)
    for contact in sorted(contacts):
        await house.hears(InteractionStarted, contact)
    shown = house.exchange.cli("core show channels count")
    assert f"{2 * len(agents)} active channels" in shown, "all twenty stand at the same time"
    for call in callers:
        call.hang_up()
    await until(lambda: sum(leg.ended for leg in legs) >= len(callers), "the agents of those who left are free", 120)
    for leg in legs:
        if not leg.ended:
            leg.hang_up()
    outcome = await asyncio.wait_for(sipp.wait(), 200)
    errors = tmp_path / "errors.log"
    assert outcome == 0, errors.read_text()[:1500] if errors.exists() else "SIPp counts a failed call"
    ends = [await house.hears(ContactClosed, contact, seconds=120) for contact in sorted(contacts)]
    assert {end.end for end in ends} == {ContactEnd.SERVED}, [
        house.story(end.contact_id) for end in ends if end.end != ContactEnd.SERVED
    ]
    assert sorted(end.by for end in ends) == ["agent"] * BY_SIPP + ["customer"] * len(callers)
    waits = sorted(a.waited / 1_000_000 for a in assigned)
    record_property("waited_p50_seconds", waits[len(waits) // 2])
    record_property("waited_longest_seconds", waits[-1])
    print(
        f"twenty calls: queued to answered by an agent's phone p50 {waits[len(waits) // 2]:.2f} s, longest {waits[-1]:.2f} s"
    )


async def test_the_audit_of_all_these_calls_is_clean(house: House) -> None:
    await house.rest()
    found = await audit(house.ground.database_url)
    assert found.clean, [str(finding) for finding in found.findings]
