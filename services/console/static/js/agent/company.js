// Whose turn it is in a chat, who stands by a conversation, and notes that only colleagues read.

import { newId, post } from "../api.js";
import { attempt } from "../shell.js";
import { clockTime } from "../clock.js";
import { nameOf, t } from "../words.js";

export const companyPart = () => ({
  aside: false, // what is written now is a note for colleagues

  /** Colleagues who read along with the contact looked at. */
  company() {
    return this.current()?.colleagues ?? [];
  },
  companyWords() {
    return t("company.beside", { who: this.company().map((agent) => nameOf("agents", agent)).join(", ") });
  },
  isParked() {
    return this.current()?.state === "parked";
  },
  /** Chats that wait for their customers take no load, and may be written to. */
  canWrite() {
    const conferring = this.isAsked() && this.consultation()?.joined;
    return this.isConnected() || this.isParked() || Boolean(conferring);
  },
  canNote() {
    return this.company().length > 0 || Boolean(this.consultation());
  },
  awaitedWords() {
    const current = this.current();
    const awaited = current?.awaited;
    if (!awaited) return "";
    const until = awaited.until && clockTime(awaited.until);
    if (current.state === "parked") {
      if (awaited.of === "agent") return t("company.returning");
      return until ? t("company.parked_until", { until }) : t("company.parked");
    }
    if (current.state !== "connected" || !until) return "";
    return t(awaited.of === "agent" ? "company.reply_due" : "company.silent", { until });
  },
  async sayAside() {
    const text = this.draft.trim();
    if (!text) return;
    const message = { message_id: newId(), text };
    if (!(await attempt(() => post(`/api/contacts/${this.selected}/notes`, message, { key: message.message_id })))) return;
    this.draft = "";
    this.keepDraft();
  },
  ratingWords() {
    const { rating, ratings } = this.shift.agent ?? {};
    return ratings ? t("agent.rating", { rating: rating.toFixed(1), n: ratings }) : "";
  },
});
