// Attempts of a campaign with what became of each; those nobody can say anything of are settled by a person who found out.

import { get, List, newId, post } from "../api.js";
import { attempt, say } from "../shell.js";
import { t } from "../words.js";
import { percent } from "./words.js";

const PAGE = 50;
const MOST_STRAYS = 100;

export const attemptsPart = (campaignId) => ({
  attempts: null, strays: null, machines: null, sought: { outcome: "" },

  initAttempts() {
    const path = `/api/outbound/campaigns/${campaignId}/attempts`;
    this.attempts = new List(path, () => this.sought, PAGE);
    this.strays = new List(path, () => ({ state: "unknown" }), MOST_STRAYS);
  },
  openAttempts() {
    return Promise.all([this.attempts.load(), this.strays.load(), this.readMachines()]);
  },
  /** How many attempts are quarantined: told by the live view, exactly once the list was read. */
  unknown() {
    return this.strays.loaded ? this.strays.items.length : this.live?.unknown ?? 0;
  },
  async readMachines() {
    try {
      this.machines = await get(`/api/outbound/campaigns/${campaignId}/machines`);
    } catch {
      this.machines = null; // the list beside it says what is wrong
    }
  },
  /** Worth a panel where somebody listens who answers, or an agent met a machine. */
  showsMachines() {
    const { detects, flagged, missed } = this.machines ?? {};
    return Boolean(detects || flagged || missed);
  },
  machinesWords() {
    const { flagged, audited, falsely, missed, days } = this.machines;
    return t("campaign.machines_counts", { flagged, audited, falsely, missed, days });
  },
  falseMachines() {
    const { audited, rate, low, high } = this.machines;
    return audited ? t("campaign.false_machines", { rate: percent(rate), low: percent(low), high: percent(high) }) : t("campaign.false_machines_unknown");
  },
  /** Of a call that was taken for a machine nobody knows yet who it was; whoever listened to it says so. */
  mayJudge(row) {
    return row.answered_by === "machine" && row.said_machine === null && this.mayChange();
  },
  answererWords: ({ answered_by: by, said_machine: said }) => (said === null || said === undefined || (said && by === "machine") ? "" : t(said ? "campaign.was_machine" : "campaign.was_person")),
  async sayAnswerer(row, machine) {
    const done = await attempt(() => post(`/api/outbound/attempts/${row.attempt_id}/answerer`, { machine }, { key: newId() }));
    if (done) await this.openAttempts();
  },
  rulesOf: (row) => (row.rules ?? []).join(", "),
  async settle(row, outcome) {
    const done = await attempt(() => post(`/api/outbound/attempts/${row.attempt_id}/resolve`, { outcome }, { key: newId() }));
    if (!done) return;
    say(t("campaign.settled"), "done");
    await this.openAttempts();
  },
});
