// Asking a colleague, or an outside party, before passing a call on, and being asked: who is looked for, talking, all three together, handed over.

import { get, newId, post } from "../api.js";
import { attempt, say } from "../shell.js";
import { nameOf, t } from "../words.js";
import { KINDS } from "./commands.js";

const SECURE = "ucc.secure.";
const LOOK_MS = 4000;
const STATES = { idle: "circle-check", offered: "bell-ring", handling: "headphones", wrapping: "clipboard-list", not_ready: "circle-pause", unreachable: "unplug" };
const command = (path, body) => post(path, body, { key: newId() });

export const consultPart = () => ({
  joined: {},
  secure: {},
  colleagues: {},

  /** The consultation of the contact looked at, as its sender or as the one who is asked. */
  consultation() {
    return this.shift.consultations.find((one) => one.contact_id === this.selected) ?? null;
  },
  isAsking() {
    return this.consultation()?.from_agent === this.shift.agent?.agent_id;
  },
  isAsked() {
    return this.shift.contacts.some((contact) => contact.contact_id === this.selected && contact.state === "consulting");
  },
  isConsulting() {
    return this.isAsking() && this.consultation().state === "talking";
  },
  isJoined() {
    const one = this.consultation();
    return Boolean(one && (this.joined[one.transfer_id] ?? one.joined));
  },
  consultWords() {
    const one = this.consultation();
    if (!one) return "";
    const onThePhone = this.current()?.channel === "phone";
    const together = onThePhone ? "consult.together" : "consult.together_chat";
    if (!this.isAsking()) return t(one.joined ? together : "consult.asked_by", { agent: nameOf("agents", one.from_agent) });
    if (one.takes_over) return t("consult.taking_over", { agent: nameOf("agents", one.target) });
    const target = nameOf(KINDS[one.target_kind], one.target);
    const talking = onThePhone ? "consult.talking" : "consult.talking_chat";
    const asked = one.target_kind === "outside" ? target : nameOf("agents", one.agent_id);
    if (one.state === "talking") return t(this.isJoined() ? together : talking, { agent: asked });
    if (one.state === "dialling") return t("consult.dialling", { target });
    return one.agent_id ? t("consult.offered", { agent: nameOf("agents", one.agent_id) }) : t("consult.seeking", { target });
  },
  transferLong() {
    if (this.transferring.mode === "conference") return t("consult.conference_long");
    if (this.transferring.mode === "blind") return t(this.transferring.kind === "outside" ? "agent.transfer_outside" : "agent.transfer_blind");
    return t(this.current()?.channel === "phone" ? "consult.warm_long" : "consult.warm_long_chat");
  },
  async consultCommand(path, more = {}) {
    const { transfer_id: transferId, contact_id: contactId } = this.consultation();
    return attempt(() => command(`/api/contacts/${contactId}/${path}`, { transfer_id: transferId, ...more }));
  },
  handOver() {
    this.saveNote();
    return this.consultCommand("transfer/complete");
  },
  takeBack() {
    return this.consultCommand("transfer/cancel");
  },
  async joinAll() {
    const { transfer_id: transferId } = this.consultation();
    const joined = !this.isJoined();
    if (await this.consultCommand("join", { joined })) this.joined[transferId] = joined;
  },
  consultationOver({ from_agent: sender, agent_id: agent, outside, why }) {
    const mine = sender === this.shift.agent?.agent_id;
    const other = outside ? nameOf("outside", outside) : nameOf("agents", mine ? agent : sender);
    const words = t(`consult_end.${why}`, { agent: other });
    say(words, why === "handed_over" ? "done" : why === "cancelled" ? "note" : "bad");
  },

  /** What the customer reads out now (a card, a PIN) stays out of the recording, until it is lifted. */
  isSecure() {
    return this.secure[this.selected] ?? sessionStorage.getItem(SECURE + this.selected) === "yes";
  },
  async toggleSecure() {
    const contactId = this.selected;
    const secure = !this.isSecure();
    const done = await attempt(() => command(`/api/contacts/${contactId}/record`, { action: secure ? "pause" : "resume", reason: "secure_entry" }));
    if (!done) return;
    this.secure[contactId] = secure;
    if (secure) sessionStorage.setItem(SECURE + contactId, "yes");
    else sessionStorage.removeItem(SECURE + contactId);
  },

  /** Colleagues' states, asked for while the dialog is open. */
  async lookAtColleagues() {
    if (!document.getElementById("transfer").open) return;
    const found = await get("/api/colleagues").catch(() => null);
    if (found) this.colleagues = Object.fromEntries(found.items.map((one) => [one.agent_id, one]));
    setTimeout(() => this.lookAtColleagues(), LOOK_MS);
  },
  colleagueState(agentId) {
    return this.colleagues[agentId]?.state ?? "signed_out";
  },
  colleagueIcon(agentId) {
    return STATES[this.colleagueState(agentId)] ?? "log-out";
  },
  colleagueWords(agentId) {
    const colleague = this.colleagues[agentId];
    const state = this.colleagueState(agentId);
    const words = state === "signed_out" ? t("presence.signed_out") : t(`floor_state.${state}`);
    return colleague?.reason && state === "not_ready" ? `${words} · ${nameOf("presence_reasons", colleague.reason)}` : words;
  },
  byReadiness(a, b) {
    const rank = (agent) => ["idle", "wrapping", "handling", "offered", "not_ready", "unreachable", "signed_out"].indexOf(this.colleagueState(agent.code));
    return rank(a) - rank(b) || a.name.localeCompare(b.name);
  },
});
