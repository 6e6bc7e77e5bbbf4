"""The named statements of `sql/queries.sql`, those of lists in `sql/lists.sql` and of the order in `sql/ordering.sql`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.database_faults import errors_by_consequence
from shared.postgres import named_statements

__all__ = ["LISTS", "ORDERING", "SQL", "errors_by_consequence"]

SQL: Final = named_statements(Path(__file__).parent.parent / "sql" / "queries.sql")
LISTS: Final = named_statements(Path(__file__).parent.parent / "sql" / "lists.sql")
ORDERING: Final = named_statements(Path(__file__).parent.parent / "sql" / "ordering.sql")
