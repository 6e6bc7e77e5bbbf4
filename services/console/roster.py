"""Who works here and what they can: the items of the roster as people write them, and how an agent is told to the router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from shared.contracts.contact_events import AgentProfileChanged
from shared.contracts.fields import Channel, HeldSkill, Id, Level, Name
from shared.contracts.wire import from_iso
from shared.security import Role

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Password = Annotated[SecretStr, Field(min_length=12, max_length=128)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Item(BaseModel):
    """What all items share: unknown fields are refused, and a change names the version it was made from."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """The version read; None only when the item is new."""
    changed_at: datetime | None = Field(default=None, exclude=True)
    """Ignored on input, so that an item can be sent back as it was read."""

    @field_validator("*", mode="after")
    @classmethod
    def without_nul(cls, value: Any) -> Any:
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("must not hold NUL")
        return value


class Bilingual(BaseModel):
    model_config = ConfigDict(extra="forbid")

    zh: Label
    en: Label


class Team(Item):
    team_id: Id
    name: Label


class Site(Item):
    """A branch (营业点)."""

    site_id: Id
    name: Label
    district: Annotated[str, Field(max_length=100)] = ""
    number: Annotated[str, Field(max_length=32, pattern=r"^[+\d \-()]*$")] = ""
    hours: dict[Weekday, Annotated[list[tuple[TimeOfDay, TimeOfDay]], Field(max_length=6)]] = Field(
        default_factory=dict[Weekday, list[tuple[TimeOfDay, TimeOfDay]]]
    )


class Skill(Item):
    skill: Name
    name: Bilingual
    kind: Literal["language", "dialect", "product", "manner", "other"] = "other"


class ProfiledSkill(BaseModel):
    model_config = ConfigDict(extra="forbid")

    skill: Name
    level: Level


class GrantedSkill(ProfiledSkill):
    expires_at: datetime | None = None

    @field_validator("expires_at")
    @classmethod
    def zoned(cls, value: datetime | None) -> datetime | None:
        if value is not None and (value.tzinfo is None or not 1970 < value.year < 2200):
            raise ValueError("needs a UTC offset, and to lie between 1971 and 2199")
        return None if value is None else value.astimezone(UTC)


def _once(skills: list[Any]) -> list[Any]:
    names = [granted.skill for granted in skills]
    if len(names) != len(set(names)):
        raise ValueError("each skill once")
    return skills


class SkillProfile(Item):
    profile_id: Id
    name: Label
    skills: Annotated[list[ProfiledSkill], Field(max_length=100)] = Field(default_factory=list[ProfiledSkill])

    _each_once = field_validator("skills")(_once)


class Agent(Item):
    agent_id: Id
    display_name: Label
    pool: Name
    teams: Annotated[list[Id], Field(max_length=20)] = Field(default_factory=list[str])
    sites: Annotated[list[Id], Field(max_length=20)] = Field(default_factory=list[str])
    capacity: dict[Channel, Annotated[int, Field(ge=0, le=50)]] = Field(default_factory=dict[Channel, int])
    skills: Annotated[list[GrantedSkill], Field(max_length=100)] = Field(default_factory=list[GrantedSkill])
    active: bool = True

    _each_once = field_validator("skills")(_once)


class Account(Item):
    """A person who may sign in. `teams` and `sites` scope what a supervisor sees; both empty: the whole tenant."""

    user_id: Id
    user: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.@+\-]+$")]
    display_name: Label
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)]
    agent_id: Id | None = None
    teams: Annotated[list[Id], Field(max_length=50)] = Field(default_factory=list[str])
    sites: Annotated[list[Id], Field(max_length=50)] = Field(default_factory=list[str])
    language: Literal["zh", "en"] = "zh"
    active: bool = True
    password: Password | None = None

    @model_validator(mode="after")
    def sensible(self) -> Account:
        if Role.SERVICE in self.roles:
            raise ValueError("roles: service is for rooms of UCC, not for people")
        if Role.AGENT in self.roles and self.agent_id is None:
            raise ValueError("agent_id: somebody with the role agent needs one")
        return self


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of item: its name in addresses and statements, its key, its shape."""

    path: str
    table: str
    key: str
    model: type[Item]
    deletable: bool


KINDS: Mapping[str, Kind] = {
    kind.path: kind
    for kind in (
        Kind("users", "users", "user_id", Account, False),
        Kind("agents", "agents", "agent_id", Agent, False),
        Kind("teams", "teams", "team_id", Team, True),
        Kind("sites", "sites", "site_id", Site, True),
        Kind("skills", "skills", "skill", Skill, True),
        Kind("skill-profiles", "skill_profiles", "profile_id", SkillProfile, True),
    )
}


def held_skills(agent: Mapping[str, Any]) -> tuple[HeldSkill, ...]:
    """An agent item's skills as the router hears them."""
    return tuple(
        HeldSkill(skill["skill"], skill["level"], from_iso(skill["expires_at"]) if skill["expires_at"] else None)
        for skill in agent["skills"]
    )


def profile_changed(agent: Mapping[str, Any]) -> AgentProfileChanged:
    """The event that tells of an agent item's new skills, capacity, teams and sites."""
    capacity = {Channel(channel): n for channel, n in agent["capacity"].items()}
    return AgentProfileChanged(
        agent["agent_id"], held_skills(agent), capacity, tuple(agent["teams"]), tuple(agent["sites"])
    )


def granted_together(
    held: list[dict[str, Any]], granted: list[dict[str, Any]], *, replace: bool
) -> list[dict[str, Any]]:
    """Skills after a grant in bulk: *replace* gives exactly `granted`; *add* keeps others, and the higher level of both."""
    if replace:
        return granted
    together = {skill["skill"]: skill for skill in held}
    for skill in granted:
        present = together.get(skill["skill"])
        if present is None or skill["level"] >= present["level"]:
            together[skill["skill"]] = skill
    return [together[name] for name in sorted(together)]
