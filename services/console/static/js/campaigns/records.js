// Records of a campaign: found, and each answers in words why it is dialled now, or why it is not.

import { List, get, withQuery } from "../api.js";
import { attempt } from "../shell.js";
import { knows, language, t } from "../words.js";

const PAGE = 50;
const DASH = "–";
const TONES = { waiting: "chip-accent", in_hopper: "chip-accent", dialling: "chip-good", resting: "", done: "", suppressed: "chip-warn" };
const OUTCOME_TONES = { answered_person: "chip-good", abandoned: "chip-bad", unknown: "chip-bad", failed: "chip-warn", cancelled: "" };

/** Why a record stands where it does: a suppression, an outcome, or what a person did. */
const reasonWords = (code) => ["suppression", "dial_outcome", "record_reason"].map((kind) => `${kind}.${code}`).filter(knows).map((key) => t(key))[0] ?? code ?? "";

export const recordsPart = (campaignId) => ({
  records: null, wished: { query: "", state: "" }, told: null,

  initRecords() {
    this.records = new List(`/api/outbound/campaigns/${campaignId}/records`, () => this.wished, PAGE);
  },
  recordTone: (state) => TONES[state] ?? "",
  outcomeTone: (outcome) => OUTCOME_TONES[outcome] ?? "",
  outcomeWords: (outcome) => (outcome ? t(`dial_outcome.${outcome}`) : ""),
  recordReason: ({ reason }) => reasonWords(reason),
  nextWords(row) {
    return row.not_before && row.state === "resting" ? this.dateTime(row.not_before) : DASH;
  },
  exportPath() {
    return withQuery(`/api/outbound/campaigns/${campaignId}/records.csv`, {});
  },
  /** From a figure of the live view to the records behind it. */
  findBy(state) {
    this.wished = { query: "", state };
    this.show("records");
  },
  headline({ allowed, verdict, state }) {
    if (allowed) return t("campaign.verdict_allowed");
    return ["done", "dialling"].includes(state) ? t(`record_state.${state}`) : t("campaign.verdict_not", { why: reasonWords(verdict) });
  },
  whyFoot() {
    const { until, rules: judges = [] } = this.told ?? {};
    const rules = judges.filter((rule) => rule !== "gate"); // the gate's own words say it already
    return [until ? t("campaign.until", { when: this.dateTime(until) }) : "", rules.length ? t("campaign.judged_by", { rules: rules.join(", ") }) : ""].filter(Boolean).join(" · ");
  },
  async askWhy(row) {
    await attempt(async () => {
      const told = await get(withQuery(`/api/outbound/campaigns/${campaignId}/records/${row.record_id}/why`, { lang: language }));
      this.told = { ...told, record_id: row.record_id, who: row.name || row.number_masked, headline: this.headline(told) };
    });
  },
});
