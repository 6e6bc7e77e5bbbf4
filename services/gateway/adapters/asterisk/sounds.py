"""Prompts for Asterisk to fetch and keep (`res_http_media_cache`): it has no credential, so the address itself is signed."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from services.gateway.adapters.asterisk.prompting import sound_signature
from services.gateway.adapters.kind import port_of
from shared.errors import NotFound

router = APIRouter(tags=["asterisk"])

KEPT_SECONDS = 7 * 24 * 3600
Opaque = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]


@router.get("/v1/asterisk/{gateway_id}/sounds/{signature}/{audio}.wav", summary="A prompt's sound, for the exchange")
async def sound(request: Request, gateway_id: Opaque, signature: Opaque, audio: Opaque) -> Response:
    port, _ = port_of(request, gateway_id, "asterisk")
    if not hmac.compare_digest(signature, sound_signature(port.secret, audio)):
        raise NotFound("no such sound")
    body = await port.audio(audio)
    if body is None:
        raise NotFound("no such sound")
    return Response(
        body, media_type="audio/wav", headers={"Cache-Control": f"public, max-age={KEPT_SECONDS}, immutable"}
    )
