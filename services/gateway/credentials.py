"""Whose request this is: credentials of others' gateways, kept in memory so that an event never waits for the database.

They are read again every few seconds and on an unknown id or key (once a second at most, so that guessing costs
nothing), which is how a new gateway works at once and a revoked one stops within `refresh_seconds`.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway import store
from shared.postgres import Pool, worker_transaction
from shared.security import key_digest, verify_webhook, webhook_signed_at

MISS_REFRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Credential:
    """A gateway whose signature or key was verified."""

    tenant: str
    gateway_id: str
    pool_id: str | None  # None: the tenant's first pool


def new_secret() -> str:
    """A signing secret in the form Standard Webhooks prescribes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def new_api_key() -> str:
    return "uccgw_" + secrets.token_urlsafe(32)


class CredentialBook:
    """Looks credentials up by gateway id or API key."""

    def __init__(self, pool: Pool, refresh_seconds: float) -> None:
        self._pool = pool
        self._refresh_seconds = refresh_seconds
        self._by_id: Mapping[str, store.CredentialRow] = {}
        self._by_digest: Mapping[str, store.CredentialRow] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._refreshing = asyncio.Lock()

    async def refresh(self) -> None:
        """Read all credentials in force, one reading after the other: an older one never takes a newer one's place."""
        async with self._refreshing:
            async with worker_transaction(self._pool) as connection:
                rows = await store.credentials(connection)
            self._by_id = {row.gateway_id: row for row in rows}
            self._by_digest = {row.key_digest: row for row in rows}
            self._read_at = time.monotonic()

    async def keep_fresh(self) -> None:
        """Read again every `refresh_seconds`, for ever."""
        while True:
            await self.refresh()
            await asyncio.sleep(self._refresh_seconds)

    async def _row(self, table: str, key: str) -> store.CredentialRow | None:
        found = (self._by_id if table == "id" else self._by_digest).get(key)
        if found is None and time.monotonic() - self._read_at > MISS_REFRESH_SECONDS:
            async with self._reading:
                if time.monotonic() - self._read_at > MISS_REFRESH_SECONDS:
                    await self.refresh()
            found = (self._by_id if table == "id" else self._by_digest).get(key)
        return found

    def adapters(self) -> list[store.CredentialRow]:
        """The gateways this service itself is."""
        return [row for row in self._by_id.values() if row.kind != store.OUTSIDE]

    def adapter(self, gateway_id: str) -> store.CredentialRow | None:
        row = self._by_id.get(gateway_id)
        return row if row is not None and row.kind != store.OUTSIDE else None

    def still_valid(self, credential: Credential) -> bool:
        return credential.gateway_id in self._by_id

    async def by_key(self, api_key: str) -> Credential | None:
        """The gateway of an API key."""
        return _credential(await self._row("digest", key_digest(api_key)))

    async def by_signature(self, gateway_id: str, headers: Mapping[str, str], body: bytes) -> Credential | None:
        """The gateway that signed `body` within the last 300 s."""
        row = await self._row("id", gateway_id)
        return _credential(row) if row is not None and verify_webhook(row.secret, headers, body) else None

    async def by_old_signature(
        self, gateway_id: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Credential, int] | None:
        """The gateway that signed `body`, and when (seconds since 1970), however long ago."""
        row = await self._row("id", gateway_id)
        if row is None or (at := webhook_signed_at(row.secret, headers, body)) is None:
            return None
        return Credential(row.tenant_id, row.gateway_id, row.pool_id), at


def _credential(row: store.CredentialRow | None) -> Credential | None:
    return None if row is None else Credential(row.tenant_id, row.gateway_id, row.pool_id)
