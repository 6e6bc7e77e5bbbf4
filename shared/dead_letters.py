"""Reading what was laid aside: list dead letters, look at one, send it back to where it came from.

A dead letter stays where it lies until the topic's retention ends; sending it back is noted beside it in the same
topic, so that "all" means each one once. It goes back with its own headers and id, to its own partition and key: a
reader that did take it the first time drops it as a repeat.
"""

# aiokafka carries no types of its own:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import ConsumerRecord, TopicPartition
from pydantic_core import from_json

from shared.contracts.wire import MESSAGES
from shared.errors import NotFound, UccError
from shared.kafka import Producer, make_consumer

SUFFIX = ".dlq"
_SENT_BACK = "dlq_sent_back"


class NotReplayable(UccError):
    """The dead letter kept no body (it was too large): only its source could send it again."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be understood, with why and where it came from. `body` may hold personal data."""

    source: str  # topic it came from
    partition: int  # where it lies in `<source>.dlq`
    offset: int
    error: str
    source_partition: int
    source_offset: int
    time: int  # ms since 1970, as the broker has it
    tenant: str | None
    type: str | None
    event_id: str | None
    sent_back: bool
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    body: bytes | None

    @property
    def name(self) -> str:
        """What an operator calls it by: `topic/partition/offset` in the dead-letter topic."""
        return f"{self.source}/{self.partition}/{self.offset}"

    def public(self) -> dict[str, Any]:
        """Everything but key, headers and body: nothing a person could be known by."""
        return {
            "letter": self.name,
            "error": self.error,
            "tenant": self.tenant,
            "type": self.type,
            "event_id": self.event_id,
            "source_partition": self.source_partition,
            "source_offset": self.source_offset,
            "time": self.time,
            "sent_back": self.sent_back,
        }


async def dead_letters(bootstrap_servers: str, sources: Iterable[str] = tuple(MESSAGES)) -> list[DeadLetter]:
    """All dead letters of these source topics, oldest first. Topics without any are passed over."""
    letters: list[DeadLetter] = []
    for source in sources:
        records = await _records(bootstrap_servers, source + SUFFIX)
        notes = {note for record in records if (note := dict(record.headers).get(_SENT_BACK)) is not None}
        for record in records:
            letter = _letter(source, record)
            if letter is not None:
                letters.append(replace(letter, sent_back=_note(letter) in notes))
    return sorted(letters, key=lambda letter: (letter.time, letter.source, letter.partition, letter.offset))


async def dead_letter(bootstrap_servers: str, name: str) -> DeadLetter:
    """The one called `topic/partition/offset`. Raises NotFound."""
    source = name.split("/")[0]
    if source in MESSAGES:
        for letter in await dead_letters(bootstrap_servers, [source]):
            if letter.name == name:
                return letter
    raise NotFound(f"no dead letter {name!r}")


async def send_back(producer: Producer, letter: DeadLetter) -> None:
    """Publish it again where it came from, then note that. Raises NotReplayable, BrokerUnavailable.

    Dying between the two sends it back once more on the next call, with the same id.
    """
    if letter.body is None:
        raise NotReplayable(f"{letter.name} kept no body")
    headers = [(name, value) for name, value in letter.headers if not name.startswith("dlq_")]
    await producer.send_raw(letter.source, [(letter.source_partition, letter.key, headers, letter.body)])
    await producer.send_raw(
        letter.source + SUFFIX, [(letter.partition, letter.key, [(_SENT_BACK, _note(letter))], None)]
    )


async def send_all_back(
    bootstrap_servers: str, producer: Producer, sources: Iterable[str] = tuple(MESSAGES)
) -> tuple[int, int]:
    """Send back every dead letter not sent back before: (how many, how many kept no body)."""
    sent = kept = 0
    for letter in await dead_letters(bootstrap_servers, sources):
        if letter.sent_back:
            continue
        if letter.body is None:
            kept += 1
            continue
        await send_back(producer, letter)
        sent += 1
    return sent, kept


async def _records(bootstrap_servers: str, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """Everything the topic holds at this moment, each partition in order."""
    tps = [TopicPartition(topic, p) for p in await _partitions(bootstrap_servers, topic)]
    if not tps:
        return []
    consumer = make_consumer(bootstrap_servers)
    await consumer.start()
    try:
        consumer.assign(tps)
        ends: Mapping[TopicPartition, int] = await consumer.end_offsets(tps)
        starts: Mapping[TopicPartition, int] = await consumer.beginning_offsets(tps)
        open_ends = {tp: ends[tp] for tp in tps if ends[tp] > starts[tp]}
        for tp in tps:
            consumer.seek(tp, starts[tp])
        found: list[ConsumerRecord[bytes, bytes]] = []
        while open_ends:
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                found += [record for record in records if record.offset < ends[tp]]
            for tp in list(open_ends):
                if await consumer.position(tp) >= ends[tp]:
                    del open_ends[tp]
        return found
    finally:
        await consumer.stop()


async def _partitions(bootstrap_servers: str, topic: str) -> list[int]:
    """The topic's partitions; none where nothing was ever laid aside."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        if topic not in await admin.list_topics():
            return []
        described: list[dict[str, Any]] = await admin.describe_topics([topic])
        return sorted(partition["partition"] for partition in described[0]["partitions"])
    finally:
        await admin.close()


def _letter(source: str, record: ConsumerRecord[bytes, bytes]) -> DeadLetter | None:
    """None for a note."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    if _SENT_BACK in headers:
        return None
    kind = headers.get("ce_type") or _structured_type(record.value)
    known = MESSAGES[source]
    return DeadLetter(
        source=source,
        partition=record.partition,
        offset=record.offset,
        error=headers.get("dlq_error", ""),
        source_partition=int(headers.get("dlq_partition", "0")),
        source_offset=int(headers.get("dlq_offset", "0")),
        time=record.timestamp,
        tenant=headers.get("dlq_tenant") or headers.get("ce_tenant"),
        type=kind if kind in known or kind is None else "(unknown)",
        event_id=headers.get("ce_id"),
        sent_back=False,
        key=record.key,
        headers=list(record.headers),
        body=record.value,
    )


def _structured_type(body: bytes | None) -> str | None:
    """The type a structured CloudEvent names in its body, if this is one."""
    try:
        document: Any = from_json(body or b"")
    except ValueError:
        return None
    named: Any = document.get("type") if isinstance(document, dict) else None
    return named if isinstance(named, str) else None


def _note(letter: DeadLetter) -> bytes:
    return f"{letter.partition}/{letter.offset}".encode()
