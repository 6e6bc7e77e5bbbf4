"""The standard question set and agents' corrections: the newest of each, and every version there was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from services.ivr.domain.questions import QuestionSet, StandardQuestion, question_document, question_from
from services.ivr.store.statements import SQL
from shared.errors import Conflict, NotFound
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class Saved:
    question: StandardQuestion
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Correction:
    correction_id: str
    contact_id: str
    text: str
    language: str
    question: str | None
    group: str | None
    by: str
    at: datetime


async def in_force(connection: Connection, tenant: str) -> QuestionSet:
    """The questions customers are answered from."""
    rows = await connection.fetch(SQL["questions_in_force"], tenant)
    return {row["question_id"]: question_from(row["document"], row["question_id"], row["version"]) for row in rows}


async def listed(
    connection: Connection, tenant: str, after: str, line: str | None, group: str | None, text: str | None, limit: int
) -> list[Saved]:
    """By id."""
    return [
        _saved(row) for row in await connection.fetch(SQL["list_questions"], tenant, after, line, group, text, limit)
    ]


async def read(connection: Connection, tenant: str, question_id: str) -> Saved:
    """Raises NotFound."""
    row = await connection.fetchrow(SQL["read_question"], tenant, question_id)
    if row is None:
        raise NotFound("no such question")
    return _saved(row)


async def create(
    connection: Connection, tenant: str, question: StandardQuestion, by: str, now: datetime
) -> StandardQuestion:
    """Version 1. Raises Conflict where the id is taken."""
    fresh = replace(question, version=1)
    document = question_document(fresh)
    made = await connection.fetchval(
        SQL["insert_question"], tenant, fresh.question_id, fresh.business_line, fresh.group, fresh.reason, fresh.enabled,
        document, now, by,
    )  # fmt: skip
    if made is None:
        raise Conflict("question_exists", "a question of this id is there already")
    await _keep(connection, tenant, fresh, by, now)
    return fresh


async def update(
    connection: Connection, tenant: str, question: StandardQuestion, base: int | None, by: str, now: datetime
) -> StandardQuestion:
    """The next version; the same content again is the same version. Raises NotFound, Conflict when `base` is not the newest."""
    row = await connection.fetchrow(SQL["lock_question"], tenant, question.question_id)
    if row is None:
        raise NotFound("no such question")
    if base is not None and base != row["version"]:
        raise Conflict("version_conflict", "another version was saved meanwhile; read it first")
    if question_document(replace(question, version=row["version"])) == row["document"]:
        return replace(question, version=row["version"])
    fresh = replace(question, version=row["version"] + 1)
    await connection.execute(
        SQL["update_question"], tenant, fresh.question_id, fresh.version, fresh.business_line, fresh.group, fresh.reason,
        fresh.enabled, question_document(fresh), now, by,
    )  # fmt: skip
    await _keep(connection, tenant, fresh, by, now)
    return fresh


async def _keep(connection: Connection, tenant: str, question: StandardQuestion, by: str, now: datetime) -> None:
    await connection.execute(
        SQL["keep_question_version"],
        tenant,
        question.question_id,
        question.version,
        question_document(question),
        now,
        by,
    )
    await connection.execute(SQL["raise_question_revision"], tenant)


async def versions(connection: Connection, tenant: str, question_id: str, before: int, limit: int) -> list[Saved]:
    """Newest first."""
    rows = await connection.fetch(SQL["question_versions"], tenant, question_id, before, limit)
    return [
        Saved(question_from(row["document"], question_id, row["version"]), row["created_at"], row["created_by"])
        for row in rows
    ]


async def correct(connection: Connection, tenant: str, correction: Correction) -> None:
    """Remember what an agent said a text meant; said again about the same contact and text it replaces."""
    await connection.execute(
        SQL["insert_correction"], tenant, correction.correction_id, correction.contact_id, correction.text,
        correction.language, correction.question, correction.group, correction.by, correction.at,
    )  # fmt: skip
    await connection.execute(SQL["raise_question_revision"], tenant)


async def corrections(
    connection: Connection, tenant: str, before: tuple[datetime, str], limit: int
) -> list[Correction]:
    """Newest first."""
    rows = await connection.fetch(SQL["list_corrections"], tenant, *before, limit)
    return [Correction(**{name: row[column] for name, column in _CORRECTION.items()}) for row in rows]


_CORRECTION = {
    "correction_id": "correction_id", "contact_id": "contact_id", "text": "text", "language": "language",
    "question": "question_id", "group": "group_name", "by": "corrected_by", "at": "corrected_at",
}  # fmt: skip


async def corrections_to_learn(connection: Connection, tenant: str) -> list[asyncpg.Record]:
    """text, language, question_id, group_name; oldest first."""
    return await connection.fetch(SQL["corrections_to_learn"], tenant)


def _saved(row: asyncpg.Record) -> Saved:
    return Saved(
        question_from(row["document"], row["question_id"], row["version"]), row["updated_at"], row["updated_by"]
    )
