"""A fax line of this service: what comes in on which number, what goes out by which way, and whose letterhead it bears."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.adapters.kind import ChannelKind
from services.gateway.domain.entries import Entry

Printed = Annotated[str, Field(max_length=120, pattern=r"^[^\x00-\x1f]*$")]


class LetterheadSettings(BaseModel):
    """Printed on every letter. Without a name: the tenant's."""

    model_config = ConfigDict(extra="forbid")

    name: Printed = ""
    address: Printed = ""
    phone: Printed = ""
    fax: Printed = ""


class FaxLineSettings(BaseModel):
    """`entries`: our fax numbers, the business line each belongs to, and whether the ivr answers it first.

    `transport`: `directory` and `hylafax` as the installation's settings say where; `none`: this line only receives.
    """

    model_config = ConfigDict(extra="forbid")

    entries: Annotated[tuple[Entry, ...], Field(max_length=200)] = ()
    transport: Literal["directory", "hylafax", "none"] = "directory"
    letterhead: LetterheadSettings = LetterheadSettings()


KIND = ChannelKind("fax", FaxLineSettings)
