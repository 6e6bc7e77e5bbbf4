// Cases of the customer at hand: open one with a promise, move it on, note, promise, keep. Refusals come in words from profile.

import { get, post } from "../api.js";
import { now } from "../clock.js";
import { Alpine, attempt, say } from "../shell.js";
import { t } from "../words.js";

const NEXT = { open: ["waiting", "answered"], waiting: ["answered", "waiting"], answered: ["closed", "waiting", "reopened"], closed: ["reopened"], reopened: ["waiting", "answered"] };
const DAY_MS = 86_400_000;

/** A wall-clock time as a `datetime-local` field wants it. */
const fieldTime = (ms) => {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};
const tomorrow = () => fieldTime(Math.ceil((now() / 1000 + DAY_MS) / 3_600_000) * 3_600_000);
const rfc3339 = (field) => new Date(field).toISOString();
const blankCase = () => ({ open: false, kind: "request", subject: "", promise: "", due: tomorrow(), note: "" });

export const casesPart = () => ({
  opening: blankCase(),
  openCase: null,
  step: { to: "", text: "" },
  promising: { text: "", due: "" },
  caseNote: "",

  newCase() {
    if (!this.pop().customer) return say(t("agent.case_needs_customer"));
    this.opening = { ...blankCase(), open: true };
    this.$nextTick(() => document.getElementById("case-subject")?.focus());
  },
  /** A case and the promise that goes with it; the case belongs to the asking agent. */
  async createCase() {
    const { kind, subject, promise, due, note } = this.opening;
    await this.changeCase(async () => {
      const body = { customer_id: this.pop().customer.customer_id, kind, subject, contact_id: this.selected, ...(note && { note }) };
      const made = await post("/api/profile/cases", body);
      this.opening = blankCase();
      return promise ? post(`/api/profile/cases/${made.case_id}/promises`, this.promiseOf(promise, due)) : made;
    }, "agent.case_created");
  },
  promiseOf: (text, due) => ({ text, owner: Alpine.store("me").agent_id, due_at: rfc3339(due) }),
  async showCase(caseId) {
    if (this.openCase?.case_id === caseId) return this.closeCase();
    await attempt(async () => { this.openCase = await get(`/api/profile/cases/${caseId}`); });
    this.resetCaseFields();
  },
  closeCase() {
    this.openCase = null;
  },
  resetCaseFields() {
    this.step = { to: "", text: "" };
    this.promising = { text: "", due: tomorrow() };
    this.caseNote = "";
  },
  caseSteps() {
    return NEXT[this.openCase?.state] ?? [];
  },
  stepNeedsText() {
    return ["waiting", "reopened"].includes(this.step.to);
  },
  moveCase() {
    const { to, text } = this.step;
    const why = to === "waiting" ? { waiting_for: text } : text ? { reason: text } : {};
    return this.changeCase(() => post(`/api/profile/cases/${this.openCase.case_id}/transitions`, { to, ...why }), "agent.case_moved");
  },
  addPromise() {
    const { text, due } = this.promising;
    return this.changeCase(() => post(`/api/profile/cases/${this.openCase.case_id}/promises`, this.promiseOf(text, due)), "agent.promised");
  },
  keepPromise(promise) {
    return this.changeCase(() => post(`/api/profile/promises/${promise.promise_id}/keep`), "agent.promise_kept");
  },
  addCaseNote() {
    return this.changeCase(() => post(`/api/profile/cases/${this.openCase.case_id}/notes`, { text: this.caseNote }), "agent.case_noted");
  },
  /** Do it, show the case as it is now, and read the pop and the promises due again. */
  changeCase(act, doneKey) {
    const contactId = this.selected;
    return attempt(async () => {
      this.openCase = await act();
      this.resetCaseFields();
      say(t(doneKey), "done");
      await Promise.all([this.loadPop(contactId), this.loadPromises()]);
    });
  },
  entryWords(entry) {
    if (entry.kind === "transition") return t("case_entry.transition", { to: t(`case_state.${entry.to_state}`), text: entry.text ?? "" });
    return `${t(`case_entry.${entry.kind}`)}${entry.kind === "contact" ? "" : ` ${entry.text ?? ""}`}`;
  },
});
