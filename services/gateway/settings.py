"""Settings of the gateway; read once."""

from __future__ import annotations

from pydantic import Field

from shared.settings import UccSettings


class GatewaySettings(UccSettings):
    """Limits of what others may send, and how long their silence is borne."""

    gateway_batch_events: int = 1000
    gateway_batch_bytes: int = 5_000_000
    gateway_rate_limit: str = "10000/second"  # events per credential and instance
    gateway_credential_refresh_seconds: float = 5.0  # a revoked credential is believed this much longer at most
    gateway_lease_seconds: float = 15.0
    authorise_dials: bool = True  # outbound is asked before a customer is called; False: for installations without it
    gateway_public_url: str = ""  # where customers reach us, for links in messages; "": none are sent
    gateway_events_kept: int = 20_000  # per gateway's stream
    gateway_events_kept_hours: float = 24.0
    gateway_attempts_kept_days: float = Field(default=90.0, ge=7)  # of outbound, whose own ledger outlives them
    fax_bytes: int = 20 * 1024 * 1024
    fax_pages: int = 100
    fax_languages: str = "chi_sim+eng"  # of Tesseract, best first; those not installed are left out
    fax_read_pages: int = 10  # of a document; the rest is stored unread
    fax_read_seconds: float = 60.0  # after this the contact goes on with what was read
    fax_letter_pages: int = 5
    fax_retry_minutes: tuple[float, ...] = (1.0, 5.0, 15.0)  # before each further attempt; none beyond
    fax_lines_at_once: int = 2  # faxes this instance sends at the same time
    fax_folder: str = ""  # where faxes are laid that go out by `directory`; "": nowhere
    fax_hylafax: str | None = (
        None  # host of the HylaFAX server, "" as its client programs are configured; None: there is none
    )
    recording_days: int = 90  # a tenant's own rule comes first
    recording_agents_listen: bool = False  # agents may hear their own calls; likewise
