// A campaign in four short steps: what, who, when, what is said. One sentence below says what it will do; nothing is called until
// somebody starts it. The same form changes an existing one. What is wrong stands where it is mended, and nothing typed is lost.

import { get, newId, post, put, withQuery } from "../api.js";
import { merged, start } from "../shell.js";
import { choices, inWords, nameOf, namesOf, t } from "../words.js";
import { calendarPart, officeWeek, weekOf } from "./calendar.js";
import { recyclingOf, recyclingRows } from "./recycling.js";

const STEPS = ["what", "who", "when", "say"];
const CAPS = { cap_24h: "24h", cap_7d: "7d", cap_30d: "30d" };
const CUSTOMER_FIRST = ["progressive", "power", "predictive", "agentless"];
const WHOLE = ["title", "mode", "purpose", "subject", "group", "gateway_id", "rulesets"];
const CHOSEN = ["script", "dispositions", "successes", "announcement", "entry", "caller_pool", "days_off", "detect_machine"];
const COUNTS = ["ring_seconds", "ratio", "preview_seconds", "max_attempts", "max_contacts", "agent_pause_seconds", "weight"];
const SHARES = { abandonment_limit: "abandonment_limit", occupancy_ceiling: "occupancy_ceiling", audit_percent: "machine_audit_share" }; // shown in percent
const NULLABLE = ["occupancy_ceiling"]; // empty: none, which is a choice
const OWN = [...CHOSEN, ...COUNTS, ...Object.values(SHARES), "calendar", "caps", "recycling"];
const STEP_OF = {
  title: "what", subject: "what", mode: "what", purpose: "what", ratio: "what", preview_seconds: "what", entry: "what",
  script: "say", announcement: "say", dispositions: "say", successes: "say", refusal_key: "say",
  calendar: "when", days_off: "when", caps: "when", recycling: "when", max_attempts: "when", max_contacts: "when", rulesets: "when",
}; // all others: who
const LABELS = { business_line: "group", gateway_id: "gateway" };
const NO_CALLS = ["web", "fax", "sms", "email", "outside"]; // kinds of gateways that ring nobody
const CHANGEABLE = ["draft", "ready", "paused", "finished"];
const DASH = "–";
const [, , known, isEdit] = location.pathname.split("/");
const campaignId = isEdit ? known : null;
const STORED = `campaign-form:${campaignId ?? "new"}`;

const blank = () => ({
  title: "", purpose: "service_followup", mode: "progressive", subject: "", group: "", gateway_id: "", rulesets: [], any_time: false, week: officeWeek(),
  days_off: [], ring_seconds: 25, ratio: 1.5, preview_seconds: "", entry: "", caller_pool: "", cap_24h: 3, cap_7d: "", cap_30d: "", max_attempts: 6,
  max_contacts: 3, script: { zh: "", en: "" }, announcement: "", dispositions: [], successes: [], detect_machine: false,
});
const isGiven = (value) => value !== "" && value !== null && value !== undefined;
const percent = (share) => (isGiven(share) ? Math.round(share * 1000) / 10 : "");

const campaignForm = () => ({
  ready: false, fault: "", problem: "", busy: false, step: "what", draft: blank(), rulesets: [], callerIds: [], gateways: [], version: null, state: null,
  defaults: { choices: {}, recycling: {} }, faults: {}, untouched: "", restored: false,

  async init() {
    this.fault = "";
    try {
      const [rulesets, callerIds, gateways, defaults, campaign] = await Promise.all([
        get("/api/outbound/rulesets"), get("/api/outbound/caller-ids"), get(withQuery("/api/gateway/gateways", { limit: 100 })),
        get("/api/outbound/campaign-defaults"), campaignId ? get(`/api/outbound/campaigns/${campaignId}`) : null,
      ]);
      const calling = gateways.items.filter((one) => !one.revoked_at && !NO_CALLS.includes(one.kind));
      Object.assign(this, { rulesets: rulesets.items, callerIds: callerIds.items, defaults, gateways: calling });
      if (campaign) this.take(campaign);
      else this.draft = { ...blank(), ...this.limits(defaults.choices), recycling: recyclingRows({}, defaults.recycling), gateway_id: calling[0]?.gateway_id ?? "" };
      this.untouched = JSON.stringify(this.draft);
      this.restore();
      this.ready = true;
    } catch (problem) {
      this.fault = problem.message;
    }
    addEventListener("pagehide", () => this.keep());
  },
  isKnown: () => campaignId !== null,
  heading() {
    return campaignId ? t("campaign_form.change", { name: this.draft.title }) : t("campaigns.new");
  },
  goTo(step) {
    this.step = step;
  },
  next() {
    this.step = STEPS[STEPS.indexOf(this.step) + 1] ?? this.step;
  },
  back() {
    this.step = STEPS[STEPS.indexOf(this.step) - 1] ?? this.step;
  },
  isCustomerFirst() {
    return CUSTOMER_FIRST.includes(this.draft.mode);
  },
  /** Only groups the policy keeps for calls of ours are seen by the dialler. */
  groups: () => choices("groups").filter(({ code }) => namesOf("groups")[code].outbound),
  isChosen(ruleset) {
    return ruleset.always || this.draft.rulesets.includes(ruleset.ruleset);
  },
  choose({ ruleset }, isWanted) {
    this.draft.rulesets = isWanted ? [...this.draft.rulesets, ruleset] : this.draft.rulesets.filter((one) => one !== ruleset);
  },
  sourceWords: (rule) => t("campaign_form.source", { source: rule.source, date: rule.dated }),
  readWords: (ruleset) => t("campaign_form.read_on", { version: ruleset.version, date: ruleset.dated }),
  /** Own numbers by the pool in which they take turns; only verified ones are shown to anybody. */
  pools() {
    const pools = new Map();
    for (const one of this.callerIds.filter((each) => each.usable)) pools.set(one.pool, [...(pools.get(one.pool) ?? []), one.number]);
    return [...pools].map(([pool, numbers]) => ({ pool, numbers: numbers.join("  ") }));
  },
  /** A success may be chosen by the agent, or it never comes. */
  succeeds(code, isSuccess) {
    const { dispositions, successes } = this.draft;
    this.draft.successes = isSuccess ? [...successes, code] : successes.filter((one) => one !== code);
    if (isSuccess && dispositions.length && !dispositions.includes(code)) this.draft.dispositions = [...dispositions, code];
  },

  // ---- what is missing or wrong

  /** What is still missing, with the step where it is filled in. */
  lacks() {
    const { title, group, rulesets, mode, entry, any_time: always } = this.draft;
    const missing = [
      [!title.trim(), "what", "name"], [mode === "agentless" && !entry.trim(), "what", "entry"], [!group, "who", "group"],
      [!always && !this.openDays().length, "when", "days"], [this.hasHourFault(), "when", "hours"], [!rulesets.length, "when", "rulesets"],
    ];
    return missing.filter(([isMissing]) => isMissing).map(([, step, what]) => ({ step, words: t(`campaign_form.lacks.${what}`) }));
  },
  faultAt(field) {
    return this.faults[field]?.words ?? "";
  },
  /** What was refused, each with the step where it is mended. */
  refused() {
    return Object.values(this.faults);
  },
  refuse(errors) {
    const told = errors.map(({ field, ...words }) => {
      const path = field.replace(/^choices\./, "");
      const [name] = path.split(".");
      const label = t(`campaign_form.${LABELS[name] ?? name}`);
      return [path, { path, step: STEP_OF[name] ?? "who", words: inWords(words) || words.message, label }];
    });
    this.faults = Object.fromEntries(told);
    if (told.length) this.step = told[0][1].step;
  },
  refusedWords: ({ label, words }) => t("campaign_form.refused", { label, words }),
  /** The campaign as one sentence, so that nobody starts what they did not mean. */
  summary() {
    const { title, mode, purpose, group, rulesets, max_attempts: attempts } = this.draft;
    const rules = this.rulesets.filter((one) => rulesets.includes(one.ruleset)).map((one) => inWords(one.name)).join(t("campaign_form.and"));
    return t("campaign_form.summary", {
      name: title || t("campaign_form.unnamed"), mode: t(`dial_mode.${mode}`), purpose: t(`purpose.${purpose}`), group: nameOf("groups", group) || DASH,
      hours: this.hoursWords(), attempts: attempts || "∞", rules: rules || t("campaign_form.no_rules"),
    });
  },

  // ---- to and fro

  kept: {}, // choices this form does not show
  /** Counts and shares of choices as the form shows them: shares in percent. */
  limits: (chosen) => ({
    ...Object.fromEntries(["agent_pause_seconds", "weight"].map((name) => [name, chosen[name] ?? ""])),
    ...Object.fromEntries(Object.entries(SHARES).map(([name, choice]) => [name, percent(chosen[choice])])),
  }),
  body() {
    const { draft } = this;
    const caps = Object.fromEntries(Object.entries(CAPS).filter(([name]) => isGiven(draft[name])).map(([name, window]) => [window, Number(draft[name])]));
    const counts = COUNTS.filter((name) => isGiven(draft[name])).map((name) => [name, Number(draft[name])]);
    const shares = Object.entries(SHARES).filter(([name]) => isGiven(draft[name]) || NULLABLE.includes(name))
      .map(([name, choice]) => [choice, isGiven(draft[name]) ? Number((draft[name] / 100).toFixed(4)) : null]);
    const chosen = CHOSEN.filter((name) => isGiven(draft[name])).map((name) => [name, draft[name]]);
    const recycling = recyclingOf(draft.recycling, this.defaults.recycling, this.kept.recycling ?? {});
    return {
      ...Object.fromEntries(WHOLE.map((name) => [name, draft[name]])), business_line: namesOf("groups")[draft.group]?.business_line,
      choices: { ...this.kept, ...Object.fromEntries([...counts, ...shares, ...chosen]), calendar: this.calendar(), caps, recycling },
      ...(this.version !== null && { version: this.version }),
    };
  },
  take(campaign) {
    const { calendar = {}, caps = {}, recycling = {}, ...choices } = campaign.choices;
    const fields = { ...blank(), ...this.limits(choices) };
    for (const name of WHOLE) fields[name] = campaign[name] ?? fields[name];
    for (const name of [...CHOSEN, ...COUNTS]) fields[name] = choices[name] ?? "";
    for (const [name, window] of Object.entries(CAPS)) fields[name] = caps[window] ?? "";
    this.kept = { ...Object.fromEntries(Object.entries(choices).filter(([name, value]) => value !== null && !OWN.includes(name))), recycling };
    this.draft = {
      ...fields, week: weekOf(calendar), any_time: !Object.keys(calendar).length, recycling: recyclingRows(recycling, this.defaults.recycling),
      script: { zh: "", en: "", ...choices.script }, dispositions: [...(choices.dispositions ?? [])], successes: [...(choices.successes ?? [])], days_off: [...(choices.days_off ?? [])],
    };
    Object.assign(this, { version: campaign.version, state: campaign.state });
  },
  /** What was typed and not saved comes back in this tab: after a sign-in, a slip, a page left too early. */
  keep() {
    const now = JSON.stringify(this.draft);
    if (!this.ready || now === this.untouched) sessionStorage.removeItem(STORED);
    else sessionStorage.setItem(STORED, JSON.stringify({ draft: this.draft, version: this.version }));
  },
  restore() {
    const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
    if (stored && stored.version === this.version) Object.assign(this, { draft: { ...this.draft, ...stored.draft }, restored: true });
  },
  forget() {
    Object.assign(this, { draft: JSON.parse(this.untouched), restored: false, faults: {}, problem: "" });
  },
  mustPause() {
    return this.state === "running";
  },
  isOver() {
    return this.state !== null && !this.mustPause() && !CHANGEABLE.includes(this.state);
  },
  /** A campaign that dials is paused before it is changed; it is started again by a person. */
  async pause() {
    this.busy = true;
    this.problem = "";
    try {
      const paused = await post(`/api/outbound/campaigns/${campaignId}/pause`, {}, { key: newId() });
      Object.assign(this, { state: paused.state, version: paused.version });
    } catch (problem) {
      this.problem = problem.message;
    }
    this.busy = false;
  },
  async save() {
    Object.assign(this, { busy: true, problem: "", faults: {} });
    this.keep();
    try {
      const saved = campaignId ? await put(`/api/outbound/campaigns/${campaignId}`, this.body()) : await post("/api/outbound/campaigns", this.body());
      this.untouched = JSON.stringify(this.draft);
      sessionStorage.removeItem(STORED);
      location.assign(`/campaigns/${saved.campaign_id}${campaignId ? "" : "?tab=lists"}`);
    } catch (problem) {
      this.refuse(problem.errors ?? []);
      this.problem = this.refused().length ? t("campaign_form.not_saved", { n: this.refused().length }) : problem.message;
      this.busy = false;
    }
  },
});

await start({ campaignForm: () => merged(campaignForm(), calendarPart()) });
