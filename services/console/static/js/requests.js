// What a supervisor asks of a contact that waits, or for an agent: one click each, with the reason chosen before.

import { newId, post } from "./api.js";
import { attempt, say } from "./shell.js";
import { choices, t } from "./words.js";

const REASON = "ucc.request";
const OWN_REASONS = ["rush", "long_wait", "wrong_group", "knows_customer", "needs_break"]; // where the policy names none

export const requestPart = () => ({
  keptReason: localStorage.getItem(REASON) ?? "",
  wish: { group: "", agent: "", skill: "", level: 5 },

  requestReasons() {
    const named = choices("request_reasons");
    return named.length ? named : OWN_REASONS.map((code) => ({ code, name: t(`request_reasons.${code}`) }));
  },
  requestWhy() {
    const known = this.requestReasons().map((choice) => choice.code);
    return known.includes(this.keptReason) ? this.keptReason : known[0];
  },
  chooseWhy(code) {
    this.keptReason = code;
    localStorage.setItem(REASON, code);
  },
  /** Ask, with the reason; what the router makes of it shows by itself. Returns whether it was heard. */
  async ask(path, body) {
    const done = await attempt(() => post(path, { ...body, why: this.requestWhy() }, { key: newId() }));
    if (done) say(t("floor.asked"), "done");
    return done;
  },
});
