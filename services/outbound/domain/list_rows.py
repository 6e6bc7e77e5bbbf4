"""A row of a list file as the record it would become, or every reason why it becomes none.

Numbers are left as they were written: which numbers there are in the world is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from services.outbound.domain.list_columns import NUMBERS, OWN_FIELD, TEXTS, ListColumns
from services.outbound.domain.list_consents import (
    CONSENT_FIELDS,
    RowConsent,
    consent_channel,
    consent_of,
    consent_purpose,
    consent_source,
)
from services.outbound.domain.list_faults import BadField, RowFault, RowRefusal
from services.outbound.domain.windows import zone_of

LONGEST: Final = 256
LONGEST_KEY: Final = 128
LONGEST_SUBJECT: Final = 64
LARGEST_VALUE: Final = 2**53
_CODE: Final = re.compile(r"[\w.\-]{1,64}")
_ID: Final = re.compile(r"[A-Za-z0-9._:\-]{1,64}")
_REGION: Final = re.compile(r"[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?")
_RISKY: Final = "=+-@'"
"""First characters a spreadsheet takes for a formula; `'` before them is ours."""
_PLAIN_NUMBER: Final = re.compile(r"[+\-]?[\d.]+")


@dataclass(frozen=True, slots=True)
class ListRow:
    """What a row says. `numbers` as written, the first to be dialled first; `value` in cents; a `not_before`
    without offset is of the person's own clock; `payload` as the agent reads it."""

    line: int
    numbers: tuple[tuple[str, str], ...]  # (field, text)
    key: str | None
    customer_id: str | None
    language: str | None
    time_zone: str | None
    region: str | None
    priority: int
    value: int
    not_before: datetime | None
    payload: Mapping[str, str | Mapping[str, str]]
    subject: str = ""  # "": the campaign's
    consent: RowConsent | None = None


CellValue = str | int | datetime


class RowReader:
    """Reads rows of one file."""

    def __init__(self, columns: ListColumns) -> None:
        self._width = len(columns.fields)
        self._readers = tuple(
            (column, name, _READ.get(name, _text)) for column, name in enumerate(columns.fields) if name is not None
        )
        given = {name for _, name, _ in self._readers}
        self._numbers = tuple(name for name in NUMBERS if name in given)
        self._texts = tuple(name for name in TEXTS if name in given)
        self._tells_consent = not given.isdisjoint(CONSENT_FIELDS)
        self._own = tuple(name for _, name, _ in self._readers if OWN_FIELD.fullmatch(name))

    def read(self, line: int, cells: Sequence[str]) -> ListRow | tuple[RowFault, ...]:
        """The row, or all its faults."""
        if len(cells) > self._width and any(cell.strip() for cell in cells[self._width :]):
            return (RowFault(RowRefusal.TOO_MANY_CELLS),)
        faults: list[RowFault] = []
        values: dict[str, CellValue] = {}
        for column, name, read in self._readers:
            text = cells[column].strip() if column < len(cells) else ""
            if not text:
                continue
            try:
                values[name] = read(from_spreadsheet(text))
            except BadField as error:
                faults.append(RowFault(error.code, name, error.facts))
        if "number" not in values and not any(fault.column == "number" for fault in faults):
            faults.append(RowFault(RowRefusal.NO_NUMBER, "number"))
        consent = consent_of(values) if self._tells_consent and not faults else None
        if isinstance(consent, tuple):
            return consent
        return tuple(faults) if faults else self._row(line, values, consent)

    def _row(self, line: int, values: dict[str, CellValue], consent: RowConsent | None) -> ListRow:
        payload: dict[str, str | Mapping[str, str]] = {
            name: str(values[name]) for name in self._texts if name in values
        }
        if own := {name.removeprefix("field."): str(values[name]) for name in self._own if name in values}:
            payload["fields"] = own
        moment = values.get("not_before")
        return ListRow(
            line, tuple((name, str(values[name])) for name in self._numbers if name in values), _word(values, "key"),
            _word(values, "customer_id"), _word(values, "language"), _word(values, "time_zone"), _word(values, "region"),
            _number(values, "priority"), _number(values, "value"), moment if isinstance(moment, datetime) else None, payload,
            _word(values, "subject") or "", consent,
        )  # fmt: skip


def _word(values: Mapping[str, CellValue], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def _number(values: Mapping[str, CellValue], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0


def for_spreadsheet(text: str) -> str:
    """A cell no spreadsheet runs as a formula; `from_spreadsheet` gives the text back."""
    return f"'{text}" if text and text[0] in _RISKY and not _PLAIN_NUMBER.fullmatch(text) else text


def from_spreadsheet(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in _RISKY else text


def _at_most(limit: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > limit:
            raise BadField(RowRefusal.TOO_LONG, limit=str(limit))
        return text

    return read


def _priority(text: str) -> int:
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) > 100:
        raise BadField(RowRefusal.NO_PRIORITY)
    return int(text)


def _cents(text: str) -> int:
    try:
        cents = Decimal(text.replace(",", "").lstrip("¥￥$€£ ")) * 100
    except InvalidOperation as error:
        raise BadField(RowRefusal.NO_VALUE) from error
    if not cents.is_finite() or cents != cents.to_integral_value() or not 0 <= cents <= LARGEST_VALUE:
        raise BadField(RowRefusal.NO_VALUE)
    return int(cents)


def _zone(text: str) -> str:
    if zone_of(text) is None:
        raise BadField(RowRefusal.NO_ZONE)
    return text


def _moment(code: RowRefusal) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise BadField(code) from error

    return read


def _matching(pattern: re.Pattern[str], code: RowRefusal) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise BadField(code)
        return text

    return read


_text: Final = _at_most(LONGEST)
_READ: Final[Mapping[str, Callable[[str], CellValue]]] = {
    "key": _at_most(LONGEST_KEY),
    "subject": _at_most(LONGEST_SUBJECT),
    "customer_id": _matching(_ID, RowRefusal.NO_CUSTOMER),
    "language": _matching(_CODE, RowRefusal.NO_LANGUAGE),
    "time_zone": _zone,
    "region": _matching(_REGION, RowRefusal.NO_REGION),
    "priority": _priority,
    "value": _cents,
    "not_before": _moment(RowRefusal.NO_TIME),
    "consent": consent_purpose,
    "consent_channel": consent_channel,
    "consent_source": consent_source,
    "consent_at": _moment(RowRefusal.NO_CONSENT_TIME),
    "consent_expires": _moment(RowRefusal.NO_CONSENT_TIME),
}
