// Dialogues: drawn, edited line by line, published in versions, and tried out by typing as a caller would.

import { call, get, List, post } from "./api.js";
import { dateTime } from "./clock.js";
import { Alpine, say as tell, start } from "./shell.js";
import { language, t } from "./words.js";

const CHECK_MS = 400;

await start({
  dialogues: () => ({
    list: null, versions: null, id: "", version: 0, text: "", read: "", view: "diagram", fitted: false, problem: "", busy: false,
    faults: [], isChecked: false, asked: 0, checking: 0,
    channel: "phone", caller: "stranger", moment: "", words: "", session: null, awaiting: null, lines: [], outcome: "", typed: "", trace: [], stumble: "", turn: 0,

    init() {
      this.list = new List("/api/ivr/dialogues");
      this.versions = new List("/api/ivr/dialogues");
      this.list.load().then(() => this.list.items.length && this.open(this.list.items[0].id));
    },
    get mayEdit() {
      return Alpine.store("me").roles.some((role) => ["supervisor", "admin"].includes(role));
    },
    get isChanged() {
      return this.text !== this.read;
    },
    titleOf: (entry) => entry.title[language] ?? entry.title.zh ?? entry.id,
    summaryOf: (entry) => [...entry.channels.map((one) => t(`channel.${one}`)), t("dialogues.nodes", { n: entry.nodes }), `v${entry.version}`].join(" · "),
    chosen() {
      return this.list.items.find((one) => one.id === this.id);
    },
    channels() {
      return this.chosen()?.channels ?? [];
    },
    drawing() {
      return this.version ? `/api/ivr/dialogues/${this.id}/diagram.svg?language=${language}&version=${this.version}` : "";
    },

    centre(image) {
      image.parentElement.scrollTop = (image.parentElement.scrollHeight - image.parentElement.clientHeight) / 2;
    },

    async open(id) {
      this.id = id;
      this.versions = new List(`/api/ivr/dialogues/${id}/versions`);
      if (!this.channels().includes(this.channel)) this.channel = this.channels()[0];
      await this.load(this.chosen().version);
      await this.begin();
    },
    async load(version) {
      this.problem = "";
      try {
        const text = await get(`/api/ivr/dialogues/${this.id}?version=${version}`);
        const newest = this.chosen().version;
        Object.assign(this, { text, version, faults: [], isChecked: false });
        this.read = version === newest ? text : await get(`/api/ivr/dialogues/${this.id}`);
        if (version !== newest) this.show("text");
      } catch (problem) {
        this.problem = problem.message;
      }
    },
    show(view) {
      this.view = view;
      if (view === "versions") this.versions.load();
    },
    changed() {
      clearTimeout(this.checking);
      this.checking = setTimeout(() => this.check(), CHECK_MS);
    },
    async check() {
      const asked = ++this.asked;
      try {
        const found = await call("POST", "/api/ivr/dialogues:check", undefined, { form: this.text });
        if (asked === this.asked) Object.assign(this, { faults: found.errors, isChecked: true, problem: "" });
      } catch (problem) {
        if (asked === this.asked) this.problem = problem.message;
      }
    },
    checkedWords() {
      if (!this.isChanged) return t("dialogues.as_published");
      if (!this.isChecked) return t("dialogues.unchecked");
      return this.faults.length ? t("dialogues.faults", { n: this.faults.length }) : t("dialogues.sound");
    },
    goTo(fault) {
      const area = document.getElementById("document");
      const at = this.text.split("\n").slice(0, fault.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + fault.column - 1;
      area.focus();
      area.setSelectionRange(at, at);
      area.scrollTop = (fault.line - 4) * (area.scrollHeight / this.text.split("\n").length);
    },
    async publish() {
      Object.assign(this, { busy: true, problem: "" });
      try {
        const base = this.chosen().version;
        const { version } = await call("PUT", `/api/ivr/dialogues/${this.id}?base_version=${base}`, undefined, { form: this.text });
        await this.list.load();
        Object.assign(this, { version, read: this.text });
        tell(t("dialogues.published", { n: version }));
        await this.begin();
      } catch (problem) {
        this.problem = problem.message;
        await this.check();
      }
      this.busy = false;
    },

    async begin() {
      Object.assign(this, { session: null, awaiting: null, lines: [], outcome: "", typed: "", trace: [] });
      await this.step({});
    },
    async say(input) {
      this.lines.push({ by: "caller", text: input === "" ? t("dialogues.silence") : input });
      this.typed = "";
      await this.step({ session: this.session, input });
    },
    async step(more) {
      const turn = ++this.turn;
      const asked = { channel: this.channel, caller: { known: this.caller === "known", tier: null, deals: this.caller === "known" ? [["lease", t("dialogues.sample_lease")]] : [] } };
      const which = this.isChanged ? { yaml: this.text } : { dialogue: this.id };
      const at = this.moment ? { at: new Date(this.moment).toISOString() } : {};
      const words = this.words && ["fax", "web"].includes(this.channel) ? { text: this.words } : {};
      Object.assign(this, { busy: true, stumble: "" });
      try {
        const heard = await post("/api/ivr/simulate", { ...which, ...asked, ...at, ...words, ...more });
        if (turn !== this.turn) return; // begun again meanwhile
        this.lines.push(...heard.said.map((one) => ({ by: "ivr", text: one.text })), ...heard.faxes.map((fax) => ({ by: "fax", text: `${fax.title}\n${fax.body}` })));
        Object.assign(this, { session: heard.session, awaiting: heard.awaiting, trace: [...this.trace, ...heard.trace], outcome: this.endWords(heard) });
      } catch (problem) {
        this.stumble = problem.message;
      }
      this.busy = false;
    },
    endWords(heard) {
      if (!heard.ended) return "";
      const to = heard.ended.group ?? t("dialogues.default_group");
      return t(`dialogues.ended.${heard.ended.outcome}`, { group: to, by: t(`dialogues.by.${heard.ended.by}`) });
    },
    traceWords() {
      return this.trace.slice(-8).join(" → ");
    },
    dateTime,
  }),
});
