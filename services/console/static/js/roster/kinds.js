// The kinds of roster items: which fields they have, how each is edited, which are shown in the list.

import { language, t } from "../words.js";

const CODE = "[\\w.:\\-]{1,64}";
const ROLES = ["agent", "supervisor", "admin", "analyst", "campaign_manager"];
const CHANNELS = ["phone", "web", "fax", "sms", "email"];
const words = (prefix, codes) => codes.map((code) => ({ code, name: t(`${prefix}.${code}`) }));

const name = { name: "name", form: "text", required: true, column: true };
const active = { name: "active", form: "yes", column: true, blank: true };
const teams = { name: "teams", form: "many", from: "teams", column: true, blank: [] };
const sites = { name: "sites", form: "many", from: "sites", column: true, blank: [] };
const code = (field) => ({ name: field, form: "text", required: true, fixed: true, pattern: CODE, column: true });

export const KINDS = {
  users: {
    key: "user_id", newKey: true, fields: [
      { name: "user", form: "text", required: true, pattern: "[\\w.@+\\-]{1,64}", column: true }, { name: "display_name", form: "text", required: true, column: true },
      { name: "roles", form: "many", options: words("role", ROLES), column: true, blank: [] }, { name: "agent_id", form: "choice", from: "agents", optional: true, column: true, blank: "" },
      teams, sites, { name: "language", form: "choice", options: words("language", ["zh", "en"]), blank: language },
      { name: "password", form: "password", required: true, min: 12, blank: "" }, active],
  },
  agents: {
    key: "agent_id", fields: [
      code("agent_id"), { name: "display_name", form: "text", required: true, column: true }, { name: "pool", form: "text", required: true, column: true, blank: "main" }, teams, sites,
      { name: "capacity", form: "levels", map: true, most: 50, options: words("channel", CHANNELS), column: true, blank: {} }, { name: "skills", form: "levels", most: 10, from: "skills", blank: [] }, active],
  },
  teams: { key: "team_id", deletable: true, fields: [code("team_id"), name] },
  sites: { key: "site_id", deletable: true, fields: [code("site_id"), name, { name: "district", form: "text", column: true, blank: "" }, { name: "number", form: "text", pattern: "[+\\d \\-\\(\\)]*", column: true, blank: "" }] },
  skills: { key: "skill", deletable: true, fields: [code("skill"), { name: "name", form: "words", column: true, blank: { zh: "", en: "" } }, { name: "kind", form: "choice", options: words("skill_kind", ["language", "dialect", "product", "manner", "other"]), column: true, blank: "other" }] },
  "skill-profiles": { key: "profile_id", deletable: true, fields: [code("profile_id"), name, { name: "skills", form: "levels", most: 10, from: "skills", column: true, blank: [] }] },
};

/** A new item of a kind, every field at its blank. */
export function blankOf(kind, newKey) {
  const item = Object.fromEntries(KINDS[kind].fields.map((field) => [field.name, structuredClone(field.blank ?? "")]));
  return KINDS[kind].newKey ? { ...item, [KINDS[kind].key]: newKey } : item;
}
