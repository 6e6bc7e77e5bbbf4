"""Attempts, their ledger and what gateways were answered are forgotten when nothing in force asks for them any more.

An hourly pass, a thousand rows a transaction, so that dialling never waits for it. What is open or unknown stays, refusals stay for
good. Several instances may: one passes over what another has in hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.outbound.domain.contact_ledger import DAY
from services.outbound.domain.retention import kept_days
from services.outbound.domain.rulesets import Ruleset
from services.outbound.parts import Parts
from services.outbound.ruleset_documents import shipped
from services.outbound.store import operators, retention
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.errors import Backpressure
from shared.postgres import worker_transaction

PASS_SECONDS: Final = 3_600.0
PIECE: Final = 1_000
BREATH_SECONDS: Final = 0.05
"""Between two pieces: the disk is dialling's first."""
log = telemetry.logger("outbound")


@dataclass(frozen=True, slots=True)
class Retention:
    parts: Parts

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                with errors_by_consequence():
                    await self.forget_all()
            except Backpressure as error:
                log.warning("forgetting waits for the database", cause=str(error))
            await asyncio.sleep(PASS_SECONDS)

    async def forget_all(self) -> None:
        """One pass over every tenant. Raises Backpressure."""
        for tenant in sorted({pool.tenant_id for pool in await self.parts.directory.pools()}):
            await self.forget(tenant)

    async def forget(self, tenant: str) -> None:
        """Everything of a tenant whose time is over. Raises Backpressure."""
        async with worker_transaction(self.parts.workers) as connection:
            names = await retention.chosen_rulesets(connection, tenant)
            declared = (await operators.read(connection, tenant)).keeps_days
        days = kept_days(self.parts.settings.outbound_kept_days, declared, _rulesets(names))
        before = self.parts.clock.now() - days * DAY
        gone = PIECE
        while gone == PIECE:
            async with worker_transaction(self.parts.workers) as connection:
                gone = await retention.forget(connection, tenant, before, days, PIECE)
            telemetry.count("ucc_attempts_forgotten_total", gone)
            await asyncio.sleep(BREATH_SECONDS)


def _rulesets(names: Sequence[str]) -> Sequence[Ruleset]:
    """Those named; where one is not shipped any more, nobody can say what it asked for, and all are heeded."""
    book = shipped()
    if any(name not in book for name in names):
        return list(book.values())
    return [book[name] for name in names]
