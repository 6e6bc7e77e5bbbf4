"""`python -m services.outbound.list_worker`: works imports off until none waits, in a process of its own.

Reading a million rows takes a core for a minute: the service that dials must not feel it. Outbound starts this when an import
waits (`handlers/import_process.py`); it ends by itself, and at once when its parent is gone.
"""

from __future__ import annotations

import asyncio
import os
import threading

from services.outbound.handlers.list_import import ListImport
from services.outbound.settings import OutboundSettings
from shared import telemetry
from shared.clock import make_clock
from shared.directory import Directory
from shared.postgres import open_pool


async def work(settings: OutboundSettings) -> None:
    """Until no import waits. Raises Backpressure where the database is away: the leases run out, and another goes on."""
    pool = await open_pool(settings.database_url, "outbound", "worker", minimum=2, maximum=4)
    try:
        clock = make_clock(settings.clock_rate, settings.clock_started, settings.clock_origin)
        worker = ListImport(pool, Directory(pool), clock, settings)
        while await worker.run_next():
            pass
    finally:
        await pool.close()


def _leave_with_parent() -> None:
    while os.read(0, 1024):  # not through sys.stdin, whose lock would be held when the interpreter ends
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    chosen = OutboundSettings()
    telemetry.configure_logging(chosen.log_level, json=chosen.log_json)
    asyncio.run(work(chosen))
