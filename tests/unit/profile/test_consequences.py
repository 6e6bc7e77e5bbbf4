"""What an error of the database means: hand over again, lay aside, or our mistake."""

from __future__ import annotations

import asyncpg
import pytest

from services.profile.store.statements import errors_by_consequence
from shared.errors import Backpressure, InvalidMessage


@pytest.mark.parametrize(
    ("raised", "becomes"),
    [
        (asyncpg.ConnectionDoesNotExistError("gone"), Backpressure),
        (asyncpg.CannotConnectNowError("starting up"), Backpressure),
        (asyncpg.AdminShutdownError("stopping"), Backpressure),
        (asyncpg.TooManyConnectionsError("full"), Backpressure),
        (asyncpg.DiskFullError("full"), Backpressure),
        (asyncpg.DeadlockDetectedError("again"), Backpressure),
        (asyncpg.InterfaceError("connection is closed"), Backpressure),
        (ConnectionRefusedError(), Backpressure),
        (TimeoutError(), Backpressure),
        (asyncpg.CharacterNotInRepertoireError("0x00"), InvalidMessage),
        (asyncpg.InterfaceError("the server expects 2 arguments"), asyncpg.InterfaceError),
        (asyncpg.UniqueViolationError("key"), asyncpg.UniqueViolationError),
    ],
)
def test_consequence(raised: Exception, becomes: type[Exception]) -> None:
    with pytest.raises(becomes), errors_by_consequence():
        raise raised
