"""The planner of one pool: every half second and at each change it looks at the agents and the attempts under way, lets the pacer
say how many to dial, and passes that many records through the gate.

It holds the pool's lease; losing it ends the planner, and the gate refuses whatever it still had in mind. What it knows in memory
(estimates, attempts it saw) is read again by whoever comes after: nothing here is needed for safety.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.outbound.adapters.router_client import RouterClient
from services.outbound.domain.abandonment import AbandonmentFigures
from services.outbound.domain.attempts import AttemptState
from services.outbound.domain.blending import InboundWork, with_reserve
from services.outbound.domain.budget import budget_of
from services.outbound.domain.campaigns import Campaign, CampaignState, DialMode, Move
from services.outbound.domain.cells import DialCell, cell_name, cells_of, skill_of
from services.outbound.domain.compliance import budget_spent
from services.outbound.domain.contact_ledger import HOUR
from services.outbound.domain.floor import INBOUND, Floor, PauseRule, lasted, paced_agents
from services.outbound.domain.line_watch import GatewayWatch, LineFault, LineWatch
from services.outbound.domain.lines import ShownNumber, TokenBucket
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.pacing import Pacer, PacingRules
from services.outbound.domain.pacing_view import (
    CampaignPacing,
    PacedCampaign,
    PacedCell,
    PacingFact,
    PacingMode,
    PacingReason,
    PacingView,
)
from services.outbound.domain.suppressions import Suppression
from services.outbound.handlers.asking import Ground
from services.outbound.handlers.gate import Gate, Line, Passed
from services.outbound.handlers.rulebook import rules_of
from services.outbound.handlers.silence import listen_for
from services.outbound.handlers.trunks import trunk_of
from services.outbound.parts import Parts
from services.outbound.store import attempts, campaigns, operators, records
from services.outbound.store.attempts import AttemptRow
from services.outbound.store.leases import DiallingLease
from services.outbound.store.operators import CallerId, Operator, Trunk
from shared.contracts.fields import SECOND
from shared.postgres import worker_transaction

READY_COUNTED = 2_000
"""Waiting records are counted no further: the pacer never wants more at once."""
WOKEN_AT_ONCE = 1_000
LARGEST_BATCH = 200
HELD_SECONDS = 2
"""A campaign that is held up as a whole is tried again after this."""
PLANS_KEPT = 900
LEARNT_FROM = 2_000
"""Attempts a new planner learns from, of the last day."""


@dataclass(slots=True)
class _Scene:
    """What one plan is made of, read in one transaction."""

    campaigns: Sequence[Campaign] = ()
    under_way: Mapping[str, Sequence[AttemptRow]] = field(default_factory=dict[str, Sequence[AttemptRow]])
    ready: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])  # by language
    figures: Mapping[str, Mapping[int, AbandonmentFigures]] = field(
        default_factory=dict[str, Mapping[int, AbandonmentFigures]]
    )
    operator: Operator = field(default_factory=Operator)
    callers: Sequence[CallerId] = ()
    trunks: Sequence[Trunk] = ()
    in_use: Mapping[str, int] = field(default_factory=dict[str, int])
    unbegun_since: Mapping[str, int] = field(
        default_factory=dict[str, int]
    )  # by gateway, its oldest call not begun (µs)

    def waiting(self, campaign: Campaign) -> int:
        return sum(self.ready[campaign.campaign_id].values())

    def cells(self, campaign: Campaign, skills: frozenset[str]) -> Sequence[DialCell]:
        name = campaign.campaign_id
        under_way = [attempt.language for attempt in self.under_way.get(name, ())]
        return cells_of(name, campaign.choices.language, self.ready[name], under_way, skills)

    @property
    def idle(self) -> bool:
        return not self.campaigns and not any(self.under_way.values())


class PoolPlanner:
    def __init__(self, parts: Parts, gate: Gate, router: RouterClient, lease: DiallingLease) -> None:
        self._parts = parts
        self._gate = gate
        self._router = router
        self._lease = lease
        self._pacer = Pacer(PacingRules())
        self._pacer_rules: PacingRules | None = None
        self._known: dict[str, AttemptRow] = {}
        self._learnt: set[str] = set()
        self._floor: Floor | None = None
        self._inbound_work = InboundWork()
        self._buckets: dict[str, TokenBucket] = {}
        self._held: dict[str, tuple[int, Suppression]] = {}
        self._lines: defaultdict[str, LineWatch] = defaultdict(LineWatch)
        self._gateways: defaultdict[str, GatewayWatch] = defaultdict(GatewayWatch)
        self._turn = 0
        self.plans: dict[str, deque[dict[str, Any]]] = {}

    async def step(self) -> bool:
        """One plan, carried out. False where there is nothing to plan for. Raises LeaseLost, Backpressure."""
        now = self._parts.clock.now()
        scene = await self._look(now)
        if scene.idle:
            return False
        running = [c for c in scene.campaigns if c.state is CampaignState.RUNNING]
        await self._learn(scene, running, now)
        floor = await self._router.floor(self._lease.tenant, self._lease.pool) if running else None
        by_group = _by_group(running)
        spoken = {
            a.agent_id: a.campaign_id for a in self._known.values() if a.agent_id and a.state is AttemptState.CONNECTED
        }
        if floor is not None:
            self._learn_from_floor(floor, spoken, by_group)
            floor = self._kept_for_inbound(floor, running)
        cells = {c.campaign_id: scene.cells(c, floor.skills if floor else frozenset()) for c in running}
        decisions = self._plan(scene, running, floor, spoken, by_group, cells, now)
        shown: dict[str, Any] = {}
        spare = _agents_without_a_call(scene, floor)
        for campaign in running:
            decision = decisions.get(campaign.campaign_id)
            wanted = self._wanted(scene, campaign, decision, now)
            one_to_one = _goes_one_to_one(campaign, scene.figures[campaign.campaign_id])
            if one_to_one:
                wanted = min(wanted, spare[campaign.group])
            shares = _shares(cells[campaign.campaign_id], decision, wanted)
            passed = await self._dial(scene, campaign, shares, one_to_one, now)
            spare[campaign.group] -= passed.dialled
            shown[campaign.campaign_id] = self._shown(campaign, scene, decision, passed, floor, now)
            if not scene.waiting(campaign):
                await self._finish_if_exhausted(campaign, now)
        for name, plan in shown.items():
            self.plans.setdefault(name, deque(maxlen=PLANS_KEPT)).append(plan)
        async with worker_transaction(self._parts.workers) as connection:
            await self._lease.keep_pacing(connection, {"at": now, "campaigns": shown})
        return True

    # ---- what there is

    async def _look(self, now: int) -> _Scene:
        tenant, pool = self._lease.tenant, self._lease.pool
        async with worker_transaction(self._parts.workers) as connection:
            await self._lease.hold(connection)
            rows = await connection.fetch(campaigns.SQL["campaigns_of_pool"], tenant, pool)
            scene = _Scene(campaigns=[campaigns.campaign_of(row) for row in rows])
            under_way: defaultdict[str, list[AttemptRow]] = defaultdict(list)
            for attempt in await attempts.open_of_pool(connection, tenant, pool):
                under_way[attempt.campaign_id].append(attempt)
            scene.under_way = under_way
            scene.unbegun_since = _unbegun_since(under_way)
            ready: dict[str, Mapping[str, int]] = {}
            figures: dict[str, Mapping[int, AbandonmentFigures]] = {}
            for campaign in scene.campaigns:
                name = campaign.campaign_id
                await records.give_back(connection, tenant, name, self._lease.epoch)
                if campaign.state is CampaignState.RUNNING:
                    await records.wake_rested(connection, tenant, name, now, WOKEN_AT_ONCE)
                    ready[name] = await records.ready(connection, tenant, name, READY_COUNTED)
                    figures[name] = await self._parts.books.figures(connection, tenant, name, now)
            scene.ready, scene.figures = ready, figures
            if scene.campaigns:
                scene.operator = await operators.read(connection, tenant)
                scene.callers = await operators.caller_ids(connection, tenant)
                scene.trunks = await operators.trunks(connection, tenant)
                scene.in_use = await attempts.channels_in_use(connection, tenant)
            silence = self._parts.settings.outbound_silence_seconds
            await listen_for(connection, [a for each in under_way.values() for a in each], silence, now)
        return scene

    async def _learn(self, scene: _Scene, running: Sequence[Campaign], now: int) -> None:
        """What became of attempts since the last look; a new planner begins with what the last day taught."""
        present = {a.attempt_id: a for each in scene.under_way.values() for a in each}
        gone = [attempt_id for attempt_id in self._known if attempt_id not in present]
        ended: list[AttemptRow] = []
        async with worker_transaction(self._parts.workers) as connection:
            for campaign in running:
                if campaign.campaign_id not in self._learnt:
                    self._learnt.add(campaign.campaign_id)
                    past = await attempts.lately_closed(
                        connection, campaign.tenant, campaign.campaign_id, now - 24 * HOUR, LEARNT_FROM
                    )
                    ended += [attempt for attempt in reversed(past) if attempt.attempt_id not in self._known]
            if gone:
                ended += await attempts.by_id(connection, self._lease.tenant, gone)
        for attempt in (*ended, *present.values()):
            self._observe(attempt, self._known.get(attempt.attempt_id))
        self._known = present

    def _observe(self, attempt: AttemptRow, before: AttemptRow | None) -> None:
        """Tell the pacer what is new of an attempt, once."""
        self._watch(attempt)
        if attempt.first == "agent" or attempt.placed_at is None:
            return
        campaign, pacer = attempt.campaign_id, self._pacer
        person = attempt.outcome in (None, DialOutcome.ANSWERED_PERSON, DialOutcome.ABANDONED)
        if attempt.answered_at is not None and (before is None or before.answered_at is None) and person:
            pacer.observe_answered(campaign, attempt.answered_at - attempt.placed_at, attempt.answered_at)
        met = attempt.connected_at is not None or attempt.outcome is DialOutcome.ABANDONED
        if met and (before is None or before.connected_at is None):
            pacer.observe_met(campaign, attempt.outcome is DialOutcome.ABANDONED)
        if attempt.ended_at is not None and not person and attempt.outcome is not DialOutcome.CANCELLED:
            pacer.observe_unanswered(campaign, max(0, attempt.ended_at - attempt.placed_at), attempt.ended_at)

    def _watch(self, attempt: AttemptRow) -> None:
        watch, gateway = self._lines[attempt.campaign_id], self._gateways[attempt.gateway_id]
        if attempt.placed_at is not None:
            gateway.began(attempt.placed_at)
        elif attempt.contact_id is not None:
            gateway.began(attempt.authorised_at)
        if attempt.answered_at is not None:
            watch.answered()
        elif attempt.outcome is not None:
            watch.ended(attempt.outcome, attempt.ended_at or attempt.authorised_at)

    def _learn_from_floor(
        self, floor: Floor, spoken: Mapping[str, str], by_group: Mapping[str, Sequence[str]]
    ) -> None:  # fmt: skip
        for ended in lasted(self._floor, floor, spoken, by_group):
            observe = self._pacer.observe_talk if ended.talk else self._pacer.observe_wrap
            observe(ended.campaign, ended.lasted)
        self._floor = floor

    def _kept_for_inbound(self, floor: Floor, running: Sequence[Campaign]) -> Floor:
        if floor.inbound is not None:
            self._inbound_work.observe(floor.at, floor.inbound)
        handling = self._pacer.handling_seconds([INBOUND, *(c.campaign_id for c in running)])
        return with_reserve(floor, handling, self._inbound_work.carried)

    # ---- how many

    def _plan(
        self, scene: _Scene, running: Sequence[Campaign], floor: Floor | None, spoken: Mapping[str, str],
        by_group: Mapping[str, Sequence[str]], cells: Mapping[str, Sequence[DialCell]], now: int,
    ) -> Mapping[str, CampaignPacing]:  # fmt: skip
        paced = [c for c in running if c.mode.paced or c.mode is DialMode.PREVIEW]
        if not paced or floor is None:
            return {}
        self._follow_rules(paced, floor.between_calls)
        view = PacingView(
            paced_agents(floor, spoken, by_group, cells),
            [_paced(c, scene, floor, cells[c.campaign_id], self._is_held(c, now)) for c in paced],
        )
        return {each.campaign_id: each for each in self._pacer.plan(view, now).campaigns}

    def _follow_rules(self, paced: Sequence[Campaign], of_pool: PauseRule | None) -> None:
        """The kindest of what the campaigns that share the agents ask for, or what the router keeps to; a change keeps what was
        learned."""
        if of_pool is None:
            pause = max(c.choices.agent_pause_seconds for c in paced)
            ceilings = [c.choices.occupancy_ceiling for c in paced if c.choices.occupancy_ceiling is not None]
            ceiling = min(ceilings, default=1.0)
        else:
            pause, ceiling = of_pool.pause_seconds, of_pool.occupancy_ceiling_percent / 100
        rules = PacingRules(
            pause_seconds=pause, occupancy_ceiling=ceiling,
            patience_seconds=min(c.choices.connect_milliseconds for c in paced) / 1000,
        )  # fmt: skip
        if rules != self._pacer_rules:
            self._pacer, self._pacer_rules = Pacer(rules, self._pacer.saved()), rules

    def _wanted(self, scene: _Scene, campaign: Campaign, decision: CampaignPacing | None, now: int) -> int:
        ready = scene.waiting(campaign)
        if self._is_held(campaign, now):
            return 0
        of_plan = 0 if decision is None else decision.total
        wanted = ready if campaign.mode in (DialMode.AGENTLESS, DialMode.CALLBACK) else of_plan
        bucket, channels = self._bucket(scene, campaign)
        return max(0, min(wanted, ready, LARGEST_BATCH, bucket.there(now), channels))

    def _is_held(self, campaign: Campaign, now: int) -> bool:
        """Whether something that holds back every record of it alike was met a moment ago."""
        held = self._held.get(campaign.campaign_id)
        return held is not None and now < held[0]

    def _bucket(self, scene: _Scene, campaign: Campaign) -> tuple[TokenBucket, int]:
        """The campaign's line: its calls per second, and channels left of it."""
        trunk = trunk_of(scene.trunks, campaign, self._parts.settings)
        bucket = self._buckets.get(trunk.trunk_id)
        if bucket is None or bucket.per_second != trunk.calls_per_second:
            bucket = self._buckets[trunk.trunk_id] = TokenBucket(trunk.calls_per_second)
        return bucket, trunk.channels - scene.in_use.get(trunk.trunk_id, 0)

    # ---- dialled

    async def _dial(
        self, scene: _Scene, campaign: Campaign, shares: Sequence[_Share], one_to_one: bool, now: int
    ) -> Passed:
        """Of each cell until as many are dialled, or nothing is left that may be, or the plan must be made anew."""
        total = Passed()
        if not shares:
            return total
        shown = [
            ShownNumber(caller.number, caller.region)
            for caller in scene.callers
            if caller.usable and campaign.choices.caller_pool in (None, caller.pool_name)
        ]
        ground = Ground(
            campaign, rules_of(campaign), scene.operator, bool(shown), scene.figures[campaign.campaign_id], waiting=one_to_one
        )  # fmt: skip
        trunk = trunk_of(scene.trunks, campaign, self._parts.settings)
        for share in shares:
            left = share.records
            for _ in range(PASSES):
                line = Line(shown, trunk.trunk_id or None, self._turn)
                passed = await self._gate.pass_next(self._lease, ground, left, line, share.languages)
                left -= passed.dialled
                self._turn += passed.dialled
                total.claimed += passed.claimed
                total.dialled += passed.dialled
                total.suppressed += passed.suppressed
                total.held_by = passed.held_by
                if passed.held_by or left <= 0 or not passed.claimed:
                    break
            if total.held_by is not None:
                self._held[campaign.campaign_id] = (now + HELD_SECONDS * SECOND, total.held_by)
                break
        self._bucket(scene, campaign)[0].take(total.dialled)
        return total

    async def _finish_if_exhausted(self, campaign: Campaign, now: int) -> None:
        async with worker_transaction(self._parts.workers) as connection:
            if await records.any_left(connection, campaign.tenant, campaign.campaign_id):
                return
            present = await campaigns.lock(connection, campaign.tenant, campaign.campaign_id)
            if present.state is CampaignState.RUNNING:
                await campaigns.move(connection, present, Move.EXHAUST, "outbound", "no_records", now)

    def _hold_up(self, campaign: Campaign, scene: _Scene, floor: Floor | None, now: int) -> str | None:
        """What keeps the whole campaign from dialling, if it is neither its agents nor its records."""
        held = self._held.get(campaign.campaign_id)
        if held is not None and now <= held[0]:
            return held[1]
        if floor is None and campaign.mode is not DialMode.AGENTLESS:
            return "router_away"
        if self._gateways[campaign.gateway_id].away(scene.unbegun_since.get(campaign.gateway_id), now):
            return LineFault.GATEWAY_AWAY
        if self._lines[campaign.campaign_id].fails:
            return LineFault.LINE_FAILS
        ours = any(a.first == "customer" for a in scene.under_way.get(campaign.campaign_id, ()))
        _, channels = self._bucket(scene, campaign)
        return Suppression.NO_LINE if channels <= 0 and not ours and scene.waiting(campaign) else None

    def _shown(
        self, campaign: Campaign, scene: _Scene, decision: CampaignPacing | None, passed: Passed, floor: Floor | None, now: int
    ) -> dict[str, Any]:  # fmt: skip
        """A plan as the live view shows it."""
        watch = self._lines[campaign.campaign_id]
        shown: dict[str, Any] = {
            "at": now, "dial": passed.dialled, "hold_up": self._hold_up(campaign, scene, floor, now),
            "failures": watch.failures, "failed_at": watch.failed_at or None, "suppressed": dict(passed.suppressed), "reasons": [],
        }  # fmt: skip
        if decision is not None:
            shown |= {
                "wanted": decision.total, "tolerance": decision.tolerance, "risk": decision.risk, "supply": decision.supply,
                "demand": decision.demand, "answer_rate": decision.answer_rate,
                "reasons": [] if self._is_held(campaign, now) else [
                    {"code": told.code, "numbers": dict(told.numbers)} for told in _told(decision.reasons, floor)
                ],
            }  # fmt: skip
        if floor is not None:
            states = [agent.state for agent in floor.agents if campaign.group in agent.groups]
            shown["agents"] = {state: states.count(state) for state in sorted(set(states))}
        return shown


def _unbegun_since(under_way: Mapping[str, Sequence[AttemptRow]]) -> Mapping[str, int]:
    """By gateway: when the oldest of the calls it has not begun was asked for (µs)."""
    oldest: dict[str, int] = {}
    for each in under_way.values():
        for attempt in each:
            if attempt.state is AttemptState.AUTHORISED and attempt.contact_id is None:
                asked = attempt.authorised_at
                oldest[attempt.gateway_id] = min(asked, oldest.get(attempt.gateway_id, asked))
    return oldest


def _told(reasons: Sequence[PacingFact], floor: Floor | None) -> Iterator[PacingFact]:
    """The pacer knows how many are kept for inbound; while its service level is missed that says more."""
    need = None if floor is None else floor.inbound
    for reason in reasons:
        if (
            reason.code is PacingReason.INBOUND_RESERVE
            and need is not None
            and need.held
            and need.level_percent is not None
        ):
            level = {
                "percent": need.level_percent,
                "seconds": need.service_level_seconds,
                "resume": need.resume_percent,
            }
            yield PacingFact(PacingReason.INBOUND_LEVEL, level)
        else:
            yield reason


PASSES = 5
"""Batches of one cell in a plan: records the law holds back cost a plan no more than these."""


@dataclass(frozen=True, slots=True)
class _Share:
    """How many records of these languages to dial."""

    languages: Sequence[str]
    records: int


def _shares(cells: Sequence[DialCell], decision: CampaignPacing | None, wanted: int) -> list[_Share]:
    """What is wanted, cell by cell as the pacer decided; without the pacer, the hopper's next of any language."""
    if decision is None:
        every = [language for cell in cells for language in cell.languages]
        return [_Share(every, wanted)] if wanted > 0 else []
    shares: list[_Share] = []
    for cell in cells:
        share = min(decision.dial.get(cell.name, 0), wanted)
        wanted -= share
        if share > 0:
            shares.append(_Share(cell.languages, share))
    return shares


def _goes_one_to_one(campaign: Campaign, figures: Mapping[int, AbandonmentFigures]) -> bool:
    """Whether no more may be dialled than agents are idle: by its mode, or because it is over its abandonment limit."""
    return campaign.mode is DialMode.PROGRESSIVE or (campaign.mode.paced and budget_spent(rules_of(campaign), figures))


def _agents_without_a_call(scene: _Scene, floor: Floor | None) -> Counter[str]:
    """By group: idle agents for whom nothing is dialled yet and nobody waits."""
    idle = (
        Counter(
            group
            for agent in floor.agents
            if agent.state == "idle"
            and agent.paused_until is None
            and not (agent.kept_for_inbound or agent.agent_id in floor.kept)
            for group in agent.groups
        )
        if floor
        else Counter[str]()
    )
    towards = (AttemptState.AUTHORISED, AttemptState.DIALLED, AttemptState.ANSWERED)
    for campaign in scene.campaigns:
        attempts_made = scene.under_way.get(campaign.campaign_id, ())
        idle[campaign.group] -= sum(attempt.state in towards for attempt in attempts_made)
    return idle


def _by_group(running: Sequence[Campaign]) -> Mapping[str, Sequence[str]]:
    by_group: defaultdict[str, list[str]] = defaultdict(list)
    for campaign in running:
        by_group[campaign.group].append(campaign.campaign_id)
    return by_group


def _paced(
    campaign: Campaign, scene: _Scene, floor: Floor, cells: Sequence[DialCell], held: bool
) -> PacedCampaign:  # fmt: skip
    """A campaign, cell by cell. Of those whose agent comes first only the records nobody looks at yet are in flight.

    What is held has no record to dial, so that its share of the agents goes to the others.
    """
    mine = scene.under_way.get(campaign.campaign_id, ())
    ringing = (
        (AttemptState.AUTHORISED,) if campaign.mode.agent_first else (AttemptState.AUTHORISED, AttemptState.DIALLED)
    )
    dials: defaultdict[str, list[int]] = defaultdict(list)
    waiting: Counter[str] = Counter()
    for attempt in mine:
        cell = cell_name(campaign.campaign_id, skill_of(attempt.language, campaign.choices.language, floor.skills))
        if attempt.state in ringing:
            dials[cell].append(attempt.placed_at or attempt.authorised_at)
        waiting[cell] += attempt.state is AttemptState.ANSWERED
    paced = [PacedCell(cell.name, dials[cell.name], waiting[cell.name], 0 if held else cell.records) for cell in cells]
    budget = budget_of(
        rules_of(campaign), scene.figures[campaign.campaign_id], campaign.choices.abandonment_limit
    )  # fmt: skip
    return PacedCampaign(
        campaign.campaign_id,
        PacingMode(campaign.mode),
        paced,
        budget,
        campaign.choices.ratio,
        0,
        campaign.choices.weight,
    )
