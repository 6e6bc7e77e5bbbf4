"""Who is there: what an agent sees of colleagues when looking for somebody to pass a contact to."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from services.console.api.asking import Agent, seat_of
from services.console.domain.colleagues import Colleague, colleagues
from services.console.parts import Wired

router = APIRouter(prefix="/api", tags=["agent"])


class Colleagues(BaseModel):
    items: list[Colleague]


@router.get("/colleagues", summary="Signed-in colleagues of one's pool and what they are at")
async def list_colleagues(parts: Wired, agent: Agent) -> Colleagues:
    live = await parts.projection.tenant(agent.tenant)
    pool = live.pool_of_agent(seat_of(agent))
    return Colleagues(items=[] if pool is None else colleagues(pool, seat_of(agent)))
