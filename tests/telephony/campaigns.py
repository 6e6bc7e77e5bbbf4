"""Campaigns of the real engine in the telephony house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.telephony.house import SHOWN, House

PLANNED = 500  # calls a page of a plan may hold


def ready_to_dial(house: House) -> None:
    """The operator's word, the number shown and the lines. The purpose of all these campaigns is a callback the person asked for,
    which may be made at any hour a test runs."""
    administration = house.administration()
    try:
        operator = {"licence": "tests", "records_conversations": True, "keeps_days": 1_900, "rulesets": ["restraint"]}
        administration.call("PUT", "outbound", "/v1/operator", json=operator)
        administration.call("PUT", "outbound", "/v1/caller-ids", json={"number": SHOWN, "verified": True})
        unverified = {"number": "+862195000001", "verified": False}
        administration.call("PUT", "outbound", "/v1/caller-ids", json=unverified)
        trunk = {"gateway_id": house.gateway_id, "calls_per_second": 10, "channels": 60}
        administration.call("PUT", "outbound", "/v1/trunks/lines", json=trunk)
    finally:
        administration.close()


def begin_campaign(
    house: House, campaign_id: str, numbers: Sequence[str], mode: str = "progressive", **choices: Any
) -> None:
    """Made, its list filled by a plan, and started."""
    administration = house.administration()
    chosen = {"announcement": "This was a call from the rental company.", "agent_pause_seconds": 0,
              "occupancy_ceiling": None, "language": "en", **choices}  # fmt: skip
    campaign = {
        "campaign_id": campaign_id, "title": campaign_id, "mode": mode, "purpose": "requested_callback", "group": "rounds",
        "business_line": "rental", "gateway_id": house.gateway_id, "rulesets": ["restraint"], "choices": chosen,
    }  # fmt: skip
    pages = [numbers[at : at + PLANNED] for at in range(0, len(numbers), PLANNED)]
    try:
        administration.call("POST", "outbound", "/v1/campaigns", json=campaign)
        for n, page in enumerate(pages):
            plan = {
                "plan_id": campaign_id, "kind": "requested_callback", "title": campaign_id, "made_at": 1, "page": n,
                "pages": len(pages), "campaign": campaign_id,
                "calls": [{"key": number, "number": number, "reason": "asked to be rung"} for number in page],
            }  # fmt: skip
            administration.call("POST", "outbound", "/v1/plans", json=plan)
        administration.call("POST", "outbound", f"/v1/campaigns/{campaign_id}/start")
    finally:
        administration.close()


def stop_campaign(house: House, campaign_id: str) -> Mapping[str, Any]:
    """For good; its figures of that moment."""
    administration = house.administration()
    try:
        administration.call("POST", "outbound", f"/v1/campaigns/{campaign_id}/stop")
    finally:
        administration.close()
    return live_of(house, campaign_id)


def live_of(house: House, campaign_id: str) -> Mapping[str, Any]:
    """What the campaign's page shows: also for messages of failing assertions."""
    administration = house.administration()
    try:
        return administration.call("GET", "outbound", f"/v1/campaigns/{campaign_id}/live")
    finally:
        administration.close()
