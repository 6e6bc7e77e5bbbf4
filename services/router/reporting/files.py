"""Reports as files: CSV and XLSX, read and written page after page, so that a year fits through and nobody waits for it.

A text that a spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Literal

from services.router.reporting.questions import Column, Row, Table, page
from services.router.reporting.sheets import Sheets
from shared.postgres import Pool

PAGE = 500
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
    """A workbook whose first rows leave while the last are still read."""
    sheets = Sheets(headings(table.columns, language))
    async for rows in _pages(pool, tenant, table):
        cells = [[cell(row.get(column.name)) for column in table.columns] for row in rows]
        if piece := await asyncio.to_thread(sheets.add, cells):
            yield piece
    yield await asyncio.to_thread(sheets.close)
