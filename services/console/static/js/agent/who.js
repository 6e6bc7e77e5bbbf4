// Who is this: the screen-pop of each contact, fetched with the offer; candidates to choose, a customer to create, numbers to reveal.

import { get, post } from "../api.js";
import { dealWords } from "../deals.js";
import { attempt, say } from "../shell.js";
import { t } from "../words.js";

const AGAIN_MS = 500;
const AGAIN_AT_MOST_MS = 8000;
const NO_POP = Object.freeze({
  contact: null, customer: null, candidates: [], tier: { code: null, why: "" }, preferences: {}, last_contacts: [], open_cases: [],
  promises: [], deals: [], prompts: [], suggestions: [],
});
const blank = () => ({ open: false, name: "", kind: "phone", value: "", language: "" });
/** The address the contact came with becomes the new customer's by itself; here goes a further one. */

/** The masked number or e-mail of somebody unknown; a web id says nothing to people. */
const callable = (contact) => (contact && contact.address_kind !== "web" ? contact.address_masked : "");

export const whoPart = () => ({
  pops: {},
  popProblem: {},
  revealed: {},
  creating: blank(),

  pop() {
    return this.pops[this.selected] ?? NO_POP;
  },
  /** While the contact is at hand and nothing is known of it, it is asked for again: a hint that it is ready may have been missed. */
  async loadPop(contactId, pause = AGAIN_MS) {
    try {
      const pop = await get(`/api/profile/contacts/${contactId}/pop`);
      this.pops[contactId] = { ...NO_POP, ...pop };
      this.popProblem[contactId] = "";
      if (contactId !== this.selected) return;
      this.readNote();
      if (!this.ending.reason) this.takeEnding();
    } catch (problem) {
      this.popProblem[contactId] = problem.message;
      setTimeout(() => {
        const atHand = [...this.rows(), ...this.shift.offers].some((entry) => entry.contact_id === contactId);
        if (atHand && !this.pops[contactId]) this.loadPop(contactId, Math.min(2 * pause, AGAIN_AT_MOST_MS));
      }, pause);
    }
  },
  /** The name an agent calls somebody by: the customer's, else the one they gave, else our list's, else the masked address. */
  whoIs(row) {
    const pop = this.pops[row?.contact_id];
    if (!pop) return t("agent.who_loading");
    return pop.customer?.name || pop.contact?.display_name || this.cardOf(row)?.name || (this.cardOf(row)?.record_id === null && this.cardOf(row).number_masked) || callable(pop.contact) || t("agent.visitor");
  },
  addressWords() {
    const contact = this.pop().contact;
    return contact?.address || contact?.address_masked || this.card()?.number_masked || t("agent.no_number");
  },
  tierWords() {
    const tier = this.pop().tier;
    return tier.code ? this.name("tiers", tier.code) : t("agent.no_tier");
  },
  preferenceWords() {
    return Object.entries(this.pop().preferences).map(([code, value]) => ({ code, label: t(`preference.${code}`), value }));
  },
  lastWords(last) {
    const parts = [last.reason && this.name("reasons", last.reason), last.disposition ? this.name("dispositions", last.disposition) : t(`end.${last.end}`)];
    return [this.name("groups", last.group) || this.name("business_lines", last.business_line), ...parts].filter(Boolean).join(" · ");
  },
  dealWords,
  hasHiddenTerms() {
    return this.pop().deals.some((deal) => deal.hidden_until_verified);
  },
  openCreate() {
    const contact = this.pop().contact;
    this.creating = { ...blank(), open: true, name: contact.display_name ?? "" };
    this.$nextTick(() => document.getElementById("new-customer").focus());
  },
  identities() {
    return (this.pop().customer?.identities ?? []).map((identity) => ({
      ...identity, shown: this.revealed[identity.identity_id] ?? identity.value ?? identity.masked,
      isMasked: !(identity.identity_id in this.revealed) && identity.value === undefined,
    }));
  },
  async reveal(identity) {
    await attempt(async () => {
      const path = `/api/profile/customers/${this.pop().customer.customer_id}/reveal`;
      const full = await post(path, { identity_id: identity.identity_id });
      this.revealed[identity.identity_id] = full.value;
      say(t("agent.revealed"));
    });
  },
  /** The whole number this contact came from; written down who asked. */
  async revealAddress() {
    await attempt(async () => {
      const full = await post(`/api/profile/contacts/${this.selected}/reveal`);
      this.pop().contact.address = full.value;
      say(t("agent.revealed"));
    });
  },
  verify(method) {
    const contactId = this.selected;
    return attempt(async () => {
      await post(`/api/profile/contacts/${contactId}/verification`, { method });
      await this.loadPop(contactId);
      say(t("agent.verified"), "done");
    });
  },
  async chooseCandidate(candidate) {
    await this.link({ customer_id: candidate.customer_id });
  },
  async createCustomer() {
    const { name, kind, value, language } = this.creating;
    const create = { name, ...(language && { language }), identities: value ? [{ kind, value }] : [] };
    if (await this.link({ create })) this.creating = blank();
  },
  link(body) {
    const contactId = this.selected;
    return attempt(async () => {
      await post(`/api/profile/contacts/${contactId}/customer`, body);
      await this.loadPop(contactId);
      say(t("agent.linked", { name: this.pops[contactId].customer?.name ?? "" }), "done");
    });
  },
});
