// Conversations of the contacts in hand: what was said (from gateway), what is being said (from the stream), what is on its way.

import { get, newId, post } from "../api.js";
import { say } from "../shell.js";

const DRAFT = "ucc.draft.";
const NO_TALK = Object.freeze({ messages: [], loaded: false, problem: "" });

const timeOf = (message) => (typeof message.sent_at === "number" ? message.sent_at : Date.parse(message.sent_at) * 1000);

/** Both lists as one, by time; a message that came back from the conversation replaces the one on its way. */
function merged(known, fresh) {
  const byId = new Map(known.map((message) => [message.message_id, message]));
  for (const message of fresh) {
    const delivery = message.author === "agent" ? (message.state ?? "sent") : null;
    byId.set(message.message_id, { ...message, sent_at: timeOf(message), attachments: message.attachments ?? [], delivery });
  }
  return [...byId.values()].sort((a, b) => a.sent_at - b.sent_at);
}

export const talkPart = () => ({
  talks: {},
  seen: {},
  draft: "",

  talk() {
    return this.talks[this.selected] ?? NO_TALK;
  },
  async loadTalk(contactId) {
    const talk = (this.talks[contactId] ??= { messages: [], loaded: false, problem: "" });
    try {
      let cursor = "";
      do {
        const page = await get(`/api/gateway/contacts/${contactId}/conversation?limit=500${cursor}`);
        this.talks[contactId].messages = merged(this.talks[contactId].messages, page.items);
        this.takeVisitor(contactId, page);
        cursor = page.next ? `&cursor=${encodeURIComponent(page.next)}` : "";
      } while (cursor);
      Object.assign(this.talks[contactId], { loaded: true, problem: "" });
    } catch (problem) {
      if (problem.status === 404) talk.loaded = true; // nobody has written yet
      else this.talks[contactId].problem = problem.message;
    }
    this.hear(contactId);
  },
  heard(message) {
    if (message.author === "customer") this.writing[message.contact_id] = 0;
    const talk = (this.talks[message.contact_id] ??= { messages: [], loaded: true, problem: "" });
    talk.messages = merged(talk.messages, [message]);
    this.hear(message.contact_id);
  },
  /** The newest message of the open conversation is in sight, and read. */
  hear(contactId) {
    if (contactId !== this.selected) return;
    this.seen[contactId] = this.talks[contactId]?.messages.length ?? 0;
    this.tellRead(contactId);
    this.$nextTick(() => { const log = this.$root.querySelector(".conversation"); if (log) log.scrollTop = log.scrollHeight; });
  },
  unread(contactId) {
    if (contactId === this.selected) return 0;
    const messages = this.talks[contactId]?.messages ?? [];
    return messages.slice(this.seen[contactId] ?? 0).filter((message) => message.author === "customer").length;
  },
  keepDraft() {
    if (this.selected) sessionStorage.setItem(DRAFT + this.selected, this.draft);
  },
  takeDraft() {
    this.draft = (this.selected && sessionStorage.getItem(DRAFT + this.selected)) || "";
  },
  enterSends(event) {
    if (event.shiftKey || event.isComposing) return; // a new line, or a choice of Chinese characters
    event.preventDefault();
    this.send();
  },
  async send() {
    if (this.aside && this.canNote()) return this.sayAside();
    const text = this.draft.trim();
    if (!text || !this.canWrite()) return;
    const message = { message_id: newId(), contact_id: this.selected, author: "agent", agent_id: null, sent_at: this.present(), text, attachments: [], delivery: "sending" };
    const talk = (this.talks[this.selected] ??= { messages: [], loaded: true, problem: "" });
    talk.messages = [...talk.messages, message];
    this.draft = "";
    this.keepDraft();
    this.hear(this.selected);
    await this.resend(message);
  },
  /** Under the same id, so that a message that did arrive is not said twice. */
  async resend({ contact_id: contactId, message_id: messageId, text }) {
    this.delivery(contactId, messageId, "sending");
    try {
      await post(`/api/contacts/${contactId}/messages`, { message_id: messageId, text }, { key: messageId });
      this.delivery(contactId, messageId, "sent");
    } catch (problem) {
      this.delivery(contactId, messageId, "failed");
      say(problem.message, "bad");
    }
  },
  delivery(contactId, messageId, state) {
    const message = this.talks[contactId].messages.find((entry) => entry.message_id === messageId);
    if (message && !["delivered", "read"].includes(message.delivery)) message.delivery = state;
  },
  authorWords(message) {
    if (message.author === "customer") return this.whoIs(this.current());
    if (message.author === "system" || message.author === "bot") return this.t(`agent.author_${message.author}`);
    const who = message.agent_id ? this.name("agents", message.agent_id) : this.t("agent.author_me");
    return message.audience === "staff" ? this.t("company.note_by", { who }) : who;
  },
});
