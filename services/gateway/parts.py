"""What the gateway's handlers work with: pools, producer, directory, clock and credentials, made once by `app`."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.adapters.letters import LetterDrawer
from services.gateway.adapters.reading import PageReader
from services.gateway.credentials import Credential, CredentialBook
from services.gateway.diallers import Diallers
from services.gateway.domain.cloud_events import Sender
from services.gateway.fax_lines import FaxLines
from services.gateway.recorder import ContactRecorder
from services.gateway.settings import GatewaySettings
from shared.clock import Clock
from shared.directory import Directory
from shared.kafka import Producer
from shared.postgres import Pool


@dataclass(frozen=True, slots=True)
class Parts:
    settings: GatewaySettings
    api: Pool  # sees the tenant set for the transaction
    worker: Pool  # serves all tenants: consumers only
    producer: Producer
    directory: Directory
    clock: Clock
    credentials: CredentialBook
    recorder: ContactRecorder
    reader: PageReader
    drawer: LetterDrawer
    fax_lines: FaxLines
    diallers: Diallers

    async def sender(self, credential: Credential) -> tuple[Sender, int]:
        """Whose events these are, and the partition of their pool. Raises NotFound without a pool."""
        pool = await self.directory.pool(credential.tenant, credential.pool_id)
        return Sender(credential.tenant, credential.gateway_id, pool.pool_id), pool.partition
