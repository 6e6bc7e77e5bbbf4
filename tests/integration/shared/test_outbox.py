"""What was committed is published: in order, at least once, whatever dies in between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.contracts.wire import CHANNEL_COMMANDS, CONTACT_EVENTS
from shared.errors import BrokerUnavailable
from shared.kafka import Producer
from shared.outbox import OutboxRelay
from shared.postgres import Pool, enqueue, tenant_transaction
from tests.integration.shared.conftest import fact


class Recorder(Producer):
    """The edge to Kafka: keeps what was acknowledged, and can fail before or die after the acknowledgement."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1")
        self.sent: list[tuple[str, str, int | None]] = []
        self.away = False
        self.dies_after = False
        self.hold = asyncio.Event()
        self.hold.set()

    async def send_raw(self, topic: str, messages: Any) -> None:
        if self.away:
            raise BrokerUnavailable("no broker answers")
        await self.hold.wait()
        self.sent += [
            (topic, dict(headers)["ce_id"].decode(), partition) for partition, _key, headers, _body in messages
        ]
        if self.dies_after:
            raise SystemError("killed here")


async def write(api: Pool, *numbers: int, topic: str = CONTACT_EVENTS, fail: bool = False) -> None:
    async with tenant_transaction(api, "acme") as connection:
        for number in numbers:
            await enqueue(connection, topic, fact(number), partition=2, key="main")
        if fail:
            raise ZeroDivisionError


async def test_rows_are_published_in_order_then_deleted(api: Pool, worker: Pool) -> None:
    broker = Recorder()
    relay = OutboxRelay(worker, broker, "probe")
    await write(api, 1, 2)
    await write(api, 3, topic=CHANNEL_COMMANDS)
    await write(api, 4)
    assert await relay.publish_pending() == 4
    assert broker.sent == [
        (CONTACT_EVENTS, "event-1", 2), (CONTACT_EVENTS, "event-2", 2), (CHANNEL_COMMANDS, "event-3", 2),
        (CONTACT_EVENTS, "event-4", 2),
    ]  # fmt: skip
    assert await relay.publish_pending() == 0


async def test_what_was_rolled_back_is_never_published(api: Pool, worker: Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        await write(api, 1, fail=True)
    assert await OutboxRelay(worker, Recorder(), "probe").publish_pending() == 0


async def test_dying_between_publish_and_delete_publishes_the_same_events_again(api: Pool, worker: Pool) -> None:
    broker = Recorder()
    broker.dies_after = True
    await write(api, 1, 2)
    with pytest.raises(SystemError):
        await OutboxRelay(worker, broker, "probe").publish_pending()
    broker.dies_after = False
    assert await OutboxRelay(worker, broker, "probe").publish_pending() == 2
    assert [event for _, event, _ in broker.sent] == ["event-1", "event-2", "event-1", "event-2"]
    assert await worker.fetchval("SELECT count(*) FROM outbox") == 0


async def test_rows_stay_while_the_broker_is_away_and_no_transaction_waits_for_it(api: Pool, worker: Pool) -> None:
    broker = Recorder()
    broker.away = True
    await write(api, 1)
    assert await OutboxRelay(worker, broker, "probe").publish_pending() == 0
    broker.away = False
    broker.hold.clear()
    publishing = asyncio.ensure_future(OutboxRelay(worker, broker, "probe").publish_pending())
    await asyncio.sleep(0.1)
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    )
    assert await worker.fetchval(waiting) == 0
    broker.hold.set()
    assert await publishing == 1


async def test_one_instance_publishes_at_a_time_and_another_takes_over(api: Pool, worker: Pool) -> None:
    first, second = Recorder(), Recorder()
    first.hold.clear()
    await write(api, 1)
    publishing = asyncio.ensure_future(OutboxRelay(worker, first, "probe").publish_pending())
    await asyncio.sleep(0.1)
    assert await OutboxRelay(worker, second, "probe").publish_pending() == 0
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)
    assert await OutboxRelay(worker, second, "probe").publish_pending() == 1
    assert (first.sent, [event for _, event, _ in second.sent]) == ([], ["event-1"])


async def test_a_running_relay_is_woken_by_the_commit(api: Pool, worker: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.outbox.IDLE_SECONDS", 600)
    broker = Recorder()
    running = asyncio.ensure_future(OutboxRelay(worker, broker, "probe").run())
    try:
        async with asyncio.timeout(10):
            for number in range(3):
                await write(api, number)
                while len(broker.sent) <= number:
                    await asyncio.sleep(0.005)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
