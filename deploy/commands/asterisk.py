"""`ucc asterisk config|example`: the configuration of an Asterisk that carries UCC's calls and fails open."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer
import yaml
from pydantic import ValidationError
from rich.console import Console

console = Console(highlight=False)
asterisk_app = typer.Typer(no_args_is_help=True, help="Telephony: configuration of an Asterisk beside UCC.")

EXAMPLE = """# An Asterisk beside UCC: `ucc asterisk config plan.yaml --out /etc/asterisk` makes its files.
ari_password: {ari}
http_bind: 127.0.0.1          # where UCC's gateway reaches ARI
sip_bind: 0.0.0.0
answer_seconds: 3             # UCC silent for so long: the caller goes to the static queue
entries:
  - {{entry: "4000", fallback: desk}}
otherwise: desk
queues:
  - {{name: desk, phones: [lin, chen]}}
phones:
  - {{name: lin, password: {lin}}}
  - {{name: chen, password: {chen}}}
trunks:
  - {{name: trunk, host: 192.0.2.10, codecs: [alaw, ulaw]}}
"""


@asterisk_app.command("example")
def example() -> None:
    """Print a plan to begin with, with passwords made for it."""
    print(EXAMPLE.format(ari=secrets.token_urlsafe(18), lin=secrets.token_urlsafe(12), chen=secrets.token_urlsafe(12)))


@asterisk_app.command("config")
def config(
    plan: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The plan (YAML).")],
    out: Annotated[Path, typer.Option(help="Folder for the files, usually /etc/asterisk.")],
) -> None:
    """Make the files of /etc/asterisk from a plan; says everything that is wrong with one."""
    from deploy.asterisk.plan import ExchangePlan  # here: every other command starts sooner
    from deploy.asterisk.render import write

    try:
        wanted = ExchangePlan.model_validate(yaml.safe_load(plan.read_text(encoding="utf-8")))
    except yaml.YAMLError as broken:
        console.print(f"{plan}: not YAML: {getattr(broken, 'problem_mark', '')}")
        raise typer.Exit(1) from broken
    except ValidationError as refused:
        for fault in refused.errors(include_input=False, include_url=False):
            console.print(f"{plan}: [bold]{'.'.join(map(str, fault['loc'])) or 'plan'}[/] {fault['msg']}")
        raise typer.Exit(1) from refused
    files = write(wanted, out)
    console.print(f"[green]written:[/] {len(files)} files in {out}; they hold passwords (mode 0640)")
