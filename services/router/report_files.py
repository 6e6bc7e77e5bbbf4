"""Reports as files: CSV and XLSX, read and written page after page, so that a year fits through and nobody waits for it.

A text that a spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import IO, Any, Literal

from openpyxl import Workbook

from services.router.report_questions import Column, Row, Table, page
from shared.postgres import Pool

PAGE = 2_000
SHEET_ROWS = 1_048_575
"""Rows of a sheet below its headings; what is more goes on in the next sheet."""
CHUNK = 65_536
FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Language = Literal["zh", "en", "code"]


def cell(value: object) -> str | int | float | bool | None:
    """A value as a spreadsheet may have it."""
    if isinstance(value, Mapping):
        value = "; ".join(f"{name or '-'} {amount}" for name, amount in value.items())
    elif isinstance(value, (list, tuple)):
        value = " > ".join(str(part) for part in value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_BEGINNINGS) else value
    if value is None or isinstance(value, (int, float)):
        return value
    raise TypeError(f"no cell holds a {type(value).__name__}")


def headings(columns: Sequence[Column], language: Language) -> list[str]:
    """In words with the unit, or as the API names them."""
    if language == "code":
        return [column.name for column in columns]
    return [
        f"{getattr(column.words, language)} ({column.unit})" if column.unit else getattr(column.words, language)
        for column in columns
    ]


async def _pages(pool: Pool, tenant: str, table: Table) -> AsyncIterator[list[Row]]:
    after = table.beginning
    while rows := await page(pool, tenant, table, after, PAGE):
        yield [row for _, row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


async def as_csv(pool: Pool, tenant: str, table: Table, language: Language) -> AsyncGenerator[bytes]:
    """UTF-8; with words a byte order mark comes first, without which Excel reads Chinese wrongly."""
    text = io.StringIO()
    writer = csv.writer(text)
    if language != "code":
        text.write("\ufeff")
    writer.writerow(headings(table.columns, language))
    async for rows in _pages(pool, tenant, table):
        await asyncio.to_thread(writer.writerows, [[cell(row.get(c.name)) for c in table.columns] for row in rows])
        yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    found = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return found


async def as_xlsx(pool: Pool, tenant: str, table: Table, language: Language) -> AsyncGenerator[bytes]:
    """Written into a file beside first: a workbook's directory stands at its end."""
    book: Any = Workbook(write_only=True)
    titles = headings(table.columns, language)
    sheet, room = _sheet(book, titles), SHEET_ROWS
    async for rows in _pages(pool, tenant, table):
        if len(rows) > room:
            sheet, room = _sheet(book, titles), SHEET_ROWS
        await asyncio.to_thread(_append, sheet, table.columns, rows)
        room -= len(rows)
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(book.save, file)
        file.seek(0)
        while piece := await asyncio.to_thread(_read, file):
            yield piece


def _sheet(book: Any, titles: Sequence[str]) -> Any:
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.append(list(titles))
    return sheet


def _append(sheet: Any, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    for row in rows:
        sheet.append([cell(row.get(column.name)) for column in columns])


def _read(file: IO[bytes]) -> bytes:
    return file.read(CHUNK)
