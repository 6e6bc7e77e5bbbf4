"""The room's own clock: sessions nobody answered, notes profile has not taken, what is to be forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.ivr.handlers.callers import Callers
from services.ivr.handlers.serving import Serving
from services.ivr.store import sessions
from shared.postgres import worker_transaction

LOOK_SECONDS: Final = 1.0
NOTE_SECONDS: Final = 0.5
NOTE_AGAIN_SECONDS: Final = 5.0
PRUNE_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Keeping:
    """Loops that any number of instances may run side by side: what one does, the others find done."""

    serving: Serving
    callers: Callers

    async def end_overdue(self) -> None:
        """Act on sessions whose answer can no longer come."""
        while True:
            async with worker_transaction(self.serving.workers) as connection:
                late = await sessions.overdue(connection, self.serving.now())
            for session in late:
                await self.serving.overdue(session.tenant, session.contact_id, session.step)
            await asyncio.sleep(0 if late else LOOK_SECONDS)

    async def hand_over_notes(self) -> None:
        """Give profile what customers chose and typed, until it has taken it."""
        while True:
            async with worker_transaction(self.serving.workers) as connection:
                due = await sessions.notes_due(connection)
            refused = 0
            for tenant, contact_id, note in due:
                if not await self.callers.take_note(tenant, contact_id, note):
                    refused += 1
                    continue
                async with worker_transaction(self.serving.workers) as connection:
                    await sessions.note_taken(connection, tenant, contact_id)
            await asyncio.sleep(NOTE_AGAIN_SECONDS if refused else NOTE_SECONDS)

    async def forget(self) -> None:
        """Delete what is older than it may be kept."""
        settings = self.serving.settings
        while True:
            now = self.serving.now()
            async with worker_transaction(self.serving.workers) as connection:
                await sessions.prune(
                    connection, now - timedelta(days=settings.text_kept_days), now - timedelta(days=settings.sessions_kept_days)
                )  # fmt: skip
            await asyncio.sleep(PRUNE_SECONDS)
