"""Settings of the gateway; read once."""

from __future__ import annotations

from shared.settings import UccSettings


class GatewaySettings(UccSettings):
    """Limits of what others may send, and how long their silence is borne."""

    gateway_batch_events: int = 1000
    gateway_batch_bytes: int = 5_000_000
    gateway_rate_limit: str = "10000/second"  # events per credential and instance
    gateway_credential_refresh_seconds: float = 5.0  # a revoked credential is believed this much longer at most
    gateway_lease_seconds: float = 15.0
    gateway_events_kept: int = 20_000  # per gateway's stream
    gateway_events_kept_hours: float = 24.0
    fax_bytes: int = 20 * 1024 * 1024
    fax_pages: int = 100
    recording_days: int = 90  # a tenant's own rule comes first
    recording_agents_listen: bool = False  # agents may hear their own calls; likewise
