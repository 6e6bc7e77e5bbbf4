// A contact's life: what was decided, when and why, in words; beside it who it was and what was said.

import { get } from "./api.js";
import { helpPart } from "./help_out.js";
import { playerPart } from "./player.js";
import { requestPart } from "./requests.js";
import { merged, start } from "./shell.js";
import { language, nameOf, t, withNames } from "./words.js";

const GOOD = ["ContactAssigned", "InteractionStarted"];
const WAITING = ["queued", "offered"];
const SOON_MS = 600;
const BAD = ["OfferWithdrawn", "InputRefused"];

await start({
  contact: () => merged(playerPart(), requestPart(), helpPart(), {
    id: "", loading: true, problem: "", life: { state: "", timeline: [], offers: [], relaxation: [], now_text: [] }, pop: null, messages: [], recordings: [],

    init() {
      this.id = this.$root.dataset.id;
      this.load();
    },
    async load() {
      Object.assign(this, { loading: true, problem: "" });
      const [life, pop, talk, sound, live] = await Promise.allSettled([
        get(`/api/router/contacts/${this.id}/explanation?lang=${language}`),
        get(`/api/profile/contacts/${this.id}/pop`),
        get(`/api/gateway/contacts/${this.id}/conversation?limit=500`),
        get(`/api/gateway/recordings?contact=${this.id}`),
        get(`/api/live/contacts/${this.id}`),
      ]);
      this.loading = false;
      if (life.status === "fulfilled") this.life = life.value;
      else this.problem = life.reason.message;
      this.pop = pop.value ?? null;
      this.messages = talk.value?.items ?? [];
      this.live = live.value ?? null; // over: nothing to stand by
      this.recordings = sound.value?.items ?? []; // none where the asker may not listen
    },
    who() {
      const { customer, contact } = this.pop;
      return customer?.name || contact.display_name || contact.address_masked || t("agent.visitor");
    },
    toneOf: (entry) => (GOOD.includes(entry.decision) ? "good" : BAD.includes(entry.decision) ? "bad" : "plain"),
    /** What a decision is about, by name: group, agent, outcome. */
    factsOf({ details }) {
      const outcome = details.outcome && t(`outcome.${details.outcome}`);
      const end = details.end && t(`end.${details.end}`);
      return [nameOf("groups", details.group), nameOf("agents", details.agent_id), outcome, end].filter(Boolean).join(" · ");
    },
    pairsOf: ({ details, position }) =>
      [{ name: "position", value: String(position) }, ...Object.entries(details).filter(([, value]) => value !== null && value !== "")
        .map(([name, value]) => ({ name, value: typeof value === "object" ? JSON.stringify(value) : String(value) }))],
    passedOver: (offer) => offer.passed_over.map((count) => t("contact.passed_over_one", { n: count.agents, why: count.text })).join(" · "),
    stepTone: (step) => ({ present: "chip-accent", coming: "", skipped: "chip-warn", past: "chip-good" })[step.state] ?? "",
    mayAsk() {
      return WAITING.includes(this.life.state);
    },
    /** The router decides a moment later; its decision is then read. */
    async askFor(what, body) {
      if (await this.ask(`/api/contacts/${this.id}/${what}`, body)) setTimeout(() => this.load(), SOON_MS);
    },
    withNames,
  }),
});
