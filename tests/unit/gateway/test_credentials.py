"""What the gateway knows of its rows: a change an administrator made holds from their answer on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from services.gateway import credentials, store
from services.gateway.credentials import CredentialBook
from services.gateway.store import CredentialRow
from shared.postgres import Pool


async def test_a_reading_that_began_before_a_change_never_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [CredentialRow("site", "t", None, "s", "d", "web", {"self_service": False})]
    slow = asyncio.Event()

    @asynccontextmanager
    async def transaction(_: Pool) -> AsyncGenerator[None]:
        yield

    async def read(_: Any) -> list[CredentialRow]:
        seen, first = list(rows), not slow.is_set() and rows[0].settings["self_service"] is False
        if first:
            await slow.wait()
        return seen

    monkeypatch.setattr(credentials, "worker_transaction", transaction)
    monkeypatch.setattr(store, "credentials", read)
    book = CredentialBook(cast("Pool", None), 5)
    looking = asyncio.create_task(book.refresh())  # as it does every few seconds
    await asyncio.sleep(0)
    rows[:] = [CredentialRow("site", "t", None, "s", "d", "web", {"self_service": True})]
    changing = asyncio.create_task(book.refresh())  # as the administrator's request does
    await asyncio.sleep(0)
    slow.set()
    await asyncio.gather(looking, changing)
    row = book.adapter("site")
    assert row is not None
    assert row.settings == {"self_service": True}
