"""Faxes by a HylaFAX server, through its own client programs (`sendfax`, `faxstat`).

Each attempt is one HylaFAX job that dials once (`-T 1`), under a tag of ours; retries are the gateway's. After a crash the
tag says what became of it, as long as the server remembers (its done queue); else nobody knows.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from services.gateway.domain.fax_transport import FaxOutcome, FaxResult, OutgoingFax
from shared import telemetry
from shared.child_process import ChildFailed, run_program

log = telemetry.logger("gateway")

COMMAND_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 5.0
JOB_SECONDS: Final = 1_800.0
"""A job still under way after this is given up as unknown; a hundred pages take about that long."""
_JOB_FORMAT: Final = 'JobFmt: "%j|%a|%p|%J|%s"\n'
_ENDED: Final = re.compile(r"^\s*(?P<job>\d+)\|(?P<state>[A-Z?])\|\s*(?P<pages>\d+)\|(?P<tag>[^|]*)\|(?P<said>.*)$")
_SAID: Final[tuple[tuple[str, FaxOutcome], ...]] = (
    ("busy", "busy"), ("no answer", "no_answer"), ("no local dialtone", "failed"), ("no carrier", "no_carrier"),
    ("not receive", "no_carrier"), ("reject", "refused"), ("invalid", "refused"), ("killed", "unknown"),
)  # fmt: skip
"""Words of HylaFAX's status texts → outcome; anything else is a transmission that broke off."""


class HylafaxTransport:
    """`host`: of the HylaFAX server, "" for the client programs' own configuration."""

    def __init__(self, host: str = "", look_seconds: float = LOOK_SECONDS) -> None:
        self._host = ("-h", host) if host else ()
        self._look_seconds = look_seconds

    async def send(self, fax: OutgoingFax) -> FaxResult:
        async with _home() as home:
            document = home / "fax.tif"
            await asyncio.to_thread(document.write_bytes, fax.tiff)
            try:
                await run_program(
                    "sendfax", *self._host, "-n", "-N", "-m", "-s", "a4", "-t", "1", "-T", "1", "-o", "ucc", "-i", _tag(fax),
                    "-d", fax.number, str(document), given=b"", seconds=COMMAND_SECONDS, HOME=str(home),
                )  # fmt: skip
            except FileNotFoundError:
                log.error("no sendfax on this machine")
                return FaxResult("failed")
            except ChildFailed as error:
                log.warning("sendfax did not take a fax", error=str(error), job_id=fax.job_id)
                found = await self._ask(home, _tag(fax))
                return FaxResult("failed") if found is None else await self._until_ended(fax, home)
            return await self._until_ended(fax, home)

    async def trace(self, fax: OutgoingFax) -> FaxResult | None:
        async with _home() as home:
            return await self._until_ended(fax, home)

    async def _until_ended(self, fax: OutgoingFax, home: Path) -> FaxResult:
        deadline = time.monotonic() + JOB_SECONDS
        missed = 0
        while time.monotonic() < deadline:
            found = await self._ask(home, _tag(fax))
            if found is None:
                missed += 1  # between its queues a job is in neither for a moment
                if missed > 2:
                    return FaxResult("unknown")
            elif found["state"] == "D":
                return FaxResult("delivered", int(found["pages"]))
            elif found["state"] == "F":
                return FaxResult(_outcome(found["said"]), int(found["pages"]))
            else:
                missed = 0
            await asyncio.sleep(self._look_seconds)
        return FaxResult("unknown")

    async def _ask(self, home: Path, tag: str) -> dict[str, str] | None:
        """The job of a tag, as the server's queues have it; None when they have none, or do not answer."""
        try:
            out = await run_program(
                "faxstat", *self._host, "-s", "-d", given=b"", seconds=COMMAND_SECONDS, HOME=str(home)
            )
        except (ChildFailed, FileNotFoundError) as error:
            log.warning("faxstat does not answer", error=str(error))
            return None
        jobs = [
            found.groupdict() for line in out.decode(errors="replace").splitlines() if (found := _ENDED.match(line))
        ]
        return next((job for job in jobs if job["tag"].strip() == tag), None)


def _outcome(said: str) -> FaxOutcome:
    for words, outcome in _SAID:
        if words in said.lower():
            return outcome
    return "failed"


def _tag(fax: OutgoingFax) -> str:
    return f"ucc-{fax.job_id}-{fax.attempt}"


@asynccontextmanager
async def _home() -> AsyncIterator[Path]:
    """A home of their own for the client programs: their settings make `faxstat` say what we need, in one form."""
    with tempfile.TemporaryDirectory(prefix="ucc-fax-") as folder:
        (Path(folder) / ".hylarc").write_text(_JOB_FORMAT)
        yield Path(folder)
