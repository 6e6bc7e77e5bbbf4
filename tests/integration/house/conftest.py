"""The whole house in one process on the session's broker and a fresh database, with tenants that know nothing of each other."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest_asyncio
from PIL import Image

from deploy.embedded import create_database, fresh_name
from deploy.stack import PORT_OFFSETS, Ground, listeners, running
from deploy.tenants import create_pool, create_tenant
from shared.contracts.wire import TOPICS
from shared.kafka import create_topics
from shared.security import Principal, Role, issue_token, new_signing_key
from tests.brokers import free_port
from tests.conftest import Broker

DEMO = Path(__file__).parents[3] / "deploy" / "demo"
POLICY = (Path(__file__).parent / "policy.yaml").read_text(encoding="utf-8")
CALLS = (
    b"call_id,queued_at,wait_seconds,talk_seconds,queue,agent\n"
    b"1,2026-01-01 09:00:00,5,60,rent,Ann\n2,2026-01-01 09:00:20,30,0,rent,\n"
)
"""A call record of two calls."""
QUESTION = {
    "business_line": "rental",
    "group": "rental",
    "titles": {"zh": "押金"},
    "answers": {"voice": {"zh": "一个月。"}},
}
DIALOGUE = (DEMO / "dialogues" / "fax.yaml").read_text(encoding="utf-8")
TENANTS = ("east", "west", "north")  # north is there to be assaulted


@dataclass
class Tenant:
    """One tenant of the house and the ids of what was made in it."""

    tenant: str
    api_key: str = ""
    visitor: str = ""  # token of a visitor of its web site
    caller: str = ""  # token of a call at its telephone simulator
    made: dict[str, str] = field(default_factory=dict)  # path parameter → id


@dataclass
class House:
    ground: Ground
    client: httpx.AsyncClient
    tenants: dict[str, Tenant] = field(default_factory=dict)

    def bearer(self, tenant: str, *roles: Role, agent_id: str | None = None) -> dict[str, str]:
        principal = Principal(f"{tenant}-user", tenant, frozenset(roles), agent_id)
        return {"authorization": f"Bearer {issue_token(self.ground.signing_key, principal, lifetime_seconds=3600)}"}

    async def ask(
        self, service: str, method: str, path: str, headers: dict[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        return await self.client.request(method, self.ground.url(service) + path, headers=headers or {}, **request)

    async def made(self, service: str, method: str, path: str, headers: dict[str, str], **request: Any) -> Any:
        answer = await self.ask(service, method, path, headers, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()


def fax_page() -> bytes:
    page = io.BytesIO()
    Image.new("1", (400, 300), 1).save(page, "TIFF", compression="group4")
    return page.getvalue()


async def _record(house: House, tenant: Tenant) -> str:
    """A recording, as an adapter would leave it: no route takes one in."""
    recording_id = f"{tenant.tenant}-recording"
    connection = await asyncpg.connect(house.ground.database_url)
    try:
        await connection.execute(
            "WITH kept AS (INSERT INTO gateway.recordings VALUES ($1, $2, $3, $4, 0, 1, 1, 4, true, '[]', NULL, '\\x00', $5) "
            "RETURNING tenant_id, recording_id) INSERT INTO gateway.recording_pieces SELECT *, 0, 'RIFF'::bytea FROM kept",
            tenant.tenant, recording_id, tenant.made["contact_id"], tenant.made["gateway_id"], 2**53,
        )  # fmt: skip
    finally:
        await connection.close()
    return recording_id


async def _campaign(house: House, tenant: Tenant, admin: dict[str, str]) -> None:
    """A draft with a record and an attempt nothing was heard of, as the engine would leave them."""
    body = {"title": "spring", "mode": "progressive", "purpose": "service_followup", "group": "rental", "business_line": "rental",
            "gateway_id": tenant.made["gateway_id"], "campaign_id": f"{tenant.tenant}-campaign"}  # fmt: skip
    made = await house.made("outbound", "POST", "/v1/campaigns", admin, json=body)
    campaign, record, attempt = made["campaign_id"], tenant.made["record_id"], f"{tenant.tenant}-attempt"
    connection = await asyncpg.connect(house.ground.database_url)
    try:
        await connection.execute(
            "INSERT INTO outbound.lists (tenant_id, list_id, campaign_id, title, source, created_at) VALUES ($1, $2, $2, 'L', 'api', 0)",
            tenant.tenant, campaign,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO outbound.records (tenant_id, campaign_id, record_id, list_id, person_key, numbers, created_at)"
            """ VALUES ($1, $2, $3, $2, 'k', '[{"number": "+862155550001", "key": "k"}]', 0)""",
            tenant.tenant, campaign, record,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO outbound.attempts (tenant_id, attempt_id, campaign_id, record_id, n, person_key, number_key, number_index,"
            " purpose, subject, mode, first, pool_id, group_name, gateway_id, epoch, state, authorised_at, not_after,"
            " ring_seconds, authorisation)"
            " VALUES ($1, $2, $3, $4, 1, 'k', 'k', 0, 'service_followup', '', 'progressive', 'customer', 'main', 'rental', $5, 1,"
            " 'unknown', 0, 0, 25, '{}')",
            tenant.tenant, attempt, campaign, record, tenant.made["gateway_id"],
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO outbound.imports (tenant_id, import_id, campaign_id, list_id, title, state, columns, fields, sample, total_rows,"
            " uploaded_at, uploaded_by) VALUES ($1, $2, $3, 'l-1', 'L', 'mapping', '{phone}', '{number}', $4, 1, 0, 'u')",
            tenant.tenant, tenant.made["import_id"], campaign, '[[2, ["+862155550005"]]]',
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO outbound.import_presets VALUES ($1, $2, '{}', 0, 'u')",
            tenant.tenant,
            f"{tenant.tenant}-preset",
        )
    finally:
        await connection.close()
    tenant.made |= {
        "campaign_id": campaign,
        "attempt_id": attempt,
        "trunk_id": "t-1",
        "name": f"{tenant.tenant}-preset",
    }


async def _open_site(house: House, tenant: Tenant, admin: dict[str, str]) -> None:
    """A web site with a visitor who has sent a file."""
    line = {"business_line": "rental", "title": {"zh": "租房", "en": "Renting"}}
    settings = {"lines": [line], "sessions_per_minute": 10_000, "messages_per_minute": 10_000}
    body = {"title": "site", "kind": "web", "settings": settings}
    site = (await house.made("gateway", "POST", "/v1/gateways", admin, json=body))["gateway_id"]
    tenant.visitor = (await house.made("gateway", "POST", f"/v1/web/{site}/sessions", {}, json={}))["token"]
    own = {"authorization": f"Bearer {tenant.visitor}"}
    begun = {"key": f"{tenant.tenant}-first", "text": "hello"}
    await house.made("gateway", "POST", f"/v1/web/{site}/contacts", own, json=begun)
    sent = await house.made(
        "gateway", "POST", f"/v1/web/{site}/files", own, params={"key": f"{tenant.tenant}-file"}, content=b"a note"
    )
    body = {
        "title": "telephone",
        "kind": "simulator",
        "settings": {"entries": [{"entry": "100", "business_line": "rental"}]},
    }
    telephone = (await house.made("gateway", "POST", "/v1/gateways", admin, json=body))["gateway_id"]
    call = await house.made("gateway", "POST", f"/v1/simulator/{telephone}/calls", {}, json={"entry": "100"})
    tenant.caller = call["token"]
    tenant.made |= {"site": site, "attachment_id": sent["file_id"], "telephone": telephone}


async def _furnish(house: House, name: str) -> Tenant:
    """Through the public interfaces: a policy, a gateway, a fax contact, a customer with a case, a roster."""
    tenant = Tenant(name)
    admin = house.bearer(name, Role.ADMIN)
    agent = house.bearer(name, Role.AGENT, agent_id=f"{name}-agent")
    made = tenant.made
    await house.made(
        "router", "PUT", "/v1/policy", {**admin, "content-type": "application/yaml"}, content=POLICY.encode()
    )
    later = {"at": "2099-01-01T08:00:00+08:00"}
    plan = await house.made(
        "router", "PUT", "/v1/policy", {**admin, "content-type": "application/yaml", "idempotency-key": f"{name}-plan"},
        params=later, content=POLICY.encode(),
    )  # fmt: skip
    made |= {"version": "1", "plan_id": plan["plan_id"]}
    record = await house.made(
        "router", "POST", "/v1/what-if/records", admin, files={"file": ("calls.csv", CALLS, "text/csv")}
    )
    run = await house.made(
        "router", "POST", "/v1/what-if/runs", admin, json={"record_id": record["record_id"], "seeds": 1}
    )
    made |= {"record_id": record["record_id"], "run_id": run["run_id"]}
    gateway = await house.made("gateway", "POST", "/v1/gateways", admin, json={"title": "fax server"})
    tenant.api_key, made["gateway_id"] = gateway["api_key"], gateway["gateway_id"]
    key = {"authorization": f"ApiKey {tenant.api_key}"}
    fax = await house.made(
        "gateway", "POST", "/v1/faxes", key, data={"business_line": "rental", "from": "+862100000000", "subject": f"{name}-fax"},
        files={"file": ("fax.tiff", fax_page(), "image/tiff")},
    )  # fmt: skip
    await _open_site(house, tenant, admin)
    made |= {"contact_id": fax["contact_id"], "file_id": fax["file_id"], "number": "1", "subject": f"{name}-fax"}
    customer = await house.made(
        "profile", "POST", "/v1/customers", agent,
        json={"name": f"客户 {name}", "identities": [{"kind": "phone", "value": "13800000000"}]},
    )  # fmt: skip
    made["customer_id"] = customer["customer"]["customer_id"]
    made["identity_id"] = customer["customer"]["identities"][0]["identity_id"]
    case = await house.made(
        "profile", "POST", "/v1/cases", agent,
        json={"customer_id": made["customer_id"], "kind": "repair", "subject": "boiler", "owner": f"{name}-agent"},
    )  # fmt: skip
    made["case_id"] = case["case_id"]
    promise = await house.made(
        "profile", "POST", f"/v1/cases/{made['case_id']}/promises", agent,
        json={"text": "call back", "owner": f"{name}-agent", "due_at": "2030-01-01T10:00:00+08:00"},
    )  # fmt: skip
    made["promise_id"] = promise.get("promise_id") or promise["promises"][0]["promise_id"]
    made |= {"question_id": f"{name}-q1", "dialogue_id": f"{name}-d1", "form": "svg", "content": "0" * 40}
    supervisor = house.bearer(name, Role.SUPERVISOR)
    await house.made("ivr", "POST", "/v1/questions", supervisor, json={"id": made["question_id"], **QUESTION})
    await house.made("ivr", "PUT", f"/v1/dialogues/{made['dialogue_id']}", supervisor, content=DIALOGUE.encode())
    done = await house.made(
        "profile", "POST", "/v1/imports", admin, params={"kind": "customers", "source": "crm"},
        files={"file": ("customers.csv", b"key,name\nk1,\xe7\x8e\x8b\xe8\x8a\xb3\n", "text/csv")},
    )  # fmt: skip
    made["import_id"] = done["import_id"]
    roster: dict[str, tuple[str, dict[str, object]]] = {
        "teams": ("team", {"team_id": f"{name}-team", "name": "Team"}),
        "sites": ("site", {"site_id": f"{name}-site", "name": "Site"}),
        "skills": ("skill", {"skill": f"{name}-skill", "name": {"zh": "技能", "en": "Skill"}}),
        "skill-profiles": ("profile", {"profile_id": f"{name}-profile", "name": "Profile"}),
        "agents": ("agent", {"agent_id": f"{name}-agent", "display_name": "Agent", "pool": "main"}),
        "users": ("user", {"user_id": f"{name}-user", "user": f"{name}-user", "display_name": "User", "roles": ["agent"],
                           "agent_id": f"{name}-agent", "password": "a long enough password"}),
    }  # fmt: skip
    for kind, (label, body) in roster.items():
        await house.made("console", "POST", f"/api/roster/{kind}", admin, json=body)
        made[kind] = f"{name}-{label}"
    made |= {"agent_id": f"{name}-agent", "offer_id": f"{name}-offer", "partition": "0"}
    made["recording_id"] = await _record(house, tenant)
    await _campaign(house, tenant, admin)
    async with asyncio.timeout(20):  # the profile has heard of the contact
        while not (await house.ask("profile", "GET", f"/v1/contacts/{made['contact_id']}/pop", agent)).is_success:
            await asyncio.sleep(0.1)
    return tenant


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def house(postgres_server: str, migrated_template: str, broker: Broker) -> AsyncGenerator[House]:
    database_url = create_database(postgres_server, fresh_name("ucc_test"), template=migrated_template)
    ports = {service: free_port() for service in PORT_OFFSETS}
    ground = Ground(
        database_url,
        broker.bootstrap_servers,
        broker.partitions,
        new_signing_key(),
        ports=ports,
        extra={"speech": False},
    )
    for name in TENANTS:
        await asyncio.to_thread(create_tenant, database_url, name, name)
        await asyncio.to_thread(create_pool, database_url, name, "main", partitions=broker.partitions)
    await create_topics(broker.bootstrap_servers, broker.partitions, 1, TOPICS)
    async with running(ground, listeners("127.0.0.1", ports)):
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            built = House(ground, client)
            for name in TENANTS:
                built.tenants[name] = await _furnish(built, name)
            yield built
