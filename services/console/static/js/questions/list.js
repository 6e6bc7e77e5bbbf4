// The standard question set by line and group, with what each question was worth in the last thirty days.

import { get, List } from "../api.js";
import { attempt, start } from "../shell.js";
import { tryOut } from "./try_out.js";

const DAYS = 30;
const BARS = ["asked", "answered", "contained", "came_back"];

await start({
  tryOut,
  questions: () => ({
    query: "", line: "", group: "", list: null, use: {}, most: 1,

    init() {
      this.list = new List("/api/ivr/questions", () => ({ query: this.query.trim(), business_line: this.line, group: this.group }));
      for (const filter of ["query", "line", "group"]) this.$watch(filter, () => this.list.load());
      this.list.load();
      attempt(async () => {
        const { items } = await get(`/api/ivr/questions/usage?days=${DAYS}`);
        this.use = Object.fromEntries(items.map((one) => [one.question, one]));
        this.most = Math.max(1, ...items.map((one) => one.asked));
      });
    },
    /** Rows under their line and group, in the order of the names' codes. */
    parts() {
      const found = {};
      for (const question of this.list.items) {
        const key = `${question.business_line} ${question.group}`;
        (found[key] ??= { key, line: question.business_line, group: question.group, questions: [] }).questions.push(question);
      }
      return Object.keys(found).sort().map((key) => found[key]);
    },
    channelsOf: ({ answers }) => [
      ...(Object.keys(answers.voice).length ? ["phone"] : []),
      ...(answers.web.zh || answers.web.en ? ["web"] : []),
      ...(Object.keys(answers.fax).length ? ["fax"] : []),
    ],
    barsOf(question) {
      const use = this.use[question.id];
      return use ? BARS.map((name) => ({ name, count: use[name], most: this.most })) : [];
    },
  }),
});
