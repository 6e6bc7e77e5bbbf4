"""`ucc`: starts, fills and examines an installation. Each command is a file of `deploy.commands`."""

from __future__ import annotations

import typer

from deploy.commands.up import up

app = typer.Typer(
    name="ucc", no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False,
    help="UCC: omnichannel contact routing whose every decision can be explained and replayed.",
)  # fmt: skip
app.command()(up)


if __name__ == "__main__":
    app()
