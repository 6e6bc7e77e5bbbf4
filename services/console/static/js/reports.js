// Reports: one question (days, group, channel, team), four answers as tables, the first with its course over the day.
// What every column means comes from the definitions; files hold the same rows whole.

import { List, get, withQuery } from "./api.js";
import { drawCourse } from "./course.js";
import { start } from "./shell.js";
import { duration, now } from "./clock.js";
import { inWords, knows, language, nameOf, t } from "./words.js";

const PAGE = 100;
const COURSE_POINTS = 1000;
const TABS = ["intervals", "agents", "dispositions", "contacts"];
const SHOWN = {
  intervals: ["offered", "answered", "abandoned", "short_abandons", "flowed_out", "callback", "turned_away", "waiting", "service_level", "abandonment", "asa", "wait_p90", "connect_rate", "handled", "aht"],
  agents: ["signed_in", "available", "handling", "wrapping", "not_ready", "agent_handled", "agent_talk", "agent_hold", "agent_wrap", "agent_aht", "transfers_in", "transfers_out", "missed", "rejected", "occupancy"],
};
const NAMED = { group: "groups", groups: "groups", agent: "agents", agents: "agents", disposition: "dispositions", reason: "reasons", line: "business_lines", tier: "tiers" };
const FAMILY = { channel: "channel", end: "end", direction: "reports.direction" };
const SECONDS = ["talk", "hold", "wrap", "waited"];
const DASH = "–";

/** A local date of the tenant as the fields hold it, `back` days before today. */
function dayBefore(back, zone) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(now() / 1000 - back * 86_400_000);
}

/** "09:30", or the date where a row is a day or more; the offset only where an hour comes twice. */
function period(row, interval) {
  if (interval === "total") return "";
  if (interval === "day") return row.start.slice(0, 10);
  return `${row.start.slice(5, 10)} ${row.start.slice(11, 16)}`;
}

const wished = new URLSearchParams(location.search);

const reports = () => ({
  tab: TABS.includes(wished.get("tab")) ? wished.get("tab") : "intervals",
  asked: { from: "", to: "", group: wished.get("group") ?? "", channel: "", direction: "inbound", team: "", interval: "30", rows: "time" },
  definitions: null, fault: "", list: new List("/api/router/reports/intervals"), course: null, courseFault: "", cursorText: "", chart: null,

  async init() {
    try {
      this.definitions = await get("/api/router/reports/definitions");
    } catch (problem) {
      this.fault = problem.message;
      return;
    }
    this.asked.from = wished.get("from") ?? dayBefore(0, this.definitions.time_zone);
    this.asked.to = wished.get("to") ?? this.asked.from;
    this.load();
  },
  again() {
    this.fault = "";
    this.init();
  },

  /** What is asked, as the router's query; `extra` is about this answer alone. */
  query(extra = {}) {
    const { from, to, group, channel, direction, team } = this.asked;
    const of = this.tab === "agents" ? { team } : { group, channel, direction, ...(this.tab === "intervals" ? {} : { team }) };
    return { from, to, ...of, ...extra };
  },
  how() {
    if (this.tab === "intervals") {
      const { rows, interval } = this.asked;
      return rows === "group" ? { interval: "total", split: "group" } : rows === "both" ? { interval, split: "group" } : { interval, split: "none" };
    }
    return this.tab === "agents" ? { interval: "day" } : {};
  },
  load() {
    history.replaceState(null, "", withQuery("/reports", { tab: this.tab, ...this.query() }));
    this.list = new List(`/api/router/reports/${this.tab}`, () => this.query(this.how()), PAGE);
    this.list.load();
    if (this.tab === "intervals") this.loadCourse();
  },
  async loadCourse() {
    this.courseFault = "";
    try {
      const answer = await get(withQuery("/api/router/reports/intervals", this.query({ interval: this.asked.interval, split: "none", limit: COURSE_POINTS })));
      this.course = answer;
      this.$nextTick(() => this.draw());
    } catch (problem) {
      this.courseFault = problem.message;
    }
  },
  draw() {
    this.chart?.destroy();
    const place = this.$refs.course;
    this.chart = place && this.course?.items.length
      ? drawCourse(place, this.course, { goal: this.definitions.service_level_goal_percent, words: (name) => this.wordsOf(name), tell: (row) => { this.cursorText = row ? this.pointWords(row) : ""; } })
      : null;
  },
  pointWords(row) {
    const names = ["offered", "answered", "abandoned", "service_level", "asa"];
    return `${period(row, "30")}–${row.end.slice(11, 16)}  ${names.map((name) => `${this.wordsOf(name)} ${this.shown(row, { name, ...this.unitOf(name) })}`).join(" · ")}`;
  },
  courseWords() {
    const totals = this.course?.totals;
    return totals ? t("reports.course_words", { offered: totals.offered, answered: totals.answered, abandoned: totals.abandoned, level: this.shown(totals, { name: "service_level", unit: "%" }) }) : "";
  },

  show(tab) {
    this.tab = tab;
    this.load();
  },
  step(by) {
    const next = TABS[(TABS.indexOf(this.tab) + by + TABS.length) % TABS.length];
    this.show(next);
    document.getElementById(`tab-${next}`).focus();
  },
  days(back, length) {
    const zone = this.definitions.time_zone;
    Object.assign(this.asked, { from: dayBefore(back + length - 1, zone), to: dayBefore(back, zone) });
    this.load();
  },
  /** Where the whole answer is fetched as a file, with headings in the page's language. */
  file(format) {
    return withQuery(`/api/router/reports/${this.tab}`, this.query({ ...this.how(), format, lang: language }));
  },

  // ---- columns

  defined(name) {
    return this.definitions?.measures[name] ?? this.definitions?.metrics[name] ?? null;
  },
  wordsOf(name) {
    const known = this.defined(name);
    return known ? inWords(known.words) : t(`reports.column.${name}`);
  },
  unitOf(name) {
    const unit = this.defined(name)?.unit;
    return { unit: unit === "percent" ? "%" : unit === "seconds" ? "s" : "" };
  },
  column(name) {
    const known = this.defined(name);
    return { name, title: this.wordsOf(name), means: known ? this.meaning(name) : "", number: Boolean(known), ...this.unitOf(name) };
  },
  /** The formula of a figure, with what it takes from the definitions (short abandons) in it. */
  meaning(name) {
    const known = this.defined(name);
    const short = name.includes("short") ? ` (≤ ${this.definitions.short_abandon_seconds} s)` : "";
    return `${inWords(known.words)} = ${inWords(known.means)}${short}`;
  },
  columns() {
    const plain = (name, number = false) => ({ name, title: t(`reports.column.${name}`), means: "", number, unit: SECONDS.includes(name) ? "s" : "" });
    const keys = {
      intervals: [...(this.asked.rows === "group" ? [] : [plain("start")]), ...(this.asked.rows === "time" ? [] : [plain("group")])],
      agents: [plain("start"), plain("agent")],
      dispositions: [plain("group"), plain("channel"), plain("disposition"), plain("reason"), plain("conversations", true), plain("by_timeout", true), plain("talk", true), plain("wrap", true)],
      contacts: [plain("arrived"), plain("channel"), plain("groups"), plain("agents"), plain("waited", true), plain("talk", true), plain("hold", true), plain("wrap", true), plain("transfers", true), plain("end"), plain("disposition"), plain("reason"), plain("tier"), plain("rating", true)],
    }[this.tab];
    const figures = this.definitions ? (SHOWN[this.tab] ?? []).map((name) => this.column(name)) : [];
    return [...keys, ...figures];
  },

  // ---- cells

  shown(row, column) {
    const value = row[column.name];
    if (column.name === "start") return period(row, this.tab === "agents" ? "day" : this.asked.interval);
    if (column.name === "arrived") return value.slice(0, 19).replace("T", " ");
    if (column.name === "rating") return value === null ? DASH : `${value}/${row.scale}`;
    if (value === null || value === undefined || value === "") return column.name === "group" ? t("reports.no_group") : DASH;
    if (Array.isArray(value)) return value.map((one) => nameOf(NAMED[column.name], one)).join(" › ") || DASH;
    if (column.unit === "%") return `${value.toFixed(1)} %`;
    if (column.unit === "s") return this.defined(column.name)?.numerator?.length || column.name.startsWith("wait_p") ? `${value.toFixed(1)} s` : duration(value * 1e6);
    if (FAMILY[column.name]) return knows(`${FAMILY[column.name]}.${value}`) ? t(`${FAMILY[column.name]}.${value}`) : value;
    return NAMED[column.name] ? nameOf(NAMED[column.name], value) : value;
  },
  /** On hover: the formula with this row's own numbers, or the breaks behind the time not ready. */
  because(row, column) {
    if (column.name === "not_ready" && row.breaks) {
      return Object.entries(row.breaks).map(([reason, seconds]) => `${nameOf("presence_reasons", reason) || t("reports.no_reason")} ${duration(seconds * 1e6)}`).join(" · ");
    }
    const metric = this.definitions?.metrics[column.name];
    if (!metric?.numerator?.length) return column.means;
    const sum = (names) => names.map((name) => `${name.startsWith("-") ? "− " : names[0] === name ? "" : "+ "}${this.wordsOf(name.replace("-", ""))} ${this.counted(row, name.replace("-", ""))}`).join(" ");
    return `${column.title} = ${sum(metric.numerator)} ÷ ${sum(metric.denominator)}`;
  },
  counted(row, name) {
    return this.unitOf(name).unit === "s" ? duration((row[name] ?? 0) * 1e6) : row[name] ?? 0;
  },
  tone(row, column) {
    return column.name === "service_level" && row.service_level !== null && row.service_level < this.definitions.service_level_goal_percent ? "warn" : "";
  },
  rowKey: (row) => row.contact ?? `${row.start ?? ""}|${row.group ?? ""}|${row.agent ?? ""}|${row.channel ?? ""}|${row.disposition ?? ""}|${row.reason ?? ""}`,
  totals() {
    const totals = this.list.answer?.totals;
    return totals && this.list.items.length ? totals : null;
  },
  total(column, index) {
    const totals = this.totals();
    if (index === 0) return `${t("reports.totals")} ${totals?.contacts ?? ""}`;
    return !totals || totals[column.name] === undefined ? "" : this.shown(totals, column);
  },
  asOf() {
    const answer = this.list.answer;
    if (!answer) return "";
    const when = answer.as_of ? answer.as_of.slice(0, 19).replace("T", " ") : DASH;
    return t("reports.as_of", { when, zone: answer.time_zone, short: answer.short_abandon_seconds, version: answer.definitions });
  },
});

await start({ reports });
