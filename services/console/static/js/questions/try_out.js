// "Try a sentence": what the matcher makes of it now, how sure it is and which examples it leans on.

import { post } from "../api.js";

export const percent = (share) => `${Math.round(100 * share)} %`;

export const tryOut = () => ({
  text: "", busy: false, problem: "", verdict: null,

  percent,
  async ask() {
    Object.assign(this, { busy: true, problem: "" });
    try {
      this.verdict = await post("/api/ivr/match", { text: this.text });
    } catch (problem) {
      Object.assign(this, { problem: problem.message, verdict: null });
    }
    this.busy = false;
  },
  tone() {
    return { answer: "chip-good", ask_back: "chip-warn" }[this.verdict?.decision] ?? "";
  },
  candidates() {
    return this.verdict?.candidates ?? [];
  },
  nearest() {
    return this.verdict?.nearest ?? [];
  },
});
