// All campaigns as rows: state, what is left to call, today's answers, the abandonment budget; started and paused in place.

import { List, newId, post } from "../api.js";
import { attempt, merged, start } from "../shell.js";
import { knows, t } from "../words.js";
import { AFTER, OVER, campaignWords, ratio } from "./words.js";

const LOOK_MS = 4000;
const MOST = 200;

const campaigns = () => ({
  list: new List("/api/outbound/campaigns", () => ({}), MOST),
  filter: { query: "", state: "open" },
  busy: {},

  init() {
    this.list.load();
    setInterval(() => { if (!document.hidden && !this.list.loading) this.list.load(); }, LOOK_MS);
  },
  isFirst() {
    return this.list.isEmpty();
  },
  shown() {
    const { query, state } = this.filter;
    const wished = query.trim().toLowerCase();
    return this.list.items.filter((row) => {
      const isOver = OVER.includes(row.state);
      return (!wished || row.title.toLowerCase().includes(wished)) && (state === "" || isOver === (state === "over"));
    });
  },
  leftWords: (row) => t("campaigns.left_of", { n: row.records.left, of: row.records.all }),
  leftShare: (row) => (row.records.all ? 1 - row.records.left / row.records.all : 0),
  todayWords: (row) => `${row.today.dialled} / ${row.today.answered}`,
  /** A running campaign that dials nothing says so in its row; its page says how it goes on. */
  heldWords({ state, hold_up: code }) {
    if (state !== "running" || !code) return "";
    return t(knows(`campaigns.held.${code}`) ? `campaigns.held.${code}` : `suppression.${code}`);
  },
  rateWords: (row) => ratio(row.today.answered, row.today.dialled),

  /** Shown as done at once; a refusal brings the true state back. */
  async act(row, step) {
    const before = row.state;
    this.busy[row.campaign_id] = true;
    row.state = AFTER[step];
    if (!(await attempt(() => post(`/api/outbound/campaigns/${row.campaign_id}/${step}`, {}, { key: newId() })))) row.state = before;
    this.busy[row.campaign_id] = false;
  },
});

await start({ campaigns: () => merged(campaignWords(), campaigns()) });
