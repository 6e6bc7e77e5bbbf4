"""Settings of the console."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from shared.contracts.metrics import definitions
from shared.settings import UccSettings


class DemoSignIn(BaseModel, frozen=True):
    """A sign-in the sign-in page offers at one click. Only demo tenants have any."""

    tenant: str
    user: str
    password: str
    name: str
    role: str


class ConsoleSettings(UccSettings):
    """The console holds the private key of tokens; nobody else but deploy does."""

    token_signing_key: SecretStr = SecretStr("")
    """Private key (JWK, JSON) of the tokens staff and programs get."""
    token_seconds: int = 900
    """Life of a browser's token; renewed by itself while the session is used."""
    session_idle_seconds: int = 3600
    """A browser session unused for this long is over."""
    session_seconds: int = 43_200
    """Longest life of a browser session, and life of a program's token."""
    sign_in_failures_per_minute: int = 5
    """Wrong passwords per user; six times as many per client address."""
    unreachable_after_seconds: float = 10.0
    """Silence of a page after which its agent gets no offers (EndpointLost)."""
    disconnected_after_seconds: float = 15.0
    """Silence after which the agent is not ready "disconnected"."""
    signed_out_after_seconds: float = 1800.0
    """Silence after which the agent is signed out."""
    checkpoint_seconds: float = 3.0
    """How often the live projection is written down."""
    short_abandon_seconds: int = definitions().short_abandon_seconds
    """Abandonments up to here are reported apart (`shared/contracts/metrics.yaml`)."""
    service_level_variant: str = "answered_within_of_offered"
    """Which service level the wallboard shows (`domain/service_level.py`)."""
    softphone_origins: tuple[Annotated[str, Field(pattern=r"^wss?://[A-Za-z0-9.\-\[\]:]+$")], ...] = ()
    """Where pages may open a WebSocket for a telephone in the page, as `["wss://pbx.example.com:8089"]`."""
    demo_sign_ins: tuple[DemoSignIn, ...] = ()
    """JSON list; empty outside a demo, since whoever opens the page may use them."""
