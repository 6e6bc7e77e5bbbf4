"""The named statements of `sql/queries.sql`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.database_faults import errors_by_consequence
from shared.postgres import named_statements

__all__ = ["SQL", "errors_by_consequence"]

SQL: Final = named_statements(Path(__file__).parent.parent / "sql" / "queries.sql")
