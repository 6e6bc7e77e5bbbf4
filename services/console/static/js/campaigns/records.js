// Records of a campaign: found, and each answers in words why it is dialled now, or why it is not.

import { List, get, withQuery } from "../api.js";
import { attempt } from "../shell.js";
import { knows, language, t } from "../words.js";

const PAGE = 50;
const DASH = "–";
const TONES = { waiting: "chip-accent", in_hopper: "chip-accent", dialling: "chip-good", resting: "", done: "", suppressed: "chip-warn" };
const OUTCOME_TONES = { answered_person: "chip-good", abandoned: "chip-bad", unknown: "chip-bad", failed: "chip-warn", cancelled: "" };

export const recordsPart = (campaignId) => ({
  records: null, wished: { query: "", state: "" }, told: null,

  initRecords() {
    this.records = new List(`/api/outbound/campaigns/${campaignId}/records`, () => this.wished, PAGE);
  },
  recordTone: (state) => TONES[state] ?? "",
  outcomeTone: (outcome) => OUTCOME_TONES[outcome] ?? "",
  outcomeWords: (outcome) => (outcome ? t(`dial_outcome.${outcome}`) : ""),
  recordReason: (row) => (row.reason && knows(`record_reason.${row.reason}`) ? t(`record_reason.${row.reason}`) : row.reason ?? ""),
  nextWords(row) {
    return row.not_before && row.state === "resting" ? this.dateTime(row.not_before) : DASH;
  },
  exportPath() {
    return withQuery(`/api/outbound/campaigns/${campaignId}/export.csv`, {});
  },
  /** From a figure of the live view to the records behind it. */
  findBy(state) {
    this.wished = { query: "", state };
    this.show("records");
  },
  async askWhy(row) {
    await attempt(async () => {
      const told = await get(withQuery(`/api/outbound/campaigns/${campaignId}/records/${row.record_id}/why`, { lang: language }));
      this.told = { ...told, record_id: row.record_id, who: row.name || row.number_masked };
    });
  },
});
