// Standing by a colleague's conversation: read along, write notes to its agent; a supervisor may take it over.

import { get, newId, post } from "./api.js";
import { Alpine, attempt, say } from "./shell.js";
import { t } from "./words.js";

const OVERSEERS = ["supervisor", "admin"];
const LOOK_MS = 3000;

export const helpPart = () => ({
  live: null,
  standing: false,
  noteText: "",
  whyTaken: "",

  me: () => Alpine.store("me"),
  hasSeat() {
    return Boolean(this.me().agent_id);
  },
  maySupervise() {
    return this.hasSeat() && (this.me().roles ?? []).some((role) => OVERSEERS.includes(role));
  },
  isOpen() {
    return this.live !== null && ["connecting", "connected", "parked"].includes(this.live.state) && this.live.agent_id !== this.me().agent_id;
  },
  async standBy(joined) {
    if (!(await attempt(() => post(`/api/contacts/${this.id}/company`, { joined }, { key: newId() })))) return;
    this.standing = joined;
    if (joined) this.readAlong();
  },
  /** What is said meanwhile, until the contact is over or one leaves. */
  async readAlong() {
    if (!this.standing) return;
    const [live, talk] = await Promise.allSettled([get(`/api/live/contacts/${this.id}`), get(`/api/gateway/contacts/${this.id}/conversation?limit=500`)]);
    this.live = live.value ?? null;
    if (talk.value) this.messages = talk.value.items;
    if (!this.live) this.standing = false;
    setTimeout(() => this.readAlong(), LOOK_MS);
  },
  async sendNote() {
    const message = { message_id: newId(), text: this.noteText.trim() };
    if (!(await attempt(() => post(`/api/contacts/${this.id}/notes`, message, { key: message.message_id })))) return;
    this.messages = [...this.messages, { ...message, author: "agent", audience: "staff", sent_at: new Date().toISOString(), attachments: [] }];
    this.noteText = "";
  },
  async takeOver() {
    if (await attempt(() => post(`/api/contacts/${this.id}/take-over`, { why: this.whyTaken }, { key: newId() }))) say(t("company.took_over"), "done");
  },
});
