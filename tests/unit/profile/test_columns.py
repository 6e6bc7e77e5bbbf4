"""Headers in two languages, cells as people write them, reasons for what is no value."""

from __future__ import annotations

import pytest

from services.profile.domain.columns import BadCell, Columns, NoSuchTable


def test_chinese_and_english_headers_mean_the_same() -> None:
    chinese = Columns.of("customers", ["客户编号", "姓名", "手机", "免打扰", "星座"])
    english = Columns.of("customers", ["Customer_ID", "NAME", "Mobile", "do not disturb", "zodiac"])
    assert chinese.fields == english.fields == ("key", "name", "phone", "preference.do_not_disturb", None)


def test_row_of_a_customer() -> None:
    columns = Columns.of("customers", ["key", "name", "phone", "email", "preference.floor", "tier"])
    assert columns.read("crm", ["K1", " 王芳 ", "138 1234 8000", "", "high", ""], 7) == {
        "source": "crm", "revised_at": 7, "key": "K1", "name": "王芳",
        "identities": [{"kind": "phone", "value": "138 1234 8000"}], "preferences": {"floor": "high"},
    }  # fmt: skip


def test_row_of_a_deal() -> None:
    columns = Columns.of("deals", ["合同号", "客户编号", "业务线", "产品", "状态", "签约日期", "金额", "更新时间"])
    row = ["D1", "K1", "sales", "阳光花园", "signed", "2026/3/8", "￥1,234,567.50", "2026-03-08T09:00:00+08:00"]
    read = columns.read("crm", row, 7)
    assert (read["signed_on"], read["amount_cents"], read["revised_at"]) == ("2026-03-08", 123456750, 1772931600000000)


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        (["", "K1", "sales", "x", "signed", "", ""], "key", "missing"),
        (["D1", "K1", "sales", "x", "signed", "2026-02-30", ""], "signed_on", "no_date"),
        (["D1", "K1", "sales", "x", "signed", "", "12.345"], "amount", "no_amount"),
        (["D1", "K1", "sales", "x", "signed", "", "nan"], "amount", "no_amount"),
    ],
)
def test_bad_cells_name_their_column(cells: list[str], column: str, code: str) -> None:
    columns = Columns.of("deals", ["key", "customer_key", "business_line", "product", "status", "signed_on", "amount"])
    with pytest.raises(BadCell) as bad:
        columns.read("crm", cells, 7)
    assert (bad.value.column, bad.value.code) == (column, code)


@pytest.mark.parametrize(("header", "why"), [(["name"], "missing: key"), (["编号", "key"], "twice: key")])
def test_headers_that_are_no_table(header: list[str], why: str) -> None:
    with pytest.raises(NoSuchTable, match=why):
        Columns.of("customers", header)
