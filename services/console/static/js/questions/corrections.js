// What agents said customers really meant. The matcher has learnt it already; an accepted one becomes an example that people see and keep.

import { get, List, put } from "../api.js";
import { attempt, say, start } from "../shell.js";
import { inWords, nameOf, t } from "../words.js";

await start({
  corrections: () => ({
    list: null, questions: {}, busy: false,

    init() {
      this.list = new List("/api/ivr/corrections");
      this.list.load().then(() => this.readQuestions());
      this.$watch("list.items", () => this.readQuestions());
    },
    async readQuestions() {
      const missing = new Set(this.list.items.map((one) => one.question).filter((id) => id && !(id in this.questions)));
      for (const id of missing) {
        this.questions[id] = null;
        await attempt(async () => {
          this.questions[id] = await get(`/api/ivr/questions/${encodeURIComponent(id)}`);
        });
      }
    },
    titleOf(one) {
      const known = this.questions[one.question];
      return known ? inWords(known.titles) : one.question;
    },
    meant: (one) => (one.group ? t("corrections.group", { name: nameOf("groups", one.group) }) : t("corrections.nobodys")),
    isExample(one) {
      return Boolean(this.questions[one.question]?.examples.some((example) => example.text === one.text));
    },
    canAccept(one) {
      return Boolean(this.questions[one.question]) && !this.isExample(one);
    },
    async accept(one) {
      this.busy = true;
      await attempt(async () => {
        const path = `/api/ivr/questions/${encodeURIComponent(one.question)}`;
        const { id: _id, updated_at: _at, updated_by: _by, ...kept } = await get(path);
        const examples = [...kept.examples, { text: one.text, language: one.language }];
        await put(path, { ...kept, examples });
        this.questions[one.question] = await get(path);
        say(t("corrections.accepted"), "done");
      });
      this.busy = false;
    },
  }),
});
