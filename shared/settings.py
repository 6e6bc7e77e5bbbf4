"""Settings every service shares; read once from `UCC_*` variables, frozen afterwards."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class UccSettings(BaseSettings):
    """Where the database, the broker and the neighbours are, and whose tokens are believed."""

    model_config = SettingsConfigDict(env_prefix="UCC_", frozen=True, extra="ignore")

    database_url: str = "postgresql://localhost/ucc"
    kafka_bootstrap_servers: str = "localhost:9092"
    kafka_partitions: int = 8  # of every topic; a pool is written to one of them for good
    kafka_replication: int = 1
    token_verify_keys: SecretStr = SecretStr('{"keys": []}')
    """JWKS (JSON) of the public keys whose tokens are accepted."""
    service_token: SecretStr = SecretStr("")
    """Token with role `service` this service shows to its neighbours."""
    gateway_url: str = "http://127.0.0.1:8081"
    router_url: str = "http://127.0.0.1:8082"
    profile_url: str = "http://127.0.0.1:8083"
    console_url: str = "http://127.0.0.1:8080"
    ivr_url: str = "http://127.0.0.1:8084"
    outbound_url: str = "http://127.0.0.1:8085"
    clock_rate: float = 1.0
    clock_started: int | None = None  # wall µs; with clock_origin: one fast clock for all processes of a run
    clock_origin: int | None = None
    log_level: str = "INFO"
    log_json: bool = True
