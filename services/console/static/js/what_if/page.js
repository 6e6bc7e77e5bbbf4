// What if: choose a period or a record and what to change, follow the run, read before and after. A draft of the policy page comes
// by /what-if?policy=draft; a finished run has an address of its own, /what-if?run=….

import { List, call, get, post } from "../api.js";
import { attempt, say, start } from "../shell.js";
import { choices, t } from "../words.js";
import { drawHours, drawPairs } from "./charts.js";
import { CHARTED, Result, amount, inZone } from "./result.js";

const FIRST_MS = 300;
const SLOWEST_MS = 3000;
const FIRST_CONTACTS = 10;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const wished = new URLSearchParams(location.search);
const SHARES = ["service_level", "abandonment", "right_skill_share"];

/** A local moment as a datetime-local field holds it. */
function local(date) {
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

const asking = () => ({
  source: "journal", begins: "", ends: "", recordId: "", policy: "newest", seeds: "10",
  headTier: "", headSeconds: "60", relaxGroup: "", relaxSeconds: "20", relaxHow: "drop", withHead: false, withRelax: false,
  versions: [], hasDraft: false, records: null, recordPolicy: null, mappings: [], uploading: false, uploaded: null, mapping: "generic-csv", yaml: "", withYaml: false, day: "",
  uploadProblem: "", problem: "", busy: false,

  yesterday(back, days) {
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    const begins = new Date(midnight);
    begins.setDate(begins.getDate() - back);
    const ends = new Date(begins);
    ends.setDate(ends.getDate() + days);
    Object.assign(this, { begins: local(begins), ends: local(ends) });
  },
  async loadChoices() {
    this.records.load().then(() => {
      if (!this.recordId && this.records.items.length) this.recordId = this.records.items[0].record_id;
    });
    const mappings = await get("/api/router/what-if/mappings").catch(() => ({ items: [] }));
    this.mappings = mappings.items;
    const versions = await get("/api/router/policy/versions?limit=20").catch(() => ({ items: [] }));
    this.versions = versions.items;
    const draft = await get("/api/router/policy/draft").catch(() => null); // analysts have none
    this.hasDraft = Boolean(draft);
    if ((wished.get("policy") === "draft" || wished.has("draft")) && this.hasDraft) this.policy = "draft";
  },
  chooseRecord() {
    this.recordPolicy = null;
    if (this.source !== "record" || !this.recordId) return;
    const asked = this.recordId;
    get(`/api/router/what-if/records/${asked}/policy`).then((policy) => {
      if (asked === this.recordId) this.recordPolicy = policy;
    }).catch(() => null);
  },
  switchTo(source) {
    this.source = source;
    this.policy = source === "record" ? "made" : this.hasDraft && wished.has("policy") ? "draft" : "newest";
    this.chooseRecord();
  },
  /** Tiers and groups to choose from: the tenant's, or those of the record. */
  named(kind) {
    if (this.source === "record" && this.policy === "made") return Object.keys(this.recordPolicy?.[kind] ?? {}).map((code) => ({ code, name: code }));
    return choices(kind);
  },
  mappingText() {
    return this.mappings.find((one) => one.name === this.mapping)?.yaml ?? "";
  },
  startOwn() {
    this.withYaml = true;
    this.yaml ||= this.mappingText() || this.mappings.find((one) => one.name === "generic-csv")?.yaml || "";
  },
  async upload(form) {
    Object.assign(this, { uploading: true, uploadProblem: "", uploaded: null });
    const body = new FormData();
    body.append("file", form.elements.file.files[0]);
    body.append("mapping", this.mapping);
    if (this.withYaml && this.yaml.trim()) body.append("yaml", this.yaml);
    if (this.day.trim()) body.append("day", this.day.trim());
    try {
      this.uploaded = await call("POST", "/api/router/what-if/records", undefined, { form: body });
      this.recordId = this.uploaded.record_id;
      await this.records.load();
      this.chooseRecord();
    } catch (problem) {
      this.uploadProblem = problem.detail ?? problem.message;
    }
    this.uploading = false;
  },
  uploadedWords() {
    return this.uploaded ? t("what_if.uploaded", { read: this.uploaded.read, calls: this.uploaded.calls, agents: this.uploaded.agents, rejected: this.uploaded.rejected }) : "";
  },
  /** The rows set aside, as a file made here: the router keeps none of them. */
  rejectedFile() {
    const quoted = (text) => `"${String(text).replaceAll('"', '""')}"`;
    const lines = (this.uploaded?.rejected_rows ?? []).map((row) => [row.line, quoted(row.why), quoted(row.raw)].join(","));
    return `data:text/csv;charset=utf-8,${encodeURIComponent(["line,why,row", ...lines].join("\n"))}`;
  },
  async dropRecord() {
    if (await attempt(() => call("DELETE", `/api/router/what-if/records/${this.recordId}`))) {
      this.recordId = "";
      await this.records.load();
    }
  },

  wanted() {
    const edits = [];
    if (this.withHead && this.headTier) edits.push({ kind: "head_start", tier: this.headTier, seconds: Number(this.headSeconds) });
    if (this.withRelax) edits.push({ kind: "relaxation", group: this.relaxGroup || null, after_seconds: Number(this.relaxSeconds), how: this.relaxHow });
    const policy = { draft: this.policy === "draft" };
    if (/^\d+$/.test(this.policy)) policy.version = Number(this.policy);
    const period = this.source === "record" ? { record_id: this.recordId } : { begins: new Date(this.begins).toISOString(), ends: new Date(this.ends).toISOString() };
    return { ...period, policy, edits, seeds: Number(this.seeds) };
  },
  async ask() {
    Object.assign(this, { busy: true, problem: "" });
    try {
      const { run_id: runId } = await post("/api/router/what-if/runs", this.wanted());
      await this.open(runId);
    } catch (problem) {
      this.problem = problem.detail ? `${problem.message} ${problem.detail}` : problem.message;
    }
    this.busy = false;
  },
});

const reading = () => ({
  run: null, runProblem: "", result: null, allContacts: false, metric: "service_level", split: "group", runs: null, charts: [],

  async open(runId) {
    Object.assign(this, { result: null, runProblem: "", run: { run_id: runId, state: "waiting", doing: "", share: 0, title: "" } });
    history.replaceState(null, "", `/what-if?run=${encodeURIComponent(runId)}`);
    try {
      for (let ms = FIRST_MS; this.run.run_id === runId; ms = Math.min(SLOWEST_MS, ms * 1.4)) {
        const found = await get(`/api/router/what-if/runs/${runId}`);
        if (this.run.run_id !== runId) return;
        const { result, ...run } = found;
        this.run = run;
        if (!["waiting", "running"].includes(run.state)) {
          if (result) this.show(result);
          break;
        }
        await pause(ms);
      }
    } catch (problem) {
      this.runProblem = problem.message;
    }
    await this.runs.load();
  },
  show(result) {
    Object.assign(this, { result: new Result(result), allContacts: false });
    this.$nextTick(() => this.draw());
  },
  draw() {
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
    if (!this.result) return;
    const most = SHARES.includes(this.metric) ? 1 : null;
    const unit = (value) => amount(this.metric, value).replace(".0 ", " ");
    const words = (side) => t(`what_if.${side}`);
    const hours = this.result.hours(this.metric);
    if (hours.length > 1) this.charts.push(drawHours(this.$refs.hours, hours, { zone: this.result.body.period.time_zone, unit, most, words }));
    const pairs = this.result.pairs(this.split, this.metric);
    if (pairs.length) this.charts.push(drawPairs(this.$refs.pairs, pairs, { unit, most }));
  },
  isUnderWay() {
    return Boolean(this.run) && ["waiting", "running"].includes(this.run.state);
  },
  doingWords() {
    return this.run ? t(`what_if.doing.${this.run.state === "waiting" ? "waiting" : this.run.doing || "reading"}`) : "";
  },
  fates() {
    return this.result ? this.result.contacts.slice(0, this.allContacts ? undefined : FIRST_CONTACTS) : [];
  },
  periodWords() {
    const period = this.result?.body.period;
    return period ? `${inZone(period.begins, period.time_zone)} – ${inZone(period.ends, period.time_zone)}` : "";
  },
  countWords() {
    const body = this.result?.body;
    return body ? t("what_if.changed", { n: body.contacts.changed, of: body.contacts.of, shown: body.contacts.items.length }) : "";
  },
  async cancel() {
    const { run_id: runId } = this.run;
    if (await attempt(() => call("DELETE", `/api/router/what-if/runs/${runId}`))) say(t("what_if.cancelled"), "done");
  },
  async forget(entry) {
    if (await attempt(() => call("DELETE", `/api/router/what-if/runs/${entry.run_id}`))) {
      if (this.run?.run_id === entry.run_id) Object.assign(this, { run: null, result: null });
      await this.runs.load();
    }
  },
  toneOf: (entry) => ({ done: "chip-good", failed: "chip-bad", cancelled: "" })[entry?.state] ?? "chip-accent",
});

const whatIf = () => ({
  ...asking(), ...reading(), charted: CHARTED,

  init() {
    this.records = new List("/api/router/what-if/records", () => ({}), 100);
    this.runs = new List("/api/router/what-if/runs", () => ({}), 20);
    this.yesterday(1, 1);
    this.loadChoices();
    this.runs.load();
    if (wished.get("run")) this.open(wished.get("run"));
  },
});

await start({ whatIf });
