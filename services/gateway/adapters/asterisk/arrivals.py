"""A channel of Asterisk that has come to us, as a call: which entry was reached, who calls, and the fact to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.gateway.adapters.asterisk.calls import Call, Report
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.numbers import caller
from services.gateway.domain.entries import Entry, entry_of

INBOUND = "in"
"""First argument of `Stasis()` in the dialplan; the second is the number that was called."""


def arguments(channel: Mapping[str, Any], app: str) -> list[str] | None:
    """The arguments with which a channel is in our application now; None when it is not in it."""
    where = channel["dialplan"]
    if where["app_name"] != "Stasis":
        return None
    name, *given = where["app_data"].split(",")
    return given if name == app else None


def reached(shared: Surroundings, number: str) -> Entry | None:
    """The entry that was called, else the default business line's, else None: the dialplan keeps such a caller."""
    return entry_reached(shared.settings, number)


def entry_reached(settings: AsteriskSettings, number: str) -> Entry | None:
    """As `reached`, by the settings alone."""
    found = entry_of(settings.entries, number)
    if found is None and settings.default_business_line is not None:
        return Entry(number, settings.default_business_line, self_service=False)
    return found


def arrived(shared: Surroundings, channel: Mapping[str, Any], number: str, entry: Entry, country: str) -> Report:
    """Withheld numbers (`anonymous`, empty) come without an address."""
    who = caller(channel["caller"]["number"], country)
    data: dict[str, Any] = {
        "channel": "phone",
        "business_line": entry.business_line,
        "entry": number,
        "self_service": entry.self_service,
    }
    data |= {"group": entry.group} if entry.group else {}
    data |= {"language": entry.language} if entry.language else {}
    data |= {"address_kind": "phone", "address": who} if who else {}
    return Report("ContactArrived", f"{channel['id']}/arrived", data)


def new_call(shared: Surroundings, channel: Mapping[str, Any], entry: Entry) -> Call:
    return Call(
        subject=channel["id"],
        contact_id=shared.port.contact_id(channel["id"]),
        language=entry.language or "zh",
        answered=channel["state"] == "Up",
        rates=shared.settings.comfort.rating is not None,
    )
