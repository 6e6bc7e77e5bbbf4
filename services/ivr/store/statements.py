"""The named statements of `sql/queries.sql`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.postgres import named_statements

SQL: Final = named_statements(Path(__file__).parent.parent / "sql" / "queries.sql")
