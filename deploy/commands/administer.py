"""`ucc migrate`, `ucc tenant create`, `ucc token issue`: what only the owner of an installation may do."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.data_directory import DataDirectory
from deploy.embedded import BROKER_PARTITIONS
from deploy.foundation import database, migrated
from deploy.tenants import TenantRefused, create_pool, create_tenant
from shared.security import EVERY_TENANT, Principal, Role, issue_token, new_signing_key, public_keys

console = Console(highlight=False)
tenant_app = typer.Typer(no_args_is_help=True, help="Tenants and their agent pools.")
token_app = typer.Typer(no_args_is_help=True, help="Tokens, signed with the installation's private key.")

DataOption = Annotated[Path, typer.Option(help="Data directory of an embedded installation.")]


def migrate(data: DataOption = Path(".ucc")) -> None:
    """Bring the database to the newest schema (UCC_DATABASE_URL, else the embedded one)."""
    with database(DataDirectory(data)) as (url, which):
        applied = migrated(url)
    console.print(f"{which}: {len(applied)} migrations applied" + (f": {', '.join(applied)}" if applied else ""))


@tenant_app.command("create")
def tenant_create(
    tenant: Annotated[str, typer.Argument(help="Id of the tenant.")],
    title: Annotated[str, typer.Option(help="Its name.")] = "",
    pool: Annotated[str, typer.Option(help="Id of its agent pool.")] = "main",
    partition: Annotated[
        int | None, typer.Option(help="Partition of the pool, for good; default: the emptiest.")
    ] = None,
    partitions: Annotated[int | None, typer.Option(help="Partitions of the topics (UCC_KAFKA_PARTITIONS).")] = None,
    country: Annotated[str, typer.Option(help="Country of numbers written without code.")] = "CN",
    time_zone: Annotated[str, typer.Option(help="IANA time zone.")] = "Asia/Shanghai",
    data: DataOption = Path(".ucc"),
) -> None:
    """Write a tenant and an agent pool down. What is there stays as it is."""
    there = partitions or int(os.environ.get("UCC_KAFKA_PARTITIONS", BROKER_PARTITIONS))
    try:
        with database(DataDirectory(data)) as (url, _):
            made = create_tenant(url, tenant, title or tenant, country=country, time_zone=time_zone)
            where = create_pool(url, tenant, pool, partitions=there, partition=partition)
    except TenantRefused as error:
        console.print(f"[bold red]refused:[/] {error}")
        raise typer.Exit(2) from error
    console.print(f"tenant {tenant} {'made' if made else 'was there'}; pool {pool} lives on partition {where}")


@token_app.command("issue")
def token_issue(
    tenant: Annotated[str, typer.Option(help="Tenant the token is good for; * only with role service.")],
    role: Annotated[list[Role], typer.Option(help="May be repeated.")],
    subject: Annotated[str, typer.Option(help="Who uses it.")] = "operator",
    agent: Annotated[str | None, typer.Option(help="Agent id, with role agent.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, help="Lifetime.")] = 12.0,
    data: DataOption = Path(".ucc"),
) -> None:
    """Print a bearer token signed with UCC_TOKEN_SIGNING_KEY or the data directory's key."""
    if tenant == EVERY_TENANT and set(role) != {Role.SERVICE}:
        console.print("[bold red]refused:[/] tenant * is for role service alone")
        raise typer.Exit(2)
    principal = Principal(subject, tenant, frozenset(role), agent)
    typer.echo(issue_token(signing_key(data), principal, lifetime_seconds=int(hours * 3600)))


@token_app.command("environment")
def token_environment(days: Annotated[int, typer.Option(help="Lifetime of the services' own token.")] = 365) -> None:
    """Print fresh secrets of an installation as lines of an environment file: keys, the services' token, a password."""
    key = new_signing_key()
    services = Principal("ucc", EVERY_TENANT, frozenset({Role.SERVICE}))
    lines = {
        "UCC_TOKEN_SIGNING_KEY": key,
        "UCC_TOKEN_VERIFY_KEYS": public_keys(key),
        "UCC_SERVICE_TOKEN": issue_token(key, services, lifetime_seconds=days * 86_400),
        "UCC_PERSON_KEY_SECRET": secrets.token_urlsafe(32),
        "UCC_POSTGRES_PASSWORD": secrets.token_urlsafe(24),
    }
    for name, value in lines.items():
        typer.echo(f"{name}='{value}'")


def signing_key(data: Path) -> str:
    """The installation's private key."""
    return os.environ.get("UCC_TOKEN_SIGNING_KEY") or DataDirectory(data).signing_key()
