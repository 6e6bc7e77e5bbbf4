"""The whole audit of an installation: every partition's journal by the router's auditor, and what only several rooms
together can show: that a screen-pop's tenant, customer and contact match its assignment (I7), and that nothing
acknowledged was lost (I11).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.router.auditing.auditor import Auditor, Finding
from services.router.domain.core import decisions_from_json
from services.router.journal import Row, Store
from shared.contracts.routing_decisions import ContactAssigned
from shared.postgres import Pool, open_pool

PAGE = 1000
LISTED = "I1, I2, I3, I4, I6, I7, I10, I11"


@dataclass
class Audit:
    """What was looked at and what was found, over all partitions."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter[str])
    state_hashes: dict[int, str] = field(default_factory=dict[int, str])  # of a fold of each journal

    inputs: dict[int, int] = field(default_factory=dict[int, int])  # journaled, by partition

    def busiest_partition(self) -> int:
        return max(self.inputs, key=lambda partition: self.inputs[partition])

    @property
    def clean(self) -> bool:
        return not self.findings


async def audit(database_url: str, acknowledged: Collection[tuple[str, str]] = ()) -> Audit:
    """Audit everything committed when asked. `acknowledged`: (tenant, event id) pairs a producer was promised (I11)."""
    routers = await open_pool(database_url, "router", "worker", maximum=2)
    profiles = await open_pool(database_url, "profile", "worker", maximum=1)
    try:
        done = Audit()
        store = Store(routers)
        for partition in [record["partition"] for record in await routers.fetch("SELECT partition FROM partitions")]:
            await _partition(store, profiles, partition, done)
        await _acknowledged(routers, acknowledged, done)
        for partition, position in await store.disagreements():
            text = f"a fold to position {position} of partition {partition} gave another state than the owner's"
            done.findings.append(Finding("recovery", position, "state", text))
        return done
    finally:
        await profiles.close()
        await routers.close()


async def _partition(store: Store, profiles: Pool, partition: int, done: Audit) -> None:
    head = await store.head(partition)
    until = head.position if head else 0
    claims = [(epoch, position) for epoch, _, position in await store.claims(partition)]
    auditor = Auditor(partition, claims)
    position = 0
    while position < until:
        rows = await store.rows_after(partition, position, until, PAGE)
        for row in rows:
            auditor.feed(row)
        await _pops(profiles, rows, done)
        position = rows[-1].position
    report = auditor.close()
    done.findings += report.findings
    done.counts.update(report.counts)
    done.state_hashes[partition] = report.state_hash
    done.inputs[partition] = report.counts["inputs"]


async def _pops(profiles: Pool, rows: Sequence[Row], done: Audit) -> None:
    """I7: what profile shows for a contact is the contact, the tenant and the customer the router assigned.

    A customer an agent chose or created afterwards is theirs to choose; a lookup that came late changed the pop only.
    """
    assigned = list(_assignments(rows))
    if not assigned:
        return
    records = await profiles.fetch(
        "SELECT tenant_id, contact_id, channel, customer_id, linked_by FROM contacts WHERE contact_id = ANY ($1)",
        [assignment.contact_id for _, _, assignment in assigned],
    )
    pops = {str(record["contact_id"]): dict(record) for record in records}
    for position, tenant, assignment in assigned:
        done.counts["pops compared"] += 1
        fault = _pop_fault(tenant, assignment, pops.get(assignment.contact_id))
        if fault is not None:
            done.findings.append(Finding("I7", position, assignment.contact_id, fault))


def _assignments(rows: Sequence[Row]) -> Iterable[tuple[int, str, ContactAssigned]]:
    """(position, tenant, assignment) of every ContactAssigned in the rows."""
    for row in rows:
        if ContactAssigned.__name__ in row.decisions:
            for decided in decisions_from_json(row.decisions):
                if isinstance(decided.decision, ContactAssigned):
                    yield row.position, decided.tenant, decided.decision


def _pop_fault(tenant: str, assignment: ContactAssigned, pop: Mapping[str, Any] | None) -> str | None:
    if pop is None:
        return "assigned, but profile has no pop of the contact"
    if pop["tenant_id"] != tenant:
        return "the pop is another tenant's"
    if pop["channel"] != assignment.channel:
        return "the pop is of another channel"
    routed = assignment.customer_id
    if routed is not None and pop["linked_by"] == "lookup" and pop["customer_id"] != routed:
        return "the pop shows another customer than the contact was routed for"
    return None


async def _acknowledged(routers: Pool, acknowledged: Collection[tuple[str, str]], done: Audit) -> None:
    """I11: each acknowledged event is in the journal."""
    done.counts["acknowledged events"] = len(acknowledged)
    for tenant in sorted({tenant for tenant, _ in acknowledged}):
        promised = [event_id for owner, event_id in acknowledged if owner == tenant]
        lost = await routers.fetch(
            "SELECT promised.id FROM unnest($2::text[]) AS promised(id) WHERE NOT EXISTS "
            "(SELECT 1 FROM journal WHERE tenant_id = $1 AND event_id = promised.id)",
            tenant, promised,
        )  # fmt: skip
        done.findings += [Finding("I11", 0, record["id"], "acknowledged, but not journaled") for record in lost]
