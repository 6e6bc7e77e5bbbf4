// A campaign in four short steps: what, who, when, what is said. One sentence below says what it will do; nothing is called until
// somebody starts it. The same form changes an existing one.

import { get, post, put, withQuery } from "../api.js";
import { merged, start } from "../shell.js";
import { choices, inWords, nameOf, namesOf, t } from "../words.js";

const STEPS = ["what", "who", "when", "say"];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const CAPS = { cap_24h: "24h", cap_7d: "7d", cap_30d: "30d" };
const CUSTOMER_FIRST = ["progressive", "power", "predictive", "agentless"];
const WHOLE = ["title", "mode", "purpose", "subject", "group", "gateway_id", "rulesets"];
const CHOSEN = ["script", "dispositions", "announcement", "entry", "caller_pool"];
const COUNTS = ["ring_seconds", "ratio", "preview_seconds", "max_attempts", "max_contacts"];
const NO_CALLS = ["web", "fax", "sms", "email", "outside"]; // kinds of gateways that ring nobody
const DASH = "–";
const [, , known, isEdit] = location.pathname.split("/");
const campaignId = isEdit ? known : null;

const week = () => Object.fromEntries(DAYS.map((day, index) => [day, { on: index < 5, from: "09:00", to: "18:00" }]));
const blank = () => ({
  title: "", purpose: "service_followup", mode: "progressive", subject: "", group: "", gateway_id: "", rulesets: [], any_time: false, week: week(),
  ring_seconds: 25, ratio: 1.5, preview_seconds: "", entry: "", caller_pool: "", cap_24h: 3, cap_7d: "", cap_30d: "", max_attempts: 6, max_contacts: 3,
  script: { zh: "", en: "" }, announcement: "", dispositions: [],
});
const isGiven = (value) => value !== "" && value !== null && value !== undefined;

const campaignForm = () => ({
  ready: false, fault: "", problem: "", busy: false, step: "what", draft: blank(), rulesets: [], callerIds: [], gateways: [], version: null,

  async init() {
    this.fault = "";
    try {
      const [rulesets, callerIds, gateways, campaign] = await Promise.all([
        get("/api/outbound/rulesets"), get("/api/outbound/caller-ids"), get(withQuery("/api/gateway/gateways", { limit: 100 })),
        campaignId ? get(`/api/outbound/campaigns/${campaignId}`) : null,
      ]);
      Object.assign(this, { rulesets: rulesets.items, callerIds: callerIds.items, gateways: gateways.items.filter((one) => !one.revoked_at && !NO_CALLS.includes(one.kind)) });
      if (campaign) this.take(campaign);
      else this.draft.gateway_id = this.gateways[0]?.gateway_id ?? "";
      this.ready = true;
    } catch (problem) {
      this.fault = problem.message;
    }
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

  /** What is still missing, with the step where it is filled in. */
  lacks() {
    const { title, group, rulesets, mode, entry, week: days, any_time: always } = this.draft;
    const open = always ? [] : DAYS.filter((day) => days[day].on);
    const missing = [
      [!title.trim(), "what", "name"], [mode === "agentless" && !entry.trim(), "what", "entry"], [!group, "who", "group"], [!always && !open.length, "when", "days"],
      [open.some((day) => days[day].from >= days[day].to), "when", "hours"], [!rulesets.length, "when", "rulesets"],
    ];
    return missing.filter(([isMissing]) => isMissing).map(([, step, what]) => ({ step, words: t(`campaign_form.lacks.${what}`) }));
  },
  hoursWords() {
    if (this.draft.any_time) return t("campaign.whenever");
    const groups = new Map();
    for (const day of DAYS.filter((one) => this.draft.week[one].on)) {
      const hours = `${this.draft.week[day].from}–${this.draft.week[day].to}`;
      groups.set(hours, [...(groups.get(hours) ?? []), day]);
    }
    const isRow = (days) => days.length > 2 && DAYS.indexOf(days.at(-1)) - DAYS.indexOf(days[0]) === days.length - 1;
    const daysOf = (days) => (isRow(days) ? [`${t(`weekday.${days[0]}`)}–${t(`weekday.${days.at(-1)}`)}`] : days.map((day) => t(`weekday.${day}`)));
    return [...groups].map(([hours, days]) => `${daysOf(days).join(t("campaign_form.and"))} ${hours}`).join(t("campaign_form.and")) || t("campaign_form.never");
  },
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

  body() {
    const { draft } = this;
    const calendar = Object.fromEntries(DAYS.filter((day) => !draft.any_time && draft.week[day].on).map((day) => [day, [[draft.week[day].from, draft.week[day].to]]]));
    const caps = Object.fromEntries(Object.entries(CAPS).filter(([name]) => isGiven(draft[name])).map(([name, window]) => [window, Number(draft[name])]));
    const counts = COUNTS.filter((name) => isGiven(draft[name])).map((name) => [name, Number(draft[name])]);
    const chosen = CHOSEN.filter((name) => isGiven(draft[name])).map((name) => [name, draft[name]]);
    return {
      ...Object.fromEntries(WHOLE.map((name) => [name, draft[name]])), business_line: namesOf("groups")[draft.group]?.business_line,
      choices: { ...this.kept, ...Object.fromEntries([...counts, ...chosen]), calendar, caps }, ...(this.version !== null && { version: this.version }),
    };
  },
  kept: {}, // choices this form does not show
  take(campaign) {
    const days = week();
    const { calendar = {}, caps = {}, ...choices } = campaign.choices;
    for (const day of DAYS) {
      const [hours] = calendar[day] ?? [];
      days[day] = hours ? { on: true, from: hours[0], to: hours[1] } : { ...days[day], on: false };
    }
    const fields = blank();
    for (const name of WHOLE) fields[name] = campaign[name] ?? fields[name];
    for (const name of [...CHOSEN, ...COUNTS]) fields[name] = choices[name] ?? "";
    for (const [name, window] of Object.entries(CAPS)) fields[name] = caps[window] ?? "";
    this.kept = Object.fromEntries(Object.entries(choices).filter(([name, value]) => value !== null && ![...CHOSEN, ...COUNTS].includes(name)));
    this.draft = { ...fields, week: days, any_time: !Object.keys(calendar).length, script: { zh: "", en: "", ...choices.script }, dispositions: [...(choices.dispositions ?? [])] };
    this.version = campaign.version;
  },
  async save() {
    this.busy = true;
    this.problem = "";
    try {
      const saved = campaignId ? await put(`/api/outbound/campaigns/${campaignId}`, this.body()) : await post("/api/outbound/campaigns", this.body());
      location.assign(`/campaigns/${saved.campaign_id}${campaignId ? "" : "?tab=lists"}`);
    } catch (problem) {
      this.problem = problem.message;
      this.busy = false;
    }
  },
});

await start({ campaignForm: () => merged(campaignForm()) });
