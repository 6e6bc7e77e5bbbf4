"""Consents that lists brought are told on topic `consents`, where the profile reads and keeps them; until it has one, the record it
came with is not dialled.

A list may bring a million: they are told a few at a time, and only while the outbox is short, so that no dial waits behind them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from services.outbound.parts import Parts
from services.outbound.store import list_consents
from services.outbound.store.list_consents import BroughtConsents
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.contracts.consents import ConsentGiven
from shared.contracts.fields import SECOND
from shared.errors import Backpressure
from shared.postgres import worker_transaction

AT_ONCE: Final = 200
"""Records whose consents are told in one transaction, and messages that may wait in the outbox before the next."""
READ_BY_THEN: Final = 2 * SECOND
"""The profile usually has a consent this long (µs) after it was told; whom it does not know then is asked about again later."""
LOOK_SECONDS: Final = 1.0
CONSENT: Final = TypeAdapter(ConsentGiven)
log = telemetry.logger("outbound")


@dataclass(frozen=True, slots=True)
class TellConsents:
    """Several instances may: each consent is told by one."""

    parts: Parts

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            told = 0
            try:
                with errors_by_consequence():
                    told = await self.tell_some()
            except Backpressure as error:
                log.warning("consents of lists wait for the database", cause=str(error))
            if told == 0:
                await asyncio.sleep(LOOK_SECONDS)

    async def tell_some(self) -> int:
        """Tell the oldest; returns of how many records. None while the outbox is long."""
        now = self.parts.clock.now()
        async with worker_transaction(self.parts.workers) as connection:
            if await list_consents.outbox_is_long(connection, AT_ONCE):
                return 0
            brought = await list_consents.take(connection, AT_ONCE)
            by_tenant: defaultdict[str, list[BroughtConsents]] = defaultdict(list)
            for one in brought:
                by_tenant[one.tenant].append(one)
            for tenant, ones in by_tenant.items():
                consents = [CONSENT.validate_python(document) for one in ones for document in one.consents]
                await list_consents.tell(connection, tenant, now, consents)
                await list_consents.told(connection, tenant, ones, now + READ_BY_THEN)
        telemetry.count("ucc_import_rows_total", len(brought), kind="consent")
        return len(brought)
