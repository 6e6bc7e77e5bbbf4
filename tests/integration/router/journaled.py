"""A journal made in memory, written into PostgreSQL the way an owner would."""

from __future__ import annotations

from collections.abc import Sequence

from services.router.domain.core import decisions_from_json, input_from_json
from services.router.journal import Batch, Journal, NewRow, Row, Store
from services.router.policy.document import check_document
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND, without_personal
from tests.integration.router.policies import POLICY_YAML
from tests.integration.router.world import World
from tests.unit.router.centre import POOL, TENANT, Centre

PARTITION = 3


async def write_journal(store: Store, partition: int, journal: Sequence[tuple[str, str]], *, size: int = 200) -> None:
    """Append inputs with their decisions. Positions in the text begin at 0, the table's at 1."""
    await store.ensure_partitions(partition + 1)
    async with store.pool.acquire() as connection:
        claim = await store.claim(connection, partition, "tests", 60)
        assert claim is not None
        owner = Journal(connection, claim, 60)
        sequence = claim.next_sequence
        rows: list[NewRow] = []
        for number, (given, decisions) in enumerate(journal):
            heard, decided = input_from_json(given), decisions_from_json(decisions)
            contacts = {getattr(one.decision, "contact_id", None) for one in decided} - {None}
            row = Row(
                claim.next_position + number, claim.epoch, heard.now, heard.tenant, heard.pool, sequence, len(decided),
                given, decisions,
            )  # fmt: skip
            rows.append(NewRow(row, heard.event_id, tuple(sorted(str(contact) for contact in contacts))))
            sequence += len(decided)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            last = part[-1].row
            following = last.first_sequence + last.decision_count
            batch = Batch(part, "cluster-1", last.position, last.position + 1, following, last.now)
            await owner.append(batch, following - 1)
        await owner.release(sequence - 1)


def lively_day(seed: int, contacts: int = 150, gap_seconds: int = 4) -> list[tuple[str, str]]:
    """The journal's text of a `World` that nothing disturbs, decided in memory."""
    centre = Centre(dict(check_document(POLICY_YAML).mapping), partition=PARTITION)
    centre.check_read_only = False
    world = World(seed, tenant=TENANT, pool=POOL, contacts=contacts, gap=gap_seconds * SECOND)
    world.last_call()
    world.begin(centre.now)
    read = 0
    while not world.finished and centre.state.position < 100_000:
        due = [at for at in (world.next_due(), centre.state.next_timer()) if at is not None]
        if not due:
            break
        centre.now = max(centre.now, min(due))
        for envelope in world.due(centre.now):
            centre.feed(without_personal(envelope.data), envelope.id)
        centre.fire_due()
        for at, decision in centre.log[read:]:
            world.read(Envelope("d", "/router", at, TENANT, "x", decision, POOL))
        read = len(centre.log)
    return centre.journal
