"""Columns of import files: which header means which field, and cells as field values.

Headers are matched without regard to case, spaces and underscores, in English or Chinese. A column nobody knows is
left out and named in the answer; `preference.<name>` columns become preferences.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

Kind = Literal["customers", "deals"]

CUSTOMER_HEADERS: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "customer key", "customer id", "客户编号", "客户号", "編號", "编号"),
    "name": ("name", "customer name", "姓名", "客户姓名", "客户名称", "客戶姓名"),
    "phone": ("phone", "mobile", "telephone", "phone number", "电话", "手机", "手机号", "联系电话", "電話"),
    "phone_2": ("phone 2", "second phone", "备用电话", "第二电话", "其他电话"),
    "fax": ("fax", "传真", "傳真"),
    "email": ("email", "e-mail", "mail", "邮箱", "电子邮箱", "電郵"),
    "web": ("web", "web id", "account", "网站账号", "用户名"),
    "tier": ("tier", "level", "grade", "等级", "级别", "客户等级"),
    "language": ("language", "语言", "語言"),
    "account_owner": ("account owner", "owner", "客户经理", "负责人"),
    "note": ("note", "remark", "remarks", "备注", "備註"),
    "revised_at": ("revised at", "updated at", "更新时间", "修订时间"),
    "preference.pace": ("pace", "语速"),
    "preference.do_not_disturb": ("do not disturb", "免打扰", "勿扰时段"),
    "preference.confirm_address": ("confirm address", "核对地址"),
}
DEAL_HEADERS: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "deal key", "deal id", "contract", "合同编号", "合同号", "成交编号"),
    "customer_key": ("customer key", "customer id", "customer", "客户编号", "客户号"),
    "business_line": ("business line", "业务线", "业务", "業務"),
    "product": ("product", "产品", "房源", "项目", "产品名称"),
    "status": ("status", "状态", "狀態"),
    "signed_on": ("signed on", "signed", "签约日期", "成交日期"),
    "ends_on": ("ends on", "expires on", "到期日期", "截止日期"),
    "amount": ("amount", "price", "金额", "成交金额", "金額"),
    "currency": ("currency", "币种", "货币"),
    "site": ("site", "branch", "营业点", "门店", "營業點"),
    "revised_at": ("revised at", "updated at", "更新时间", "修订时间"),
}
HEADERS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {"customers": CUSTOMER_HEADERS, "deals": DEAL_HEADERS}
REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    "customers": ("key",),
    "deals": ("key", "customer_key", "business_line", "product", "status"),
}
IDENTITY_COLUMNS = {"phone": "phone", "phone_2": "phone", "fax": "fax", "email": "email", "web": "web"}
_PREFERENCE = "preference."


class NoSuchTable(ValueError):
    """The header does not describe a table of this kind; the message says which columns are missing or double."""


class BadCell(ValueError):
    """A cell whose text is no value of its column."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.code = code


def _plain(header: str) -> str:
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", header)).casefold()


@dataclass(frozen=True, slots=True)
class Columns:
    """Field of each column in the file's order; None for columns left out."""

    kind: Kind
    fields: tuple[str | None, ...]

    @classmethod
    def of(cls, kind: Kind, header: Sequence[str]) -> Columns:
        """Raises NoSuchTable when a required column is missing or one comes twice."""
        known = {_plain(alias): name for name, aliases in HEADERS[kind].items() for alias in (name, *aliases)}
        fields: list[str | None] = []
        for text in header:
            plain = unicodedata.normalize("NFKC", text).strip()
            own = plain if kind == "customers" and re.fullmatch(r"preference\.[\w.\-]{1,64}", plain) else None
            fields.append(known.get(_plain(text)) or own)
        given = [name for name in fields if name is not None]
        if double := sorted({name for name in given if given.count(name) > 1}):
            raise NoSuchTable(f"column twice: {', '.join(double)}")
        if missing := [name for name in REQUIRED[kind] if name not in given]:
            raise NoSuchTable(f"column missing: {', '.join(missing)}")
        return cls(kind, tuple(fields))

    def read(self, source: str, cells: Sequence[str], revised_at: int) -> dict[str, Any]:
        """The fields of a row, for validation against the record's contract. `revised_at` (µs): where the row has none.

        Raises BadCell.
        """
        row = {
            name: text.strip()
            for name, text in zip(self.fields, cells, strict=False)
            if name is not None and text.strip()
        }
        for name in REQUIRED[self.kind]:
            if name not in row:
                raise BadCell(name, "missing", "this column may not be empty")
        fields: dict[str, Any] = {"source": source, "revised_at": revised_at}
        if "revised_at" in row:
            fields["revised_at"] = _microseconds(row.pop("revised_at"))
        if self.kind == "deals":
            if "amount" in row:
                fields["amount_cents"] = _cents(row.pop("amount"))
            for name in ("signed_on", "ends_on"):
                if name in row:
                    row[name] = _day(name, row[name])
            return fields | row
        fields["identities"] = [
            {"kind": kind, "value": row.pop(column)} for column, kind in IDENTITY_COLUMNS.items() if column in row
        ]
        fields["preferences"] = {
            name.removeprefix(_PREFERENCE): text for name, text in row.items() if name.startswith(_PREFERENCE)
        }
        return fields | {name: text for name, text in row.items() if not name.startswith(_PREFERENCE)}


def _cents(text: str) -> int:
    try:
        cents = Decimal(text.replace(",", "").lstrip("¥￥$ ")) * 100
        if not cents.is_finite() or cents != cents.to_integral_value():
            raise InvalidOperation
    except InvalidOperation as error:
        raise BadCell("amount", "no_amount", "not an amount with at most two decimals") from error
    return int(cents)


def _day(column: str, text: str) -> str:
    plain = re.sub(r"[/.年月]", "-", text.split(" ")[0].split("T")[0]).rstrip("日")
    try:
        year, month, day = (int(part) for part in plain.split("-"))
        return date(year, month, day).isoformat()
    except ValueError as error:
        raise BadCell(column, "no_date", "not a day such as 2026-11-22") from error


def _microseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
    except ValueError as error:
        raise BadCell("revised_at", "no_time", "not a time with offset such as 2026-11-22T09:00:00+08:00") from error
    seconds = moment.timestamp()
    return int(seconds) * 1_000_000 + moment.microsecond
