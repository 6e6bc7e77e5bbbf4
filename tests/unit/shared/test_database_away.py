"""A database that restarts is a reason to try again (503), a bug is not (500)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from shared.http import create_service


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (asyncpg.ConnectionDoesNotExistError("gone"), 503),
        (asyncpg.AdminShutdownError("restart"), 503),
        (asyncpg.CannotConnectNowError("starting"), 503),
        (asyncpg.InterfaceError("connection is closed"), 503),
        (ConnectionRefusedError(), 503),
        (asyncpg.UniqueViolationError("a bug"), 500),
        (KeyError("a bug"), 500),
    ],
)
async def test_database_away(fault: Exception, status: int) -> None:
    app = create_service("test", nothing, lambda _app: {}, '{"keys": []}', description="")

    @app.get("/fault")
    async def route() -> None:
        raise fault

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/fault")
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, "2" if status == 503 else None)
