"""An XLSX workbook written as it is read: rows go into the archive one after the other, and its directory comes last.

Libraries write a workbook whole before the first byte leaves; a year of contacts would keep its reader waiting for minutes.
Cells are texts, numbers and booleans, nothing else; widths and styles are left to whoever opens it (ECMA-376, inline strings).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from typing import IO
from xml.sax.saxutils import escape

SHEET_ROWS = 1_048_576
"""Rows a sheet may have; what is more goes on in the next one."""
Cell = str | int | float | bool | None

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_BEGIN = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews><sheetData>'
)


class _Outgoing:
    """Takes what the archive writes, to be handed on; it cannot be gone back in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        return None

    def take(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


class Sheets:
    """Give rows with `add`, end with `close`; both answer the bytes to send on. Every sheet begins with the titles."""

    def __init__(self, titles: Sequence[str]) -> None:
        self._titles = titles
        self._out = _Outgoing()
        self._archive = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED, compresslevel=4)  # type: ignore[arg-type]
        self._sheet: IO[bytes] | None = None
        self._count = 0
        self._rows = 0

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        """More rows."""
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            if self._sheet is None or self._rows + len(part) > SHEET_ROWS:
                self._begin_sheet()
            assert self._sheet is not None
            self._sheet.write("".join(map(_row, part)).encode())
            self._rows += len(part)
        return self._out.take()

    def close(self) -> bytes:
        """No more rows."""
        if self._sheet is None:
            self._begin_sheet()
        self._end_sheet()
        numbers = range(1, self._count + 1)
        sheets = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
        self._part(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'
        )
        related = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        self._part(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>'
        )
        top = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        self._part("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{top}</Relationships>')
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
        )
        self._part(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>{parts}</Types>',
        )
        self._archive.close()
        return self._out.take()

    def _begin_sheet(self) -> None:
        self._end_sheet()
        self._count += 1
        self._sheet = self._archive.open(f"xl/worksheets/sheet{self._count}.xml", "w", force_zip64=True)
        self._sheet.write(f"{_BEGIN}{_row(self._titles)}".encode())
        self._rows = 1

    def _end_sheet(self) -> None:
        if self._sheet is not None:
            self._sheet.write(b"</sheetData></worksheet>")
            self._sheet.close()
            self._sheet = None

    def _part(self, name: str, text: str) -> None:
        self._archive.writestr(name, f"{_HEAD}{text}")


def _row(cells: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(value: Cell) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        text = escape(_UNPRINTABLE.sub("", value))
        return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f"<c><v>{value}</v></c>"
