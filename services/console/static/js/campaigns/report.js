// The compliance report of a campaign: every rule with what was measured, its limit, its source; made for printing and signing.

import { get, withQuery } from "../api.js";
import { now } from "../clock.js";
import { merged, start } from "../shell.js";
import { language, t } from "../words.js";

const campaignId = location.pathname.split("/")[2];
const A_MONTH = 29;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone; // the days asked for are the reader's own
const DASH = "–";
const TONES = { kept: "chip-good", broken: "chip-bad", nothing_counted: "" };
const ICONS = { kept: "circle-check", broken: "circle-x", nothing_counted: "circle-dot" };

const dayBefore = (days) => new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" }).format(now() / 1000 - days * 86_400_000);

const report = () => ({
  asked: { from: "", to: "" }, report: null, loading: true, fault: "",

  init() {
    const wished = new URLSearchParams(location.search);
    this.asked = { from: wished.get("from") ?? dayBefore(A_MONTH), to: wished.get("to") ?? dayBefore(0) };
    this.load();
  },
  campaignPath: () => `/campaigns/${campaignId}`,
  async load() {
    Object.assign(this, { loading: true, fault: "" });
    history.replaceState(null, "", withQuery(location.pathname, this.asked));
    try {
      this.report = await get(withQuery(`/api/outbound/campaigns/${campaignId}/report`, { ...this.asked, zone: ZONE }));
      document.title = `${t("report.title")} · ${this.report.title}`;
    } catch (problem) {
      this.fault = problem.message;
    }
    this.loading = false;
  },
  print: () => window.print(),
  verdictTone: (verdict) => TONES[verdict] ?? "",
  verdictIcon: (verdict) => ICONS[verdict] ?? "info",
  madeWords() {
    return t("report.made", { when: this.dateTime(this.report.made_at) });
  },
  headWords() {
    const { first_day: from, last_day: to, purpose, mode, rulesets } = this.report;
    return t("report.head", { from, to, purpose: t(`purpose.${purpose}`), mode: t(`dial_mode.${mode}`), rulesets: rulesets.join(", ") });
  },
  file(form) {
    return withQuery(`/api/outbound/campaigns/${campaignId}/report.${form}`, { ...this.asked, zone: ZONE, lang: language });
  },
  windowWords: (row) => (row.hours % 24 || row.hours === 24 ? `${row.hours} h` : t("report.days_window", { n: row.hours / 24 })),
  adjustedWords: ({ with_false_machines: rate }) => (rate ? `${rate.percent.toFixed(2)} % (${rate.low.toFixed(2)}–${rate.high.toFixed(2)})` : DASH),
  worstWords(row) {
    return row.worst_percent === null ? DASH : `${row.worst_percent.toFixed(2)} %${row.worst_at ? ` · ${this.dateTime(row.worst_at)}` : ""}`;
  },
});

await start({ report: () => merged(report()) });
