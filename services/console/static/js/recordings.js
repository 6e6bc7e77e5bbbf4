// Recordings: looked for by day, agent and group, heard in the page; taken away or deleted with a reason that is written down.

import { List, call, get, put, withQuery } from "./api.js";
import { playerPart } from "./player.js";
import { Alpine, attempt, merged, page, say, start } from "./shell.js";
import { language, nameOf, t } from "./words.js";

const DAY_MS = 86_400_000;
const noFilter = () => ({ agent: "", group: "", from: "", to: "" });
/** The first moment of a day chosen in the field, in this browser's time. */
const startOf = (day) => new Date(`${day}T00:00:00`).getTime();

const listPart = () => ({
  list: null,
  filter: noFilter(),
  rules: null,
  notes: null,
  asked: { act: "", recording: null, reason: "" },

  init() {
    this.list = new List("/api/gateway/recordings", () => this.query());
    this.notes = new List("/api/gateway/recordings/audit");
    this.list.load();
    this.loadRules();
  },
  query() {
    const { agent, group, from, to } = this.filter;
    const span = { from: from && new Date(startOf(from)).toISOString(), to: to && new Date(startOf(to) + DAY_MS).toISOString() };
    return { agent, group, ...span };
  },
  clearFilter() {
    this.filter = noFilter();
    this.list.load();
  },
  isFiltered() {
    return Object.values(this.filter).some(Boolean);
  },
  isAdmin: () => Alpine.store("me").roles.includes("admin"),
  agentWords: (recording) => recording.agents.map((agent) => nameOf("agents", agent)).join(language === "zh" ? "、" : ", ") || "–",
  groupWords: (recording) => nameOf("groups", recording.group) || "–",
  endIcon: (recording) => ({ customer: "user", agent: "headphones" })[recording.hung_up_by] ?? "phone-off",
  endWords: (recording) => t(`recordings.hung_up.${recording.hung_up_by ?? "unknown"}`),

  async loadRules() {
    await attempt(async () => { this.rules = await get("/api/gateway/recordings/rules"); });
  },
  async saveRules() {
    const rules = { days: Number(this.rules.days), agents_listen: this.rules.agents_listen };
    if (!(await attempt(() => put("/api/gateway/recordings/rules", rules)))) return;
    say(t("recordings.rules_saved"), "done");
    this.list.load();
  },
  rulesWords() {
    if (!this.rules) return "";
    return t("recordings.kept_days", { n: this.rules.days }) + t(this.rules.agents_listen ? "recordings.agents_listen_yes" : "recordings.agents_listen_no");
  },
  openNotes(event) {
    if (event.target.open) this.notes.load();
  },

  ask(act, recording) {
    this.asked = { act, recording, reason: "" };
    document.getElementById("reason").showModal();
  },
  closeAsk() {
    document.getElementById("reason").close();
  },
  preset(reason) {
    this.asked.reason = reason;
  },
  hasReason() {
    return this.asked.reason.trim().length >= 3;
  },
  async goOn() {
    const { act, recording, reason } = this.asked;
    const path = `/api/gateway/recordings/${recording.recording_id}`;
    this.closeAsk();
    if (act === "download") {
      const link = Object.assign(document.createElement("a"), { href: withQuery(`${path}/download`, { reason: reason.trim() }), download: "" });
      link.click();
      return;
    }
    if (!(await attempt(() => call("DELETE", withQuery(path, { reason: reason.trim() }))))) return;
    if (this.isHeard(recording)) this.stopHearing();
    this.list.items = this.list.items.filter((item) => item.recording_id !== recording.recording_id);
    say(t("recordings.deleted"), "done");
  },
});

await start({}, { recordings: () => merged(page(), playerPart(), listPart()) });
