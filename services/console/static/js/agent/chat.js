// A visitor's side of a chat as it happens: typing, the page they are on, what they have read; and files sent to them.

import { call, newId, post } from "../api.js";
import { say } from "../shell.js";
import { t } from "../words.js";

const TYPING_EVERY_MS = 3000;
const TYPING_SHOWN_MS = 5000;
const RANK = { sending: 0, sent: 1, delivered: 2, read: 3, failed: 4 };

/** Only addresses of the web become links; anything else is shown as text. */
const webLink = (url) => (/^https?:\/\//.test(url ?? "") ? url : null);

export const chatPart = () => ({
  writing: {},
  visited: {},
  leftFor: {},
  uploading: false,

  visitorTypes(frame) {
    if (frame.author !== "customer") return;
    clearTimeout(this.writing[frame.contact_id]);
    this.writing[frame.contact_id] = setTimeout(() => { this.writing[frame.contact_id] = 0; }, TYPING_SHOWN_MS);
  },
  isVisitorTyping() {
    return Boolean(this.writing[this.selected]);
  },
  visitorMoved(frame) {
    this.visited[frame.contact_id] = { url: webLink(frame.url), title: frame.title || frame.url || "" };
  },
  /** What the conversation's first page says beside the messages. */
  takeVisitor(contactId, answer) {
    if (answer.page) this.visitorMoved({ contact_id: contactId, ...answer.page });
    if (answer.answer_to) this.leftFor[contactId] = answer.answer_to;
  },
  visitorPage() {
    return this.visited[this.selected] ?? { url: null, title: "" };
  },
  answerTo() {
    return this.leftFor[this.selected] ?? "";
  },
  /** Words of an earlier contact of the same visitor stand before those of this one. */
  goesOn() {
    return (this.talks[this.selected]?.messages ?? []).some((message) => message.contact_id !== this.selected);
  },
  stateChanged(frame) {
    const message = this.talks[frame.contact_id]?.messages.find((entry) => entry.message_id === frame.target);
    if (message?.author === "agent" && (RANK[frame.state] ?? 0) > (RANK[message.delivery] ?? 0)) message.delivery = frame.state;
  },
  typed() {
    const now = Date.now();
    if (!this.isConnected() || this.current().channel !== "web" || now - (this.typedAt ?? 0) < TYPING_EVERY_MS) return;
    this.typedAt = now;
    post(`/api/contacts/${this.selected}/typing`).catch(() => {}); // nothing is lost with it
  },
  /** Tell the visitor that their newest words were seen. */
  tellRead(contactId) {
    const unread = (this.talks[contactId]?.messages ?? []).filter((message) => message.author === "customer" && !message.told && message.state !== "read");
    if (!unread.length || document.visibilityState !== "visible" || !this.isConnected() || this.current().channel !== "web") return;
    for (const message of unread) message.told = true;
    post(`/api/contacts/${contactId}/read`, { message_ids: unread.slice(-50).map((message) => message.message_id) }).catch(() => {
      for (const message of unread) message.told = false;
    });
  },
  async attach(input) {
    const [file] = input.files;
    const contactId = this.selected;
    if (!file) return;
    this.uploading = true;
    const query = new URLSearchParams({ key: newId(), name: file.name.slice(-200) });
    try {
      await call("POST", `/api/gateway/contacts/${contactId}/files?${query}`, undefined, { form: file });
    } catch (problem) {
      say(problem.message || t("problem.unknown"), "bad");
    } finally {
      this.uploading = false;
      input.value = "";
    }
  },
  isPicture: (file) => file.media_type.startsWith("image/") && file.media_type !== "image/tiff",
});
