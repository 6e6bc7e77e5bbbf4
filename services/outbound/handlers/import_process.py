"""Starts the process that works imports off when one waits, and looks after it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from typing import Final

from services.outbound.settings import OutboundSettings
from services.outbound.store import imports
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.postgres import ROOT, Pool, worker_transaction

LOOK_AGAIN_SECONDS: Final = 0.5
MODULE: Final = "services.outbound.list_worker"
log = telemetry.logger("outbound")


@dataclass(frozen=True, slots=True)
class ImportProcess:
    """Of several instances of the service each may have one: an import is one worker's by its lease."""

    workers: Pool
    settings: OutboundSettings

    async def run(self) -> None:
        """Until cancelled; the process ends with it. Raises Backpressure."""
        while True:
            with errors_by_consequence():
                async with worker_transaction(self.workers) as connection:
                    waiting = await imports.claimable(connection)
            if not waiting:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            elif (code := await self._worked_off()) != 0:
                log.error("the process of imports broke off; another goes on when its lease is over", code=code)
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _worked_off(self) -> int:
        """Started and waited for by threads: after uvloop has started a process, the embedded broker of the same process takes
        no connection any more."""
        start = partial(
            subprocess.Popen, [sys.executable, "-m", MODULE], stdin=subprocess.PIPE, cwd=ROOT, env=self._environment(),
        )  # fmt: skip
        child = await asyncio.to_thread(start)
        try:
            return await asyncio.to_thread(child.wait)
        finally:
            child.kill()  # the thread that waits for it ends with it
            assert child.stdin is not None
            child.stdin.close()

    def _environment(self) -> dict[str, str]:
        chosen = self.settings
        given = {
            "database_url": chosen.database_url, "person_key_secret": chosen.person_key_secret.get_secret_value(),
            "clock_rate": chosen.clock_rate, "clock_started": chosen.clock_started, "clock_origin": chosen.clock_origin,
            "log_level": chosen.log_level, "log_json": chosen.log_json,
            "outbound_import_piece_rows": chosen.outbound_import_piece_rows,
            "outbound_import_lease_seconds": chosen.outbound_import_lease_seconds,
        }  # fmt: skip
        told = {f"UCC_{name.upper()}": str(value) for name, value in given.items() if value is not None}
        return {**os.environ, **told}
