// One customer: who they are (numbers masked, revealed one at a time and written down) and everything between them and us.

import { get, List, post } from "./api.js";
import { due } from "./clock.js";
import { consents } from "./consents.js";
import { dealWords } from "./deals.js";
import { attempt, say, start } from "./shell.js";
import { nameOf, t } from "./words.js";

const ICON = { deal: "package", case: "clipboard-list", promise: "handshake" };

const TITLE = {
  contact: ({ detail }) => [t(`channel.${detail.channel}`), nameOf("groups", detail.group) || nameOf("business_lines", detail.business_line)].join(" · "),
  deal: ({ detail }) => detail.product,
  case: ({ detail }) => detail.subject,
  promise: ({ detail }) => detail.text,
};
const FACTS = {
  contact: ({ detail }) => [detail.end ? t(`end.${detail.end}`) : t("contacts.open"), nameOf("agents", detail.agent_id), nameOf("reasons", detail.reason), nameOf("dispositions", detail.disposition)],
  deal: ({ detail }) => [dealWords(detail)],
  case: ({ detail }) => [t(`case_kind.${detail.kind}`), t(`case_state.${detail.state}`), nameOf("agents", detail.owner)],
  promise: ({ detail }) => [detail.kept_at ? t("agent.kept") : due(detail.due_at), nameOf("agents", detail.owner)],
};

await start({
  consents,
  customer: () => ({
    id: "", card: null, problem: "", revealed: {}, timeline: null,

    init() {
      this.id = this.$root.dataset.id;
      this.timeline = new List(`/api/profile/customers/${this.id}/timeline`);
      this.timeline.load();
      this.load();
    },
    async load() {
      this.problem = "";
      try {
        this.card = await get(`/api/profile/customers/${this.id}`);
      } catch (problem) {
        this.problem = problem.message;
      }
    },
    async reveal(identity) {
      await attempt(async () => {
        const full = await post(`/api/profile/customers/${this.id}/reveal`, { identity_id: identity.identity_id });
        this.revealed[identity.identity_id] = full.value;
        say(t("agent.revealed"));
      });
    },
    preferences() {
      return Object.entries(this.card.preferences).map(([code, value]) => ({ code, label: t(`preference.${code}`), value }));
    },
    iconOf: (entry) => (entry.kind === "contact" ? entry.detail.channel : ICON[entry.kind]),
    titleOf: (entry) => TITLE[entry.kind](entry),
    factsOf: (entry) => FACTS[entry.kind](entry).filter(Boolean).join(" · "),
    dealWords,
  }),
});
