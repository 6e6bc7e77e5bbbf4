"""Spoken words for gateways and browsers: by content, so that they may be kept for good."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.ivr.api.access import READERS, InRoom, Room
from services.ivr.api.shapes import Document
from services.ivr.domain.speech import TEXT_LIMIT
from services.ivr.store import audio
from shared.contracts.channel_commands import Utterance
from shared.contracts.fields import Name
from shared.errors import NotFound
from shared.postgres import worker_transaction
from shared.security import EVERY_TENANT, Principal, Role, allow, same

router = APIRouter(prefix="/v1/audio", tags=["audio"])

LINK_SECONDS: Final = 3_600
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
ContentHash = Annotated[str, Path(pattern=r"^[0-9a-f]{40}$")]
Listener = allow(*READERS, Role.SERVICE)


@router.get(
    "/{content}.wav",
    response_class=Response,
    responses={200: {"content": {"audio/wav": {}}}},
    summary="8 kHz mono; by token, or by a signed link",
)
async def wav(
    content: ContentHash, request: Request, room: InRoom,
    until: Annotated[int, Query(ge=0, le=2**40)] = 0, sig: Annotated[str, Query(max_length=64)] = "",
) -> Response:  # fmt: skip
    """A link signed by `POST …/links` (or shown by the simulator) opens to whoever holds it until its time is over."""
    signed = bool(sig) and until >= time.time() and same(_signature(room, content, until), sig)
    tenant = None if signed else _tenant_heard(await Listener(request))
    async with worker_transaction(room.serving.workers) as connection:
        found = await audio.read(connection, content, tenant)
    if found is None:
        raise NotFound("no such audio")
    return Response(found, media_type="audio/wav", headers=FOREVER)


class Words(BaseModel):
    """What is to be heard, and whose it is."""

    model_config = ConfigDict(extra="forbid")
    tenant: Name
    text: Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT)]
    language: Name = "zh"


@router.post(
    "", response_model=Document, summary="Words as sound, made once; `audio` null where they are not (yet) spoken"
)
async def speak(words: Words, room: InRoom, _service: Annotated[Principal, Depends(allow(Role.SERVICE))]) -> Document:
    said = await room.serving.spoken.with_audio(words.tenant, [Utterance(words.text, words.language)])
    return {"audio": said[0].audio}


@router.post(
    "/{content}/links", response_model=Document, summary="A link a browser can play without a token, for an hour"
)
async def link(
    content: ContentHash, room: InRoom, _service: Annotated[Principal, Depends(allow(Role.SERVICE))]
) -> Document:
    return {"path": signed_path(room, content)}


def signed_path(room: Room, content: str) -> str:
    """Path and query of a link that opens for an hour."""
    until = int(time.time()) + LINK_SECONDS
    return f"/v1/audio/{content}.wav?until={until}&sig={_signature(room, content, until)}"


def _tenant_heard(principal: Principal) -> str | None:
    return None if principal.tenant == EVERY_TENANT else principal.tenant


def _signature(room: Room, content: str, until: int) -> str:
    """Made with the installation's own secret, which every instance has."""
    key = room.settings.service_token.get_secret_value().encode()
    return hmac.new(key, f"ivr-audio\x1f{content}\x1f{until}".encode(), hashlib.sha256).hexdigest()
