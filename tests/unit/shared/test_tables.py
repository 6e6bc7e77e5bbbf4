"""Tables as people keep them become rows of text, and what is none says so."""

from __future__ import annotations

import io
from datetime import date, datetime

import openpyxl
import pytest

from shared.tables import UnreadableTable, read_table, table_rows


def test_lines_are_those_of_the_file() -> None:
    header, rows = read_table(b'key,note\n\nA,"two\nlines"\nB,x\n')
    assert (header, [(row.line, row.cells[0]) for row in rows]) == (["key", "note"], [(3, "A"), (5, "B")])


@pytest.mark.parametrize("file", [b"", b"\n\n", b'key\n"open', b"PK\x03\x04", b"\xff\xfe\xff\xff"])
def test_unreadable(file: bytes) -> None:
    with pytest.raises(UnreadableTable):
        read_table(file)


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ";"), ("utf-8-sig", ","), ("gb18030", "\t")])
def test_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    text = delimiter.join(["编号", "姓名"]) + "\r\n" + delimiter.join(["1", "王芳"])
    assert [row.cells for row in table_rows(io.BytesIO(text.encode(encoding)))] == [["编号", "姓名"], ["1", "王芳"]]


def test_a_workbook_reads_as_its_csv_would() -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet["B2"], sheet["C2"] = "phone", "day"
    sheet["B5"], sheet["C5"], sheet["D5"] = 13812345678, datetime(2026, 5, 1), datetime(2026, 5, 1, 9, 30)
    sheet["B6"], sheet["C6"], sheet["D6"] = " x ", date(2026, 5, 2), 1.5
    kept = io.BytesIO()
    workbook.save(kept)
    assert [(row.line, row.cells) for row in table_rows(kept)] == [
        (2, ["phone", "day", ""]),
        (5, ["13812345678", "2026-05-01", "2026-05-01T09:30:00"]),
        (6, ["x", "2026-05-02", "1.5"]),
    ]


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    kept = io.BytesIO()
    openpyxl.Workbook().save(kept)
    with pytest.raises(UnreadableTable, match="too much"):
        list(table_rows(kept, largest_xlsx=10))
