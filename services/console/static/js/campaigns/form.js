// A campaign in four short steps: what, who, when, what is said. One sentence below says what it will do; nothing is called until
// somebody starts it. The same form changes an existing one.

import { get, post, put } from "../api.js";
import { merged, start } from "../shell.js";
import { inWords, nameOf, namesOf, t } from "../words.js";

const STEPS = ["what", "who", "when", "say"];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const WORKDAYS = DAYS.slice(0, 5);
const NUMBERS = ["cap_24h", "cap_7d", "cap_30d", "max_attempts", "max_contacts"];
const CUSTOMER_FIRST = ["progressive", "power", "predictive", "agentless"];
const [, , known, isEdit] = location.pathname.split("/");
const campaignId = isEdit ? known : null;

const week = () => Object.fromEntries(DAYS.map((day) => [day, { on: WORKDAYS.includes(day), from: "09:00", to: "18:00" }]));
const blank = () => ({
  name: "", purpose: "service_followup", mode: "progressive", ratio: 1.5, preview_seconds: 0, entry: "", group: "", ring_seconds: 30,
  caller_ids: [], week: week(), cap_24h: 3, cap_7d: "", cap_30d: "", max_attempts: 6, max_contacts: 3, rulesets: [], script: { zh: "", en: "" },
  message: { zh: "", en: "" }, dispositions: [],
});
const numberOr = (value) => (value === "" || value === null ? null : Number(value));

const campaignForm = () => ({
  ready: false, fault: "", problem: "", busy: false, step: "what", draft: blank(), rulesets: [], callerIds: [], version: null,

  async init() {
    this.fault = "";
    try {
      const [rulesets, callerIds, campaign] = await Promise.all([
        get("/api/outbound/rulesets"), get("/api/outbound/caller-ids"), campaignId ? get(`/api/outbound/campaigns/${campaignId}`) : null,
      ]);
      Object.assign(this, { rulesets: rulesets.items, callerIds: callerIds.items });
      if (campaign) this.take(campaign);
      else this.draft.caller_ids = callerIds.items.slice(0, 1).map((one) => one.number);
      this.ready = true;
    } catch (problem) {
      this.fault = problem.message;
    }
  },
  isKnown: () => campaignId !== null,
  title() {
    return campaignId ? t("campaign_form.change", { name: this.draft.name }) : t("campaigns.new");
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
  isChosen(ruleset) {
    return this.draft.rulesets.includes(ruleset.ruleset);
  },
  ruleWords: (rule) => inWords(rule.words ?? rule),
  sourceWords: (ruleset) => t("campaign_form.source", { source: ruleset.source, date: ruleset.date }),

  /** What is still missing, with the step where it is filled in. */
  lacks() {
    const { name, group, rulesets, mode, entry } = this.draft;
    const missing = [
      [!name.trim(), "what", "name"], [mode === "agentless" && !entry.trim(), "what", "entry"], [!group, "who", "group"],
      [!DAYS.some((day) => this.draft.week[day].on), "when", "days"], [!rulesets.length, "when", "rulesets"],
    ];
    return missing.filter(([isMissing]) => isMissing).map(([, step, what]) => ({ step, words: t(`campaign_form.lacks.${what}`) }));
  },
  hoursWords() {
    const groups = new Map();
    for (const day of DAYS.filter((one) => this.draft.week[one].on)) {
      const { from, to } = this.draft.week[day];
      const hours = `${from}–${to}`;
      groups.set(hours, [...(groups.get(hours) ?? []), day]);
    }
    const daysOf = (days) => (days.length > 2 && DAYS.indexOf(days.at(-1)) - DAYS.indexOf(days[0]) === days.length - 1
      ? `${t(`weekday.${days[0]}`)}–${t(`weekday.${days.at(-1)}`)}` : days.map((day) => t(`weekday.${day}`)).join(t("campaign_form.and")));
    return [...groups].map(([hours, days]) => `${daysOf(days)} ${hours}`).join(t("campaign_form.and")) || t("campaign_form.never");
  },
  /** The campaign as one sentence, so that nobody starts what they did not mean. */
  summary() {
    const { name, mode, purpose, group, rulesets, max_attempts: attempts } = this.draft;
    const rules = this.rulesets.filter((one) => rulesets.includes(one.ruleset)).map((one) => inWords(one.name)).join(t("campaign_form.and"));
    return t("campaign_form.summary", {
      name: name || t("campaign_form.unnamed"), mode: t(`dial_mode.${mode}`), purpose: t(`purpose.${purpose}`), group: nameOf("groups", group) || DASH,
      hours: this.hoursWords(), attempts: attempts || "∞", rules: rules || t("campaign_form.no_rules"),
    });
  },
  body() {
    const { week: days, ratio, preview_seconds: preview, ring_seconds: ring, entry, ...plain } = this.draft;
    const calendar = Object.fromEntries(DAYS.filter((day) => days[day].on).map((day) => [day, [[days[day].from, days[day].to]]]));
    return {
      ...plain, ...Object.fromEntries(NUMBERS.map((name) => [name, numberOr(plain[name])])), calendar,
      business_line: namesOf("groups")[plain.group]?.business_line, ratio: Number(ratio), preview_seconds: Number(preview), ring_seconds: Number(ring),
      ...(entry && { entry }), ...(this.version !== null && { version: this.version }),
    };
  },
  take(campaign) {
    const days = week();
    for (const day of DAYS) {
      const [hours] = campaign.calendar[day] ?? [];
      days[day] = hours ? { on: true, from: hours[0], to: hours[1] } : { ...days[day], on: false };
    }
    const kept = Object.fromEntries(Object.keys(blank()).filter((key) => campaign[key] !== undefined && campaign[key] !== null).map((key) => [key, campaign[key]]));
    this.draft = { ...blank(), ...Object.fromEntries(NUMBERS.map((name) => [name, ""])), ...kept, week: days };
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
const DASH = "–";

await start({ campaignForm: () => merged(campaignForm()) });
