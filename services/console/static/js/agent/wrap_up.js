// Notes saved as they are typed, and wrapping up: how it ended and why it happened, nothing else compulsory.

import { post, put } from "../api.js";
import { now, clockTime } from "../clock.js";
import { attempt } from "../shell.js";
import { t } from "../words.js";
import { readBack } from "./read_back.js";

const SAVE_AFTER_MS = 600;
const ENDING = "ucc.ending.";
const NOTE = "ucc.note.";

export const wrapUpPart = () => ({
  note: { text: "", saved: "", at: null, problem: "", of: null, timer: null },
  ending: { reason: "", disposition: "" },

  /** Take over what is stored, unless something typed is not saved yet (in this page or before a reload). */
  readNote() {
    const stored = this.pop().contact?.note ?? "";
    const sameContact = this.note.of === this.selected;
    if (sameContact && this.note.text !== this.note.saved) return;
    const typed = sessionStorage.getItem(NOTE + this.selected);
    this.note = { ...this.note, text: typed ?? stored, saved: stored, at: sameContact ? this.note.at : null, problem: "", of: this.selected };
    if (typed !== null) this.noteTyped();
  },
  noteTyped() {
    sessionStorage.setItem(NOTE + this.note.of, this.note.text);
    clearTimeout(this.note.timer);
    this.note.timer = setTimeout(() => this.saveNote(), SAVE_AFTER_MS);
  },
  async saveNote() {
    clearTimeout(this.note.timer);
    const { text, saved, of } = this.note;
    if (!of || text === saved) return;
    try {
      await put(`/api/profile/contacts/${of}/note`, { text });
      if (this.pops[of]?.contact) this.pops[of].contact.note = text;
      if (sessionStorage.getItem(NOTE + of) === text) sessionStorage.removeItem(NOTE + of);
      if (this.note.of === of) Object.assign(this.note, { saved: text, at: now(), problem: "" });
    } catch (problem) {
      if (this.note.of === of) this.note.problem = problem.message;
    }
  },
  noteState() {
    if (this.note.problem) return this.note.problem;
    if (this.note.text !== this.note.saved) return t("agent.note_saving");
    return this.note.at ? t("agent.note_saved", { time: clockTime(this.note.at) }) : "";
  },
  readBack() {
    return readBack(this.note.text, new Date(now() / 1000));
  },

  wrapUp() {
    return this.shift.wrap_ups.find((wrapUp) => wrapUp.contact_id === this.selected) ?? null;
  },
  /** The code is written already; a wrap-up without early exit runs on to its end. */
  noted() {
    return Boolean(this.wrapUp()?.disposition);
  },
  /** Choices made are kept by contact, so that looking at another one loses nothing. */
  keepEnding() {
    const chosen = this.ending.disposition || this.ending.reason;
    if (this.selected && chosen) sessionStorage.setItem(ENDING + this.selected, JSON.stringify(this.ending));
  },
  /** What was chosen already, else the reason the contact came with. */
  takeEnding() {
    const kept = this.selected && sessionStorage.getItem(ENDING + this.selected);
    this.ending = kept ? JSON.parse(kept) : { reason: this.pop().contact?.reason ?? "", disposition: "" };
  },
  async finishWrapUp() {
    const { interaction_id: interactionId, contact_id: contactId } = this.wrapUp();
    this.busy = "wrap-up";
    await this.saveNote();
    const body = { interaction_id: interactionId, disposition: this.ending.disposition, ...(this.ending.reason && { reason: this.ending.reason }) };
    await this.keepOutcome(contactId, body.disposition);
    await attempt(() => post(`/api/contacts/${contactId}/wrap-up`, body, { key: `wrap-${interactionId}` }));
    this.busy = "";
  },
  extendWrapUp() {
    const { interaction_id: interactionId, contact_id: contactId } = this.wrapUp();
    return attempt(() => post(`/api/contacts/${contactId}/wrap-up/extend`, { interaction_id: interactionId }));
  },
});
