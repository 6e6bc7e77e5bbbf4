// The roster: every kind of item as a list with one form, and the skills matrix. Supervisors look, administrators change.

import { call, List, newId, post, put } from "../api.js";
import { merged, refreshCatalogue, say, start } from "../shell.js";
import { choices, inWords, nameOf, t } from "../words.js";
import { blankOf, KINDS } from "./kinds.js";
import { matrixPart } from "./matrix.js";
import { phonesPart } from "./phones.js";

const TABS = ["skills-matrix", ...Object.keys(KINDS), "phones"];
const MATRIX = TABS[0];
const wished = new URLSearchParams(location.search).get("tab");

const formPart = () => ({
  draft: null, isNew: false, problem: "", busy: false,

  fields() {
    return KINDS[this.tab]?.fields ?? [];
  },
  isDeletable() {
    return Boolean(KINDS[this.tab]?.deletable);
  },
  optionsOf(field) {
    const options = field.options ?? choices(field.from);
    return field.optional ? [{ code: "", name: "–" }, ...options] : options;
  },
  create() {
    Object.assign(this, { draft: blankOf(this.tab, newId()), isNew: true, problem: "" });
    document.getElementById("item").showModal();
  },
  edit(entry) {
    const draft = { ...blankOf(this.tab), ...structuredClone(JSON.parse(JSON.stringify(entry))) };
    for (const field of this.fields()) draft[field.name] ??= structuredClone(field.blank ?? "");
    Object.assign(this, { draft, isNew: false, problem: "" });
    document.getElementById("item").showModal();
  },
  close() {
    document.getElementById("item").close();
  },
  levelOf(field, code) {
    const value = this.draft[field.name];
    return (field.map ? value[code] : value.find((held) => held.skill === code)?.level) ?? "";
  },
  /** An empty or zero level means: not held (a capacity of 0 is said as such). */
  setLevel(field, code, typed) {
    const level = typed === "" ? null : Math.trunc(Number(typed));
    if (field.map) {
      const { [code]: _gone, ...others } = this.draft[field.name];
      this.draft[field.name] = level === null ? others : { ...others, [code]: level };
    } else {
      const others = this.draft[field.name].filter((held) => held.skill !== code);
      this.draft[field.name] = level ? [...others, { skill: code, level }] : others;
    }
  },
  body() {
    const body = { ...JSON.parse(JSON.stringify(this.draft)) };
    for (const field of this.fields()) if (field.optional && body[field.name] === "") body[field.name] = null;
    if (body.password === "") delete body.password;
    return body;
  },
  async save() {
    const key = KINDS[this.tab].key;
    await this.change(() => {
      const body = this.body();
      return this.isNew ? post(`/api/roster/${this.tab}`, body) : put(`/api/roster/${this.tab}/${encodeURIComponent(body[key])}`, body);
    });
  },
  async remove() {
    const { key } = KINDS[this.tab];
    await this.change(() => call("DELETE", `/api/roster/${this.tab}/${encodeURIComponent(this.draft[key])}?version=${this.draft.version}`));
  },
  async change(act) {
    Object.assign(this, { busy: true, problem: "" });
    try {
      await act();
      this.close();
      say(t("roster.saved", { name: "" }), "done");
      await Promise.all([this.list.load(), refreshCatalogue()]);
      this.beginMatrix();
    } catch (problem) {
      this.problem = problem.message;
    } finally {
      this.busy = false;
    }
  },
});

const listPart = () => ({
  tab: MATRIX, query: "", list: null, mayChange: false,

  init() {
    this.mayChange = this.$root.dataset.mayChange === "yes";
    this.list = new List("", () => ({ query: this.query.trim() }));
    this.beginMatrix();
    this.$watch("query", () => this.tab !== "phones" && (this.tab === MATRIX ? this.matrix : this.list).load());
    this.show(TABS.includes(wished) && wished !== "skills" ? wished : MATRIX);
  },
  show(tab) {
    this.tab = tab;
    if (tab === MATRIX) return;
    if (tab === "phones") return this.loadPhones();
    this.list = new List(`/api/roster/${tab}`, () => ({ query: this.query.trim() }));
    this.list.load();
  },
  step(by) {
    this.show(TABS[(TABS.indexOf(this.tab) + by + TABS.length) % TABS.length]);
    document.getElementById(`tab-${this.tab}`).focus();
  },
  columns() {
    return this.fields().filter((field) => field.column);
  },
  labelOf: (field) => t(`field.${field.name}`),
  keyOf(entry) {
    return entry[KINDS[this.tab]?.key] ?? "";
  },
  titleOf: (entry) => entry.display_name || inWords(entry.name),
  shownValue(field, entry) {
    const value = entry[field.name];
    if (value === undefined || value === null || value === "") return "–";
    if (field.form === "yes") return t(value ? "roster.yes" : "roster.no");
    if (field.form === "words") return inWords(value);
    if (field.form === "levels") return this.levelsWords(field, value);
    const named = (code) => field.options?.find((option) => option.code === code)?.name ?? nameOf(field.from, code);
    if (field.form === "many") return value.map(named).join(", ") || "–";
    return field.form === "choice" ? named(value) : value;
  },
  levelsWords(field, value) {
    const pairs = field.map ? Object.entries(value).map(([code, n]) => [t(`channel.${code}`), n]) : value.map(({ skill, level }) => [nameOf("skills", skill), level]);
    return pairs.map(([name, n]) => `${name} ${n}`).join(" · ") || "–";
  },
});

await start({ roster: () => merged(formPart(), matrixPart(), phonesPart(), listPart()) });
