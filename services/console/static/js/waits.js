// The wait somebody who came now could expect, by group and channel: the router's estimate, read again every 15 s.

import { get } from "./api.js";
import { nameOf, namesOf, t } from "./words.js";

const EVERY_MS = 15_000;

const key = (row) => `${row.pool} ${row.group}`;

/** Seconds as a wait is spoken of: 48 s, 12 min, 1.5 h. */
function spoken(seconds) {
  if (seconds < 100) return t("wall.seconds", { n: seconds });
  if (seconds < 5_970) return t("wall.minutes", { n: Math.ceil(seconds / 60) });
  return t("wall.hours", { n: (seconds / 3_600).toFixed(1) });
}

const inWords = (wait) => (wait.p50_seconds === null || wait.p90_seconds === null ? t("wall.unknown") : `${spoken(wait.p50_seconds)} / ${spoken(wait.p90_seconds)}`);

/** Mixed into the board. A row shows its most urgent channel of which something is known; hovering tells of all. */
export const waitsPart = () => ({
  waits: {},

  async beginWaits() {
    if (await this.readWaits()) setInterval(() => this.readWaits(), EVERY_MS);
  },
  /** False: not for this role. An estimate that cannot be read anew is no longer one. */
  async readWaits() {
    try {
      const found = {};
      for (const wait of (await get("/api/router/waits")).items) (found[key(wait)] ??= []).push(wait);
      this.waits = found;
    } catch (problem) {
      this.waits = {};
      return problem.status !== 403;
    }
    return true;
  },
  waitsOf(row) {
    const targets = namesOf("groups")[row.group]?.targets ?? {};
    const urgency = (wait) => targets[wait.channel] ?? Infinity;
    return (this.waits[key(row)] ?? []).toSorted((a, b) => (urgency(a) < urgency(b) ? -1 : 1));
  },
  shownWait(row) {
    return this.waitsOf(row).find((wait) => wait.p90_seconds !== null);
  },
  waitWords(row) {
    const shown = this.shownWait(row);
    return shown ? inWords(shown) : t("wall.unknown");
  },
  waitIsKnown(row) {
    return Boolean(this.shownWait(row));
  },
  /** Which channel it is of, where the group has several. */
  waitChannel(row) {
    const shown = this.shownWait(row);
    return shown && this.waitsOf(row).length > 1 ? nameOf("channel", shown.channel) : "";
  },
  waitFormula(row) {
    const each = this.waitsOf(row).map((wait) => `${nameOf("channel", wait.channel)} ${inWords(wait)}`);
    return t("formula.wait", { each: each.join(", ") || t("wall.unknown") });
  },
});
