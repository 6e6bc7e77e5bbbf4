"""Settings of outbound beside the shared ones."""

from __future__ import annotations

from pydantic import Field, SecretStr

from shared.settings import UccSettings


class OutboundSettings(UccSettings):
    """What outbound may be told; every default suits one host."""

    person_key_secret: SecretStr = SecretStr("ucc-development")
    """Keys the hashes by which the ledger knows people: whoever has only the database cannot try numbers out."""
    outbound_plan_seconds: float = 0.5
    """A plan is made this often, and at once when something changed."""
    outbound_lease_seconds: float = 6.0
    """An owner of a pool's dialling that was silent this long is replaced."""
    outbound_calls_per_second: float = 10.0
    outbound_channels: int = 120
    """Of a gateway no trunk is written down for."""
    outbound_silence_seconds: int = 15
    """How long after ringing must have ended an attempt without news is asked for; after as long again it is unknown."""
    outbound_import_piece_rows: int = 10_000
    """Rows of a list written in one transaction: progress moves and a crash repeats by this much."""
    outbound_import_lease_seconds: float = 15.0
    """An import whose worker was silent this long is taken over by another."""
    outbound_kept_days: int = Field(default=400, ge=1)
    """Attempts, their ledger and what gateways were answered stay so long after their end; longer where the operator declared so or
    a chosen ruleset asks for it (the US one for five years)."""
    consumer_group: str = "outbound"
    pool_size: int = 8
    """Connections per role."""
