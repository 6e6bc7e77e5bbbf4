// A fax in hand: its pages and what was read on them, an answer with a look at it before it goes, and what became of it.

import { get, newId, picture, post, withQuery } from "../api.js";
import { say } from "../shell.js";

const LARGEST = 4;
const NO_FAX = Object.freeze({ file_id: "", pages: 0, ours: false });
const NO_PREVIEW = Object.freeze({ source: "", pages: 0 });

const freshLetter = () => ({ title: "", body: "", to: "", language: document.documentElement.lang.startsWith("en") ? "en" : "zh", key: newId() });

export const faxPart = () => ({
  faxPage: 1,
  faxZoom: 2,
  faxFileId: "",
  faxAsText: false,
  faxReadings: {},
  faxOf: null,
  faxHeard: 0,
  letter: freshLetter(),
  letters: {},
  answering: false,
  preview: NO_PREVIEW,
  letterBusy: "",
  letterProblem: "",
  sentFaxes: {},

  /** Every file of the conversation that has pages, ours (answers) and the customer's. */
  faxFiles() {
    const pagesOf = (message) => message.attachments.filter((file) => file.pages > 0);
    return this.talk().messages.flatMap((message) => pagesOf(message).map((file) => ({ ...file, ours: message.author !== "customer", sent_at: message.sent_at })));
  },
  /** The chosen one, else the newest the customer sent. */
  fax() {
    const files = this.faxFiles();
    return files.find((file) => file.file_id === this.faxFileId) ?? files.findLast((file) => !file.ours) ?? files.at(-1) ?? NO_FAX;
  },
  faxFileWords(file) {
    return this.t(file.ours ? "fax.ours" : "fax.theirs", { time: this.clockTime(file.sent_at) });
  },
  /** Another contact was selected: its own letter, begun or not, comes back. */
  showFax() {
    if (this.faxOf) this.letters[this.faxOf] = this.letter;
    this.faxOf = this.selected;
    const begun = this.letters[this.selected];
    Object.assign(this, { faxPage: 1, faxZoom: 2, faxFileId: "", faxAsText: false, preview: NO_PREVIEW, letterProblem: "", letterBusy: "" });
    Object.assign(this, { letter: begun ?? freshLetter(), answering: Boolean(begun?.title || begun?.body) });
    if (this.current()?.channel === "fax") this.loadSentFaxes();
  },
  /** The conversation grew: perhaps by a report. */
  faxNews(messages) {
    if (messages !== this.faxHeard && this.current()?.channel === "fax") this.loadSentFaxes();
    this.faxHeard = messages;
  },
  chooseFax(fileId) {
    Object.assign(this, { faxFileId: fileId, faxPage: 1, preview: NO_PREVIEW });
    if (this.faxAsText) this.loadReadings();
  },
  faxPages() {
    return this.preview.source ? this.preview.pages : this.fax().pages;
  },
  faxSource() {
    if (this.preview.source) return this.preview.source;
    const { file_id: fileId, pages } = this.fax();
    return pages ? `/api/gateway/files/${fileId}/pages/${this.faxPage}.png` : "data:,";
  },
  turnFax(by) {
    this.faxPage = Math.min(this.faxPages(), Math.max(1, this.faxPage + by));
    if (this.preview.source) this.previewLetter();
  },
  zoomFax(by) {
    this.faxZoom = Math.min(LARGEST, Math.max(1, this.faxZoom + by));
  },

  // What was read
  toggleFaxText() {
    this.faxAsText = !this.faxAsText;
    if (this.faxAsText) this.loadReadings();
  },
  async loadReadings() {
    const { file_id: fileId, pages } = this.fax();
    if (!pages || this.faxReadings[fileId]) return;
    try {
      this.faxReadings[fileId] = (await get(`/api/gateway/files/${fileId}/pages`)).items;
    } catch (problem) {
      say(problem.message, "bad");
    }
  },
  faxReading() {
    return this.faxReadings[this.fax().file_id]?.[this.faxPage - 1];
  },
  faxReadingWords() {
    const reading = this.faxReading();
    if (!reading) return "";
    if (reading.text === null) return this.t("fax.not_read");
    return reading.text || this.t("fax.blank");
  },
  faxSureWords() {
    const reading = this.faxReading();
    if (!reading?.text) return "";
    const sure = this.t("fax.read_sure", { percent: Math.round(reading.confidence ?? 0) });
    return reading.turned ? `${sure} · ${this.t("fax.turned")}` : sure;
  },

  // The answer
  openAnswer() {
    this.answering = !this.answering;
    this.preview = NO_PREVIEW;
    this.faxPage = 1;
    if (this.answering) this.$nextTick(() => this.$root.querySelector("#letter-title")?.focus());
  },
  letterBody() {
    const { title, body, to, language } = this.letter;
    return { title: title.trim(), body, language, ...(to.trim() && { to: to.trim() }) };
  },
  letterChanged() {
    this.letterProblem = "";
    this.letter.key = newId();
    if (this.preview.source) Object.assign(this, { preview: NO_PREVIEW, faxPage: 1 });
  },
  async previewLetter() {
    if (!this.preview.source) this.faxPage = 1;
    await this.withLetter("preview", async () => {
      this.preview = await picture("/api/gateway/faxes/preview.png", { ...this.letterBody(), contact_id: this.selected, page: this.faxPage });
      this.faxAsText = false;
    });
  },
  async sendLetter() {
    const contactId = this.selected;
    await this.withLetter("send", async () => {
      const { reference } = await post(`/api/gateway/contacts/${contactId}/faxes`, this.letterBody(), { key: this.letter.key });
      say(this.t("fax.sent", { reference }), "done");
      Object.assign(this, { letter: freshLetter(), answering: false, preview: NO_PREVIEW, faxPage: 1 });
      await this.loadSentFaxes();
    });
  },
  async withLetter(what, work) {
    if (this.letterBusy) return;
    Object.assign(this, { letterBusy: what, letterProblem: "" });
    try {
      await work();
    } catch (problem) {
      this.letterProblem = problem.message;
    } finally {
      this.letterBusy = "";
    }
  },
  async loadSentFaxes() {
    const contactId = this.selected;
    try {
      this.sentFaxes[contactId] = (await get(withQuery("/api/gateway/faxes/outgoing", { contact_id: contactId, limit: 20 }))).items;
    } catch (problem) {
      say(problem.message, "bad");
    }
  },
  sentOfContact() {
    return this.sentFaxes[this.selected] ?? [];
  },
  sentWords(fax) {
    const state = this.t(`fax_state.${fax.state}`);
    return fax.reason && fax.state !== "delivered" ? `${state}: ${this.t(`fax_reason.${fax.reason}`)}` : state;
  },
});
