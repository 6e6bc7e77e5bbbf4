"""Who is free, as the router knows it: the dialler and the router share one truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from services.outbound.domain.floor import Floor, FloorAgent, InboundDemand, PauseRule
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
            return floor_of(answer.json())
        except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
            log.warning("the router does not say who is free", cause=type(error).__name__)
            return None


def floor_of(seen: dict[str, Any]) -> Floor:
    """What `GET /v1/dialling` says, as the planner reads it. Raises KeyError, ValueError, TypeError where it says something else."""
    agents = tuple(
        FloorAgent(
            agent["agent_id"], agent["state"], agent["since"], tuple(agent["groups"]), agent["contact_group"],
            agent["kept_for_inbound"], frozenset(agent.get("skills", ())), agent.get("paused_until"),
            agent.get("serves_inbound", False), agent.get("worked_until", agent["since"]),
        )
        for agent in seen["agents"]
    )  # fmt: skip
    groups = seen["groups"]
    return Floor(
        seen["now"], agents, frozenset(group["group"] for group in groups if not group["open"]),
        {group["group"]: group["answered"] for group in groups}, frozenset(seen.get("skills", ())),
        inbound=_need(seen.get("inbound")), between_calls=_pause(seen.get("between_calls")),
    )  # fmt: skip


def _need(seen: dict[str, Any] | None) -> InboundDemand | None:
    if seen is None:
        return None
    return InboundDemand(
        seen["reserve_agents"], seen["held"], seen["staffed"], seen["idle"], seen["waiting"], seen["arrived"],
        seen["over_seconds"], seen["service_level_seconds"], seen.get("busy", 0.0),
        seen.get("tolerated_loss_points", 1), seen.get("service_level_percent"), seen.get("resume_percent", 0),
    )  # fmt: skip


def _pause(seen: dict[str, Any] | None) -> PauseRule | None:
    return None if seen is None else PauseRule(seen["pause_seconds"], seen["occupancy_ceiling_percent"])
