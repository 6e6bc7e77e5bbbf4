// One result as tables, sentences and the rows charts are drawn from.

import { inWords, nameOf, t, withNames } from "../words.js";

const DASH = "–";
const SHARES = ["service_level", "abandonment", "right_skill_share", "occupancy"];
const SECONDS = ["asa_seconds", "wait_p90_seconds"];
/** Whether more of it is better; null: neither. */
const GOOD = { service_level: true, right_skill_share: true, answered: true, asa_seconds: false, wait_p90_seconds: false, abandonment: false, abandoned: false, exposure_gini: false, exposure_peak: false };
export const WHOLE = ["service_level", "asa_seconds", "wait_p90_seconds", "abandonment", "right_skill_share", "occupancy", "exposure_gini", "exposure_peak"];
export const CHARTED = ["service_level", "asa_seconds", "abandonment", "right_skill_share", "wait_p90_seconds", "answered", "abandoned"];
const NAMES = { group: "groups", tier: "tiers" };

/** A metric's amount in its unit, `signed` for differences. */
export function amount(metric, value, signed = false) {
  if (value === null || value === undefined) return DASH;
  const sign = signed && value > 0 ? "+" : "";
  if (SHARES.includes(metric)) return `${sign}${(value * 100).toFixed(1)} ${signed ? "pp" : "%"}`;
  if (SECONDS.includes(metric)) return `${sign}${value.toFixed(1)} s`;
  return `${sign}${Number.isInteger(value) ? value : value.toFixed(metric.startsWith("exposure") ? 2 : 1)}`;
}

const interval = (metric, estimate, signed) => (estimate?.low === null || estimate?.low === undefined ? "" : `${amount(metric, estimate.low, signed)} … ${amount(metric, estimate.high, signed)}`);
const isClear = (estimate) => (estimate.low === null ? estimate.mean !== 0 : estimate.low > 0 || estimate.high < 0);

/** better, worse, or neither (also where the interval holds no change). */
function tone(metric, difference) {
  if (!difference || !isClear(difference) || GOOD[metric] === undefined) return "";
  return difference.mean > 0 === GOOD[metric] ? "good" : "bad";
}

function row(metric, one) {
  return {
    metric, title: t(`what_if.metric.${metric}`), means: t(`what_if.means.${metric}`),
    before: amount(metric, one.before?.mean), beforeRange: interval(metric, one.before),
    after: amount(metric, one.after?.mean), afterRange: interval(metric, one.after),
    difference: amount(metric, one.difference?.mean, true), range: interval(metric, one.difference, true),
    tone: tone(metric, one.difference),
    word: one.difference && !isClear(one.difference) ? t("what_if.no_clear_change") : "",
  };
}

export const sliceName = (slice, id) => (slice === "all" ? t("what_if.everybody") : nameOf(NAMES[slice], id) || id || t("what_if.no_tier"));

/** A moment (µs) on the wall clock of the period's own time zone. */
export const inZone = (at, zone) =>
  new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false }).format(new Date(at / 1000));

export class Result {
  constructor(body) {
    this.body = body;
    const whole = this.metricsOf("all", "");
    this.whole = WHOLE.filter((metric) => whole[metric]).map((metric) => row(metric, whole[metric]));
    this.largest = body.largest.slice(0, 20).map((one) => ({ key: `${one.slice}/${one.id}/${one.metric}`, where: sliceName(one.slice, one.id), ...row(one.metric, one) }));
    this.contacts = body.contacts.items.map((one) => this.contact(one));
    this.uses = this.used();
    this.assumptions = body.assumptions.map((one) => ({ code: one.code, text: inWords(one) }));
  }

  metricsOf(slice, id) {
    return this.body.slices.find((one) => one.slice === slice && one.id === id)?.metrics ?? {};
  }

  hours(metric) {
    return this.body.slices.filter((one) => one.slice === "hour").map((one) => ({ at: Number(one.id) / 1e6, before: one.metrics[metric].before, after: one.metrics[metric].after }));
  }

  pairs(slice, metric) {
    return this.body.slices.filter((one) => one.slice === slice).map((one) => ({ name: sliceName(slice, one.id), before: one.metrics[metric].before, after: one.metrics[metric].after }));
  }

  /** Rows of a table by group or tier. */
  rows(slice, metric) {
    return this.body.slices.filter((one) => one.slice === slice).map((one) => ({ key: one.id, where: sliceName(slice, one.id), offered: amount("offered", one.metrics.offered.before?.mean), ...row(metric, one.metrics[metric]) }));
  }

  contact(one) {
    const side = (end) => ({
      agent: end.agent_id ? nameOf("agents", end.agent_id) : "", waited: amount("asa_seconds", end.waited_seconds),
      end: t(`what_if.end.${end.end}`), why: withNames(inWords(end.why)),
    });
    const whole = this.body.source === "journal";
    return {
      id: one.contact_id, link: whole ? `/contacts/${one.contact_id}` : null, group: sliceName("group", one.group), tier: one.tier ? sliceName("tier", one.tier) : "",
      at: inZone(one.entered, this.body.period.time_zone), difference: amount("asa_seconds", one.difference_seconds, true), before: side(one.before), after: side(one.after),
      tone: one.before.end === one.after.end ? "" : one.after.end === "answered" ? "good" : "bad",
    };
  }

  /** Reused and drawn, by quantity: what "after" rests on. */
  used() {
    const { reused, modelled } = this.body.use.after;
    const names = ["answer", "connect", "talk", "wrap_up", "patience", "return"].filter((name) => reused[name] || modelled.some((one) => one.quantity === name));
    return names.map((name) => {
      const drawn = modelled.filter((one) => one.quantity === name);
      return {
        name: t(`what_if.quantity.${name}`), reused: Math.round(reused[name] ?? 0), drawn: Math.round(drawn.reduce((sum, one) => sum + one.count, 0)),
        sources: drawn.map((one) => t(`what_if.source.${one.source}`)).join(t("what_if.and")),
      };
    });
  }

  /** The sentence above everything. */
  verdict() {
    const { fidelity, recorded, source } = this.body;
    if (this.body.policy.unchanged) return t("what_if.verdict.unchanged", { n: fidelity?.equal ?? 0, of: fidelity?.inputs ?? 0 });
    const words = this.whole.filter((one) => one.tone).slice(0, 4).map((one) => `${one.title} ${one.before} → ${one.after}`);
    const told = words.length ? words.join(t("what_if.and")) : t("what_if.verdict.nothing_clear");
    if (source === "call_record" && recorded) {
      return `${told}${t("what_if.stop")}${t("what_if.verdict.recorded", { level: amount("service_level", recorded.service_level), asa: amount("asa_seconds", recorded.asa_seconds), left: recorded.abandoned })}`;
    }
    return told;
  }
}
