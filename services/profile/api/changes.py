"""The stream of hints that pops changed, for console."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from services.profile.handlers.changes import Changes
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1/changes", tags=["changes"])


@router.get("", response_class=StreamingResponse, summary="Server-sent events: the pops of these live contacts changed")
async def changes(
    request: Request, _principal: Annotated[Principal, Depends(allow(Role.SERVICE))]
) -> StreamingResponse:
    """`event: changed`, data {tenant, customer_id, contact_id, version}. Hints only: after a reconnect read the pops again."""
    heard: Changes = request.app.state.changes
    return StreamingResponse(heard.frames(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
