"""What errors of the database mean to whoever reads a topic: wait, or refuse the message."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import asyncpg

from shared.errors import Backpressure, InvalidMessage

_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, cancelled by a timeout
    asyncpg.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    ConnectionError,
    FileNotFoundError,  # its Unix socket is gone
    TimeoutError,
)


_NO_TEXT: Final = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)


@contextmanager
def errors_by_consequence() -> Generator[None]:
    """Raise Backpressure where the database is away or overloaded, InvalidMessage for text it cannot hold.

    A mistake of ours stays a mistake.
    """
    try:
        yield
    except _AWAY as error:
        raise Backpressure(f"the database is away ({type(error).__name__})") from error
    except _NO_TEXT as error:
        raise InvalidMessage("a text holds a NUL character") from error
    except asyncpg.InterfaceError as error:
        if "clos" not in str(error):  # "connection is closed", "pool is closing"; else a wrong use of asyncpg
            raise
        raise Backpressure("the database connection was lost") from error
