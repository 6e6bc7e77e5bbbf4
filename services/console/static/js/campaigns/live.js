// What a campaign does this second: read once a second while somebody looks; the pacing chart grows by what was read.

import { get, withQuery } from "../api.js";
import { knows, t } from "../words.js";
import { drawHours, drawPacing } from "./charts.js";
import { percent, ratio } from "./words.js";

const LOOK_MS = 1000;
const HOURS_MS = 60_000;
const GAP_US = 5_000_000; // plans this far apart: some between were not read
const KEPT = 900; // points of the pacing chart: a quarter of an hour of seconds
const OUTCOMES = ["answered_person", "abandoned", "machine", "fax", "busy", "no_answer", "sit_vacant", "sit_intercept", "sit_reorder", "failed", "cancelled", "unknown"];
const FOR_INBOUND = ["inbound_level", "inbound_reserve"]; // why free agents are none of a campaign's
const SHARES = ["risk", "tolerance", "limit", "known"];
const STANDING = ["waiting", "in_hopper", "dialling", "resting", "done", "suppressed"];
const UNPACED = ["agentless", "callback"];
const AGENT_FIRST = ["preview", "callback"];
const [AN_HOUR, A_DAY] = [1, 48]; // hours: below the first minutes are told, above the second days
const DASH = "–";

export const livePart = () => ({
  live: null, liveFault: "", reading: false, points: [], hours: [], hoursLoaded: false, hoursFault: "", pacingCursor: "", hourCursor: "", pacingChart: null, hoursChart: null,

  beginLive() {
    this.readLive();
    this.readHistory();
    setInterval(() => { if (!document.hidden) this.readLive(); }, LOOK_MS);
    setInterval(() => { if (!document.hidden && this.tab === "live") this.readHours(); }, HOURS_MS);
  },
  openLive() {
    this.readHours();
    this.$nextTick(() => this.drawCharts());
  },
  async readLive() {
    if (this.reading) return;
    this.reading = true;
    try {
      const live = await get(this.path("/live"));
      this.live = live;
      this.liveFault = "";
      if (live.pacing) this.takePlan(live.pacing);
      this.$nextTick(() => this.drawCharts());
    } catch (problem) {
      this.liveFault = problem.message;
    } finally {
      this.reading = false;
    }
  },
  takePlan(plan) {
    const last = this.points.at(-1)?.at ?? plan.at;
    if (last === plan.at && this.points.length) return;
    this.points = [...this.points, plan].slice(-KEPT);
    if (plan.at - last > GAP_US) this.readHistory(last);
  },
  /** What was planned before the page was opened, or since `since` while nobody looked or the line was away. */
  async readHistory(since = 0) {
    try {
      const { items } = await get(withQuery(this.path("/pacing"), { limit: KEPT, since }));
      const byTime = new Map([...this.points, ...items].map((point) => [point.at, point]));
      this.points = [...byTime.values()].sort((a, b) => a.at - b.at).slice(-KEPT);
    } catch {
      return; // the chart goes on with what is read from now on
    }
  },
  async readHours() {
    try {
      this.hours = (await get(this.path("/hours"))).items;
      this.hoursFault = "";
    } catch (problem) {
      this.hoursFault = problem.message;
    }
    this.hoursLoaded = true;
    this.hoursChart?.destroy();
    this.hoursChart = null;
    this.$nextTick(() => this.drawCharts());
  },
  /** Once their places are in sight; afterwards the pacing chart takes what is new. */
  drawCharts() {
    const [pacing, hours] = ["pacing-chart", "hours-chart"].map((id) => document.getElementById(id));
    if (this.pacingChart) this.pacingChart.show(this.points);
    else if (pacing?.clientWidth && this.points.length > 1) {
      this.pacingChart = drawPacing(pacing, this.points, this.isPaced(), (point) => { this.pacingCursor = point ? this.pointWords(point) : ""; });
    }
    if (!this.hoursChart && hours?.clientWidth && this.hours.length) {
      this.hoursChart = drawHours(hours, this.hours, (row) => { this.hourCursor = row ? this.hourWords(row) : ""; });
    }
  },
  /** What an agentless campaign and callbacks dial follows the trunk, not the agents: no prediction is made. */
  isPaced() {
    return !UNPACED.includes(this.campaign.mode);
  },
  /** Records an agent looks at before anybody rings. */
  isAgentFirst() {
    return AGENT_FIRST.includes(this.campaign.mode);
  },
  pointWords(point) {
    if (point.supply === undefined) return t("campaign.point_unpaced", { dial: point.dial });
    return t("campaign.point", { dial: point.dial, supply: point.supply.toFixed(1), demand: point.demand.toFixed(1), risk: percent(point.risk), tolerance: percent(point.tolerance) });
  },
  hourWords: (row) => t("campaign.hour_words", { hour: `${String(row.hour).padStart(2, "0")}:00`, rate: percent(row.rate), answered: row.answered, dialled: row.dialled }),
  pacingWords() {
    const last = this.points.at(-1);
    return last ? `${t("campaign.pacing")}: ${this.pointWords(last)}` : t("campaign.pacing");
  },
  hoursWords() {
    const best = [...this.hours].sort((a, b) => b.rate - a.rate)[0];
    return best ? t("campaign.best_hour", { hour: `${best.hour}:00`, rate: percent(best.rate) }) : t("campaign.hours");
  },
  /** The pacer's reasons for dialling as many as it does, each with the numbers it rests on. */
  reasons() {
    const { reasons = [] } = this.live?.pacing ?? {};
    return reasons.map((reason) => this.reasonWords(reason));
  },
  reasonWords({ code, numbers = {} }) {
    const key = `pacing_reason.${code}`;
    const shown = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, SHARES.includes(name) ? percent(value) : Number.isInteger(value) ? value : value.toFixed(1)]));
    return knows(key) ? t(key, shown) : code;
  },
  /** What somebody should know before anything else: why nothing is dialled, or what a campaign that stands still waits for. */
  holdUp() {
    if (!this.live) return "";
    const { records, next_due: next } = this.live;
    const isBare = !STANDING.some((code) => records[code]);
    const state = this.state();
    if (state === "draft" || state === "ready") return t(isBare ? "campaign.stands.bare" : "campaign.stands.ready");
    if (state === "finished") return t(isBare ? "campaign.stands.nothing" : "campaign.stands.finished");
    if (state !== "running") return "";
    const why = this.whyNothing();
    if (why === "line_fails") return t("campaign.hold_up.line_fails", { n: this.live.pacing.failures, when: this.dateTime(this.live.pacing.failed_at) });
    if (why === "inbound_level") return t("campaign.hold_up.inbound_level", this.live.pacing.reasons.find(({ code }) => code === why).numbers);
    if (why === "no_records" && next) return t("campaign.hold_up.next_due", { when: this.dateTime(next) });
    if (!why || knows(`campaign.hold_up.${why}`)) return why && t(`campaign.hold_up.${why}`);
    return t("campaign.hold_up.rule", { why: t(`suppression.${why}`) });
  },
  whyNothing() {
    const { records, pacing, hold_up: why, funnel, agents } = this.live;
    if (why || !pacing) return why ?? "";
    if (this.isAgentFirst() && funnel.dialling && !(agents.idle + agents.talking + agents.wrapping)) return "no_agents";
    if (pacing.dial || funnel.dialling || funnel.ringing) return "";
    if (!records.due_now && !records.in_hopper) return "no_records";
    const codes = (pacing.reasons ?? []).map(({ code }) => code);
    if (codes.includes("no_agent")) return "no_agents";
    return FOR_INBOUND.find((code) => codes.includes(code) && pacing.supply < 1) ?? "";
  },

  // ---- figures

  agentsWords() {
    if (this.live.hold_up === "router_away") return DASH; // nobody can say: not the same as nobody there
    const { idle = 0, talking = 0, wrapping = 0 } = this.live.agents ?? {};
    return `${idle} / ${idle + talking + wrapping}`;
  },
  abandonedWords() {
    const { answered, abandoned } = this.live.abandonment;
    return answered ? ratio(abandoned, answered, 2) : DASH;
  },
  budgetLeft() {
    const { answered, abandoned, left, limit } = this.live.abandonment;
    if (!answered) return t("campaigns.budget_unused", { limit: percent(limit) });
    if (left) return t("campaign.budget_left", { n: left, limit: percent(limit) });
    const isOver = abandoned > limit * answered;
    return t(isOver ? "campaign.budget_over" : "campaign.budget_none", { n: Math.ceil((abandoned + (isOver ? 0 : 1)) / limit - 1e-9) - answered, limit: percent(limit) });
  },
  /** The figure's formula with its numbers. */
  budgetFormula() {
    const { answered, abandoned, limit, window_days: days } = this.live.abandonment;
    return t("campaign.budget_formula", { abandoned, answered, limit: percent(limit), left: (limit * answered - abandoned).toFixed(1), window: t(days === 1 ? "campaign.window_day" : "campaign.window_days", { n: days }) });
  },
  hoursLeft() {
    const { hours_left: hours, records } = this.live;
    if (hours === null || hours === undefined) return t(records.due_now ? "campaign.hours_unknown" : "campaign.none_due");
    if (!records.due_now) return t("campaign.none_due");
    if (this.state() !== "running" || this.live.hold_up) return t("campaign.not_dialling");
    if (hours < AN_HOUR) return t("campaign.minutes_left", { n: Math.max(1, Math.round(60 * hours)) });
    return hours < A_DAY ? t("campaign.hours_left", { n: hours.toFixed(hours < 10 ? 1 : 0) }) : t("campaign.days_left", { n: Math.round(hours / 24) });
  },
  hoursFormula() {
    const { records, pace_per_hour: pace } = this.live;
    return pace ? t("campaign.due_formula", { n: records.due_now, pace }) : t("campaign.due_now_means");
  },
  /** What the rules held back today, most first: looked at and not dialled, each time counted. */
  heldBack() {
    const counts = Object.entries(this.live?.today?.suppressed ?? {}).sort((a, b) => b[1] - a[1]);
    return counts.map(([code, n]) => ({ code, n, words: t(`suppression.${code}`) }));
  },
  outcomes() {
    const counts = this.live?.today?.outcomes ?? {};
    const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
    return OUTCOMES.filter((code) => counts[code]).map((code) => ({ code, n: counts[code], share: counts[code] / all, percent: ratio(counts[code], all), words: t(`dial_outcome.${code}`) }));
  },
  standing() {
    const { records } = this.live;
    return STANDING.filter((code) => records[code] !== undefined).map((code) => ({ code, n: records[code], words: t(`record_state.${code}`) }));
  },
});
