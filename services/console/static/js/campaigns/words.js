// A campaign in words: its kind, its state, what is left of its abandonment budget, who may do what with it in which state.

import { Alpine } from "../shell.js";
import { icon, nameOf, t } from "../words.js";

const DASH = "–";
const TONES = { draft: "", ready: "chip-accent", running: "chip-good", paused: "chip-warn", stopped: "chip-bad", finished: "" };
const ICONS = { draft: "pencil", ready: "circle-check", running: "play", paused: "pause", stopped: "circle-slash", finished: "check-check" };
const STEPS = { start: ["draft", "ready", "paused", "finished"], pause: ["running"], stop: ["ready", "running", "paused", "finished"] };
export const OVER = ["stopped", "finished"];
/** Where a step leads at once, before the answer is there. */
export const AFTER = { start: "running", pause: "paused", stop: "stopped" };

export const percent = (share, digits = 1) => (share === null || share === undefined ? DASH : `${(100 * share).toFixed(digits)} %`);
export const ratio = (part, whole, digits = 1) => (whole ? percent(part / whole, digits) : DASH);

/** Mixed into every page of campaigns. */
export const campaignWords = () => ({
  mayChange: () => Alpine.store("me").roles.some((role) => ["campaign_manager", "admin"].includes(role)),
  toneOf: (state) => TONES[state] ?? "",
  stateIcon: (state) => icon(ICONS[state] ?? "circle-dot"),
  kindWords: (row) => [t(`purpose.${row.purpose}`), t(`dial_mode.${row.mode}`), nameOf("groups", row.group)].filter(Boolean).join(" · "),
  may(row, step) {
    return Boolean(row) && STEPS[step].includes(row.state) && this.mayChange();
  },
  budgetWords(row) {
    const { answered = 0, abandoned = 0, limit } = row?.abandonment ?? {};
    if (!limit) return DASH;
    if (!answered) return t("campaigns.budget_unused", { limit: percent(limit) });
    return t("campaigns.budget_words", { rate: ratio(abandoned, answered, 2), limit: percent(limit) });
  },
  budgetTone(row) {
    const { answered = 0, abandoned = 0, limit = 1 } = row?.abandonment ?? {};
    const used = answered ? abandoned / answered / limit : 0;
    return used > 1 ? "bad" : used > 0.8 ? "warn" : "";
  },
});
