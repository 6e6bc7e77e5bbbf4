"""`ucc dlq list|show|replay`: what could not be understood, why, and sending it back once that is mended."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.access import DataOption, broker
from deploy.loops import run
from shared.contracts.wire import MESSAGES
from shared.dead_letters import NotReplayable, dead_letter, dead_letters, send_all_back, send_back
from shared.errors import BrokerUnavailable, NotFound
from shared.kafka import Producer

console = Console(highlight=False)
dlq_app = typer.Typer(no_args_is_help=True, help="Dead letters: messages that could not be understood.")

LetterArgument = Annotated[str, typer.Argument(help="topic/partition/offset as `ucc dlq list` prints it.")]


@dlq_app.command("list")
def list_letters(
    topic: Annotated[str | None, typer.Option(help="Only of this topic.")] = None, data: DataOption = Path(".ucc")
) -> None:
    """All dead letters, oldest first, with their faults; no personal data."""
    letters = run(dead_letters(broker(data), _topics(topic)))
    table = Table("letter", "at", "tenant", "type", "fault", "sent back")
    for letter in letters:
        at = datetime.fromtimestamp(letter.time / 1000, UTC).strftime("%m-%d %H:%M:%S")
        back = "yes" if letter.sent_back else ""
        table.add_row(letter.name, at, letter.tenant or "?", letter.type or "?", letter.error, back)
    console.print(table if letters else "no dead letters")


@dlq_app.command("show")
def show(
    letter: LetterArgument,
    body: Annotated[bool, typer.Option("--body", help="Print the body too: it may hold personal data.")] = False,
    data: DataOption = Path(".ucc"),
) -> None:
    """One dead letter."""
    try:
        found = run(dead_letter(broker(data), letter))
    except NotFound as error:
        console.print(f"[bold red]{error}[/]")
        raise typer.Exit(1) from error
    for name, value in found.public().items():
        console.print(f"[dim]{name}[/] {value}")
    if body:
        typer.echo((found.body or b"").decode(errors="replace"))


@dlq_app.command("replay")
def replay(
    letter: Annotated[
        str | None, typer.Argument(help="topic/partition/offset; none: every one not sent back yet.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only of this topic.")] = None,
    data: DataOption = Path(".ucc"),
) -> None:
    """Send dead letters back where they came from. Harmless when repeated: readers know the ids."""
    try:
        sent, kept = run(_replay(broker(data), letter, _topics(topic)))
    except (NotFound, NotReplayable, BrokerUnavailable) as error:
        console.print(f"[bold red]not sent back:[/] {error}")
        raise typer.Exit(1) from error
    console.print(
        f"{sent} sent back" + (f"; {kept} kept no body, only their source can send them again" if kept else "")
    )


async def _replay(servers: str, letter: str | None, topics: list[str]) -> tuple[int, int]:
    producer = Producer(servers)
    await producer.start()
    try:
        if letter is None:
            return await send_all_back(servers, producer, topics)
        await send_back(producer, await dead_letter(servers, letter))
        return 1, 0
    finally:
        await producer.stop()


def _topics(topic: str | None) -> list[str]:
    if topic is not None and topic not in MESSAGES:
        console.print(f"[bold red]no topic {topic}:[/] one of {', '.join(MESSAGES)}")
        raise typer.Exit(2)
    return [topic] if topic else list(MESSAGES)
