"""Columns of list files: which column means which field, guessed from its header, from presets, and from what stands in it.

Headers are compared without regard to case, spaces, `_` and `-`, in English or Chinese. Any other column may become `field.<name>`,
which the agent's script can show. Columns beginning with `ucc_` are ours (outcomes, faults): a file we wrote is read without them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

NUMBERS: Final = ("number", "number_2", "number_3", "number_4", "number_5")
"""Telephone numbers of a record, tried in turn."""
TEXTS: Final = ("name", "reason", "promised", "suggestion", "evidence")
"""What the agent reads before the conversation."""
OWN_FIELD: Final = re.compile(r"field\.[\w.\-]{1,64}")
OURS: Final = "ucc_"

HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("phone", "phone number", "mobile", "mobile number", "telephone", "tel", "phone 1", "cell", "msisdn",
               "电话", "手机", "手机号", "手机号码", "电话号码", "联系电话", "号码", "電話", "手機"),
    "number_2": ("phone 2", "second phone", "alternative phone", "alt phone", "other phone", "home phone",
                 "备用电话", "第二电话", "其他电话", "电话2"),
    "number_3": ("phone 3", "third phone", "work phone", "电话3"),
    "number_4": ("phone 4", "电话4"),
    "number_5": ("phone 5", "电话5"),
    "key": ("id", "record id", "lead id", "vendor lead code", "customer key", "reference",
            "编号", "客户编号", "客户号", "编码", "序号"),
    "customer_id": ("ucc customer",),
    "name": ("customer name", "full name", "contact", "contact name", "姓名", "客户姓名", "客户名称", "名称", "联系人"),
    "language": ("lang", "语言", "語言", "语种"),
    "time_zone": ("zone", "timezone", "tz", "时区"),
    "region": ("state", "province", "地区", "省份", "州"),
    "priority": ("prio", "rank", "优先级", "优先"),
    "value": ("expected value", "amount", "价值", "金额", "预期金额"),
    "subject": ("debt", "debt id", "account", "account number", "loan", "loan number", "contract number", "policy number", "product",
                "matter", "债务", "债务号", "账户", "账号", "贷款", "贷款号", "合同号", "合同编号", "保单号", "产品", "事项"),
    "not_before": ("not before", "call after", "不早于", "起呼时间"),
    "reason": ("why", "call reason", "comments", "note", "remark", "原因", "事由", "致电原因", "备注"),
    "promised": ("promise", "what was promised", "承诺", "承诺事项"),
    "suggestion": ("offer", "建议", "推荐", "推荐产品"),
    "evidence": ("依据", "证据"),
    "consent": ("consent purpose", "consent for", "opt in", "同意用途", "同意", "授权用途"),
    "consent_channel": ("opt in channel", "同意渠道"),
    "consent_source": ("opt in source", "同意来源"),
    "consent_at": ("consent date", "consent given", "consented at", "opt in date", "同意日期", "同意时间", "授权日期"),
    "consent_expires": ("consent expiry", "consent until", "opt in expires", "同意到期", "同意有效期至", "授权到期"),
    "consent_proof": ("proof of consent", "opt in proof", "同意凭证", "同意证明", "授权凭证"),
}  # fmt: skip

_LOOKS_LIKE_NUMBER: Final = re.compile(r"\+?[\d\s().\-]{7,20}")
_ENOUGH: Final = 0.8
"""Share of a column's cells that must look like telephone numbers for it to be guessed as one."""


class NoMapping(ValueError):
    """The columns cannot be read as a list. `code` is stable: no_phone, twice, unknown_field, wrong_width."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ListColumns:
    """Field of each column in the file's order; None: the column is left out."""

    fields: tuple[str | None, ...]

    @classmethod
    def of(cls, fields: Sequence[str | None], width: int) -> ListColumns:
        """Raises NoMapping."""
        if len(fields) != width:
            raise NoMapping("wrong_width", f"the file has {width} columns, the mapping {len(fields)}")
        given = [name for name in fields if name is not None]
        if unknown := sorted({name for name in given if name not in HEADERS and not OWN_FIELD.fullmatch(name)}):
            raise NoMapping("unknown_field", f"no such field: {', '.join(unknown)}")
        if double := sorted({name for name in given if given.count(name) > 1}):
            raise NoMapping("twice", f"two columns for {', '.join(double)}")
        if "number" not in given:
            raise NoMapping("no_phone", "no column holds the telephone number")
        return cls(tuple(fields))


@dataclass(frozen=True, slots=True)
class Preset:
    """A mapping somebody kept under a name, by header."""

    name: str
    fields: Mapping[str, str | None]

    def knows(self, header: Sequence[str]) -> bool:
        """Whether every column of the header is one it has seen."""
        return all(plain(text) in self.fields for text in header)


def plain(header: str) -> str:
    """A header as it is compared."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", header)).casefold()


_KNOWN: Final = {plain(alias): name for name, aliases in HEADERS.items() for alias in (name, *aliases)}


def guess(
    header: Sequence[str], sample: Sequence[Sequence[str]], presets: Iterable[Preset] = ()
) -> tuple[str | None, ...]:
    """The likeliest field of each column: a preset that knows them all, else by header, and numbers by what they look like.

    A guess for a person to confirm: it may lack the telephone number, never names a field twice, and leaves out what it does
    not know.
    """
    for preset in presets:
        if preset.knows(header):
            return tuple(preset.fields[plain(text)] for text in header)
    fields: list[str | None] = []
    for text in header:
        name = _by_header(text)
        fields.append(None if name in fields else name)
    unused = [name for name in NUMBERS if name not in fields]
    for column, name in enumerate(fields):
        if name is None and unused and not header[column].startswith(OURS) and _numbers(sample, column):
            fields[column] = unused.pop(0)
    return tuple(fields)


def _by_header(text: str) -> str | None:
    own = unicodedata.normalize("NFKC", text).strip()
    return own if OWN_FIELD.fullmatch(own) else _KNOWN.get(plain(text))


def _numbers(sample: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column].strip() for row in sample if column < len(row) and row[column].strip()]
    alike = sum(bool(_LOOKS_LIKE_NUMBER.fullmatch(cell)) for cell in cells)
    return bool(cells) and alike >= _ENOUGH * len(cells)
