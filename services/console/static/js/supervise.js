// An ear or a word in somebody's call: listen, whisper, barge, stop; one click each with the reason chosen before; "listen to the next".

import { newId, post } from "./api.js";
import { attempt, say } from "./shell.js";
import { nameOf, t } from "./words.js";

const REASON = "ucc.supervision";
const HEARD = ["connected"];

export const supervisePart = () => ({
  why: localStorage.getItem(REASON) ?? "quality",
  there: null, // {contact_id, agent_id, mode}: where the own ear is
  next: "", // agent whose next call is listened to

  keepWhy() {
    localStorage.setItem(REASON, this.why);
  },
  callsOf: (agent) => agent.contacts.filter((contact) => contact.channel === "phone" && HEARD.includes(contact.state)),
  isThere(contact, mode) {
    return this.there?.contact_id === contact.contact_id && (!mode || this.there.mode === mode);
  },
  thereWords() {
    return this.there ? t(`supervise.now.${this.there.mode}`, { agent: nameOf("agents", this.there.agent_id) }) : "";
  },
  async supervise(agentId, contactId, mode) {
    if (this.there && this.there.contact_id !== contactId) await this.leaveCall();
    const done = await attempt(() => post(`/api/contacts/${contactId}/supervise`, { mode, reason: this.why }, { key: newId() }));
    if (!done) return;
    this.answerPhone();
    this.there = { contact_id: contactId, agent_id: agentId, mode };
  },
  async leaveCall() {
    if (!this.there) return;
    const { contact_id: contactId } = this.there;
    this.there = null;
    await attempt(() => post(`/api/contacts/${contactId}/supervise`, { mode: "stop", reason: this.why }, { key: newId() }));
  },
  toggleNext(agentId) {
    this.next = this.next === agentId ? "" : agentId;
  },
  /** With every change of an agent's tile: the call listened to may be over, or the next one have begun. */
  hearCalls(agent, before) {
    const calls = this.callsOf(agent);
    if (this.there?.agent_id === agent.agent_id && !calls.some((contact) => contact.contact_id === this.there.contact_id)) {
      this.there = null;
      say(t("supervise.over"));
    }
    if (this.next !== agent.agent_id) return;
    const known = before ? this.callsOf(before).map((contact) => contact.contact_id) : [];
    const fresh = calls.find((contact) => !known.includes(contact.contact_id));
    if (!fresh) return;
    this.next = "";
    this.supervise(agent.agent_id, fresh.contact_id, "listen");
  },
});
