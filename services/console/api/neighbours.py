"""Pages reach profile, router, gateway, ivr and outbound through the console, with their own session and nothing more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.console.neighbours import WAYS
from services.console.parts import Wired
from services.console.sessions import token_of
from shared.security import Principal, principal_of

router = APIRouter(prefix="/api", include_in_schema=False)


def _door(neighbour: str) -> None:
    @router.api_route(f"/{neighbour}/{{path:path}}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def pass_on(
        request: Request,
        parts: Wired,
        _principal: Annotated[Principal, Depends(principal_of)],
        path: Annotated[str, Path(max_length=500)],
    ) -> Response:
        return await parts.neighbours.pass_on(request, neighbour, path, token_of(request))


for _name in WAYS:
    _door(_name)
