// Whom a campaign calls: a file is sent and read, its columns are guessed and confirmed by a person who sees which rows are bad and why,
// and only then it is taken over, with its progress. Nobody is called by any of it.

import { List, call, get, newId, post, withQuery } from "../api.js";
import { attempt } from "../shell.js";
import { inWords, knows, language, t } from "../words.js";

const FIRST_MS = 250;
const SLOWEST_MS = 3000;
const UNDER_WAY = ["reading", "waiting", "running"];
const OPEN = [...UNDER_WAY, "mapping"];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export const listsPart = (campaignId) => ({
  lists: null, plans: { items: [] }, dragging: false, sending: false, importing: null, fields: [], checked: null, known: [], listTitle: "", zone: "", registry: "", wins: "first", taking: false, listFault: "",
  zones: Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [],

  initLists() {
    this.lists = new List("/api/outbound/imports", () => ({ campaign: campaignId }), 50);
  },
  async openLists() {
    await this.lists.load();
    const open = this.lists.items.find((entry) => OPEN.includes(entry.state));
    if (open && !this.importing) this.follow(open);
    this.plans = await get(withQuery("/api/outbound/plans", { campaign: campaignId })).catch(() => ({ items: [] }));
  },
  importPath: (entry, rest = "") => `/api/outbound/imports/${entry.import_id}${rest}`,

  // ---- a file, looked at

  chosen(input) {
    this.send(input.files[0]);
    input.value = "";
  },
  dropped(event) {
    this.dragging = false;
    this.send(event.dataTransfer.files[0]);
  },
  async send(file) {
    if (!file) return;
    Object.assign(this, { sending: true, listFault: "", listTitle: file.name.replace(/\.\w+$/, "") });
    const form = new FormData();
    form.append("file", file);
    const path = withQuery("/api/outbound/imports", { campaign: campaignId, name: this.listTitle });
    await this.guarded(async () => this.follow(await call("POST", path, undefined, { form, key: newId() })));
    this.sending = false;
  },
  async guarded(act) {
    try {
      await act();
    } catch (problem) {
      this.listFault = problem.message;
    }
  },
  isReading() {
    return this.importing?.state === "reading";
  },
  isMapping() {
    return this.importing?.state === "mapping";
  },
  isTaken() {
    return Boolean(this.importing) && !["reading", "mapping"].includes(this.importing.state);
  },
  fileWords() {
    return t("lists.file_words", { name: this.importing.name, n: this.importing.rows ?? "?" });
  },
  fieldWords: (field) => (knows(`lists.field.${field}`) ? t(`lists.field.${field}`) : field.replace(/^field\./, t("lists.own_field"))),
  /** What a column may be: every field no other column is, and a field of the list's own for the script. */
  fieldsFor(place) {
    const taken = this.fields.filter((field, other) => field && other !== place);
    const own = `field.${(this.importing.columns[place] || `column_${place + 1}`).trim().replace(/[^\p{L}\p{N}_.\-]+/gu, "_").slice(0, 60)}`;
    return [...new Set([...this.known.filter((field) => !taken.includes(field)), this.fields[place], own])].filter(Boolean);
  },
  isField(place, field) {
    this.fields = this.fields.map((known, other) => (other === place ? field || null : known));
    this.check();
  },
  hasNumber() {
    return this.fields.includes("number");
  },
  /** Field → column, as chosen. */
  mapping() {
    return Object.fromEntries(this.fields.map((field, place) => [field, this.importing.columns[place]]).filter(([field]) => field));
  },
  wish() {
    return { mapping: this.mapping(), wins: this.wins, time_zone: this.zone };
  },
  /** The first rows under the columns as chosen, each with what is wrong with it. */
  async check() {
    if (!this.hasNumber()) return;
    const { import_id: importId } = this.importing;
    await this.guarded(async () => {
      const checked = await post(this.importPath(this.importing, "/preview"), this.wish());
      if (this.importing?.import_id !== importId) return;
      Object.assign(this, { checked, known: checked.fields, listFault: "" });
    });
  },
  rows() {
    return this.checked?.rows ?? [];
  },
  /** What is wrong and how it is mended. */
  faultWords: (fault) => [inWords(fault), inWords(fault.mend)].filter(Boolean).join(t("lists.mend")),
  sampleWords() {
    const { good = 0, rejected = 0, duplicates = 0 } = this.checked?.counts ?? {};
    return t("lists.sample_words", { n: this.rows().length, good, rejected, duplicates });
  },
  async forgetFile() {
    const entry = this.importing;
    Object.assign(this, { importing: null, checked: null, listFault: "" });
    await this.guarded(() => post(this.importPath(entry, "/cancel")));
    await this.lists.load();
  },

  // ---- taken over

  async take() {
    this.taking = true;
    await this.guarded(async () => {
      this.follow(await post(this.importPath(this.importing, "/start"), { ...this.wish(), name: this.listTitle || null, registry_checked_on: this.registry || null }));
    });
    this.taking = false;
  },
  /** Until it is over, or a person has to say which column is what. */
  async follow(started) {
    Object.assign(this, { importing: started, checked: null });
    await this.guarded(async () => {
      for (let ms = FIRST_MS; UNDER_WAY.includes(this.importing?.state); ms = Math.min(SLOWEST_MS, ms * 1.3)) {
        await pause(ms);
        const fresh = await get(this.importPath(started));
        if (this.importing?.import_id === started.import_id) this.importing = fresh;
      }
      if (this.isMapping()) {
        const { columns, mapping, name, time_zone: zone } = this.importing;
        this.fields = columns.map((column) => Object.keys(mapping).find((field) => mapping[field] === column) ?? null);
        Object.assign(this, { listTitle: name, zone: zone ?? "" });
        await this.check();
      }
    });
    await this.lists.load();
  },
  isSettled: (entry) => !OPEN.includes(entry?.state),
  importTone: (entry) => ({ done: entry?.rejected ? "chip-warn" : "chip-good", failed: "chip-bad", cancelled: "" })[entry?.state] ?? "chip-accent",
  importCounts: (entry) => ["rows", "created", "updated", "duplicates", "rejected"].map((code) => ({ code, n: entry[code] ?? "–", words: t(`lists.count.${code}`) })),
  rejectsPath: (entry) => withQuery(`/api/outbound/imports/${entry.import_id}/rejected.csv`, { language }),
  planWords: (plan) => t("lists.plan_words", { n: plan.calls, created: plan.created, kind: t(`purpose.${plan.kind}`), lineage: plan.lineage ?? "" }),
});
