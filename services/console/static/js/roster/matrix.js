// The skills matrix: one cell, one agent's level; or many agents at once from a profile or a skill.

import { List, post, put } from "../api.js";
import { attempt, say } from "../shell.js";
import { t } from "../words.js";

export const matrixPart = () => ({
  matrix: null,
  profiles: [],
  team: "",
  site: "",
  picked: [],
  bulk: { what: "", level: 5, mode: "add" },

  beginMatrix() {
    this.matrix = new List("/api/roster/agents", () => ({ query: this.query.trim() }), 200);
    this.matrix.load();
    const profiles = new List("/api/roster/skill-profiles", () => ({}), 200);
    profiles.load().then(() => { this.profiles = profiles.items; });
  },
  rows() {
    return this.matrix.items.filter((agent) => agent.active && (!this.team || agent.teams.includes(this.team)) && (!this.site || agent.sites.includes(this.site)));
  },
  held: (agent, skill) => agent.skills.find((held) => held.skill === skill)?.level ?? 0,
  pickAll(all) {
    this.picked = all ? this.rows().map((agent) => agent.agent_id) : [];
  },
  async setSkill(agent, skill, typed) {
    const level = Math.min(10, Math.max(0, Math.trunc(Number(typed)) || 0));
    const others = agent.skills.filter((held) => held.skill !== skill);
    const kept = agent.skills.find((held) => held.skill === skill);
    const skills = level ? [...others, { skill, level, expires_at: kept?.expires_at ?? null }] : others;
    const done = await attempt(async () => {
      const fresh = await put(`/api/roster/agents/${encodeURIComponent(agent.agent_id)}`, { ...agent, skills });
      this.matrix.items = this.matrix.items.map((row) => (row.agent_id === fresh.agent_id ? fresh : row));
      say(t("roster.saved", { name: fresh.display_name }), "done");
    });
    if (!done) this.matrix.load();
  },
  async applyToMany() {
    const [kind, code] = this.bulk.what.split(/:(.*)/);
    const what = kind === "profile" ? { profile: code } : { skills: [{ skill: code, level: this.bulk.level }] };
    this.busy = true;
    await attempt(async () => {
      const { agents, changed } = await post("/api/roster/skills:apply", { agents: this.picked, mode: this.bulk.mode, ...what });
      say(t("roster.applied", { n: agents, changed }), "done");
      this.picked = [];
      await this.matrix.load();
    });
    this.busy = false;
  },
});
