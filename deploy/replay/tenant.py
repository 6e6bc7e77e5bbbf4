"""The tenant a log is replayed in: its policy, agents and customers, made from the mapping and the plan.

Waits that guard the machinery (a profile's answer, an agent's page, a connection) are network matters: under a fast
clock they are multiplied by its rate, so that they stay what they are in wall time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from deploy.demo.customers import mobile_number
from deploy.demo.tables import customer_table
from deploy.replay.plan import Plan
from services.router.what_if.records import calls
from services.router.what_if.records.mapping import LogMap
from shared.contracts.crm_records import CustomerRecorded, Identity
from shared.contracts.fields import SECOND, AddressKind

TENANT, POOL = "replay", "main"
SOURCE = "call-log"
BUSINESS_LINE, WEB_LINE, WEB_GROUP = "recorded", "web", "web-questions"


def policy_document(mapping: LogMap, rate: float) -> str:
    """The policy (YAML): one question group per group of the log, no wrap-up (the log's service time holds it all)."""
    scaled = {
        "enrichment_wait_ms": min(10_000, int(150 * rate)),
        "connect_timeout_seconds": min(600, int(20 * rate)),
        "missed_exclusion_seconds": min(3_600, int(10 * rate)),
    }
    offer_timeout = min(3_600, int(20 * rate))
    groups = {
        name: _group(BUSINESS_LINE, {"phone": mapping.answer_within_seconds}, {"phone": offer_timeout})
        for name in sorted(set(mapping.groups.values()))
    }
    groups[WEB_GROUP] = _group(WEB_LINE, {"web": 60}, {"web": offer_timeout})
    return yaml.safe_dump(
        {
            **scaled,
            "preferred_wait_seconds": 0,
            "business_lines": {
                BUSINESS_LINE: {"name": "recorded calls", "default_group": min(mapping.groups.values())},
                WEB_LINE: {"name": "web questions", "default_group": WEB_GROUP},
            },
            "tiers": {
                tier: {"name": tier, "head_start_seconds": seconds}
                for tier, seconds in mapping.head_start_seconds.items()
            },
            "capacity": {
                "phone": {"maximum": 1, "weight": 50},
                "web": {"maximum": 2, "weight": 25},
                "max_load": 100,
                "interrupted_by": {"web": ["phone"], "phone": ["web"]},
            },
            "groups": groups,
        },
        allow_unicode=True,
        sort_keys=False,
    )


def _group(line: str, targets: Mapping[str, int], timeouts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "business_line": line,
        "channels": list(targets),
        "targets": dict(targets),
        "offer_timeout_seconds": dict(timeouts),
        "auto_accept": True,
        "wrap_up": {channel: {"mode": "none"} for channel in targets},
    }


def agent_names(plan: Plan) -> Mapping[str, str]:
    """The log's agents → ids here (`agent-01` …); the log's own names stay out."""
    return calls.agent_names(plan.shifts)


def roster_items(agents: Sequence[str], passwords: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """(kind, item) for console's roster interface: an agent and a user each."""
    items: list[tuple[str, dict[str, Any]]] = []
    for agent in agents:
        items.append(("agents", {"agent_id": agent, "display_name": agent, "pool": POOL, "teams": [], "sites": [],
                                 "skills": []}))  # fmt: skip
        items.append(("users", {"user_id": f"u-{agent}", "user": agent, "display_name": agent, "roles": ["agent"],
                                "agent_id": agent, "password": passwords[agent]}))  # fmt: skip
    return items


def numbers(plan: Plan) -> Mapping[str, str]:
    """The log's identified customers → telephone numbers that reach nobody."""
    return {customer: mobile_number(index) for index, customer in enumerate(sorted(plan.tiers))}


def customers_table(plan: Plan) -> bytes:
    """The log's identified customers with their tiers, as profile imports them."""
    told = numbers(plan)
    return customer_table(
        CustomerRecorded(
            source=SOURCE,
            key=customer,
            revised_at=plan.begins // SECOND * SECOND,
            tier=tier,
            name=f"客户 {customer}",
            identities=(Identity(AddressKind.PHONE, told[customer]),),
        )
        for customer, tier in sorted(plan.tiers.items())
    )
