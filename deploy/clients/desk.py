"""An agent's desk without a page: signs in for a token, reads the stream, and answers offers as the page does."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx

from deploy.clients.streams import Frame, follow

HEARTBEAT_SECONDS = 3.0
RETRY_SECONDS = 0.3


class SignInRefused(RuntimeError):
    """The console did not accept the credentials."""


class Desk:
    """One agent's session with the console's public interface (a bearer token, commands, the stream)."""

    def __init__(self, url: str, tenant: str, user: str, password: str) -> None:
        self.user = user
        self.acknowledged: list[str] = []  # ids of acknowledged contact events
        self._credentials = {"tenant": tenant, "user": user, "password": password}
        self._http = httpx.AsyncClient(base_url=url, timeout=15, trust_env=False)

    async def authenticate(self) -> None:
        """Fetch a token. Raises SignInRefused."""
        while True:
            try:
                answer = await self._http.post("/api/tokens", json=self._credentials)
            except httpx.TransportError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if answer.status_code in (429, 503):
                await asyncio.sleep(float(answer.headers.get("retry-after", RETRY_SECONDS)))
                continue
            if answer.is_error:
                raise SignInRefused(f"{self.user}: {answer.status_code} {answer.text[:200]}")
            self._http.headers["authorization"] = f"Bearer {answer.json()['token']}"
            return

    async def command(self, path: str, body: Mapping[str, Any] | None = None, *, to_router: bool = True) -> bool:
        """Give a command; repeated under one Idempotency-Key until acknowledged. False: refused (409, 404).

        `to_router`: its event is one the router journals; conversation and end go to the gateway instead.
        """
        key = uuid.uuid4().hex
        while True:
            try:
                answer = await self._http.post(f"/api/{path}", json=dict(body or {}), headers={"Idempotency-Key": key})
            except httpx.TransportError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if answer.status_code in (429, 503):
                await asyncio.sleep(float(answer.headers.get("retry-after", RETRY_SECONDS)))
                continue
            if answer.status_code == 401:
                await self.authenticate()
                continue
            if answer.status_code in (404, 409):
                return False
            answer.raise_for_status()
            if to_router and answer.status_code == 202:
                self.acknowledged.append(answer.json()["event_id"])
            return True

    async def read(self, path: str) -> Mapping[str, Any] | None:
        """GET something the page would show (screen-pop …); None when it is not there."""
        try:
            answer = await self._http.get(f"/api/{path}")
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    async def sign_in(self) -> bool:
        return await self.command("agent/sign-in")

    async def sign_in_available(self) -> bool:
        """Sign in ready for work."""
        return await self.command("agent/sign-in", {"presence": "available"})

    async def sign_out(self) -> bool:
        return await self.command("agent/sign-out")

    async def presence(self, presence: str, reason: str | None = None) -> bool:
        return await self.command("agent/presence", {"presence": presence, "reason": reason})

    async def accept(self, contact_id: str, offer_id: str) -> bool:
        return await self.command(f"offers/{offer_id}/accept", {"contact_id": contact_id})

    async def reject(self, contact_id: str, offer_id: str, reason: str) -> bool:
        return await self.command(f"offers/{offer_id}/reject", {"contact_id": contact_id, "reason": reason})

    async def say(self, contact_id: str, text: str) -> bool:
        message = {"message_id": uuid.uuid4().hex, "text": text}
        return await self.command(f"contacts/{contact_id}/messages", message, to_router=False)

    async def end(self, contact_id: str) -> bool:
        return await self.command(f"contacts/{contact_id}/end", to_router=False)

    async def wrap_up(
        self, contact_id: str, interaction_id: str, disposition: str, reason: str | None = None
    ) -> bool:  # fmt: skip
        return await self.command(
            f"contacts/{contact_id}/wrap-up",
            {"interaction_id": interaction_id, "disposition": disposition, "reason": reason},
        )

    async def heartbeats(self) -> None:
        """What the open page does by itself; for ever."""
        while True:
            await self.command("agent/heartbeat")
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def stream(self) -> AsyncGenerator[Frame]:
        """The agent's frames: a snapshot first, then what changes."""
        return follow(self._http, "/api/stream", params={"channels": "agent"})

    async def close(self) -> None:
        await self._http.aclose()
