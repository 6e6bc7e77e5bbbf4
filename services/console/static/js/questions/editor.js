// One standard question: its form, its versions with what changed, and a sentence to try.

import { get, post, put } from "../api.js";
import { say, start } from "../shell.js";
import { inWords, t } from "../words.js";
import { asForm, asKept, blank, changes } from "./document.js";
import { tryOut } from "./try_out.js";

const NEW = "new";

await start({
  tryOut,
  question: () => ({
    draft: null, isNew: false, loading: false, busy: false, problem: "", refused: "", history: [],

    init() {
      this.isNew = this.$root.dataset.id === NEW;
      if (this.isNew) this.draft = blank();
      else this.load(this.$root.dataset.id);
    },
    title() {
      return (this.draft && inWords(this.draft.titles)) || t(this.isNew ? "questions.new" : "page.question");
    },
    labelOf(field) {
      const [part, tongue] = field.split(".");
      return t(`questions.field.${part}`) + (tongue ? ` · ${t(`questions.tongue.${tongue}`)}` : "");
    },
    isNewest(one) {
      return one.version === this.draft?.version;
    },
    async load(id) {
      Object.assign(this, { loading: true, problem: "" });
      try {
        const path = `/api/ivr/questions/${encodeURIComponent(id)}`;
        const [kept, versions] = await Promise.all([get(path), get(`${path}/versions?limit=50`)]);
        this.draft = asForm(kept);
        this.history = versions.items.map((one, index) => ({ ...one, changes: changes(one, versions.items[index + 1]) }));
      } catch (problem) {
        this.problem = problem.message;
      }
      this.loading = false;
    },
    async save() {
      Object.assign(this, { busy: true, refused: "" });
      const { id } = this.draft;
      try {
        const body = asKept(this.draft);
        if (this.isNew) await post("/api/ivr/questions", { id, ...body });
        else await put(`/api/ivr/questions/${encodeURIComponent(id)}`, body);
        say(t("questions.saved"), "done");
        if (this.isNew) location.assign(`/questions/${encodeURIComponent(id)}`);
        else await this.load(id);
      } catch (problem) {
        this.refused = problem.message;
      }
      this.busy = false;
    },
  }),
});
