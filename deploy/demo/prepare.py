"""Makes the demo tenant through the services' own interfaces; whatever is already there is left as it is."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.clients.administration import Administration, ServiceRefused
from deploy.data_directory import DataDirectory
from deploy.demo.campaigns import prepare_campaigns
from deploy.demo.channels import fax_line, telephone, web_site
from deploy.demo.customers import SOURCE, Ledger, generate
from deploy.demo.roster import Roster, load_roster, roster_items
from deploy.demo.self_service import prepare_self_service
from deploy.demo.tables import customer_table, deal_table
from deploy.stack import Ground
from deploy.tenants import create_pool, create_tenant
from shared.security import Role

POLICY_FILE = Path(__file__).parent / "policy.yaml"
CUSTOMERS = 5_000
SEED = 19_990_203
GATEWAYS: Mapping[str, str] = {"phone": "Simulated telephone exchange", "web": "Simulated web site and fax"}
SETUP_TOKEN_SECONDS = 3_600

Progress = Callable[[str, int, int], None]
"""Hears what is being made, how many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class GatewayCredential:
    gateway_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """The prepared tenant, and what the simulators need to take part in it."""

    roster: Roster
    passwords: Mapping[str, str]  # user → password
    gateways: Mapping[str, GatewayCredential]  # by the demo's own name


def write_tenant(ground: Ground, roster: Roster) -> None:
    """The tenant and its pool in the directory: before the services start, so that they know it from the first event."""
    create_tenant(ground.database_url, roster.tenant, roster.title, country=roster.country, time_zone=roster.time_zone)
    create_pool(ground.database_url, roster.tenant, roster.pool, partitions=ground.kafka_partitions)


def prepare(ground: Ground, data: DataDirectory, progress: Progress) -> DemoTenant:
    """Policy, roster, gateways, customers and deals. Blocking; the services must be up. Raises ServiceRefused."""
    roster = load_roster()
    passwords = demo_passwords(roster, data)
    token = ground.token("ucc-demo", roster.tenant, Role.ADMIN, seconds=SETUP_TOKEN_SECONDS)
    administration = Administration(
        token, {name: ground.url(name) for name in ("router", "profile", "ivr", "outbound", "gateway", "console")}
    )
    try:
        if administration.policy_text() is None:
            administration.publish_policy(POLICY_FILE.read_text(encoding="utf-8"), "demo")
        prepare_self_service(administration, progress)
        _people(administration, roster, passwords, progress)
        gateways = {name: gateway_credential(administration, data, name, title) for name, title in GATEWAYS.items()}
        ledger = demo_ledger(roster)
        _channels(administration, data, roster, ledger)
        _customers(administration, ledger, data, progress)
        line = gateway_credential(administration, data, "telephone", "Telephone simulator")
        prepare_campaigns(administration, line.gateway_id, ledger.customers, progress)
    finally:
        administration.close()
    return DemoTenant(roster, passwords, gateways)


def demo_passwords(roster: Roster, data: DataDirectory) -> dict[str, str]:
    """People who sign in by hand share one short password; each simulated agent has its own."""
    shown = data.secret("demo_password", lambda: f"jinfeng-{secrets.token_hex(3)}")
    hidden = data.secret("simulated_agents_key").encode()
    passwords = {person["user"]: shown for person in roster.staff}
    for seat in roster.seats:
        own = hmac.new(hidden, seat.user.encode(), hashlib.sha256).hexdigest()[:32]
        passwords[seat.user] = shown if seat.free else own
    return passwords


def _people(administration: Administration, roster: Roster, passwords: Mapping[str, str], progress: Progress) -> None:
    items = roster_items(roster, passwords)
    if administration.there("console", f"/api/roster/{items[-1][0]}/{items[-1][1]}"):
        return  # the last one is there, so all are
    for number, (kind, _, item) in enumerate(items, 1):
        try:
            administration.call("POST", "console", f"/api/roster/{kind}", json=item)
        except ServiceRefused as error:
            if error.status != 409:  # 409: made by a first start that was interrupted
                raise
        progress("people", number, len(items))


def gateway_credential(
    administration: Administration, data: DataDirectory, name: str, title: str, **more: Any
) -> GatewayCredential:
    """The credential the data directory keeps under `name`; made and written down the first time (it is shown once)."""
    if (kept := data.kept(f"gateway:{name}")) is None:
        made = administration.call("POST", "gateway", "/v1/gateways", json={"title": title, **more})
        kept = json.dumps({"gateway_id": made["gateway_id"], "secret": made["secret"]})
        data.keep(f"gateway:{name}", kept)
    return GatewayCredential(**json.loads(kept))


def _channels(administration: Administration, data: DataDirectory, roster: Roster, ledger: Ledger) -> None:
    """The site's chat, the telephone in the browser ("call us") and the fax line."""
    site = gateway_credential(administration, data, "site", "Web chat", kind="web", settings=web_site())
    free_seat = next(seat.agent_id for seat in roster.seats if seat.free)
    phone = telephone(site.gateway_id, ledger.customers, free_seat)
    gateway_credential(administration, data, "telephone", "Telephone simulator", kind="simulator", settings=phone)
    gateway_credential(administration, data, "fax-line", "Fax line", kind="fax", settings=fax_line())


def demo_ledger(roster: Roster) -> Ledger:
    """The demo's customers with their deals as of today."""
    owners = [seat.agent_id for seat in roster.seats]
    return generate(CUSTOMERS, seed=SEED, today=datetime.now(UTC).date(), owners=owners)


def _customers(administration: Administration, ledger: Ledger, data: DataDirectory, progress: Progress) -> None:
    if data.kept("demo_customers"):
        return
    total = len(ledger.customers) + len(ledger.deals)
    administration.import_table(
        "customers",
        SOURCE,
        "customers.csv",
        customer_table(ledger.customers),
        lambda n: progress("customers", n, total),
    )
    administration.import_table(
        "deals", SOURCE, "deals.csv", deal_table(ledger.deals),
        lambda n: progress("deals", len(ledger.customers) + n, total),
    )  # fmt: skip
    data.keep("demo_customers", f"{CUSTOMERS}")
