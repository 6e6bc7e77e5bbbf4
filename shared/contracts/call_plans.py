"""Topic `call-plans`: whom a planner (ours, or an existing system) wants to have called, and why. outbound makes campaigns and
lists of it; each entry keeps its lineage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.fields import Id, Microseconds, Name, ShortText, personal


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One customer to be called. `reason` and `promised` are what the agent reads before the conversation begins."""

    key: Annotated[str, Field(min_length=1, max_length=128)]  # the planner's own; again the same is the same entry
    customer_id: Id | None = None
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    value: Annotated[int, Field(ge=0, le=2**53)] = 0  # expected, in cents
    language: Name | None = None
    time_zone: ShortText | None = None  # of the address, IANA
    suggestion: ShortText | None = None  # product or action
    evidence: ShortText | None = None  # e.g. "12 % of sales, n=412"
    number: ShortText | None = personal()
    name: ShortText | None = personal()
    reason: ShortText | None = personal()
    promised: ShortText | None = personal()
    subject: Annotated[str, Field(max_length=64)] | None = None  # a particular debt or product; none: the campaign's


@dataclass(frozen=True, slots=True)
class CallPlanned:
    """A page of a plan. The campaign is made with the first page (as `draft`: a person looks at it before anybody is called) or
    named; pages of one plan fill one list."""

    plan_id: Id
    kind: Literal["marketing", "service_followup", "promised_reply", "requested_callback"]
    title: ShortText
    made_at: Microseconds
    page: Annotated[int, Field(ge=0, le=100_000)] = 0
    pages: Annotated[int, Field(ge=1, le=100_000)] = 1
    calls: Annotated[tuple[PlannedCall, ...], Field(max_length=500)] = ()
    campaign: Id | None = None  # an existing one that takes it
    group: Name | None = None
    business_line: Name | None = None
    complete_by: Microseconds | None = None
    lineage: ShortText | None = None  # which analysis it comes from


CallPlan = CallPlanned
