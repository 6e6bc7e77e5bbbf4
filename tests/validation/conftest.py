"""Studies run only when asked for, with `-m study`."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "study" not in (config.option.markexpr or ""):
        kept = [found for found in items if not found.get_closest_marker("study")]
        config.hook.pytest_deselected(items=[found for found in items if found not in kept])
        items[:] = kept
