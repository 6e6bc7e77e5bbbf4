"""Which gateway row calls a tenant's customers back: the one the contact came in on if it can, else any other that can."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from services.gateway.credentials import Credential
from services.gateway.kinds import KINDS
from services.gateway.store import CredentialRow


class Diallers:
    """Rows of every tenant whose channel can dial, as they are at the moment."""

    def __init__(self, rows: Callable[[], Iterable[CredentialRow]]) -> None:
        self._rows = rows

    def of_tenant(self, tenant: str, preferred: str | None = None) -> Credential | None:
        """None: nothing of this tenant can dial."""
        able = [row for row in self._rows() if row.tenant_id == tenant and self._dials(row)]
        first = min(able, key=lambda row: (row.gateway_id != preferred, row.gateway_id), default=None)
        return None if first is None else Credential(first.tenant_id, first.gateway_id, first.pool_id)

    @staticmethod
    def _dials(row: CredentialRow) -> bool:
        kind = KINDS.get(row.kind)
        return kind is not None and kind.dials
