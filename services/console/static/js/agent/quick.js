// Quick answers: the standard question set beside the chat. What the customer wrote is matched when the agent opens it; any answer can
// be put into the message, and where the match was wrong, the right question is told to the matcher in the same click.

import { get, post, withQuery } from "../api.js";
import { attempt, say } from "../shell.js";
import { inWords, t } from "../words.js";

const SHOWN = 6;
const NOTHING = Object.freeze({ query: "", found: [], verdict: null, asked: "", of: null });

export const quickPart = () => ({
  quick: { ...NOTHING },

  /** What the customer wrote last. */
  lastAsked() {
    const written = this.talk().messages.filter((message) => message.author === "customer" && message.text);
    return written.at(-1)?.text ?? "";
  },
  openQuick(open) {
    const asked = this.lastAsked();
    if (!open || (this.quick.of === this.selected && this.quick.asked === asked)) return;
    const typed = this.quick.of === null || this.quick.of === this.selected ? this.quick.query : ""; // typed while it opened
    this.quick = { ...NOTHING, query: typed, of: this.selected, asked };
    this.matchAsked();
  },
  async matchAsked() {
    const { of, asked } = this.quick;
    await attempt(async () => {
      const verdict = asked ? await post("/api/ivr/match", { text: asked.slice(0, 2000) }) : null;
      const ids = (verdict?.candidates ?? []).map((one) => one.question).filter((id) => !id.startsWith("group:"));
      const found = await Promise.all(ids.map((id) => get(`/api/ivr/questions/${encodeURIComponent(id)}`)));
      if (this.quick.of !== of || this.quick.asked !== asked) return;
      this.quick.verdict = verdict;
      if (!this.quick.query.trim()) this.quick.found = found; // what is being looked for stays in sight
    });
  },
  async searchQuick() {
    const { query } = this.quick;
    if (!query.trim()) return this.matchAsked();
    return attempt(async () => {
      const { items } = await get(withQuery("/api/ivr/questions", { query: query.trim(), limit: SHOWN }));
      if (this.quick.query === query) this.quick.found = items;
    });
  },
  sureOf(question) {
    const one = this.quick.verdict?.candidates.find((candidate) => candidate.question === question.id);
    return one ? `${Math.round(100 * one.confidence)} %` : "";
  },
  answerOf({ answers }) {
    const text = inWords(Object.keys(answers.web).length ? answers.web : answers.voice) || inWords(answers.voice);
    return answers.web.link && text ? `${text}\n${answers.web.link}` : text;
  },
  insertAnswer(question) {
    this.draft = [this.draft.trimEnd(), this.answerOf(question)].filter(Boolean).join("\n");
    document.getElementById("message")?.focus();
  },
  isMatched(question) {
    return this.quick.verdict?.candidates[0]?.question === question.id;
  },
  /** Teach the matcher what the customer's words meant. */
  meantThis(question) {
    return attempt(async () => {
      await post("/api/ivr/corrections", { contact_id: this.selected, text: this.quick.asked.slice(0, 2000), question: question.id });
      say(t("quick.taught"), "done");
      await this.matchAsked();
    });
  },
});
