"""A campaign over its abandonment limit: never more calls than idle agents, and yet it goes on, so that the rate comes down."""

from __future__ import annotations

from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from tests.integration.outbound.conftest import GATEWAY, SECOND, House, Requests, until

ANNOUNCED = {
    "announcement": "This is Jinfeng. Ring 021-65432100; press 9 to refuse.",
    "refusal_key": "9",
    "agent_pause_seconds": 0,
}


async def test_it_goes_on_one_to_one(house: House, requests: Requests) -> None:
    """Numbers of Honolulu, where it is the afternoon; the first three who answer find nobody."""
    house.neighbours.idle(3)
    campaign = await house.campaign(rulesets=["us"], mode="predictive", document=ANNOUNCED)
    for n in range(9):
        await house.record(campaign, number=f"+180855501{n:02d}")
    first = await until(lambda: len(found := requests.of(campaign)) >= 3 and list(found))
    at = house.now() - 60 * SECOND

    def of(attempt: str) -> tuple[str, str, str]:
        return attempt, campaign, GATEWAY

    for call in first:
        await house.tell(
            AttemptRang(*of(call.attempt_id), at),
            AttemptAnswered(*of(call.attempt_id), at + SECOND, "person"),
            AttemptEnded(*of(call.attempt_id), "abandoned", at + 5 * SECOND),
        )
    # 3 of 3 abandoned: over the limit of 3 %, and still somebody is called, no more at once than agents are idle
    later = await until(lambda: [call for call in requests.of(campaign) if call not in first])
    assert 1 <= len(later) <= 3
    over = [row for row in await house.attempts(campaign) if row["closed_at"] is None]
    assert len(over) <= 3
    for call in later:
        await house.tell(AttemptConnected(*of(call.attempt_id), house.now(), "a-0"))
