"""A journal kept in memory, held against the invariants as the auditor does with a stored one."""

from __future__ import annotations

import json
from collections.abc import Iterable

from services.router.auditing.auditor import AuditReport, audit
from services.router.journal import Row


def audited(journal: Iterable[tuple[str, str]]) -> AuditReport:
    """`journal`: text of each input and of its decisions, positions from 0 on."""
    rows: list[Row] = []
    sequence = 1
    for given, decisions in journal:
        facts = json.loads(given)
        facts["position"] += 1  # a journal begins with position 1
        count = len(json.loads(decisions))
        rows.append(
            Row(facts["position"], 1, facts["now"], facts["tenant"], facts["pool"], sequence, count, json.dumps(facts), decisions)
        )  # fmt: skip
        sequence += count
    return audit(rows, 0)
