"""The record of a period out of the store: the state folded up to its beginning, then the pool's rows up to its end."""

from __future__ import annotations

import json
from collections.abc import Callable

from services.router.domain.core import decisions_from_json, input_from_json
from services.router.journal import SQL, Store
from services.router.recovery import PAGE, fold_to
from services.router.what_if.reading import Reader
from services.router.what_if.record import Record, only_pool
from shared.errors import NotFound


async def read_record(
    store: Store,
    partition: int,
    tenant: str,
    pool: str,
    period: tuple[int, int],
    told: Callable[[float], None] = lambda _share: None,
) -> Record:
    """What the journal says of [begins, ends) of a pool. Raises NotFound: nothing was heard then; JournalBroken."""
    begins, ends = period
    head = await store.head(partition)
    oldest = await store.pool.fetchval(SQL["oldest_position"], partition)
    if head is None or oldest is None or ends <= begins:
        raise NotFound("the journal holds nothing of this period")
    first = await _position_at(store, partition, begins, (oldest, head.position + 1))
    last = await _position_at(store, partition, ends, (first, head.position + 1)) - 1
    if last < first:
        raise NotFound("the journal holds nothing of this period")
    fold = await fold_to(store, partition, first - 1)
    facts = only_pool(fold.state.facts(), tenant, pool)
    start = json.dumps(facts).encode() if facts["pools"] else None
    record = Record(tenant, pool, begins, ends, partition, start)
    reader = Reader(record, fold.state)
    position = first - 1
    while position < last:
        rows = await store.rows_after(partition, position, last, PAGE)
        for row in rows:
            if (row.tenant, row.pool) == (tenant, pool):
                reader.hear(input_from_json(row.input), decisions_from_json(row.decisions), row.decisions)
        position = rows[-1].position if rows else last
        if rows and position == head.position:  # the period reaches beyond what has happened: it ends here
            record.ends = min(record.ends, rows[-1].now + 1)
        told((position - first + 1) / (last - first + 1))
    if not record.decided:
        raise NotFound("the journal holds nothing of this pool in this period")
    return reader.finish()


async def _position_at(store: Store, partition: int, now: int, within: tuple[int, int]) -> int:
    """The first position of [low, high) decided at `now` or later, else `high`: time never runs back along positions."""
    low, high = within
    while low < high:
        middle = (low + high) // 2
        found = await store.pool.fetchval(SQL["time_of_position"], partition, middle)
        if found is None or found >= now:
            high = middle
        else:
            low = middle + 1
    return low
