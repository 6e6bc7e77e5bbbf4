// Follow-up rules: which deals are rung about, when, in which campaign and with which words. Each rule reads as a sentence; a change is
// one document with the version it was made on, so that two people never undo each other unseen.

import { List, get, put, withQuery } from "../api.js";
import { merged, say, start } from "../shell.js";
import { choices, knows, nameOf, namesOf, t } from "../words.js";

const RULES = "/api/outbound/follow-up-rules";
const WORDS = ["product", "status", "business_line", "signed_on", "ends_on"];
const LISTED = ["statuses", "products", "business_lines"];
const MOST_CAMPAIGNS = 200;
const MOST_DAYS = 3650;
const SEPARATORS = /[,;，；、\n]+/u;
const TONES = { due: "chip-accent", opened: "chip-good", dropped: "" };

const blank = () => ({ rule_id: `r-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`, title: "", statuses: "", products: "", business_lines: "", days: 7, counted: "after_revised", campaign: "", group: "", priority: 0, reason: "", promised: "", active: true });
const parted = (text) => text.split(SEPARATORS).map((part) => part.trim()).filter(Boolean);
/** A rule as the form holds it: lists as text, the sign of its days as a word. */
const shown = (rule) => ({
  ...rule, ...Object.fromEntries(LISTED.map((name) => [name, rule[name].join(", ")])), campaign: rule.campaign ?? "",
  days: Math.abs(rule.days), counted: `${rule.days < 0 ? "before" : "after"}_${rule.counted_from}`,
});
/** The other way; an empty number is told by `faultsOf` before it gets here. */
function ruleOf({ counted, ...draft }) {
  const [side, from] = counted.split("_");
  return {
    ...draft, ...Object.fromEntries(LISTED.map((name) => [name, parted(draft[name])])), title: draft.title.trim(), counted_from: from,
    days: (side === "before" ? -1 : 1) * Number(draft.days), priority: Number(draft.priority), campaign: draft.campaign || null, group: draft.campaign ? "" : draft.group,
  };
}
/** The first `{word}` a deal has not, or a brace that stands alone. */
function unknownWord(text) {
  const strange = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, word]) => word).find((word) => !WORDS.includes(word));
  return strange ?? (/[{}]/.test(text.replace(/\{[^{}]*\}/g, "")) ? "" : null);
}
const isCount = (value, most) => value !== "" && Number.isInteger(Number(value)) && Number(value) >= 0 && Number(value) <= most;

/** Field → what is wrong, in words. */
function faultsOf(draft) {
  const faults = {};
  for (const name of ["title", "reason"]) if (!draft[name].trim()) faults[name] = t("follow_ups.fault.needed");
  if (!isCount(draft.days, MOST_DAYS)) faults.days = t("follow_ups.fault.days", { most: MOST_DAYS });
  if (!isCount(draft.priority, 100)) faults.priority = t("follow_ups.fault.days", { most: 100 });
  if (!draft.campaign && !draft.group) faults.group = t("follow_ups.fault.group");
  for (const name of ["reason", "promised"]) {
    const word = unknownWord(draft[name]);
    if (word !== null) faults[name] = t("follow_ups.fault.word", { word: `{${word}}`, words: WORDS.map((one) => `{${one}}`).join(" ") });
  }
  return faults;
}

const followUps = () => ({
  ready: false, fault: "", busy: false, problem: "", rules: [], version: 0, campaigns: [], place: null, draft: blank(), faults: {},
  asked: { state: "" }, opened: null,

  init() {
    this.opened = new List("/api/outbound/follow-ups", () => this.asked);
    this.read();
    this.opened.load();
  },
  async read() {
    this.fault = "";
    try {
      const [told, campaigns] = await Promise.all([get(RULES), get(withQuery("/api/outbound/campaigns", { limit: MOST_CAMPAIGNS }))]);
      Object.assign(this, { rules: told.rules, version: told.version, campaigns: campaigns.items.filter((one) => one.state !== "stopped"), ready: true });
    } catch (problem) {
      this.fault = problem.message;
    }
  },

  // ---- in words

  groups: () => choices("groups").filter(({ code }) => namesOf("groups")[code].outbound),
  campaignName(campaignId) {
    return this.campaigns.find((one) => one.campaign_id === campaignId)?.title ?? campaignId;
  },
  sentence(rule) {
    const either = (names, any) => (names.length ? names.join(` ${t("follow_ups.or")} `) : t(any));
    const side = rule.days < 0 ? "before" : "after";
    const when = t(rule.days === 0 ? `follow_ups.at.${rule.counted_from}` : `follow_ups.${side}.${rule.counted_from}`, { n: Math.abs(rule.days) });
    const where = rule.campaign ? t("follow_ups.into", { name: this.campaignName(rule.campaign) }) : t("follow_ups.into_own", { name: rule.title, group: nameOf("groups", rule.group) || "–" });
    return t("follow_ups.sentence", {
      line: either(rule.business_lines.map((code) => nameOf("business_lines", code)), "follow_ups.any_line"), product: either(rule.products, "follow_ups.any_product"),
      status: either(rule.statuses, "follow_ups.any_status"), when, where,
    });
  },
  draftSentence() {
    return this.sentence(ruleOf(this.draft));
  },
  readWords(rule) {
    return [t("follow_ups.reads", { reason: rule.reason }), rule.promised && t("follow_ups.reads_promised", { promised: rule.promised })].filter(Boolean).join(" · ");
  },
  titleOf(ruleId) {
    return this.rules.find((rule) => rule.rule_id === ruleId)?.title ?? ruleId;
  },
  toneOf: ({ state }) => TONES[state] ?? "",
  whyWords: ({ reason }) => (reason && knows(`follow_up_why.${reason}`) ? t(`follow_up_why.${reason}`) : reason ?? ""),
  faultOf(field) {
    return this.faults[field] ?? "";
  },

  // ---- changed

  openNew() {
    this.open(null, blank());
  },
  openRule(place) {
    this.open(place, shown(this.rules[place]));
  },
  open(place, draft) {
    Object.assign(this, { place, draft, faults: {}, problem: "" });
    document.getElementById("rule").showModal();
  },
  close(id) {
    document.getElementById(id).close();
  },
  /** Into the reason, or into the promise where that was written last. */
  insert(word) {
    const field = this.draft.promised && this.draft.reason ? "promised" : "reason";
    this.draft[field] += `{${word}}`;
  },
  async keep() {
    this.faults = faultsOf(this.draft);
    if (Object.keys(this.faults).length) return;
    const rule = ruleOf(this.draft);
    const place = this.place ?? this.rules.length;
    if (await this.write(this.rules.toSpliced(place, 1, rule), place)) this.close("rule");
  },
  turn(place) {
    const rule = this.rules[place];
    return this.write(this.rules.with(place, { ...rule, active: !rule.active }));
  },
  askRemoval(place) {
    this.place = place;
    document.getElementById("removal").showModal();
  },
  removalWords() {
    return t("follow_ups.remove_sure", { name: this.rules[this.place]?.title ?? "" });
  },
  async remove() {
    this.close("removal");
    await this.write(this.rules.toSpliced(this.place, 1));
  },
  /** All rules at once. A fault the server names is shown at its field; somebody else's change is read, and what was typed stays. */
  async write(rules, place = null) {
    Object.assign(this, { busy: true, problem: "" });
    try {
      const kept = await put(RULES, { rules, version: this.version });
      Object.assign(this, { rules: kept.rules, version: kept.version });
      say(t("follow_ups.kept"), "done");
      this.opened.load();
      return true;
    } catch (problem) {
      const mine = (problem.errors ?? []).filter(({ field }) => place !== null && field.includes(`rules.${place}.`));
      this.faults = Object.fromEntries(mine.map(({ field, message }) => [field.split(".").at(-1), message]));
      this.problem = mine.length ? "" : problem.message;
      if (problem.status === 409) await this.read();
      if (place === null) say(problem.message, "bad");
      return false;
    } finally {
      this.busy = false;
    }
  },
});

await start({ followUps: () => merged(followUps()) });
