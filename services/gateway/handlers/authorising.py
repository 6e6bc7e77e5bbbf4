"""Nothing is dialled around the gate: before a customer is called, outbound is asked whether they may be.

A refusal, and no answer, mean the same: it is not dialled. Outside parties of the policy are not customers and pass no gate.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import httpx
from pydantic_core import from_json

from services.gateway.settings import GatewaySettings
from shared import telemetry

log = telemetry.logger("gateway")

ANSWER_SECONDS: Final = 3.0
REQUESTED_CALLBACK: Final = "requested_callback"
UNREACHABLE: Final = "gate_unreachable"


@dataclass(frozen=True, slots=True)
class AskedToDial:
    """One dial of a callback. `number` E.164; `campaign` None: the customer's own wish."""

    attempt_id: str
    contact_id: str
    number: str
    purpose: str = REQUESTED_CALLBACK
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Outbound's `POST /v1/authorisations`."""

    settings: GatewaySettings
    neighbours: httpx.AsyncClient

    async def refusal(self, tenant: str, asked: AskedToDial) -> str | None:
        """Why it must not be dialled; None: it may."""
        if not self.settings.authorise_dials:
            return None
        why = await self._asked(tenant, asked)
        if why is not None:
            log.warning("a dial was refused", attempt_id=asked.attempt_id, contact_id=asked.contact_id, reason=why)
        return why

    async def _asked(self, tenant: str, asked: AskedToDial) -> str | None:
        url = f"{self.settings.outbound_url}/v1/authorisations"
        told = {"tenant": tenant, **dataclasses.asdict(asked)}
        body = {name: value for name, value in told.items() if value is not None}
        try:
            answer = await self.neighbours.post(url, json=body, timeout=ANSWER_SECONDS)
        except httpx.TransportError:
            return UNREACHABLE
        if not answer.is_success:
            return UNREACHABLE
        said = from_json(answer.content)
        return None if said["allowed"] is True else str(said.get("reason") or "refused")
