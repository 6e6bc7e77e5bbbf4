"""Who is free, as the router knows it: the dialler and the router share one truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from services.outbound.domain.floor import Floor, FloorAgent
from shared import telemetry

log = telemetry.logger("outbound")


@dataclass(frozen=True, slots=True)
class RouterClient:
    """`GET /v1/dialling` of router."""

    client: httpx.AsyncClient = field(repr=False)

    async def floor(self, tenant: str, pool: str) -> Floor | None:
        """The pool as committed; None while the router does not answer: then nobody is known to be free."""
        try:
            answer = await self.client.get("/v1/dialling", params={"tenant": tenant, "pool": pool})
            answer.raise_for_status()
            return _floor(answer.json())
        except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
            log.warning("the router does not say who is free", cause=type(error).__name__)
            return None


def _floor(seen: dict[str, Any]) -> Floor:
    agents = tuple(
        FloorAgent(
            agent["agent_id"], agent["state"], agent["since"], tuple(agent["groups"]), agent["contact_group"],
            agent["kept_for_inbound"],
        )
        for agent in seen["agents"]
    )  # fmt: skip
    groups = seen["groups"]
    return Floor(
        seen["now"], agents, frozenset(group["group"] for group in groups if not group["open"]),
        {group["group"]: group["answered"] for group in groups},
    )  # fmt: skip
