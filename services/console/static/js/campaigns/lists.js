// Whom a campaign calls: a file is looked at first (columns matched, bad rows with reasons), then taken over with its progress; a
// planner's list at one click. What is looked at is not yet called.

import { List, call, get, newId, post, withQuery } from "../api.js";
import { attempt } from "../shell.js";
import { inWords, knows, t } from "../words.js";

const FIRST_MS = 300;
const SLOWEST_MS = 3000;
const UNDER_WAY = ["waiting", "running"];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export const listsPart = (campaignId) => ({
  lists: null, plans: { items: [] }, dragging: false, file: null, looking: false, looked: null, mapping: {}, listName: "", zone: "", taking: false, importing: null, listFault: "",
  zones: Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [],

  initLists() {
    this.lists = new List("/api/outbound/imports", () => ({ campaign: campaignId }), 50);
  },
  async openLists() {
    await this.lists.load();
    const running = this.lists.items.find((entry) => UNDER_WAY.includes(entry.state));
    if (running && !this.importing) this.follow(running);
    this.plans = await get(withQuery("/api/outbound/plans", { campaign: campaignId })).catch(() => ({ items: [] }));
  },

  // ---- a file, looked at

  chosen(input) {
    this.takeFile(input.files[0]);
    input.value = "";
  },
  dropped(event) {
    this.dragging = false;
    this.takeFile(event.dataTransfer.files[0]);
  },
  takeFile(file) {
    if (!file) return;
    Object.assign(this, { file, mapping: {}, listName: file.name.replace(/\.\w+$/, ""), looked: null });
    this.look();
  },
  forgetFile() {
    Object.assign(this, { file: null, looked: null, listFault: "", mapping: {} });
  },
  /** What the file would give under the mapping (guessed at first, then as chosen). */
  async look() {
    this.looking = true;
    this.listFault = "";
    try {
      this.looked = await call("POST", this.uploadPath("/api/outbound/lists:preview"), undefined, { form: this.formOf() });
      this.mapping = { ...this.looked.mapping };
    } catch (problem) {
      this.listFault = problem.message;
    }
    this.looking = false;
  },
  formOf() {
    const form = new FormData();
    form.append("file", this.file);
    return form;
  },
  uploadPath(path, more = {}) {
    const chosen = Object.entries(this.mapping).filter(([, column]) => column);
    return withQuery(path, { campaign: campaignId, ...(chosen.length && { mapping: JSON.stringify(Object.fromEntries(chosen)) }), time_zone: this.zone, ...more });
  },
  fileWords() {
    return t("lists.file_words", { name: this.file.name, n: this.looked.total ?? this.looked.rows.length });
  },
  fieldWords: (field) => (knows(`lists.field.${field}`) ? t(`lists.field.${field}`) : field),
  shownFields() {
    return this.looked.fields.filter((field) => this.mapping[field]);
  },
  faultWords: (fault) => (typeof fault === "object" ? inWords(fault) : knows(`lists.fault.${fault}`) ? t(`lists.fault.${fault}`) : fault),
  lookCounts() {
    return ["good", "rejected", "duplicates"].map((code) => ({ code, n: this.looked.counts?.[code] ?? "–", words: t(`lists.count.${code}`) }));
  },

  // ---- taken over

  async take() {
    this.taking = true;
    this.listFault = "";
    try {
      const started = await call("POST", this.uploadPath("/api/outbound/imports", { name: this.listName }), undefined, { form: this.formOf(), key: newId() });
      this.forgetFile();
      this.follow(started);
    } catch (problem) {
      this.listFault = problem.message;
    }
    this.taking = false;
  },
  async follow(started) {
    this.importing = started;
    try {
      for (let ms = FIRST_MS; UNDER_WAY.includes(this.importing?.state); ms = Math.min(SLOWEST_MS, ms * 1.4)) {
        await pause(ms);
        this.importing = await get(`/api/outbound/imports/${started.import_id}`);
      }
    } catch (problem) {
      this.listFault = problem.message;
    }
    await this.lists.load();
  },
  isSettled: (entry) => !UNDER_WAY.includes(entry?.state),
  importTone: (entry) => ({ done: entry?.rejected ? "chip-warn" : "chip-good", failed: "chip-bad" })[entry?.state] ?? "chip-accent",
  importCounts: (entry) => ["rows", "created", "duplicates", "rejected"].map((code) => ({ code, n: entry[code] ?? "–", words: t(`lists.count.${code}`) })),
  rejectsPath: (entry) => `/api/outbound/imports/${entry.import_id}/rejected.csv`,

  // ---- a planner's list

  planWords: (plan) => t("lists.plan_words", { n: plan.calls, kind: t(`purpose.${plan.kind}`) }),
  async takePlan(plan) {
    await attempt(async () => {
      await post(`/api/outbound/plans/${plan.plan_id}/take`, { campaign: campaignId }, { key: newId() });
      await this.openLists();
    });
  },
});
