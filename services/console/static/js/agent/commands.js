// What an agent may do: each is a command the console takes; the outcome comes back by the stream, also when it is a refusal.

import { call, get, newId, post } from "../api.js";
import { attempt, say } from "../shell.js";
import { choices, language, nameOf, t, withNames } from "../words.js";
import { allowAlerts } from "./alerts.js";

const MOST_TARGETS = 40;
/** What a contact can be passed on to, and what its names are listed under. */
export const KINDS = { group: "groups", agent: "agents", site: "sites", outside: "outside" };
const command = (path, body) => post(path, body, { key: newId() });

export const commandsPart = () => ({
  menu: "",
  busy: "",
  deciding: {},
  why: {},
  held: {},
  transferring: { kind: "group", mode: "blind", query: "", target: "" },

  toggle(menu) {
    this.menu = this.menu === menu ? "" : menu;
  },
  async setPresence(presence, reason) {
    this.menu = "";
    this.missed = "";
    allowAlerts();
    if (!this.isSignedIn()) return this.beginShift(presence);
    await attempt(() => command("/api/agent/presence", { presence, ...(reason && { reason }) }));
  },
  async beginShift(presence = "not_ready") {
    await attempt(() => command("/api/agent/sign-in", { presence }));
  },
  async endShift() {
    this.menu = "";
    await attempt(() => command("/api/agent/sign-out", {}));
  },

  async accept(offer) {
    if (!offer || this.deciding[offer.offer_id]) return;
    this.deciding[offer.offer_id] = "accept";
    this.wanted = offer.contact_id;
    const done = await attempt(() => post(`/api/offers/${offer.offer_id}/accept`, { contact_id: offer.contact_id }, { key: `accept-${offer.offer_id}` }));
    if (!done) delete this.deciding[offer.offer_id];
    else if (offer.channel === "phone") this.answerPhone();
  },
  async reject(offer) {
    if (!offer || this.deciding[offer.offer_id]) return;
    this.deciding[offer.offer_id] = "reject";
    if (this.isPreview(offer)) await this.skip(offer);
    const done = await attempt(() => post(`/api/offers/${offer.offer_id}/reject`, { contact_id: offer.contact_id }, { key: `reject-${offer.offer_id}` }));
    if (!done) delete this.deciding[offer.offer_id];
  },
  async askWhy(offer) {
    if (this.why[offer.contact_id]) {
      delete this.why[offer.contact_id];
      return;
    }
    await attempt(async () => {
      const life = await get(`/api/router/contacts/${offer.contact_id}/explanation?lang=${language}`);
      const told = life.offers.find((made) => made.offer_id === offer.offer_id) ?? { why: life.now_text };
      this.why[offer.contact_id] = told.why.map(withNames);
    });
  },

  async hold() {
    const held = !this.isHeld();
    await attempt(async () => {
      await command(`/api/contacts/${this.selected}/hold`, { held });
      this.held[this.selected] = held;
    });
  },
  async end() {
    await this.saveNote();
    await attempt(() => command(`/api/contacts/${this.selected}/end`, {}));
  },
  openTransfer() {
    this.transferring = { kind: "group", mode: this.current().channel === "phone" ? "warm" : "blind", query: "", target: "" };
    this.$nextTick(() => document.querySelector("#transfer input[type=search]")?.focus());
    document.getElementById("transfer").showModal();
    this.lookAtColleagues();
  },
  closeDialog(id) {
    document.getElementById(id).close();
  },
  transferTargets() {
    const { kind, query } = this.transferring;
    const mine = this.shift.agent?.agent_id;
    const wished = query.trim().toLowerCase();
    const found = choices(KINDS[kind])
      .filter((target) => target.code !== mine && (!wished || target.name.toLowerCase().includes(wished) || target.code.includes(wished)));
    return (kind === "agent" ? found.sort((a, b) => this.byReadiness(a, b)) : found).slice(0, MOST_TARGETS);
  },
  mayGoOutside() {
    return this.current()?.channel === "phone";
  },
  async transfer() {
    const { kind, target } = this.transferring;
    const { mode } = this.transferring;
    await this.saveNote();
    if (await attempt(() => command(`/api/contacts/${this.selected}/transfer`, { target_kind: kind, target, mode }))) this.closeDialog("transfer");
  },
  transferOf(contactId) {
    return this.shift.transfers.find((transfer) => transfer.contact_id === contactId) ?? null;
  },
  transferWords() {
    const transfer = this.transferOf(this.selected);
    return transfer ? t("agent.transferring", { target: nameOf(KINDS[transfer.target_kind], transfer.target) }) : "";
  },
  transferSettled({ outcome, agent_id: agentId }) {
    const told = outcome === "answered" && !agentId ? "outside_answered" : outcome;
    say(t(`transfer.${told}`, { agent: nameOf("agents", agentId) }), outcome === "answered" ? "done" : "bad");
  },
});

/** The agent's shift ends with the session. */
export const leaveShift = () => call("POST", "/api/agent/sign-out", {}).catch(() => null);
