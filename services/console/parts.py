"""The wired parts of a running console, as routes ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.console.commands import Commands
from services.console.leases import Leases
from services.console.neighbours import Neighbours
from services.console.policies import Policies
from services.console.projection import Projection
from services.console.sessions import SignIns
from services.console.settings import ConsoleSettings
from shared.clock import Clock
from shared.directory import Directory
from shared.postgres import Pool


@dataclass(frozen=True, slots=True)
class Parts:
    settings: ConsoleSettings
    clock: Clock
    directory: Directory
    api_pool: Pool
    sign_ins: SignIns
    projection: Projection
    commands: Commands
    leases: Leases
    policies: Policies
    neighbours: Neighbours


def parts_of(request: Request) -> Parts:
    return request.app.state.parts


Wired = Annotated[Parts, Depends(parts_of)]
