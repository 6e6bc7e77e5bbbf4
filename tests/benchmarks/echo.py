"""The least a durable hop can cost: consume, commit one row a batch, produce. Run as a process beside the real path.

python -m tests.benchmarks.echo SERVERS DATABASE_URL SOURCE TARGET
"""

from __future__ import annotations

import sys

import asyncpg
from aiokafka.structs import TopicPartition

from shared.kafka import Producer, make_consumer


async def echo(servers: str, database_url: str, source: str, target: str) -> None:
    """Pass every record of partition 0 on, after one commit a batch (none without a database)."""
    connection = await asyncpg.connect(database_url) if database_url else None
    if connection is not None:
        await connection.execute("CREATE TABLE IF NOT EXISTS public.echo (at timestamptz, bodies bytea[])")
    producer = Producer(servers)
    await producer.start()
    consumer = make_consumer(servers, max_records=500)
    await consumer.start()
    here = TopicPartition(source, 0)
    consumer.assign([here])
    await consumer.seek_to_end(here)
    await consumer.position(here)
    print("ready", flush=True)
    while True:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            if connection is not None:
                await connection.execute("INSERT INTO public.echo VALUES (now(), $1)", [r.value for r in records])
            await producer.send_raw(target, [(0, r.key, list(r.headers), r.value) for r in records])


if __name__ == "__main__":
    import uvloop

    uvloop.run(echo(*sys.argv[1:5]))
