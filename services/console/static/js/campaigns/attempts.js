// Attempts of a campaign with what became of each; those nobody can say anything of are settled by a person who found out.

import { List, newId, post } from "../api.js";
import { attempt, say } from "../shell.js";
import { t } from "../words.js";

const PAGE = 50;
const MOST_STRAYS = 100;

export const attemptsPart = (campaignId) => ({
  attempts: null, strays: null, sought: { outcome: "" },

  initAttempts() {
    const path = `/api/outbound/campaigns/${campaignId}/attempts`;
    this.attempts = new List(path, () => this.sought, PAGE);
    this.strays = new List(path, () => ({ state: "unknown" }), MOST_STRAYS);
  },
  openAttempts() {
    return Promise.all([this.attempts.load(), this.strays.load()]);
  },
  /** How many attempts are quarantined: told by the live view, exactly once the list was read. */
  unknown() {
    return this.strays.loaded ? this.strays.items.length : this.live?.unknown ?? 0;
  },
  rulesOf: (row) => (row.rules ?? []).join(", "),
  async settle(row, outcome) {
    const done = await attempt(() => post(`/api/outbound/attempts/${row.attempt_id}/resolve`, { outcome }, { key: newId() }));
    if (!done) return;
    say(t("campaign.settled"), "done");
    await this.openAttempts();
  },
});
