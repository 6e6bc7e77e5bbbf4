// The floor: agents of one's teams and sites as tiles in a fixed order, filtered; one of them chosen, with what can be done.

import { alarmsPart } from "./alarms.js";
import { clockTime } from "./clock.js";
import { phonePart } from "./phone.js";
import { requestPart } from "./requests.js";
import { Alpine, merged, page, refreshCatalogue, start } from "./shell.js";
import { listen } from "./stream.js";
import { supervisePart } from "./supervise.js";
import { exposureCap, nameOf, t } from "./words.js";

const AT_ONCE = 200;
const noFilter = () => ({ query: "", team: "", site: "", state: "" });
const byName = (a, b) => nameOf("agents", a.agent_id).localeCompare(nameOf("agents", b.agent_id)) || a.agent_id.localeCompare(b.agent_id);

const floorPart = () => ({
  ready: false, menu: "", agents: [], filter: noFilter(), most: AT_ONCE,
  chosen: new URLSearchParams(location.search).get("agent") ?? "",

  init() {
    listen("floor", Alpine.store("line"), (frame) => this.hearFrame(frame));
    this.openPhone();
  },
  hearFrame(frame) {
    if (frame.type === "snapshot") Object.assign(this, { ready: true, agents: frame.floor.agents.toSorted(byName), alarms: frame.floor.alarms });
    else if (frame.type === "agent_state") this.hearAgent(frame);
    else if (frame.type === "agent_gone") this.agents = this.agents.filter((agent) => agent.agent_id !== frame.agent_id);
    else if (frame.type === "alarm") this.hearAlarm(frame);
    else if (frame.type === "catalogue_changed") refreshCatalogue();
  },
  hearAgent(state) {
    const at = this.agents.findIndex((agent) => agent.agent_id === state.agent_id);
    this.hearCalls(state, this.agents[at]);
    if (state.presence === "signed_out") this.agents = this.agents.filter((agent) => agent.agent_id !== state.agent_id);
    else if (at < 0) this.agents = [...this.agents, state].sort(byName);
    else this.agents = this.agents.with(at, state);
  },

  /** The one state a supervisor looks for first; handling counts also while a pause is pending. */
  stateOf(agent) {
    if (!agent.reachable) return "unreachable";
    return agent.work_state === "idle" && agent.presence !== "available" ? "not_ready" : agent.work_state;
  },
  stateWords(agent) {
    const state = this.stateOf(agent);
    const reason = state === "not_ready" && agent.presence_reason ? ` · ${nameOf("presence_reasons", agent.presence_reason)}` : "";
    return t(`floor_state.${state}`) + reason;
  },
  sinceOf(agent) {
    return agent.work_state === "idle" ? Math.max(agent.presence_since, agent.presence === "available" ? agent.work_since : 0) : agent.work_since;
  },
  handWords: (agent) => agent.contacts.map((contact) => `${t(`channel.${contact.channel}`)} ${nameOf("groups", contact.group)}`).join(" · ") || "–",
  pendingWords: (agent) => t("agent.pending", { presence: agent.pending_reason ? nameOf("presence_reasons", agent.pending_reason) : t(`presence.${agent.pending_presence}`) }),
  loadWords: (agent) => Object.entries(agent.capacity).map(([channel, most]) => `${t(`channel.${channel}`)} ${agent.loads[channel] ?? 0}/${most}`).join(" · ") || "–",
  skillWords: (agent) => agent.skills.map(({ skill, level }) => `${nameOf("skills", skill)} ${level}`).join(" · ") || "–",
  namesOf: (kind, codes) => codes.map((code) => nameOf(kind, code)).join(", ") || "–",

  /** Severity-minutes, as of the agent's last change. */
  exposureWords: (agent) => t("floor.exposure_of", { n: Math.floor(agent.exposure / 60), cap: exposureCap() }),
  exposureCap,
  restWords: (agent) => (agent.rest_until ? t(agent.rest_why === "break" ? "floor.break_until" : "floor.rests_until", { at: clockTime(agent.rest_until) }) : ""),

  shown() {
    const { query, team, site, state } = this.filter;
    const wished = query.trim().toLowerCase();
    return this.agents.filter((agent) =>
      (!team || agent.teams.includes(team)) && (!site || agent.sites.includes(site)) && (!state || this.stateOf(agent) === state)
      && (!wished || nameOf("agents", agent.agent_id).toLowerCase().includes(wished)));
  },
  visible() {
    return this.shown().slice(0, this.most);
  },
  showMore() {
    this.most += AT_ONCE;
  },
  clearFilter() {
    this.filter = noFilter();
  },
  toggle(menu) {
    this.menu = this.menu === menu ? "" : menu;
  },
  choose(agentId) {
    this.chosen = this.chosen === agentId ? "" : agentId;
  },
  chosenAgent() {
    return this.agents.find((agent) => agent.agent_id === this.chosen) ?? null;
  },
  async setPresence(presence, reason) {
    await this.ask(`/api/floor/agents/${this.chosen}/presence`, { presence, ...(reason && { reason }) });
  },
  async signOutAgent() {
    await this.ask(`/api/floor/agents/${this.chosen}/sign-out`, {});
  },
  /** For the time being; `level` null: the agent is not asked for it any more. */
  async setSkill(level) {
    await this.ask(`/api/floor/agents/${this.chosen}/skills`, { skill: this.wish.skill, ...(level && { level }) });
  },
});

await start({}, { floor: () => merged(page(), alarmsPart(), phonePart(), supervisePart(), requestPart(), floorPart()) });
