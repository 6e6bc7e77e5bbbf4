"""One agent pool in virtual time: the router's own core, fed from a calendar instead of Kafka.

The kernel knows no customers and no agents. It hands facts to the core at their times, fires the core's timers in
between, and tells every listener what was decided; a listener plays the people (`services.router.simulation.people`),
counts (`services.router.simulation.tally`) or writes a journal. Nothing is turned into JSON on the way, and the same
calendar gives the same decisions, for the kernel itself draws nothing at random.

    kernel = Kernel(policy, start=0)
    kernel.listen(tally.hear)
    kernel.schedule(0, AgentSignedIn("ann", "s1", presence=Presence.AVAILABLE))
    kernel.schedule(5 * SECOND, ContactArrived("c1", Channel.PHONE, "rental", 5 * SECOND))
    kernel.run(until=3600 * SECOND)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush

from services.router.domain.advance import advance
from services.router.domain.core import Decided, Fact, Input, PartitionState, PolicyInForce, TimerDue

Listener = Callable[[Input, Sequence[Decided]], None]
"""Told of every input with what was decided on it, after the state has moved on. It may schedule more."""
Action = Callable[[], None]
"""Something to be done at its time that is no fact itself: the next arrival of a stream, a retrial, a look at the state."""

TENANT, POOL = "simulation", "main"
UNRECORDED = 2**62
"""Ranks behind every journal position: what nobody recorded comes after what was recorded at the same instant."""


class Scheduled:
    """An entry of the calendar. `cancel` takes it out; cancelling what has happened does nothing."""

    __slots__ = ("action", "event_id", "fact", "occurred_at", "position")

    def __init__(
        self,
        fact: Fact | None,
        event_id: str | None,
        action: Action | None,
        occurred_at: int | None = None,
        position: int | None = None,
    ) -> None:
        self.fact = fact
        self.event_id = event_id
        self.action = action
        self.occurred_at = occurred_at
        self.position = position

    def cancel(self) -> None:
        self.fact = self.action = None


class Kernel:
    """The core of one pool on a virtual clock, µs.

    What happens at one instant: facts and actions first, in the order they were scheduled, then the core's timers, as
    the router's shell lets a timer wait for what the log held when it came due. (An acceptance at the very moment an
    offer expires is an acceptance.)

    A recorded journal is heard again in its own order: a fact with a `position` comes in the order of positions within its
    instant and takes that position (ids are made of it) unless it is behind already; a timer named in `heard_timers`
    fires when and where the journal says it did, which was a little after it was due.
    """

    def __init__(
        self,
        policy: Mapping[str, object] | PolicyInForce | None,
        start: int,
        *,
        tenant: str = TENANT,
        pool: str = POOL,
        state: PartitionState | None = None,
        heard_timers: Mapping[TimerDue, tuple[int, int]] | None = None,
        event_prefix: str = "sim",
    ) -> None:
        """Begin at `start` under `policy` (a document, or a version with its number and hours; None: the state's own).

        `state` is gone on with, and changed: a pool recovered from a journal or snapshot; without it, an empty one.
        `heard_timers`: recorded timer → (when it was heard, position). `event_prefix`: of event ids made here, so that
        those of a record that was itself simulated are not repeated.
        """
        self.tenant = tenant
        self.pool = pool
        self.state = PartitionState.empty(0) if state is None else state
        self.now = max(start, self.state.now)
        self.inputs = 0
        self.decisions = 0
        self._listeners: list[Listener] = []
        self._calendar: list[tuple[int, int, int, Scheduled]] = []
        self._heard_timers = heard_timers or {}
        self._event_prefix = event_prefix
        self._count = 0
        if isinstance(policy, PolicyInForce):
            self.schedule(start, policy)
        elif policy is not None:
            found = self.state.pool(tenant, pool)
            version = (found.policy_version if found else 0) + 1
            self.schedule(start, PolicyInForce(version, f"{version:064d}", policy))

    def listen(self, listener: Listener) -> None:
        """Listeners are told in the order they came."""
        self._listeners.append(listener)

    def schedule(
        self,
        at: int,
        fact: Fact,
        event_id: str | None = None,
        *,
        occurred_at: int | None = None,
        position: int | None = None,
    ) -> Scheduled:
        """A fact the core will hear at `at` µs (now, where that is over). Without `event_id` it gets one of its own.

        `occurred_at`: the envelope's time (default: when heard); `position`: where a journal holds it.
        """
        return self._enter(at, Scheduled(fact, event_id, None, occurred_at, position))

    def call(self, at: int, action: Action) -> Scheduled:
        """Something to be done at `at` µs."""
        return self._enter(at, Scheduled(None, None, action))

    def follow(self, facts: Iterable[tuple[int, Fact, str | None]]) -> None:
        """Facts in order of time (at, fact, event id), taken from the source one by one as time comes to them.

        A month of recorded facts need not be in memory at once.
        """
        source = iter(facts)

        def take() -> None:
            following = next(source, None)
            if following is not None:
                at, fact, event_id = following
                self.schedule(at, fact, event_id)
                self.call(at, take)

        take()

    def _enter(self, at: int, entry: Scheduled) -> Scheduled:
        self._count += 1
        rank = UNRECORDED if entry.position is None else entry.position
        heappush(self._calendar, (at if at > self.now else self.now, rank, self._count, entry))
        return entry

    def run(self, until: int | None = None) -> None:
        """Let time pass up to and including `until`, µs; None: until nothing is left on the calendar nor due."""
        calendar, state = self._calendar, self.state
        while True:
            if self._heard_timers:
                state.next_timer()  # drops timers nobody asks for any more: their recorded time must hold up nothing
            first = state.timers.first()
            if calendar and (first is None or self._comes_first(calendar[0], first[2])):
                at, _, _, entry = calendar[0]
                if until is not None and at > until:
                    break
                heappop(calendar)
                self.now = max(self.now, at)
                if entry.fact is not None:
                    self._hear(entry.fact, entry.event_id, entry.occurred_at, entry.position or 0)
                elif entry.action is not None:
                    entry.action()
                continue
            fired = self._fire_next(until)
            if not fired and (not calendar or (until is not None and calendar[0][0] > until)):
                break
        if until is not None:
            self.now = max(self.now, until)

    def _comes_first(self, entry: tuple[int, int, int, Scheduled], timer: TimerDue) -> bool:
        """Whether the calendar's entry comes before the timer: earlier, or at its instant unless the journal says otherwise."""
        heard = self._heard_timers.get(timer) if self._heard_timers else None
        return entry[0] <= timer.due if heard is None else entry[:2] < heard

    def _fire_next(self, until: int | None) -> bool:
        """Fire the first timer that is really asked for, if it is due by `until` and before the calendar's next entry."""
        if self.state.next_timer() is None:
            return False
        first = self.state.timers.first()
        assert first is not None, "a timer that is asked for is first"
        timer = first[2]
        at, position = self._heard_timers.get(timer, (timer.due, 0))
        if until is not None and at > until:
            return False
        if self._calendar and self._comes_first(self._calendar[0], timer):
            return False
        self.now = max(self.now, at)
        self._hear(timer, None, timer.due, position)
        return True

    def _hear(self, fact: Fact, event_id: str | None, occurred_at: int | None, recorded_position: int) -> None:
        position = max(self.state.position + 1, recorded_position)
        if event_id is None:
            event_id = f"timer:{position}" if isinstance(fact, TimerDue) else f"{self._event_prefix}:{position}"
        occurred = self.now if occurred_at is None else occurred_at
        given = Input(position, self.now, self.tenant, self.pool, event_id, occurred, fact)
        decided = advance(self.state, given)
        self.inputs += 1
        self.decisions += len(decided)
        for listener in self._listeners:
            listener(given, decided)
