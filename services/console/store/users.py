"""Users and their browser sessions as rows."""

from __future__ import annotations

from dataclasses import dataclass

from services.console.store.statements import SQL
from shared.postgres import Connection
from shared.security import Principal, Role


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    sign_in_name: str
    display_name: str
    password_hash: str
    roles: tuple[Role, ...]
    agent_id: str | None
    teams: tuple[str, ...]
    sites: tuple[str, ...]
    language: str
    active: bool

    def principal(self, tenant: str) -> Principal:
        return Principal(self.user_id, tenant, frozenset(self.roles), self.agent_id, self.teams, self.sites)


async def user_by_name(connection: Connection, name: str) -> User | None:
    return await _user(connection, "user_by_name", name)


async def user_by_id(connection: Connection, user_id: str) -> User | None:
    return await _user(connection, "user_by_id", user_id)


async def _user(connection: Connection, statement: str, key: str) -> User | None:
    row = await connection.fetchrow(SQL[statement], key)
    if row is None:
        return None
    roles = tuple(Role(role) for role in row["roles"])
    return User(**{**row, "roles": roles, "teams": tuple(row["teams"]), "sites": tuple(row["sites"])})


async def set_password(connection: Connection, user_id: str, password_hash: str, *, keep_session: str) -> None:
    """Change a password and end the user's other sessions."""
    await connection.execute(SQL["set_password"], user_id, password_hash)
    await connection.execute(SQL["end_sessions_of"], user_id, keep_session)


async def begin_session(connection: Connection, digest: str, user_id: str) -> None:
    await connection.execute(SQL["begin_session"], digest, user_id)


async def use_session(connection: Connection, digest: str, *, idle_seconds: int, longest_seconds: int) -> str | None:
    """The user of a session that still stands; None for an ended, idle or overlong one."""
    return await connection.fetchval(SQL["use_session"], digest, float(idle_seconds), float(longest_seconds))


async def end_session(connection: Connection, digest: str) -> str | None:
    """End a session; its user, or None when there was none."""
    return await connection.fetchval(SQL["end_session"], digest)
