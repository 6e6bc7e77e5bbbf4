"""`ucc user create`: somebody who can sign in; the first administrator of a tenant above all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands.access import DataOption, administration
from shared.security import Role

console = Console(highlight=False)
user_app = typer.Typer(no_args_is_help=True, help="People who sign in.")


@user_app.command("create")
def create(
    tenant: Annotated[str, typer.Argument(help="Tenant.")],
    user: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[list[Role], typer.Option(help="May be repeated.")],
    name: Annotated[str, typer.Option(help="Name shown to others.")] = "",
    agent: Annotated[str | None, typer.Option(help="Agent id, with role agent.")] = None,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="12 to 128 characters.")
    ] = "",
    data: DataOption = Path(".ucc"),
) -> None:
    """Create a user through console's roster interface, as the holder of the installation's key."""
    item = {
        "user_id": f"u-{user}",
        "user": user,
        "display_name": name or user,
        "roles": [str(one) for one in role],
        "agent_id": agent,
        "password": password,
    }
    with administration(tenant, data) as services:
        services.call("POST", "console", "/api/roster/users", json=item)
    console.print(f"{user} may sign in to tenant {tenant} as {', '.join(role)}")
