"""The shapes of requests and answers shared by several routes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import HTTPException, Query
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.profile.numbers import UnusableAddress, normal_form
from services.profile.store.customers import NewIdentity
from shared.contracts.fields import AddressKind
from shared.http import decode_cursor

NO_NUL = r"^[^\x00]*$"
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.\-]+$")]
Line = Annotated[str, Field(min_length=1, max_length=256, pattern=NO_NUL)]
Prose = Annotated[str, Field(max_length=16_000, pattern=NO_NUL)]
Moment = Annotated[
    AwareDatetime,
    Field(description="RFC 3339 with offset", ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC)),
]

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=1000)]
FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)

ItemT = TypeVar("ItemT")


class Request(BaseModel):
    """A request body; unknown fields are mistakes of the caller and said so."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[ItemT]):
    """A keyset page; `next` goes on from its last item."""

    items: list[ItemT]
    next: str | None


class IdentityIn(Request):
    kind: AddressKind
    value: Line
    label: Line | None = None


class FieldFault(RequestValidationError):
    """A field that cannot be used, found after the validation of shapes: the same 422, naming it by its dotted path."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__([{"loc": tuple(field.split(".")), "msg": message, "type": "unusable"}])


def normal_identities(identities: list[IdentityIn], country: str) -> list[NewIdentity]:
    """Identities in normal form. Raises FieldFault naming the one that is none."""
    found: list[NewIdentity] = []
    for place, identity in enumerate(identities):
        try:
            value = normal_form(identity.kind, identity.value, country)
        except UnusableAddress as error:
            raise FieldFault(f"identities.{place}.value", str(error)) from error
        found.append(NewIdentity(identity.kind, value, identity.label))
    return found


def rfc3339(moment: datetime | None) -> str | None:
    """A moment as people's interfaces get it."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_cursor(cursor: str | None) -> tuple[datetime, str]:
    """The key (time, id) a newest-first page goes on before. Raises 422."""
    if cursor is None:
        return FAR_FUTURE, ""
    at, key = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(at).astimezone(UTC), key
    except (ValueError, OverflowError) as error:
        raise HTTPException(422, "cursor: not one of ours") from error


Document = dict[str, Any]
