"""Who is calling, as far as a dialogue may know: read from profile's screen-pop, best effort and briefly."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.ivr.domain.visit import Caller, ContractInForce
from shared import telemetry

log = telemetry.logger("ivr")

ASK_AGAIN_SECONDS = 0.05
IN_FORCE: Final = frozenset({"signed", "active", "in_force", "renewed", "delivered"})
"""Statuses of deals a dialogue may name."""


@dataclass(slots=True)
class Callers:
    """Asks profile, and passes on to it what the customer typed."""

    client: httpx.AsyncClient
    wait_seconds: float

    async def known(self, tenant: str, contact_id: str) -> Caller:
        """The customer, or a stranger when profile does not say in time.

        Profile hears of the contact when we do, so it is asked again until it knows it.
        """
        try:
            async with asyncio.timeout(self.wait_seconds):
                while True:
                    answer = await self.client.get(f"/v1/contacts/{contact_id}/pop", params={"tenant": tenant})
                    if answer.status_code == httpx.codes.OK:
                        return _caller(answer.json())
                    if answer.status_code != httpx.codes.NOT_FOUND:
                        log.warning("profile does not say who calls", status=answer.status_code)
                        return Caller()
                    await asyncio.sleep(ASK_AGAIN_SECONDS)
        except (TimeoutError, httpx.HTTPError, ValueError):
            return Caller()

    async def take_note(self, tenant: str, contact_id: str, note: str) -> bool:
        """Hand over what the customer chose and typed. False: try again later."""
        try:
            answer = await self.client.post(
                f"/v1/contacts/{contact_id}/self-service", params={"tenant": tenant}, json={"note": note[:4000]}
            )
        except httpx.HTTPError:
            return False
        return answer.is_success or answer.status_code == httpx.codes.NOT_FOUND


def _caller(pop: dict[str, Any]) -> Caller:
    if pop.get("customer") is None:
        return Caller()
    contracts = tuple(
        ContractInForce(deal["business_line"], deal["product"])
        for deal in pop.get("deals") or []
        if deal.get("status") in IN_FORCE and deal.get("product")
    )
    return Caller(True, (pop.get("tier") or {}).get("code"), contracts)
