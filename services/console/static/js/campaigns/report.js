// The compliance report of a campaign: every rule with what was measured, its limit, its source; made for printing and signing.

import { get, withQuery } from "../api.js";
import { now } from "../clock.js";
import { merged, start } from "../shell.js";
import { language, t } from "../words.js";

const campaignId = location.pathname.split("/")[2];
const A_MONTH = 29;
const TONES = { kept: "chip-good", broken: "chip-bad", unknown: "chip-warn" };
const ICONS = { kept: "circle-check", broken: "circle-x", unknown: "circle-question-mark" };

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
      this.report = await get(withQuery(`/api/outbound/campaigns/${campaignId}/report`, { ...this.asked, lang: language }));
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
    const { from, to, purpose, mode } = this.report;
    return t("report.head", { from, to, purpose: t(`purpose.${purpose}`), mode: t(`dial_mode.${mode}`) });
  },
  counts() {
    return Object.entries(this.report.counts).map(([code, n]) => ({ code, n, words: t(`report.count.${code}`) }));
  },
  suppressed() {
    return Object.entries(this.report.suppressed).map(([code, n]) => ({ code, n, words: t(`suppression.${code}`) })).sort((a, b) => b.n - a.n);
  },
});

await start({ report: () => merged(report()) });
