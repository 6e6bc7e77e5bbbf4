// The policy page: the document, what is wrong or doubtful in it, what it means, and putting it in force.

import { call, get, List, newId, post, Problem } from "../api.js";
import { dateTime } from "../clock.js";
import { closingPart } from "../closing.js";
import { Alpine, say, start } from "../shell.js";
import { inWords, language, t } from "../words.js";
import { Editor, watchEscape } from "./editor.js";
import { drawWeek, weekWords } from "./hours.js";
import { drawPicture } from "./picture.js";

const CHECK_MS = 500;
const SAVE_MS = 1500;
const ROUTER = "/api/router/policy";
const KEPT = "ucc.policy.draft";
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** All of a paged list. */
async function everything(path) {
  const found = [];
  let cursor = "";
  do {
    const page = await get(`${path}?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    found.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return found;
}

/** A document as its author wrote it. */
async function documentAt(where) {
  const answer = await fetch(`${ROUTER}/${where}`, { headers: { accept: "application/yaml" } });
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => null));
  return answer.text();
}

await start({
  policy: () => ({
    ...closingPart(),
    version: 0, base: 0, text: "", read: "", roster: null, problem: "", busy: false, kept: "", view: "picture",
    faults: [], warnings: [], isChecked: false, asked: 0, timer: 0, saver: 0, picture: null, changes: [], difference: [],
    touchesWaiting: false, needsApproval: false, chosen: "", groupId: "", versions: null, plans: [], plansRead: false,
    note: "", time: "now", at: "", waiting: "", refusal: "", rollingBack: 0, key: "",

    init() {
      this.versions = new List(`${ROUTER}/versions`);
      this.editor = new Editor(this.$refs.area, this.$refs.gutter);
      watchEscape(this.$refs.area);
      addEventListener("beforeunload", () => this.keepHere());
      this.begin();
    },
    get mayEdit() {
      return Alpine.store("me").roles.some((role) => ["supervisor", "admin"].includes(role));
    },
    /** Groups, as the closing dialog asks for them; how they stand now the wallboard shows. */
    get rows() {
      return this.picture?.groups.map((group) => ({ group: group.id })) ?? [];
    },
    closedNow: () => true,
    get isAdmin() {
      return Alpine.store("me").roles.includes("admin");
    },
    get isChanged() {
      return this.text !== this.read;
    },

    async begin() {
      this.problem = "";
      try {
        await this.versions.load();
        this.version = this.versions.items[0]?.version ?? 0;
        this.read = this.version ? await documentAt(`versions/${this.version}`) : "";
        this.roster ??= await everything("/api/roster/agents").then((rows) => rows.map(this.member)).catch(() => null);
        await this.takeUp();
        this.groupId ||= "";
        await this.check();
      } catch (problem) {
        this.problem = problem.message;
      }
    },
    member: (row) => ({ agent_id: row.agent_id, name_zh: row.display_name ?? "", skills: row.skills, teams: row.teams, sites: row.sites, active: row.active ?? true }),
    /** What was being written: this browser's copy, else the server's, else what is published. */
    async takeUp() {
      const there = await get(`${ROUTER}/draft`).catch(() => null);
      const here = this.keptHere();
      const draft = here && (!there || Date.parse(here.saved_at) > Date.parse(there.saved_at)) ? here : there;
      this.text = draft ? draft.document : this.read;
      this.base = draft ? draft.base_version : this.version;
      this.kept = draft?.saved_at ?? "";
      await this.$nextTick();
      this.editor.number(true);
    },
    keptHere() {
      try {
        const found = JSON.parse(localStorage.getItem(`${KEPT}.${Alpine.store("me").user_id ?? ""}`));
        return found && typeof found.document === "string" ? found : null;
      } catch {
        return null;
      }
    },
    keepHere() {
      const name = `${KEPT}.${Alpine.store("me").user_id ?? ""}`;
      if (!this.isChanged) localStorage.removeItem(name);
      else localStorage.setItem(name, JSON.stringify({ document: this.text, base_version: this.base, saved_at: new Date().toISOString() }));
    },
    async keepThere() {
      if (!this.mayEdit) return;
      try {
        if (this.isChanged) await call("PUT", `${ROUTER}/draft?base_version=${this.base}`, undefined, { form: this.text });
        else await call("DELETE", `${ROUTER}/draft`);
        this.kept = this.isChanged ? new Date().toISOString() : "";
      } catch {
        this.kept = ""; // this browser keeps it; the next change tries again
      }
    },
    changed() {
      this.isChecked = false;
      this.editor.number();
      this.keepHere();
      clearTimeout(this.timer);
      clearTimeout(this.saver);
      this.timer = setTimeout(() => this.check(), CHECK_MS);
      this.saver = setTimeout(() => this.keepThere(), SAVE_MS);
    },
    async restore() {
      this.text = this.read;
      this.base = this.version;
      await this.$nextTick();
      this.changed();
    },
    async check() {
      if (!this.mayEdit || !this.text) return;
      const asked = ++this.asked;
      try {
        const found = await post(`${ROUTER}/review?lang=${language}`, { document: this.text, roster: this.roster });
        if (asked !== this.asked) return;
        Object.assign(this, { faults: found.errors, warnings: found.warnings, isChecked: true, problem: "", needsApproval: found.needs_approval });
        if (found.base_version !== this.version) this.version = found.base_version;
        if (found.picture) {
          Object.assign(this, { picture: found.picture, changes: this.isChanged ? found.difference.changes : [], touchesWaiting: found.difference.touches_waiting });
          this.difference = this.isChanged && found.difference.text ? found.difference.text.split("\n") : [];
          if (!this.picture.groups.some((group) => group.id === this.groupId)) this.groupId = this.picture.groups[0]?.id ?? "";
          this.draw();
        }
        this.editor.mark(this.faults, this.warnings);
      } catch (problem) {
        if (asked === this.asked) this.problem = problem.message;
      }
    },
    draw() {
      if (this.picture) drawPicture(this.$refs.picture, this.picture, this.chosen, (key) => this.choose(key));
    },
    choose(key) {
      this.chosen = this.chosen === key ? "" : key;
      if (this.chosen.startsWith("group:")) this.groupId = key.slice(6);
      this.draw();
    },
    show(view) {
      this.view = view;
      if (view === "plans") this.readPlans();
      if (view === "versions") this.versions.load();
    },

    // ---- words

    standing() {
      const entry = this.versions?.items[0];
      return entry ? t("policy.standing", { n: entry.version, who: entry.author, when: dateTime(entry.created_at) }) : t("policy.none");
    },
    isStale() {
      return this.isChanged && this.base !== this.version;
    },
    checkedWords() {
      if (this.faults.length) return t("policy.n_faults", { n: this.faults.length });
      if (!this.isChecked) return t("policy.checking");
      return this.warnings.length ? t("policy.n_doubts", { n: this.warnings.length }) : t("policy.sound");
    },
    checkedLook() {
      if (this.faults.length) return "chip-bad";
      return this.isChecked ? (this.warnings.length ? "chip-warn" : "chip-good") : "";
    },
    savedWords() {
      if (!this.isChanged) return t("policy.as_published");
      return this.kept ? t("policy.kept", { when: dateTime(this.kept) }) : t("policy.kept_here");
    },
    places() {
      const groups = this.picture?.groups.map((group) => ({ path: `groups.${group.id}`, label: `${t("policy.kind.group")} · ${inWords(group)}` })) ?? [];
      return [...["calendars", "tiers", "reasons", "capacity", "exposure", "blending", "between_calls", "outside", "groups"].filter((key) => this.text.includes(`\n${key}:`)).map((key) => ({ path: key, label: key })), ...groups];
    },
    jump(path) {
      const line = path ? this.editor.lineOf(...path.split(".")) : 0;
      if (line) this.editor.goTo(line);
    },
    goTo(fault) {
      this.editor.goTo(fault.line, fault.column);
    },
    calendarNote(calendar) {
      const used = this.picture.groups.filter((group) => group.hours === calendar.id).length;
      return [calendar.time_zone, calendar.holidays && t("policy.holidays_of", { c: calendar.holidays }), t("policy.n_groups", { n: used })].filter(Boolean).join(" · ");
    },
    dayNames: () => DAYS.map((day) => t(`policy.day.${day}`)),
    drawCalendar(svg, calendar) {
      drawWeek(svg, calendar.week, this.dayNames());
    },
    weekWords(calendar) {
      return weekWords(calendar.week, this.dayNames(), t("policy.closed"));
    },
    dayLook: (day) => ({ exception: "chip-accent", make_up: "chip-good", holiday: "chip-warn" })[day.why],
    dayWords: (day) => `${day.day} ${t(`policy.why.${day.why}`)} ${day.row.length ? day.row.join(", ") : t("policy.closed")}`,
    skillName(skill) {
      return inWords(this.picture.names[skill]) || skill;
    },
    stepsOf(group) {
      const known = this.picture.agents.length > 0;
      const asked = Object.entries(group.skills).map(([skill, level]) => `${this.skillName(skill)} ≥ ${level}`).join(t("policy.and"));
      const agents = (n) => (known ? group.reach[n]?.agents.length ?? 0 : null);
      return [{ after: 0, what: asked || t("policy.anybody"), agents: agents(0) }, ...group.relaxation.map((step, n) => ({ after: step.after_seconds, what: this.stepWords(step), agents: agents(n + 1) }))];
    },
    stepWords(step) {
      const lower = Object.entries(step.lower ?? {}).map(([skill, level]) => `${this.skillName(skill)} ≥ ${level}`);
      const drop = step.drop?.length ? [t("policy.without", { skill: step.drop.map((skill) => this.skillName(skill)).join(t("policy.or")) })] : [];
      const add = step.add ? [t("policy.plus", { who: [...(step.add.teams ?? []), ...(step.add.sites ?? []), ...(step.add.agents ?? [])].join(", ") })] : [];
      return [...lower, ...drop, ...add].join(t("policy.and"));
    },
    chosenGroup() {
      return this.picture?.groups.filter((group) => group.id === this.groupId) ?? [];
    },
    reachWords(group) {
      return this.picture.agents.length ? group.reach.map((step) => t("policy.reach_of", { s: step.after_seconds, n: step.agents.length })).join(" · ") : t("policy.no_roster");
    },
    overtakenWords(group) {
      const own = group.targets[group.channels[0]];
      return t("policy.overtaken_by", { s: this.picture.most_head_start, own });
    },
    changeLook: (change) => ({ added: "chip-good", removed: "chip-bad", served_by: "chip-warn" })[change.what] ?? "chip-accent",
    lineLook: (line) => (line.startsWith("+") ? "more" : line.startsWith("-") ? "less" : line.startsWith("@@") ? "place" : ""),
    whoWords: (entry) => (entry.approved_by ? t("policy.approved", { who: entry.author, by: entry.approved_by }) : entry.author),
    noteWords: (entry) => [entry.note, entry.restores && t("policy.restores", { n: entry.restores }), entry.waiting === "keep" && t("policy.kept_waiting")].filter(Boolean).join(" · "),

    // ---- the form writes into the text

    wholeOf: (input) => (input.value === "" ? null : Number.parseInt(input.value, 10)),
    async put(path, value) {
      this.busy = true;
      try {
        const { document } = await post(`${ROUTER}/edit`, { document: this.text, path, value });
        this.text = document;
        await this.$nextTick();
        this.changed();
        this.jump(path.split(".").slice(0, 2).join("."));
      } catch (problem) {
        say(problem.message, "bad");
      }
      this.busy = false;
    },
    putLevel(group, skill, level) {
      return this.put(`groups.${group.id}.skills[${Object.keys(group.skills).indexOf(skill)}].level`, level);
    },

    // ---- putting in force

    mayPublish() {
      return !this.busy && this.isChecked && !this.faults.length && this.isChanged && !this.isStale();
    },
    isDecided() {
      return Boolean(this.note && (this.time === "now" || this.at) && (!(this.touchesWaiting || this.rollingBack) || this.waiting));
    },
    askPublish() {
      Object.assign(this, { rollingBack: 0, refusal: "", note: "", time: "now", at: "", waiting: "", key: newId() });
      this.$refs.publishing.showModal();
    },
    askRollback(entry) {
      Object.assign(this, { rollingBack: entry.version, refusal: "", note: t("policy.rollback_note", { n: entry.version }), time: "now", at: "", waiting: "", key: newId() });
      this.$refs.publishing.showModal();
    },
    async publish() {
      Object.assign(this, { busy: true, refusal: "" });
      const query = new URLSearchParams({ note: this.note, base_version: this.version, waiting: this.waiting || "apply" });
      if (this.time === "later") query.set("at", this.at);
      if (this.rollingBack) query.set("version", this.rollingBack);
      try {
        const [method, path, form] = this.rollingBack ? ["POST", `${ROUTER}/rollback`] : ["PUT", ROUTER, this.text];
        const done = await call(method, `${path}?${query}`, undefined, { form, key: this.key });
        this.$refs.publishing.close();
        say(t(`policy.done.${done.state}`, { n: done.version, when: done.publish_at ? dateTime(done.publish_at) : "" }), "done");
        if (!this.rollingBack) await this.afterPublishing();
        await this.begin();
        if (done.state !== "published") this.show("plans");
      } catch (problem) {
        this.refusal = problem.message;
      }
      this.busy = false;
    },
    async afterPublishing() {
      this.read = this.text;
      this.keepHere();
      await call("DELETE", `${ROUTER}/draft`).catch(() => null);
    },
    async readPlans() {
      try {
        this.plans = (await get(`${ROUTER}/plans`)).items;
        this.plansRead = true;
      } catch (problem) {
        this.problem = problem.message;
      }
    },
    planLook: (plan) => ({ proposed: "chip-warn", scheduled: "chip-accent", published: "chip-good", outdated: "chip-bad" })[plan.state] ?? "",
    planTime: (plan) => (plan.publish_at ? dateTime(plan.publish_at) : t("policy.on_approval")),
    planWords: (plan) => [plan.author, plan.approved_by && t("policy.approved_by", { by: plan.approved_by }), plan.version && `v${plan.version}`, plan.state === "outdated" && t("policy.outdated_hint", { n: plan.base_version })].filter(Boolean).join(" · "),
    mayApprove(plan) {
      return this.isAdmin && plan.state === "proposed" && plan.author !== Alpine.store("me").user_id;
    },
    mayCancel(plan) {
      return this.isAdmin && ["proposed", "scheduled"].includes(plan.state);
    },
    async settle(act, words) {
      this.busy = true;
      try {
        await act();
        say(words, "done");
      } catch (problem) {
        say(problem.message, "bad");
      }
      await this.readPlans();
      await this.begin();
      this.busy = false;
    },
    approve(plan) {
      return this.settle(() => post(`${ROUTER}/plans/${plan.plan_id}/approve`), t("policy.done.approved"));
    },
    cancelPlan(plan) {
      return this.settle(() => call("DELETE", `${ROUTER}/plans/${plan.plan_id}`), t("policy.done.cancelled"));
    },
    async lookAt(where) {
      try {
        this.text = await documentAt(where);
      } catch (problem) {
        say(problem.message, "bad");
        return;
      }
      this.base = this.version;
      await this.$nextTick();
      this.changed();
      this.show("changes");
    },
    async tryOnYesterday() {
      if (this.isChanged) await this.keepThere();
      location.assign("/what-if?policy=draft");
    },
    dateTime,
  }),
});
