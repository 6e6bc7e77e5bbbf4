"""`ucc`: starts, fills and examines an installation. Each command is a file of `deploy.commands`."""

from __future__ import annotations

import typer

from deploy.commands.administer import migrate, tenant_app, token_app
from deploy.commands.asterisk import asterisk_app
from deploy.commands.audit import audit
from deploy.commands.bench import bench_app
from deploy.commands.dead_letters import dlq_app
from deploy.commands.imports import import_file
from deploy.commands.policy import policy_app
from deploy.commands.replay_calls import replay_calls
from deploy.commands.simulate import simulate
from deploy.commands.up import up
from deploy.commands.user import user_app
from deploy.commands.what_if import what_if

app = typer.Typer(
    name="ucc", no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False,
    help="UCC: omnichannel contact routing whose every decision can be explained and replayed.",
)  # fmt: skip
app.command()(up)
app.command()(migrate)
app.command()(audit)
app.command("replay-calls")(replay_calls)
app.command()(simulate)
app.command("what-if")(what_if)
app.command("import")(import_file)
app.add_typer(asterisk_app, name="asterisk")
app.add_typer(policy_app, name="policy")
app.add_typer(dlq_app, name="dlq")
app.add_typer(tenant_app, name="tenant")
app.add_typer(user_app, name="user")
app.add_typer(token_app, name="token")
app.add_typer(bench_app, name="bench")


if __name__ == "__main__":
    app()
