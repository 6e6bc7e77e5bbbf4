// The wallboard: rows keep their places (business line, then name), figures carry their formula, time ticks by itself.

import { now } from "./clock.js";
import { alarmsPart } from "./alarms.js";
import { sparksPart } from "./sparks.js";
import { closingPart } from "./closing.js";
import { waitsPart } from "./waits.js";
import { Alpine, merged, page, refreshCatalogue, start } from "./shell.js";
import { listen } from "./stream.js";
import { nameOf, namesOf, t } from "./words.js";

const inOrder = (a, b) =>
  nameOf("business_lines", a.business_line).localeCompare(nameOf("business_lines", b.business_line)) || nameOf("groups", a.group).localeCompare(nameOf("groups", b.group));

const board = () => ({
  ready: false, day: "", groups: [], rows: [], staff: {}, backlog: {}, lines: [],

  init() {
    listen("wallboard", Alpine.store("line"), (frame) => this.hearFrame(frame));
    this.beginSparks();
    this.beginWaits();
  },
  hearFrame(frame) {
    if (frame.type === "snapshot") {
      Object.assign(this, { ready: true, day: frame.day, staff: frame.wallboard.staff, backlog: frame.wallboard.backlog, alarms: frame.wallboard.alarms });
      this.rows = frame.wallboard.groups.toSorted(inOrder);
      this.lines = frame.wallboard.self_service;
    } else if (frame.type === "group") {
      const at = this.rows.findIndex((row) => row.group === frame.group);
      this.rows = at < 0 ? [...this.rows, frame].sort(inOrder) : this.rows.with(at, frame);
    } else if (frame.type === "self_service") {
      const at = this.lines.findIndex((line) => line.business_line === frame.business_line && line.pool === frame.pool);
      this.lines = at < 0 ? [...this.lines, frame] : this.lines.with(at, frame);
    } else if (frame.type === "staff") this.staff = frame;
    else if (frame.type === "backlog") this.backlog = frame;
    else if (frame.type === "alarm") this.hearAlarm(frame);
    else if (frame.type === "day_began") this.day = frame.day;
    else if (frame.type === "catalogue_changed") refreshCatalogue();
  },

  percent: (value) => (value === null || value === undefined ? "–" : `${value.toFixed(1)} %`),
  seconds: (value) => (value === null || value === undefined ? "–" : t("wall.seconds", { n: value.toFixed(1) })),
  reasonsWords() {
    return Object.entries(this.staff.by_reason ?? {}).map(([reason, n]) => `${nameOf("presence_reasons", reason)} ${n}`).join(" · ");
  },
  scheduledWords() {
    return t("wall.scheduled", { n: this.backlog.callbacks_scheduled });
  },
  parkedWords() {
    return t("wall.parked", { n: this.backlog.chats_parked });
  },
  channelsWords(row) {
    const parts = Object.entries(row.waiting_by_channel).filter(([, n]) => n);
    return parts.length > 1 ? parts.map(([channel, n]) => `${t(`channel.${channel}`)} ${n}`).join(" ") : "";
  },
  targets: (row) => Object.entries(namesOf("groups")[row.group]?.targets ?? {}),
  /** The strictest target beside the figure; all of them are in the formula. */
  targetWords(row) {
    const first = Math.min(...this.targets(row).map(([, n]) => n));
    return Number.isFinite(first) ? t("wall.within", { n: shortTime(first) }) : "";
  },
  /** The longest wait is past the strictest target among the channels that wait. */
  isLate(row) {
    const waiting = this.targets(row).filter(([channel]) => row.waiting_by_channel[channel]).map(([, n]) => n);
    return Boolean(row.waiting && waiting.length && now() - row.longest_wait_since > Math.min(...waiting) * 1e6);
  },
  levelFormula(row) {
    const level = row.service_level;
    const targets = this.targets(row).map(([channel, n]) => `${t(`channel.${channel}`)} ${shortTime(n)}`).join(", ");
    return t(`formula.${level.variant}`, { within: level.answered_within, of: level.of, targets, short: level.short_abandon_seconds });
  },
  abandonedShare: (row) => (row.today.offered ? `${((100 * row.today.abandoned) / row.today.offered).toFixed(0)} %` : ""),
  abandonedFormula: (row) => t("formula.abandoned", { n: row.today.abandoned, of: row.today.offered, short: row.today.short_abandons, seconds: row.service_level.short_abandon_seconds }),
  containedFormula: (line) => t("formula.contained", { n: line.served, of: line.arrived - line.now }),
  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  },
});

/** Seconds as the target is spoken of: 20 s, 5 min, 4 h. */
function shortTime(seconds) {
  if (seconds >= 3600 && seconds % 3600 === 0) return t("wall.hours", { n: seconds / 3600 });
  return seconds >= 120 && seconds % 60 === 0 ? t("wall.minutes", { n: seconds / 60 }) : t("wall.seconds", { n: seconds });
}

await start({}, { wallboard: () => merged(page(), alarmsPart(), sparksPart(), waitsPart(), closingPart(), board()) });
