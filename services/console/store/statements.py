"""The console's named statements."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shared.postgres import named_statements

SQL: Final[Mapping[str, str]] = named_statements(Path(__file__).resolve().parent.parent / "sql" / "queries.sql")
