"""How commands reach a running installation: addresses and a token, from options, `UCC_*` variables or the data directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from deploy.clients.administration import Administration, ServiceRefused
from deploy.commands.administer import signing_key
from deploy.data_directory import DataDirectory
from deploy.stack import ports_from
from shared.security import Principal, Role, issue_token

console = Console(highlight=False)

TenantOption = Annotated[str, typer.Option(help="Tenant.")]
DataOption = Annotated[Path, typer.Option(help="Data directory whose key signs the request.")]

TOKEN_SECONDS = 3600
DEFAULT_PORT_BASE = 8080


def addresses(data: Path) -> dict[str, str]:
    """Where each service answers: `UCC_<SERVICE>_URL`, else the ports the data directory's running installation named."""
    running = DataDirectory(data).running()
    port_base = running.port_base if running else DEFAULT_PORT_BASE
    return {
        service: os.environ.get(f"UCC_{service.upper()}_URL", f"http://127.0.0.1:{port}")
        for service, port in ports_from(port_base).items()
    }


@contextmanager
def administration(tenant: str, data: Path) -> Iterator[Administration]:
    """Requests as the tenant's administrator (`UCC_TOKEN`, else a token signed here); refusals end the command with 1."""
    token = os.environ.get("UCC_TOKEN") or issue_token(
        signing_key(data), Principal("ucc-cli", tenant, frozenset({Role.ADMIN})), lifetime_seconds=TOKEN_SECONDS
    )
    client = Administration(token, addresses(data))
    try:
        yield client
    except ServiceRefused as error:
        console.print(f"[bold red]refused:[/] {error}")
        raise typer.Exit(1) from error
    except httpx.TransportError as error:
        console.print(
            f"[bold red]no answer:[/] {error.request.url.host}:{error.request.url.port}; is `ucc up` running?"
        )
        raise typer.Exit(1) from error
    finally:
        client.close()


def broker(data: Path) -> str:
    """The broker: `UCC_KAFKA_BOOTSTRAP_SERVERS`, else the running embedded one. Ends the command when there is none."""
    if named := os.environ.get("UCC_KAFKA_BOOTSTRAP_SERVERS"):
        return named
    running = DataDirectory(data).running()
    if running is None:
        console.print(
            "[bold red]no broker:[/] set UCC_KAFKA_BOOTSTRAP_SERVERS, or start `ucc up` on this data directory"
        )
        raise typer.Exit(1)
    return running.kafka_bootstrap_servers
