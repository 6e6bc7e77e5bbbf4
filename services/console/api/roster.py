"""Administration of the roster: the same five routes for every kind of item, skills in bulk, and who changed what."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.console.parts import Parts, Wired
from services.console.roster import KINDS, Account, GrantedSkill, Item, Kind, granted_together, profile_changed
from services.console.sessions import hash_password
from services.console.store import leases, roster
from services.console.store.outgoing import announce
from services.console.store.statements import SQL
from shared.contracts.fields import Id
from shared.errors import Refused
from shared.http import decode_cursor, encode_cursor
from shared.postgres import Connection, tenant_transaction
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/api/roster", tags=["roster"])

Administrator = Annotated[Principal, Depends(allow(Role.ADMIN))]
Reader = Annotated[Principal, Depends(allow(Role.ADMIN, Role.SUPERVISOR))]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=400)]
Search = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]
Key = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[\w.:\-]+$")]

NEWEST = 2**62


class Page(BaseModel):
    items: list[dict[str, Any]]
    next: str | None = None


class Grant(BaseModel):
    """Skills for many: whom (exactly one of agents, team, site) and what (a profile or skills)."""

    model_config = ConfigDict(extra="forbid")

    agents: Annotated[list[Id], Field(max_length=5000)] | None = None
    team: Id | None = None
    site: Id | None = None
    profile: Id | None = None
    skills: Annotated[list[GrantedSkill], Field(min_length=1, max_length=100)] | None = None
    mode: Literal["add", "replace"] = "add"

    @model_validator(mode="after")
    def one_of_each(self) -> Grant:
        if sum(x is not None for x in (self.agents, self.team, self.site)) != 1:
            raise ValueError("exactly one of agents, team and site")
        if (self.profile is None) == (self.skills is None):
            raise ValueError("either profile or skills")
        return self


class Granted(BaseModel):
    agents: int
    changed: int


def _page(items: list[dict[str, Any]], limit: int, key: str) -> Page:
    more = len(items) > limit
    return Page(items=items[:limit], next=encode_cursor(items[limit - 1][key]) if more else None)


@router.post("/skills:apply", summary="Give skills to many agents at once")
async def apply_skills(parts: Wired, admin: Administrator, grant: Grant) -> Granted:
    kind = KINDS["agents"]
    async with tenant_transaction(parts.api_pool, admin.tenant) as connection:
        if grant.profile is not None:
            profile = await roster.get(connection, KINDS["skill-profiles"], grant.profile)
            skills = [{**skill, "expires_at": None} for skill in profile["skills"]]
        else:
            skills = [skill.model_dump(mode="json") for skill in grant.skills or ()]
        agent_ids = await roster.agents_of(connection, grant.agents or (), grant.team, grant.site)
        if grant.agents is not None and (missing := set(grant.agents) - set(agent_ids)):
            raise HTTPException(422, f"agents: {len(missing)} of them are no active agents")
        changed = 0
        for agent_id in agent_ids:
            before = await roster.get(connection, kind, agent_id)
            after = granted_together(before["skills"], skills, replace=grant.mode == "replace")
            if sorted(after, key=lambda s: s["skill"]) != before["skills"]:
                item = await roster.grant_skills(connection, kind, before, after, admin.subject)
                await _tell_router(connection, parts, admin.tenant, item)
                changed += 1
    return Granted(agents=len(agent_ids), changed=changed)


@router.get("/audit", summary="Who changed what, newest first")
async def audit(
    parts: Wired,
    admin: Administrator,
    subject_kind: Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]*$")] = None,
    subject_id: Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]*$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page:
    before = decode_cursor(cursor, int)[0] if cursor else NEWEST
    if not 0 <= before <= NEWEST:
        raise HTTPException(422, "cursor: not one of ours")
    async with tenant_transaction(parts.api_pool, admin.tenant) as connection:
        items = await roster.audited(connection, subject_kind, subject_id, before, limit + 1)
    return _page(items, limit, "audit_id")


async def _tell_router(connection: Connection, parts: Parts, tenant: str, agent: Mapping[str, Any]) -> None:
    """A signed-in agent's new skills, capacity, teams and sites, with the change itself."""
    if await leases.lease_of(connection, agent["agent_id"]) is not None:
        pool = await parts.commands.pool_of(tenant, agent["agent_id"], agent["pool"])
        await announce(connection, parts.clock.now(), pool, profile_changed(agent))


async def _written(item: Item) -> dict[str, Any]:
    """The item as the store takes it; a password becomes its hash."""
    values = item.model_dump(mode="json", exclude={"version", "password"})
    if isinstance(item, Account):
        secret = item.password
        hashed = None if secret is None else await asyncio.to_thread(hash_password, secret.get_secret_value())
        values["password_hash"] = hashed
    return values


async def _after_account(connection: Connection, account: Account, actor: Principal) -> None:
    """A reset password or a closed account ends its sessions; nobody locks themselves out."""
    if account.user_id == actor.subject and not (account.active and Role.ADMIN in account.roles):
        raise Refused("own_account", "somebody else must take your rights away")
    if account.password is not None or not account.active:
        await connection.execute(SQL["end_sessions_of"], account.user_id, "")


def _add_routes(kind: Kind) -> None:
    async def listed(
        parts: Wired, reader: Reader, limit: Limit = 50, cursor: Cursor = None, query: Search = ""
    ) -> Page:
        after = decode_cursor(cursor, str)[0] if cursor else ""
        if "\x00" in after:
            raise HTTPException(422, "cursor: not one of ours")
        async with tenant_transaction(parts.api_pool, reader.tenant) as connection:
            return _page(await roster.page(connection, kind, after, query, limit + 1), limit, kind.key)

    async def one(parts: Wired, reader: Reader, key: Key) -> dict[str, Any]:
        async with tenant_transaction(parts.api_pool, reader.tenant) as connection:
            return await roster.get(connection, kind, key)

    async def create(parts: Wired, admin: Administrator, item: Item) -> dict[str, Any]:
        if item.version is not None:
            raise HTTPException(422, "version: a new item has none")
        if isinstance(item, Account) and item.password is None:
            raise HTTPException(422, "password: a new account needs one")
        written = await _written(item)
        async with tenant_transaction(parts.api_pool, admin.tenant) as connection:
            return await roster.create(connection, kind, written, admin.subject)

    async def change(parts: Wired, admin: Administrator, key: Key, item: Item) -> dict[str, Any]:
        if item.version is None:
            raise HTTPException(422, "version: the one that was read is missing")
        written = await _written(item)
        if written[kind.key] != key:
            raise HTTPException(422, f"{kind.key}: not the one of this address")
        async with tenant_transaction(parts.api_pool, admin.tenant) as connection:
            after = await roster.change(connection, kind, written, item.version, admin.subject)
            if isinstance(item, Account):
                await _after_account(connection, item, admin)
            if kind.path == "agents":
                await _tell_router(connection, parts, admin.tenant, after)
            return after

    async def delete(
        parts: Wired, admin: Administrator, key: Key, version: Annotated[int, Query(ge=1, le=2**31 - 1)]
    ) -> None:
        async with tenant_transaction(parts.api_pool, admin.tenant) as connection:
            await roster.remove(connection, kind, key, version, admin.subject)

    create.__annotations__["item"] = change.__annotations__["item"] = kind.model
    every, each = f"/{kind.path}", f"/{kind.path}/{{key}}"
    add = router.add_api_route
    add(every, listed, methods=["GET"], name=f"list {kind.path}")
    add(each, one, methods=["GET"], name=f"read one of {kind.path}")
    add(every, create, methods=["POST"], status_code=201, name=f"add to {kind.path}")
    add(each, change, methods=["PUT"], name=f"change one of {kind.path}")
    if kind.deletable:
        add(each, delete, methods=["DELETE"], status_code=204, name=f"delete from {kind.path}")


for _kind in KINDS.values():
    _add_routes(_kind)
