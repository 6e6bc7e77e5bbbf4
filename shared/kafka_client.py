"""aiokafka where a broker that dies would leave it deaf: every lost connection ends in an error somebody handles.

On uvloop, writing to a connection the broker has just reset raises RuntimeError, which aiokafka takes for a bug of its own
(aio-libs/aiokafka#1038): the loop that fetches dies, and the consumer goes on answering "nothing new" for ever. A fetch loop
that has ended for any other reason (aio-libs/aiokafka#983) is as silent.
"""

# aiokafka carries no types of its own:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import aiokafka.conn
from aiokafka import AIOKafkaConsumer
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import ConsumerRecord, TopicPartition

from shared.errors import BrokerUnavailable


class Connection(AIOKafkaConnection):
    """A connection on which a write after the reset is a lost connection, on every event loop."""

    def send(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: Any, expect_response: bool = True
    ) -> Awaitable[Any]:
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:  # uvloop: "the handler is closed"
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error


aiokafka.conn.AIOKafkaConnection = Connection  # the class `create_conn` makes connections of


class Consumer(AIOKafkaConsumer):
    """A consumer that says so when it has gone deaf."""

    @property
    def alive(self) -> bool:
        """Whether its loops still turn: the one that fetches and the one that learns where the partitions are."""
        fetching = self._fetcher is not None and not self._fetcher.error_future.done()
        return fetching and self._client._sync_task is not None and not self._client._sync_task.done()

    async def getmany(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        """As aiokafka's. Raises BrokerUnavailable when nothing more can come: the consumer is to be replaced."""
        fetched = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        if not fetched and not self.alive:
            raise BrokerUnavailable("the consumer has stopped fetching")
        return fetched
