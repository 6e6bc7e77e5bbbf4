// Callbacks: what is due, scheduled and tried, and what became of it. Numbers are not shown: the gateway that dials keeps them.

import { List, newId, post } from "./api.js";
import { Alpine, attempt, say, start } from "./shell.js";
import { knows, t } from "./words.js";

const LOOK_MS = 4000;
const GOOD = ["served", "callback_accepted"];
const noWish = () => ({ number: "", group: "", at: "", time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone, window_minutes: "" });
const wished = new URLSearchParams(location.search);

await start({
  callbacks: () => ({
    list: null,
    filter: { group: "", state: "open" },
    wish: noWish(),
    key: "",
    chosen: null,
    problem: "",
    zones: Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [],

    init() {
      this.list = new List("/api/callbacks", () => this.filter, 200);
      this.list.load();
      setInterval(() => { if (!document.hidden && !document.querySelector("dialog[open]")) this.list.load(); }, LOOK_MS);
      if (wished.get("book")) this.openBooking();
    },
    toneOf: (row) => (row.end ? (GOOD.includes(row.end) ? "chip-good" : "chip-warn") : row.state === "dialling" ? "chip-accent" : row.state === "quarantined" ? "chip-warn" : ""),
    whenWords(row) {
      const at = row.ended_at ?? row.next_at ?? row.not_before ?? row.asked_at;
      return this.dateTime(at);
    },
    outcomeWords(row) {
      const code = row.outcome ?? row.reason;
      if (!code) return "–";
      return ["dial_outcome", "callbacks.why"].map((kind) => `${kind}.${code}`).filter(knows).map((key) => t(key))[0] ?? code;
    },

    openBooking() {
      Object.assign(this, { wish: { ...noWish(), group: wished.get("group") ?? "" }, key: newId(), problem: "" });
      document.getElementById("booking").showModal();
    },
    close(id) {
      document.getElementById(id).close();
    },
    async book() {
      const { number, group, at, time_zone, window_minutes } = this.wish;
      const body = { number, group, ...(at && { at, time_zone }), ...(window_minutes && { window_minutes: Number(window_minutes) }) };
      try {
        await post("/api/gateway/callbacks", body, { key: this.key });
      } catch (problem) {
        this.problem = problem.message;
        return;
      }
      this.close("booking");
      say(t("callbacks.booked"), "done");
      this.list.load();
    },
    mayRelease() {
      return Alpine.store("me").roles.some((role) => ["supervisor", "admin"].includes(role));
    },
    askRelease(row) {
      this.chosen = row;
      document.getElementById("releasing").showModal();
    },
    async release(why) {
      this.close("releasing");
      if (!(await attempt(() => post(`/api/callbacks/${this.chosen.contact_id}/release`, { why }, { key: newId() })))) return;
      say(t("callbacks.released"), "done");
      this.list.load();
    },
    askCancel(row) {
      this.chosen = row;
      document.getElementById("cancelling").showModal();
    },
    async cancel(why) {
      this.close("cancelling");
      if (!(await attempt(() => post(`/api/callbacks/${this.chosen.contact_id}/cancel`, { why }, { key: newId() })))) return;
      say(t("callbacks.cancelled"), "done");
      this.list.load();
    },
  }),
});
