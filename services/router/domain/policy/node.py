"""One mapping of a document being read: values taken by key, every fault named by its path, unknown keys told.

The parser asks a node for everything it may hold, without looking at the values first. So the same questions, put to a
node that only takes notes (`services.router.policy.schema`), describe the whole document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar, cast

from services.router.domain.policy.hours import ALL_DAY, CLOSED, WEEKDAYS, is_interval
from services.router.domain.policy.words import Words
from shared.contracts.fields import Channel

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Form:
    """How a text must look, and how that is said to people."""

    pattern: str
    saying: str

    def matches(self, text: str) -> bool:
        return re.fullmatch(self.pattern, text) is not None


FREE = Form(r"[\s\S]+", "must be a text")
NAME = Form(r"[\w.\-\u3400-\u9fff]{1,64}", "must be a name: letters, digits, '.', '_' and '-', at most 64")
IDENTIFIER = Form(r"[A-Za-z0-9._:\-]{1,64}", "must be an id: letters, digits, '.', '_', ':' and '-', at most 64")
TIME_ZONE = Form(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}", "must be a time zone such as Asia/Shanghai")
COUNTRY = Form(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", "must be a country code such as CN, or a part of one such as DE-BY")
E164 = Form(r"\+[1-9][0-9]{6,14}", "must be a number such as +862155550100")
DAY = Form(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "must be a day such as 2026-10-01")


class DocumentNode:
    """One mapping under its path; remembers which keys were read, so that typing errors show."""

    def __init__(self, value: object, path: str, faults: list[tuple[str, str]]) -> None:
        self.path = path
        self.faults = faults
        self.values: dict[str, object] = {}
        self._read: set[str] = set()
        if isinstance(value, Mapping):
            for key, item in cast("Mapping[object, object]", value).items():
                self.values[str(key)] = item
        elif value is not None:
            self.fault("", "must be a mapping")

    def at(self, key: str) -> str:
        if not key:
            return self.path or "policy"
        return f"{self.path}.{key}" if self.path else key

    def fault(self, key: str, message: str) -> None:
        self.faults.append((self.at(key), message))

    def finish(self) -> None:
        """Everything has been asked for: what is left are typing errors."""
        for key in self.values:
            if key not in self._read:
                self.fault(key, "is not a known key")

    def holds(self, key: str) -> bool:
        """Whether the key is written at all."""
        return key in self.values

    # ---- mappings and lists

    def child(self, key: str) -> DocumentNode:
        """The mapping at `key`; an empty one where nothing is written."""
        return DocumentNode(self._take(key), self.at(key), self.faults)

    def maybe_child(self, key: str) -> DocumentNode | None:
        """The mapping at `key`, or None where nothing is written: the whole rule is off, or wholly its default."""
        return None if self._take(key) is None else self.child(key)

    def children(self, key: str, form: Form = FREE) -> list[tuple[str, DocumentNode]]:
        """Mappings by name."""
        inner = self.child(key)
        for name in inner.values:
            if not form.matches(name):
                inner.fault(name, form.saying)
        return [(name, DocumentNode(inner.values[name], inner.at(name), self.faults)) for name in inner.values]

    def rows(self, key: str, most: int = 1_000) -> list[DocumentNode]:
        """A list of mappings."""
        rows = self._items(key, most)
        return [DocumentNode(item, f"{self.at(key)}[{n}]", self.faults) for n, item in enumerate(rows)]

    def by_channel(self, key: str, read: Callable[[DocumentNode, Channel], T]) -> dict[Channel, T]:
        """A mapping from channel to whatever `read` makes of the node and the channel's key."""
        inner = self.child(key)
        found: dict[Channel, T] = {}
        for name in inner.values:
            channel = inner._member(name, name, Channel)
            inner._read.add(name)
            if channel is not None:
                found[channel] = read(inner, channel)
        return found

    def wholes(self, key: str, low: int, high: int) -> dict[str, int]:
        """A mapping from any name to a whole number."""
        inner = self.child(key)
        return {name: inner.number(name, low, high) for name in inner.values}

    # ---- values

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(key, "must be a whole number")
            return default
        if not low <= value <= high:
            self.fault(key, f"must be between {low} and {high}")
            return default
        return value

    def number(self, key: str, low: int, high: int) -> int:
        """A whole number that must be written."""
        if self._take(key) is None:
            self.fault(key, "is missing")
            return low
        return self.whole(key, low, low, high)

    def maybe_whole(self, key: str, default: int | None, low: int, high: int) -> int | None:
        """A whole number; null, written out, says that the rule does not hold."""
        if key in self.values and self.values[key] is None:
            self._read.add(key)
            return None
        if key not in self.values:
            self._read.add(key)
            return default
        return self.whole(key, low, low, high)

    def text(self, key: str, default: str | None = None, form: Form = FREE) -> str:
        value = self._take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            self.fault(key, "is missing" if value is None else form.saying)
            return default or ""
        if not form.matches(value):
            self.fault(key, form.saying)
        return value

    def maybe_text(self, key: str, form: Form = FREE) -> str | None:
        """A text, or None where nothing is written."""
        return None if self._take(key) is None else self.text(key, form=form)

    def texts(self, key: str, form: Form = FREE, most: int = 1_000) -> tuple[str, ...]:
        """A list of texts, each once."""
        found: list[str] = []
        for n, item in enumerate(self._items(key, most)):
            if not isinstance(item, str) or not form.matches(item):
                self.fault(f"{key}[{n}]", form.saying)
            elif item in found:
                self.fault(f"{key}[{n}]", f"{item!r} is named twice")
            else:
                found.append(item)
        return tuple(found)

    def flag(self, key: str, default: bool) -> bool:
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, "must be true or false")
            return default
        return value

    def words(self, key: str, default: Words) -> Words:
        """Words as `{zh, en}`, or one text for both. A language left out gets the default, else the other's words."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, str) and value:
            return Words(value, value)
        inner = DocumentNode(value, self.at(key), self.faults)
        zh, en = inner.text("zh", default.zh), inner.text("en", default.en)
        inner.finish()
        return Words(zh or en, en or zh)

    def choice(self, key: str, kind: type[E], default: E) -> E:
        value = self._take(key)
        return default if value is None else self._member(key, value, kind) or default

    def channels(self, key: str, default: tuple[Channel, ...]) -> tuple[Channel, ...]:
        if key not in self.values:
            self._read.add(key)
            return default
        found = [self._member(f"{key}[{n}]", item, Channel) for n, item in enumerate(self._items(key))]
        return tuple(channel for channel in Channel if channel in found)

    def one_of(
        self, key: str, plain: Sequence[str], keyed: Mapping[str, Form], *, required: bool
    ) -> tuple[str, str | None] | None:
        """One of the plain words, or a mapping of one key to a text; None where nothing is written."""
        value = self._take(key)
        if value is None:
            if required:
                self.fault(key, "is missing")
            return None
        if isinstance(value, str) and value in plain:
            return value, None
        written = dict(cast("Mapping[object, object]", value)) if isinstance(value, Mapping) else {}
        if len(written) == 1:
            [(kind, target)] = written.items()
            form = keyed.get(str(kind))
            if form is not None and isinstance(target, str) and form.matches(target):
                return str(kind), target
        choices = [*plain, *("{" + kind + ": …}" for kind in keyed)]
        self.fault(key, f"must be one of {', '.join(choices)}")
        return None

    # ---- days

    def week(self, key: str) -> dict[str, tuple[str, ...]]:
        """Rows of a week; "mon-fri" writes one row for several days."""
        inner = self.child(key)
        found: dict[str, tuple[str, ...]] = {}
        for name in inner.values:
            first, _, last = name.partition("-")
            inner._read.add(name)
            if first not in WEEKDAYS or (last or first) not in WEEKDAYS or (name.endswith("-")):
                inner.fault(name, "must be a day (mon … sun) or several (mon-fri)")
                continue
            row = inner._row(name)
            begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
            if end < begin:
                inner.fault(name, "must run from an earlier day of the week to a later one")
            for day in WEEKDAYS[begin : end + 1]:
                if day in found:
                    inner.fault(name, f"{day} is written twice")
                found[day] = row
        return {day: found[day] for day in WEEKDAYS if day in found}

    def days(self, key: str) -> dict[str, tuple[str, ...]]:
        """Rows of single days, by ISO day, in their order."""
        inner = self.child(key)
        found: dict[str, tuple[str, ...]] = {}
        for name in inner.values:
            row = inner._row(name)
            if not DAY.matches(name) or not _is_day(name):
                inner.fault(name, DAY.saying)
            else:
                found[name] = row
        return {name: found[name] for name in sorted(found)}

    def _row(self, key: str) -> tuple[str, ...]:
        """ "closed", one interval, or a list of intervals."""
        value = self._take(key)
        if value == CLOSED:
            return ()
        written = cast("Iterable[object]", value) if isinstance(value, (list, tuple)) else [value]
        row: list[str] = []
        for item in written:
            if isinstance(item, str) and is_interval(item):
                row.append(item)
            else:
                self.fault(key, f"must be {CLOSED}, {ALL_DAY}, or intervals such as 09:00-18:00")
        return tuple(row)

    # ---- inside

    def _take(self, key: str) -> object:
        self._read.add(key)
        return self.values.get(key)

    def _items(self, key: str, most: int = 1_000) -> list[object]:
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            self.fault(key, "must be a list")
            return []
        found = list(cast("Iterable[object]", value))
        if len(found) > most:
            self.fault(key, f"must have at most {most} entries")
        return found[:most]

    def _member(self, key: str, value: object, kind: type[E]) -> E | None:
        try:
            return kind(str(value))
        except ValueError:
            self.fault(key, f"{value!r} is not one of {', '.join(kind)}")
            return None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
