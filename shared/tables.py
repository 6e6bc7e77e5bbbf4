"""Files of people's tables as rows of text: CSV (UTF-8 or GB 18030; comma, semicolon or tab) and XLSX (first sheet).

Read row by row from an open file, so that a million of them need no memory of their own; an XLSX is unpacked as a whole.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

LARGEST_XLSX = 200_000_000
"""Bytes an XLSX may unpack to: a small file that unpacks to gigabytes is an attack, not a table."""
_CHUNK = 1 << 20


class UnreadableTable(ValueError):
    """The file is no table."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row with the line it begins on, the header being line 1."""

    line: int
    cells: Sequence[str]


def read_table(file: bytes) -> tuple[Sequence[str], list[TableRow]]:
    """Header and rows of a file in memory; empty rows are left out. Raises UnreadableTable."""
    rows = list(table_rows(io.BytesIO(file)))
    return rows[0].cells, rows[1:]


def table_rows(file: BinaryIO, largest_xlsx: int = LARGEST_XLSX) -> Iterator[TableRow]:
    """The header, then the rows that are not empty. Raises UnreadableTable, at the latest where the file breaks off."""
    file.seek(0)
    rows = _xlsx(file, largest_xlsx) if file.read(4) == b"PK\x03\x04" else _csv(file)
    header = next(rows, None)
    if header is None:
        raise UnreadableTable("the file is empty")
    yield header
    yield from rows


def _csv(file: BinaryIO) -> Iterator[TableRow]:
    encoding = _encoding(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    first = text.readline()
    text.seek(0)
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield TableRow(begins, [cell.replace("\x00", "") for cell in cells])
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableTable(f"line {reader.line_num}: {error}") from error
    finally:
        if not file.closed:
            text.detach()  # the file stays open: it is the caller's


def _encoding(file: BinaryIO) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise UnreadableTable("neither UTF-8 nor GB 18030 text")


def _xlsx(file: BinaryIO, largest: int) -> Iterator[TableRow]:
    try:
        unpacked = sum(entry.file_size for entry in zipfile.ZipFile(file).infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise UnreadableTable("not a workbook that can be read") from error
    if unpacked > largest:
        raise UnreadableTable("the workbook unpacks to too much")
    file.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        if not workbook.sheet_names:
            return
        sheet = workbook.get_sheet_by_index(0)
    except CalamineError as error:
        raise UnreadableTable("not a workbook that can be read") from error
    for line, values in enumerate(sheet.iter_rows(), start=1):
        cells = [_text(value) for value in values]
        if any(cells):
            yield TableRow(line, cells)


def _text(value: object) -> str:
    """A cell as it would stand in a CSV file: whole numbers without decimals, days in ISO form."""
    match value:
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == value.time().min:
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value).strip().replace("\x00", "")
