"""Dialogues: YAML in, YAML out, checked line by line, drawn, and tried out by typing as a caller would."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from services.ivr.api.access import NEWEST, Before, Editor, InRoom, Limit, PathName, Reader, Room, tenant_of
from services.ivr.api.shapes import Document, Page, rfc3339
from services.ivr.dialogue_document import check_dialogue, schema
from services.ivr.domain.diagram import diagram_svg, mermaid
from services.ivr.domain.dialogue import Dialogue
from services.ivr.domain.repertoire import words_of_dialogue
from services.ivr.store import dialogues, questions
from shared.http import problem
from shared.security import Principal
from shared.yaml_document import DocumentFault, DocumentRefused

router = APIRouter(prefix="/v1", tags=["dialogues"])

YAML = "application/yaml"
YAML_BODY = {"requestBody": {"content": {YAML: {"schema": {"type": "string"}}}, "required": True}}
YAML_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {YAML: {"schema": {"type": "string"}}}}}


class DialogueFault(BaseModel):
    """Line and column count from 1."""

    line: int
    column: int
    path: str
    message: str


class DialogueCheck(BaseModel):
    ok: bool
    errors: list[DialogueFault] = []


@router.get("/dialogues", response_model=Page[Document], summary="All of them, by id")
async def listed(room: InRoom, principal: Reader) -> Page[Document]:
    shelf = await room.serving.library.of(tenant_of(principal))
    async with room.of_tenant(principal) as connection:
        rows = await dialogues.listed(connection, tenant_of(principal))
    items = [
        {
            "id": row["dialogue_id"],
            "version": row["version"],
            "updated_at": rfc3339(row["updated_at"]),
            "updated_by": row["updated_by"],
            **_heading(shelf.dialogues.get(row["dialogue_id"])),
        }
        for row in rows
    ]
    return Page(items=items, next=None)


def _heading(found: tuple[Dialogue, int] | None) -> Document:
    if found is None:
        return {"title": {}, "channels": [], "languages": [], "business_line": None, "entries": [], "nodes": 0}
    dialogue = found[0]
    return {
        "title": dict(dialogue.title), "channels": sorted(dialogue.channels), "languages": list(dialogue.languages),
        "business_line": dialogue.business_line, "entries": sorted(dialogue.entries), "nodes": len(dialogue.nodes),
    }  # fmt: skip


@router.get("/dialogues:schema", response_model=Document, summary="The JSON Schema of dialogues, for editors")
async def form(_reader: Reader) -> Document:
    return dict(schema())


@router.post(
    "/dialogues:check", summary="What would be wrong with this dialogue, line by line", openapi_extra=YAML_BODY
)
async def check(request: HttpRequest, room: InRoom, principal: Editor) -> DialogueCheck:
    try:
        await _checked(request, room, principal, "checked")
    except DocumentRefused as refused:
        return DialogueCheck(ok=False, errors=[DialogueFault(**asdict(fault)) for fault in refused.faults])
    return DialogueCheck(ok=True)


@router.get(
    "/dialogues/{dialogue_id}",
    response_class=Response,
    responses=YAML_ANSWER,
    summary="The document as its author wrote it",
)
async def read(
    dialogue_id: PathName,
    room: InRoom,
    principal: Reader,
    version: Annotated[int | None, Query(ge=1, le=NEWEST)] = None,
) -> Response:
    """`ETag` is the version, quoted."""
    document, shown = await _document(room, principal, dialogue_id, version)
    return Response(document, media_type=YAML, headers={"ETag": f'"{shown}"'})


@router.put(
    "/dialogues/{dialogue_id}",
    response_model=Document,
    summary="Publish: new contacts get it, those in it finish the version they began",
    openapi_extra=YAML_BODY,
)
async def publish(
    dialogue_id: PathName, request: HttpRequest, room: InRoom, principal: Editor,
    base_version: Annotated[int | None, Query(ge=0, le=NEWEST, description="Refuse if another version came between")] = None,
) -> Response:  # fmt: skip
    """422 with every fault and its line; 409 `version_conflict` where `base_version` is not the newest. The same words again
    are the same version."""
    try:
        text, dialogue = await _checked(request, room, principal, dialogue_id)
    except DocumentRefused as refused:
        faults = [_as_field_error(fault) for fault in refused.faults]
        return problem(422, "dialogue_refused", "the dialogue cannot be published", errors=faults)
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        version = await dialogues.publish(
            connection, tenant, dialogue_id, text, base_version, principal.subject, room.now()
        )
    await room.serving.library.of(tenant)
    room.serving.spoken.prepare(tenant, words_of_dialogue(dialogue))
    return JSONResponse({"id": dialogue_id, "version": version})


@router.get("/dialogues/{dialogue_id}/versions", response_model=Page[Document], summary="Newest first")
async def versions(
    dialogue_id: PathName, room: InRoom, principal: Reader, before: Before = None, limit: Limit = 50
) -> Page[Document]:
    async with room.of_tenant(principal) as connection:
        await dialogues.read(connection, tenant_of(principal), dialogue_id)
        rows = await dialogues.versions(connection, tenant_of(principal), dialogue_id, before or NEWEST, limit)
    items = [
        {"version": r["version"], "created_at": rfc3339(r["created_at"]), "created_by": r["created_by"]} for r in rows
    ]
    return Page(items=items, next=str(rows[-1]["version"]) if len(rows) == limit else None)


@router.get(
    "/dialogues/{dialogue_id}/diagram.{form}", response_class=Response, summary="The dialogue drawn (svg or mmd)"
)
async def diagram(
    dialogue_id: PathName, form: Literal["svg", "mmd"], room: InRoom, principal: Reader,
    language: Literal["zh", "en"] = "zh", version: Annotated[int | None, Query(ge=1, le=NEWEST)] = None,
) -> Response:  # fmt: skip
    document, _ = await _document(room, principal, dialogue_id, version)
    dialogue = check_dialogue(dialogue_id, document)
    if form == "svg":
        return Response(diagram_svg(dialogue, language), media_type="image/svg+xml")
    return Response(mermaid(dialogue, language), media_type="text/plain; charset=utf-8")


async def _document(room: Room, principal: Principal, dialogue_id: str, version: int | None) -> tuple[str, int]:
    """The document of a version (None: the newest), and which that is."""
    async with room.of_tenant(principal) as connection:
        if version is not None:
            return await dialogues.read_version(connection, tenant_of(principal), dialogue_id, version), version
        found = await dialogues.read(connection, tenant_of(principal), dialogue_id)
        return found.document, found.version


async def _checked(request: HttpRequest, room: Room, principal: Principal, dialogue_id: str) -> tuple[str, Dialogue]:
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise DocumentRefused([DocumentFault(1, 1, "", "not UTF-8")]) from error
    if "\x00" in text:
        raise DocumentRefused([DocumentFault(1, 1, "", "holds a NUL character")])
    if not text.strip():
        raise HTTPException(400, "no document")
    async with room.of_tenant(principal) as connection:
        in_force = await questions.in_force(connection, tenant_of(principal))
    return text, check_dialogue(dialogue_id, text, in_force)


def _as_field_error(fault: DocumentFault) -> dict[str, str]:
    where = f"line {fault.line}, column {fault.column}"
    return {"field": fault.path or "dialogue", "message": f"{where}: {fault.message}", "code": "dialogue"}
