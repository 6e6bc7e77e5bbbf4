"""What a tenant's customers are served from: its questions, its dialogues, and the model that matches one to the other.

Kept in memory and good for one revision of the database. Questions and dialogues follow a change at once; the model is
trained again in a thread meanwhile, and until it is ready the one before goes on answering.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.ivr.dialogue_document import check_dialogue
from services.ivr.domain.dialogue import Dialogue
from services.ivr.domain.matching.model import Model
from services.ivr.domain.matching.training import train
from services.ivr.domain.matching.verdict import OUTSIDE, Example, Match, only_group
from services.ivr.domain.questions import Asked, QuestionSet
from services.ivr.domain.repertoire import words_of_dialogue, words_of_question
from services.ivr.store import dialogues, questions
from services.ivr.store.dialogues import Revision
from shared import telemetry
from shared.postgres import Pool, worker_transaction
from shared.yaml_document import DocumentRefused

log = telemetry.logger("ivr")

FIRST_MODEL_SECONDS = 10.0
"""How long a tenant's first texts may wait for its first model."""
VERSIONS_KEPT = 64
"""Older versions of dialogues kept in memory for the contacts that are in them."""

UNSURE = Match("hand_over", None, None, 0.0, (), ())


@dataclass(frozen=True, slots=True)
class Shelf:
    """One tenant's content at one revision."""

    revision: Revision
    questions: QuestionSet
    dialogues: Mapping[str, tuple[Dialogue, int]]  # id → dialogue and its version
    model: Model | None

    def words(self) -> Iterator[tuple[str, str]]:
        """(text, language) of everything a caller can be told."""
        for dialogue, _ in self.dialogues.values():
            yield from words_of_dialogue(dialogue)
        for question in self.questions.values():
            yield from words_of_question(question)

    def match(self, text: str, language: str, business_line: str | None) -> Match:
        """The matcher's verdict; unsure without a model."""
        return UNSURE if self.model is None else self.model.match(text, language, business_line)


@dataclass(slots=True)
class _Trained:
    revision: int = -1
    model: Model | None = None
    training: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Library:
    """Content of all tenants, read when it is first asked for and again when the database has a newer revision."""

    workers: Pool
    _shelves: dict[str, Shelf] = field(default_factory=dict[str, Shelf])
    _trained: dict[str, _Trained] = field(default_factory=dict[str, _Trained])
    _versions: dict[tuple[str, str, int], Dialogue] = field(default_factory=dict[tuple[str, str, int], Dialogue])
    _reading: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])

    async def load(self) -> dict[str, Shelf]:
        """Everything there is, by tenant, models on their way: so that the first caller after a start waits for nothing."""
        async with worker_transaction(self.workers) as connection:
            tenants = await dialogues.tenants(connection)
        return {tenant: await self.of(tenant) for tenant in tenants}

    async def of(self, tenant: str) -> Shelf:
        """The tenant's content as the database has it now."""
        async with self._reading.setdefault(tenant, asyncio.Lock()):
            async with worker_transaction(self.workers) as connection:
                newest = await dialogues.revision(connection, tenant)
                shelf = self._shelves.get(tenant)
                if shelf is None or shelf.revision != newest:
                    in_force = await questions.in_force(connection, tenant)
                    documents = await dialogues.in_force(connection, tenant)
                    shelf = Shelf(newest, in_force, self._read(tenant, documents, shelf), None)
            trained = self._trained.setdefault(tenant, _Trained())
            if trained.revision != newest.questions and trained.training is None and newest.questions:
                trained.training = asyncio.create_task(self._train(tenant), name=f"ivr-training-{tenant}")
            if trained.model is not shelf.model:
                shelf = Shelf(shelf.revision, shelf.questions, shelf.dialogues, trained.model)
            self._shelves[tenant] = shelf
            return shelf

    async def with_model(self, tenant: str) -> Shelf:
        """The same, after the tenant's first training where that is still under way."""
        shelf = await self.of(tenant)
        training = self._trained[tenant].training
        if shelf.model is None and training is not None:
            await asyncio.wait([training], timeout=FIRST_MODEL_SECONDS)
            shelf = await self.of(tenant)
        return shelf

    async def trained(self, tenant: str) -> Shelf:
        """The tenant's content with a model that knows all of it: for whoever has just taught it something."""
        while True:
            shelf = await self.of(tenant)
            trained = self._trained[tenant]
            if trained.training is None:
                return shelf
            await asyncio.wait([trained.training])

    async def dialogue(self, tenant: str, dialogue_id: str, version: int) -> Dialogue:
        """The version a contact is in, whatever was published since. Raises NotFound."""
        shelf = await self.of(tenant)
        newest = shelf.dialogues.get(dialogue_id)
        if newest is not None and newest[1] == version:
            return newest[0]
        key = (tenant, dialogue_id, version)
        if key not in self._versions:
            async with worker_transaction(self.workers) as connection:
                document = await dialogues.read_version(connection, tenant, dialogue_id, version)
            if len(self._versions) >= VERSIONS_KEPT:
                self._versions.pop(next(iter(self._versions)))
            self._versions[key] = check_dialogue(dialogue_id, document)
        return self._versions[key]

    async def close(self) -> None:
        """Stop training."""
        running = [t.training for t in self._trained.values() if t.training is not None]
        for training in running:
            training.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _read(
        self, tenant: str, documents: list[tuple[str, int, str]], before: Shelf | None
    ) -> dict[str, tuple[Dialogue, int]]:
        found: dict[str, tuple[Dialogue, int]] = {}
        for dialogue_id, version, document in documents:
            known = before.dialogues.get(dialogue_id) if before is not None else None
            if known is not None and known[1] == version:
                found[dialogue_id] = known
                continue
            try:
                found[dialogue_id] = (check_dialogue(dialogue_id, document), version)
            except DocumentRefused as error:  # published under rules that have become stricter
                log.error("a published dialogue is refused", tenant_id=tenant, dialogue=dialogue_id, cause=str(error))
        return found

    async def _train(self, tenant: str) -> None:
        trained = self._trained[tenant]
        try:
            async with worker_transaction(self.workers) as connection:
                revision = (await dialogues.revision(connection, tenant)).questions
                in_force = await questions.in_force(connection, tenant)
                corrections = await questions.corrections_to_learn(connection, tenant)
            taught = [
                Example(row["question_id"] or (only_group(row["group_name"]) if row["group_name"] else OUTSIDE),
                        row["text"], row["language"])
                for row in corrections
                if row["question_id"] is None or row["question_id"] in in_force
            ]  # fmt: skip
            started = time.perf_counter()
            trained.revision = revision  # also when it fails: the same examples would fail again
            trained.model = await asyncio.to_thread(_learned, in_force, taught)
            log.info(
                "trained", tenant_id=tenant, questions=len(in_force), seconds=round(time.perf_counter() - started, 2)
            )
        except Exception as error:
            log.error(
                "training failed; the model before goes on", tenant_id=tenant, fault=type(error).__name__, exc_info=True
            )
        finally:
            trained.training = None


def _learned(in_force: QuestionSet, corrections: list[Example]) -> Model | None:
    examples = [
        Example(question.question_id, asked.text, asked.language)
        for question in in_force.values()
        for asked in (*question.examples, *_titles(question.titles))
    ]
    if not examples:
        return None
    return train(
        examples, corrections=corrections,
        groups={q.question_id: q.group for q in in_force.values()},
        business_lines={q.question_id: q.business_line for q in in_force.values()},
    )  # fmt: skip


def _titles(titles: Mapping[str, str]) -> list[Asked]:
    """A question's title is one way of asking it."""
    return [Asked(text, language) for language, text in titles.items() if text.strip()]
