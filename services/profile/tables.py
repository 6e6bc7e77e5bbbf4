"""Import files as rows of text: CSV (UTF-8 or GB 18030; comma, semicolon or tab) and XLSX (first sheet)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import openpyxl

LARGEST_XLSX = 200_000_000
"""Bytes an XLSX may unpack to: a small file that unpacks to gigabytes is an attack, not a table."""


class UnreadableFile(ValueError):
    """The file is no table."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the line it begins on, the header being line 1."""

    line: int
    cells: Sequence[str]


def read_table(file: bytes) -> tuple[Sequence[str], list[Row]]:
    """Header and rows; empty rows are left out. Raises UnreadableFile."""
    rows = list(_xlsx(file) if file[:4] == b"PK\x03\x04" else _csv(file))
    if not rows:
        raise UnreadableFile("the file is empty")
    return rows[0].cells, rows[1:]


def _csv(file: bytes) -> Iterator[Row]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = file.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise UnreadableFile("neither UTF-8 nor GB 18030 text")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(begins, [cell.replace("\x00", "") for cell in cells])
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(f"line {reader.line_num}: {error}") from error


def _xlsx(file: bytes) -> Iterator[Row]:
    try:
        if sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(file)).infolist()) > LARGEST_XLSX:
            raise UnreadableFile("the workbook unpacks to too much")
        workbook = openpyxl.load_workbook(io.BytesIO(file), read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
        for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells = [_text(value) for value in values]
            if any(cells):
                yield Row(line, cells)
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError) as error:
        raise UnreadableFile("not a workbook that can be read") from error


def _text(value: object) -> str:
    """A cell as it would stand in a CSV file: whole numbers without decimals, days in ISO form."""
    match value:
        case None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == value.time().min:
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value).strip().replace("\x00", "")
