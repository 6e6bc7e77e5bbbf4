"""The roster as rows. Every change checks the version it was made from and is audited in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg

from services.console.roster import Kind
from services.console.store.statements import SQL
from shared.errors import Conflict, InvalidMessage, NotFound, Refused
from shared.postgres import Connection

REFERENCES: Mapping[str, str] = {
    "agent_skills_tenant_id_skill_fkey": "skills: no such skill",
    "profile_skills_tenant_id_skill_fkey": "skills: no such skill",
    "agent_teams_tenant_id_team_id_fkey": "teams: no such team",
    "agent_sites_tenant_id_site_id_fkey": "sites: no such site",
    "agents_tenant_id_pool_id_fkey": "pool: no such agent pool",
    "users_tenant_id_agent_id_fkey": "agent_id: no such agent",
}
"""What a broken reference means to whoever wrote the item."""


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except asyncpg.ForeignKeyViolationError as error:
        raise InvalidMessage(REFERENCES.get(error.constraint_name or "", "reference: nothing there")) from error
    except asyncpg.UniqueViolationError as error:
        raise Refused("already_exists", "this id, sign-in name or agent is taken") from error


def _item(row: asyncpg.Record) -> dict[str, Any]:
    return {name: value.isoformat() if name == "changed_at" else value for name, value in row.items()}


async def page(connection: Connection, kind: Kind, after: str, query: str, limit: int) -> list[dict[str, Any]]:
    """Items with keys after `after` whose name or id holds `query`."""
    rows = await connection.fetch(SQL[f"select_{kind.table}"], None, after, query, limit)
    return [_item(row) for row in rows]


async def find(connection: Connection, kind: Kind, key: str) -> dict[str, Any] | None:
    row = await connection.fetchrow(SQL[f"select_{kind.table}"], key, "", "", 1)
    return None if row is None else _item(row)


async def get(connection: Connection, kind: Kind, key: str) -> dict[str, Any]:
    """One item. Raises NotFound."""
    if (item := await find(connection, kind, key)) is None:
        raise NotFound(f"no such item in {kind.path}")
    return item


async def create(connection: Connection, kind: Kind, item: Mapping[str, Any], actor: str) -> dict[str, Any]:
    """A new item, as it stands. Raises Refused("already_exists"), InvalidMessage for references to nothing."""
    with _explained():
        await connection.execute(SQL[f"insert_{kind.table}"], item)
        await _write_parts(connection, kind, item)
    after = await get(connection, kind, item[kind.key])
    await _audit(connection, actor, "created", kind, item[kind.key], None, after)
    return after


async def change(
    connection: Connection, kind: Kind, item: Mapping[str, Any], version: int, actor: str
) -> dict[str, Any]:
    """The whole item anew, if it still has `version`. Raises Conflict, NotFound and what `create` raises."""
    before = await get(connection, kind, item[kind.key])
    with _explained():
        changed = await connection.execute(SQL[f"update_{kind.table}"], item, version)
        if changed != "UPDATE 1":
            raise Conflict("version_conflict", f"somebody changed it: it has version {before['version']} now")
        await _clear_parts(connection, kind, item[kind.key])
        await _write_parts(connection, kind, item)
    after = await get(connection, kind, item[kind.key])
    told = {**after, "password": "reset"} if item.get("password_hash") else after
    await _audit(connection, actor, "changed", kind, item[kind.key], before, told)
    return after


async def remove(connection: Connection, kind: Kind, key: str, version: int, actor: str) -> None:
    """Delete an item nobody refers to. Raises NotFound, Conflict, Refused("in_use")."""
    before = await get(connection, kind, key)
    try:
        deleted = await connection.execute(SQL[f"delete_{kind.table}"], key, version)
    except asyncpg.ForeignKeyViolationError as error:
        raise Refused("in_use", "agents or profiles still refer to it") from error
    if deleted != "DELETE 1":
        raise Conflict("version_conflict", f"somebody changed it: it has version {before['version']} now")
    await _audit(connection, actor, "deleted", kind, key, before, None)


async def _clear_parts(connection: Connection, kind: Kind, key: str) -> None:
    if kind.path == "agents":
        for part in ("skills", "teams", "sites"):
            await connection.execute(SQL[f"clear_agent_{part}"], key)
    elif kind.path == "skill-profiles":
        await connection.execute(SQL["clear_profile_skills"], key)


async def _write_parts(connection: Connection, kind: Kind, item: Mapping[str, Any]) -> None:
    if kind.path == "agents":
        await connection.execute(SQL["add_agent_skills"], item["agent_id"], item["skills"])
        await connection.execute(SQL["add_agent_teams"], item["agent_id"], item["teams"])
        await connection.execute(SQL["add_agent_sites"], item["agent_id"], item["sites"])
    elif kind.path == "skill-profiles":
        await connection.execute(SQL["add_profile_skills"], item["profile_id"], item["skills"])


async def agents_of(connection: Connection, agents: Sequence[str], team: str | None, site: str | None) -> list[str]:
    """Ids of the active agents named, of a team or of a site, locked until the transaction ends."""
    return [row["agent_id"] for row in await connection.fetch(SQL["agents_of"], list(agents), team, site)]


async def grant_skills(
    connection: Connection, kind: Kind, before: Mapping[str, Any], skills: Sequence[Mapping[str, Any]], actor: str
) -> dict[str, Any]:
    """Give an agent exactly these skills. Raises InvalidMessage for one that does not exist."""
    agent_id = before["agent_id"]
    with _explained():
        await connection.execute(SQL["clear_agent_skills"], agent_id)
        await connection.execute(SQL["add_agent_skills"], agent_id, list(skills))
    await connection.execute(SQL["touch_agent"], agent_id)
    after = await get(connection, kind, agent_id)
    await _audit(connection, actor, "skills_applied", kind, agent_id, before, after)
    return after


async def note(
    connection: Connection, actor: str, action: str, subject_kind: str, subject_id: str, after: Mapping[str, Any] | None
) -> None:
    """Audit something that is no change of an item."""
    await connection.execute(SQL["audit"], actor, action, subject_kind, subject_id, None, after)


async def _audit(
    connection: Connection, actor: str, action: str, kind: Kind, key: str,
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    await connection.execute(SQL["audit"], actor, action, kind.path, key, before, after)


async def audited(
    connection: Connection, subject_kind: str | None, subject_id: str | None, before: int, limit: int
) -> list[dict[str, Any]]:
    """Audit entries older than id `before`, newest first."""
    rows = await connection.fetch(SQL["select_audit"], subject_kind, subject_id, before, limit)
    return [{**row, "at": row["at"].isoformat()} for row in rows]


async def names(connection: Connection) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Agents by id, and names by kind ("teams", "sites", "skills") and id."""
    agents = {
        row["agent_id"]: {"name": row["name"], "teams": row["teams"], "sites": row["sites"]}
        for row in await connection.fetch(SQL["catalogue_agents"])
    }
    kinds: dict[str, dict[str, Any]] = {"teams": {}, "sites": {}, "skills": {}}
    for row in await connection.fetch(SQL["catalogue_names"]):
        kinds[row["kind"]][row["id"]] = row["name"]
    return agents, kinds
