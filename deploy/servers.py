"""HTTP servers inside this process: one uvicorn a service, on sockets bound beforehand, with no hand on the signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import uvicorn
from fastapi import FastAPI

CLOSE_SECONDS = 2
"""How long open streams may hold up a stop."""


class PortInUse(RuntimeError):
    """Somebody else listens on a port this installation needs."""


def bind(host: str, port: int, service: str) -> socket.socket:
    """A bound socket; port 0 means any. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortInUse(
            f"port {port} ({service}) is taken or not ours; stop what listens there, or choose others with --port-base"
        ) from error
    return bound


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # `ucc` listens to signals itself and stops the services in order


class ServiceServer:
    """One service: its lifespan and the server in front of it, started and stopped apart from each other."""

    def __init__(self, name: str, app: FastAPI, listener: socket.socket) -> None:
        self.name = name
        self._listener = listener
        self._lifespan: AbstractAsyncContextManager[object] = app.router.lifespan_context(app)
        self._server = _Server(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=CLOSE_SECONDS,
                timeout_keep_alive=75,
            )
        )
        self._serving: asyncio.Task[None] | None = None
        self._alive = False

    async def start(self) -> None:
        """Open what the service needs, then listen."""
        await self._lifespan.__aenter__()
        self._alive = True
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]), name=f"serve {self.name}")
        while not self._server.started:
            if self._serving.done():
                await self._serving
            await asyncio.sleep(0.005)

    async def stop_intake(self) -> None:
        """Take no more requests; running ones may end."""
        if self._serving is not None:
            self._server.should_exit = True
            serving, self._serving = self._serving, None
            await serving
        self._listener.close()

    async def stop(self) -> None:
        """Drain, publish, close: the service's own lifespan knows the order."""
        await self.stop_intake()
        if self._alive:
            self._alive = False
            await self._lifespan.__aexit__(None, None, None)
