"""A workbook written piece by piece is one that others read."""

from __future__ import annotations

import io

import openpyxl
import pytest

from services.router.reporting import sheets as report_sheets
from services.router.reporting.sheets import Cell, Sheets


def read(pieces: list[bytes]) -> list[list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(b"".join(pieces)))
    return [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]


def test_cells_are_read_as_they_were_written() -> None:
    rows: list[list[Cell]] = [['王芳 <&> "x"', 3, 2.5, True, None], ["'=1+1", -4, 0.1, False, "a\x00b\n c"]]
    sheets = Sheets(["姓名", "n", "x", "yes", "no"])
    assert read([sheets.add(rows), sheets.close()]) == [
        [("姓名", "n", "x", "yes", "no"), tuple(rows[0]), ("'=1+1", -4, 0.1, False, "ab\n c")]
    ]


def test_no_rows_are_a_sheet_with_titles() -> None:
    assert read([Sheets(["a"]).close()]) == [[("a",)]]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_sheets, "SHEET_ROWS", 1000)
    sheets = Sheets(["n"])
    pieces = [sheets.add([[n] for n in range(1200)]), sheets.close()]
    first, second = read(pieces)
    assert first[0] == second[0] == ("n",)
    assert len(first) <= 1000
    assert [row[0] for sheet in (first, second) for row in sheet[1:]] == list(range(1200))


def test_bytes_leave_before_the_end() -> None:
    sheets = Sheets(["n"])
    assert sum(len(sheets.add([[f"row {n} {n * 7919 % 10_007}"] for n in range(2000)])) for _ in range(5)) > 0
