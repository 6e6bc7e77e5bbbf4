"""The standard question set: edited, imported, matched against, corrected, and what each question was worth."""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request

from services.ivr.api.access import NEWEST, Before, Editor, InRoom, Limit, PathName, Reader, Room, Worker, tenant_of
from services.ivr.api.question_files import UnreadableFile, read_questions
from services.ivr.api.shapes import (
    CorrectionIn,
    Document,
    MatchIn,
    Page,
    QuestionBody,
    QuestionIn,
    match_document,
    rfc3339,
)
from services.ivr.domain.phrasing import language_of
from services.ivr.domain.questions import StandardQuestion, question_document
from services.ivr.domain.repertoire import words_of_question
from services.ivr.domain.usage import FORMULAS, Usage
from services.ivr.handlers.library import UNSURE
from services.ivr.store import questions, sessions, uses
from services.ivr.store.questions import Correction, Saved
from shared.errors import Conflict, NotFound
from shared.http import decode_cursor, encode_cursor
from shared.security import Principal

router = APIRouter(prefix="/v1", tags=["questions"])

IMPORT_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string"}} for kind in ("application/yaml", "text/csv")},
    }
}
FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)


def _document(saved: Saved) -> Document:
    return {**question_document(saved.question), "updated_at": rfc3339(saved.at), "updated_by": saved.by}


@router.get("/questions", response_model=Page[Document], summary="By id; of one line or group, or holding a text")
async def listed(
    room: InRoom, principal: Reader, business_line: Annotated[str | None, Query(max_length=64)] = None,
    group: Annotated[str | None, Query(max_length=64)] = None, query: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 100, cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Page[Document]:  # fmt: skip
    after = decode_cursor(cursor, str)[0] if cursor else ""
    async with room.of_tenant(principal) as connection:
        found = await questions.listed(
            connection, tenant_of(principal), after, business_line, group, query or None, limit + 1
        )
    more = encode_cursor(found[limit - 1].question.question_id) if len(found) > limit else None
    return Page(items=[_document(saved) for saved in found[:limit]], next=more)


@router.post("/questions", status_code=201, response_model=Document, summary="A new question")
async def create(room: InRoom, principal: Editor, body: QuestionIn) -> Document:
    """409 `question_exists` where the id is taken."""
    async with room.of_tenant(principal) as connection:
        made = await questions.create(
            connection, tenant_of(principal), body.question(body.id), principal.subject, room.now()
        )
    await _published(room, principal, [made])
    return question_document(made)


@router.post(
    "/questions:import",
    response_model=Document,
    summary="Many at once, YAML or CSV; rows that do not fit are named and left out",
    openapi_extra=IMPORT_BODY,
)
async def import_questions(request: Request, room: InRoom, principal: Editor) -> Document:
    """Importing a file twice changes nothing the second time. Counts: rows = created + updated + unchanged + rejected."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    try:
        rows, rejected = await asyncio.to_thread(read_questions, await request.body(), kind)
    except UnreadableFile as error:
        raise HTTPException(422, str(error)) from error
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    changed: list[StandardQuestion] = []
    tenant, now = tenant_of(principal), room.now()
    async with room.of_tenant(principal) as connection:
        for row in rows:
            try:
                before = (await questions.read(connection, tenant, row.question_id)).question.version
            except NotFound:
                changed.append(await questions.create(connection, tenant, row, principal.subject, now))
                counts["created"] += 1
                continue
            saved = await questions.update(connection, tenant, row, None, principal.subject, now)
            counts["unchanged" if saved.version == before else "updated"] += 1
            if saved.version != before:
                changed.append(saved)
    await _published(room, principal, changed)
    return {"rows": len(rows) + len(rejected), **counts, "rejected": len(rejected), "rejections": rejected}


@router.get("/questions/usage", response_model=Document, summary="What each question was worth")
async def usage(room: InRoom, principal: Reader, days: Annotated[int, Query(ge=1, le=365)] = 30) -> Document:
    """Asked, answered whole, contained, came back; the formulas stand beside the figures."""
    now = room.now()
    window = timedelta(days=room.settings.came_back_days)
    async with room.of_tenant(principal) as connection:
        rows = await uses.usage(connection, tenant_of(principal), now - timedelta(days=days), now - window)
    each = [Usage(**dict(row)) for row in rows]
    return {
        "since": rfc3339(now - timedelta(days=days)),
        "came_back_days": room.settings.came_back_days,
        "formulas": FORMULAS,
        "items": [one.document() for one in each],
    }


@router.get("/questions/{question_id}", response_model=Document, summary="The version in force")
async def read(question_id: PathName, room: InRoom, principal: Reader) -> Document:
    async with room.of_tenant(principal) as connection:
        return _document(await questions.read(connection, tenant_of(principal), question_id))


@router.put("/questions/{question_id}", response_model=Document, summary="The next version")
async def update(question_id: PathName, room: InRoom, principal: Editor, body: QuestionBody) -> Document:
    """The same content again is the same version. 409 `version_conflict` where `version` is not the newest."""
    async with room.of_tenant(principal) as connection:
        saved = await questions.update(
            connection, tenant_of(principal), body.question(question_id), body.version, principal.subject, room.now()
        )
    await _published(room, principal, [saved])
    return question_document(saved)


@router.get("/questions/{question_id}/versions", response_model=Page[Document], summary="Newest first")
async def versions(
    question_id: PathName, room: InRoom, principal: Reader, before: Before = None, limit: Limit = 50
) -> Page[Document]:
    async with room.of_tenant(principal) as connection:
        await questions.read(connection, tenant_of(principal), question_id)
        found = await questions.versions(connection, tenant_of(principal), question_id, before or NEWEST, limit)
    more = str(found[-1].question.version) if len(found) == limit else None
    return Page(items=[_document(saved) for saved in found], next=more)


@router.post("/match", response_model=Document, summary="What a text would be answered with, and why")
async def match(room: InRoom, principal: Worker, body: MatchIn) -> Document:
    shelf = await room.serving.library.with_model(tenant_of(principal))
    language = body.language or language_of(body.text) or "zh"
    started = time.perf_counter()
    try:
        async with asyncio.timeout(room.settings.match_limit_seconds):
            verdict = await asyncio.get_running_loop().run_in_executor(
                room.serving.threads, shelf.match, body.text, language, body.business_line
            )
    except TimeoutError:
        verdict = UNSURE
    return match_document(verdict, shelf.questions, (time.perf_counter() - started) * 1000)


@router.post(
    "/corrections", status_code=201, response_model=Document, summary="What a customer's words meant; learnt from"
)
async def correct(room: InRoom, principal: Worker, body: CorrectionIn) -> Document:
    """Said again of the same contact's same words it replaces. The matcher learns in the background."""
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        text = body.text or await sessions.heard_text(connection, tenant, body.contact_id)
        if text is None:
            raise Conflict("no_text", "nothing is remembered of what this contact's customer typed: give the text")
        if body.question is not None:
            await questions.read(connection, tenant, body.question)
        digest = hashlib.sha256("\x1f".join((body.contact_id, text)).encode()).hexdigest()[:32]
        correction = Correction(
            digest, body.contact_id, text, language_of(text) or "zh", body.question, body.group, principal.subject, room.now()
        )  # fmt: skip
        await questions.correct(connection, tenant, correction)
    await room.serving.library.of(tenant)  # begins to learn
    return _corrected(correction)


@router.get("/corrections", response_model=Page[Document], summary="Newest first")
async def corrections(
    room: InRoom, principal: Reader, limit: Limit = 50, cursor: Annotated[str | None, Query(max_length=1000)] = None
) -> Page[Document]:
    before = (FAR_FUTURE, "")
    if cursor:
        at, key = decode_cursor(cursor, int, str)
        before = (datetime.fromtimestamp(min(max(at, 0), 2**53) / 1e6, UTC), key)
    async with room.of_tenant(principal) as connection:
        found = await questions.corrections(connection, tenant_of(principal), before, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    more = encode_cursor(int(last.at.timestamp() * 1e6), last.correction_id) if last else None
    return Page(items=[_corrected(one) for one in found[:limit]], next=more)


def _corrected(one: Correction) -> Document:
    return {
        "correction_id": one.correction_id, "contact_id": one.contact_id, "text": one.text, "language": one.language,
        "question": one.question, "group": one.group, "by": one.by, "at": rfc3339(one.at),
    }  # fmt: skip


async def _published(room: Room, principal: Principal, changed: list[StandardQuestion]) -> None:
    """Learn the new words and speak the new answers, both in the background."""
    if changed:
        tenant = tenant_of(principal)
        await room.serving.library.of(tenant)
        room.serving.spoken.prepare(tenant, (words for question in changed for words in words_of_question(question)))
