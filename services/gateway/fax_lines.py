"""Which line sends a contact's fax, and whose letterhead the letter bears.

The contact's own gateway where that can send faxes, else the tenant's fax line, else any other channel of the tenant's that
can, else the installation's folder for demonstrations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from services.gateway import store
from services.gateway.adapters.fax import line
from services.gateway.adapters.fax.directory import DirectoryTransport
from services.gateway.adapters.fax.hylafax import HylafaxTransport
from services.gateway.adapters.port import ChannelPort
from services.gateway.domain.fax_transport import FaxTransport
from services.gateway.domain.letters import Letterhead
from services.gateway.kinds import KINDS
from services.gateway.settings import GatewaySettings


class FaxLines:
    """The lines of every tenant, as their gateway rows say at the moment."""

    def __init__(
        self, settings: GatewaySettings, rows: Callable[[], Iterable[store.CredentialRow]],
        open_port: Callable[[store.CredentialRow], ChannelPort],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._rows = rows
        self._open_port = open_port

    def transport(self, tenant: str, gateway_id: str | None) -> FaxTransport | None:
        """None: this tenant cannot send faxes."""
        for row in self._preferred(tenant, gateway_id):
            if (found := self._of(row)) is not None:
                return found
        return self._folder()

    def letterhead(self, tenant: str, gateway_id: str | None, name: str) -> Letterhead:
        """`name`: the tenant's, for a letterhead without one."""
        for row in self._preferred(tenant, gateway_id):
            if said := row.settings.get("letterhead"):
                head = line.LetterheadSettings.model_validate(said)
                return Letterhead(head.name or name, head.address, head.phone, head.fax)
        return Letterhead(name)

    def _preferred(self, tenant: str, gateway_id: str | None) -> list[store.CredentialRow]:
        rows = [row for row in self._rows() if row.tenant_id == tenant]
        return sorted(rows, key=lambda row: (row.gateway_id != gateway_id, row.kind != line.KIND.name, row.gateway_id))

    def _of(self, row: store.CredentialRow) -> FaxTransport | None:
        if row.kind != line.KIND.name:
            kind = KINDS.get(row.kind)
            if kind is None or kind.fax is None:
                return None
            return kind.fax(self._open_port(row), kind.settings.model_validate(row.settings))
        match line.FaxLineSettings.model_validate(row.settings).transport:
            case "directory":
                return self._folder()
            case "hylafax" if self._settings.fax_hylafax is not None:
                return HylafaxTransport(self._settings.fax_hylafax)
            case _:
                return None

    def _folder(self) -> FaxTransport | None:
        return DirectoryTransport(Path(self._settings.fax_folder)) if self._settings.fax_folder else None
