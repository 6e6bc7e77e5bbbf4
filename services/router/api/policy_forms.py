"""What the policy's HTTP takes and answers, as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.router.policy.plans import PlanState
from services.router.policy.store import Waiting


class PolicyFault(BaseModel):
    line: int
    column: int
    path: str
    message: str
    code: str = "fault"


class PolicyCheck(BaseModel):
    ok: bool
    errors: list[PolicyFault] = []
    warnings: list[PolicyFault] = []


class PolicyChange(BaseModel):
    """`what` is added, removed, changed, or served_by (the number of agents who may serve a group at once)."""

    path: str
    what: str
    before: str
    after: str
    message: str
    touches_waiting: bool


class PolicyDifference(BaseModel):
    """`touches_waiting`: publishing asks whether it applies to those who wait already. `text`: unified diff."""

    changes: list[PolicyChange]
    touches_waiting: bool
    text: str


class RosterEntry(BaseModel):
    """An agent as the roster's API gives them; what else stands there is not needed."""

    model_config = ConfigDict(extra="ignore")

    agent_id: Annotated[str, Field(min_length=1, max_length=64)]
    name_zh: Annotated[str, Field(max_length=200)] = ""
    name_en: Annotated[str, Field(max_length=200)] = ""
    skills: Annotated[list[dict[str, Any]], Field(max_length=200)] = []
    teams: Annotated[list[str], Field(max_length=50)] = []
    sites: Annotated[list[str], Field(max_length=50)] = []
    active: bool = True


class ReviewWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    document: Annotated[str, Field(max_length=1_000_000)]
    roster: Annotated[list[RosterEntry], Field(max_length=5_000)] | None = None


class Edit(BaseModel):
    """One value set where the path says (null: no longer written), as the form beside the text does it."""

    model_config = ConfigDict(extra="forbid")

    document: Annotated[str, Field(max_length=1_000_000)]
    path: Annotated[str, Field(min_length=1, max_length=300)]
    value: str | int | bool | None


class Edited(BaseModel):
    document: str


class PolicyReview(PolicyCheck):
    """A draft held against the version in force and the roster; `picture` is null while it cannot be read.

    `needs_approval`: by the version in force, a second administrator must approve it.
    """

    base_version: int
    needs_approval: bool = False
    difference: PolicyDifference | None = None
    picture: dict[str, Any] | None = None


class SavedPolicy(BaseModel):
    version: int
    hash: str
    author: str
    note: str
    created_at: str
    waiting: Waiting
    approved_by: str | None
    restores: int | None


class PolicyPage(BaseModel):
    items: list[SavedPolicy]
    next: str | None = None


class CurrentPolicy(SavedPolicy):
    policy: dict[str, Any]


class PolicyAccepted(BaseModel):
    """Published (`version`; `PolicyApplied` says when it is in force), or kept as a plan: proposed or scheduled."""

    state: Literal["published", "proposed", "scheduled"]
    hash: str
    version: int | None = None
    plan_id: str | None = None
    publish_at: str | None = None


class SavedPlan(BaseModel):
    plan_id: str
    state: PlanState
    hash: str
    base_version: int
    waiting: Waiting
    publish_at: str | None
    author: str
    note: str
    approved_by: str | None
    settled_by: str | None
    version: int | None
    created_at: str
    settled_at: str | None


class PlanPage(BaseModel):
    items: list[SavedPlan]


class Draft(BaseModel):
    base_version: int
    document: str
    saved_at: str
