"""The demo's campaigns: callbacks its customers asked for, dialled ahead of free agents in the simulated network; and a follow-up
after deals, waiting to be looked at and started."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

from deploy.clients.administration import POLL_SECONDS, Administration
from shared.contracts.crm_records import CustomerRecorded
from shared.contracts.fields import AddressKind

SHOWN = "+862195000000"
"""The number our calls show: the main number."""
GROUP = "follow-ups"
CALLED, FOLLOWED_UP = 1_500, 400
"""Records of the running campaign, and of the one that waits."""

_SCRIPT = {
    "zh": "您好，这里是金丰易居，您之前约我们回电。请问现在方便吗？",
    "en": "Hello, this is Jinfeng. You asked us to call you back. Is this a good moment?",
}
_FOLLOW_UP = {
    "zh": "您好，这里是金丰易居。您签约满一个月了，想听听您住得是否满意。",
    "en": "Hello, this is Jinfeng. You signed a month ago; we would like to hear how you are settling in.",
}
_ANNOUNCEMENT = "这里是金丰易居，刚才给您回电但未能接通客服。请拨 021-9500-0000 与我们联系，不愿再接到来电请按 9。"


def prepare_campaigns(administration: Administration, gateway_id: str, customers: Sequence[CustomerRecorded],
                      progress: Callable[[str, int, int], None]) -> None:  # fmt: skip
    """What is there already is left as it is. Raises ServiceRefused."""
    if administration.there("outbound", "/v1/campaigns/demo-followup"):
        return
    administration.call(
        "PUT", "outbound", "/v1/operator",
        json={"licence": "demo", "records_conversations": True, "keeps_days": 1_900, "rulesets": ["cn", "restraint"]},
    )  # fmt: skip
    administration.call("PUT", "outbound", "/v1/caller-ids", json={"number": SHOWN, "verified": True})
    administration.call(
        "PUT", "outbound", "/v1/trunks/demo", json={"gateway_id": gateway_id, "calls_per_second": 5, "channels": 60}
    )
    reachable = [c for c in customers if _number(c)]
    asked = [(c, "预约回电", "今天回复您的咨询") for c in reachable[-CALLED:]]
    signed = [(c, "签约满月回访", "") for c in reachable[:FOLLOWED_UP]]
    both = (
        ("demo-callbacks", "预约回电 Callbacks asked for", "predictive", "requested_callback", _SCRIPT, asked),
        ("demo-followup", "签约回访 After-sale follow-up", "preview", "service_followup", _FOLLOW_UP, signed),
    )
    for number, (campaign_id, title, mode, purpose, script, rows) in enumerate(both, 1):
        administration.call(
            "POST", "outbound", "/v1/campaigns",
            json={
                "campaign_id": campaign_id, "title": title, "mode": mode, "purpose": purpose, "group": GROUP,
                "business_line": "rental", "gateway_id": gateway_id, "rulesets": ["cn", "restraint"],
                "choices": {"script": script, "announcement": _ANNOUNCEMENT, "dispositions": ["resolved", "promised", "unresolved"]},
            },
        )  # fmt: skip
        _fill(administration, campaign_id, rows)
        progress("campaigns", number, len(both))
    administration.call("POST", "outbound", "/v1/campaigns/demo-callbacks/start")


def _fill(administration: Administration, campaign_id: str, rows: Sequence[tuple[CustomerRecorded, str, str]]) -> None:
    """Upload a list as a campaign manager would, confirm the columns as guessed, and wait for its end."""
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("id", "phone", "name", "language", "reason", "promised"))
    for customer, reason, promised in rows:
        table.writerow((customer.key, _number(customer), customer.name, customer.language, reason, promised))
    handed_in = administration.call(
        "POST", "outbound", "/v1/imports", params={"campaign": campaign_id, "time_zone": "Asia/Shanghai"},
        files={"file": (f"{campaign_id}.csv", text.getvalue().encode())},
    )  # fmt: skip
    _until(administration, handed_in["import_id"], "mapping")
    administration.call("POST", "outbound", f"/v1/imports/{handed_in['import_id']}/start", json={})
    _until(administration, handed_in["import_id"], "done")


def _until(administration: Administration, import_id: str, wanted: str) -> Any:
    while True:
        state = administration.call("GET", "outbound", f"/v1/imports/{import_id}")
        if state["state"] == wanted:
            return state
        if state["state"] == "failed":
            raise RuntimeError(f"the demo's list was not taken over: {state['failure']}")
        time.sleep(POLL_SECONDS)


def _number(customer: CustomerRecorded) -> str | None:
    return next((i.value for i in customer.identities if i.kind is AddressKind.PHONE and i.value), None)
