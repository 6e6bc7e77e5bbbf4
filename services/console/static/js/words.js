// The page's words (the catalogue of its language) and the names of codes, groups and people from the console's catalogue.

const html = document.documentElement;
const texts = (await import(html.dataset.words)).default;

export const language = html.lang.startsWith("zh") ? "zh" : "en";

/** The text of a key, `{name}` replaced by `values.name`. A code without words of its own is shown as it is. */
export function t(key, values = {}) {
  const text = texts[key];
  if (text === undefined) return key.slice(key.lastIndexOf(".") + 1);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const knows = (key) => key in texts;

/** A text that comes in both languages ({zh, en}), or a plain string. */
export const inWords = (words) => (words && typeof words === "object" ? words[language] || words.en || words.zh || "" : words || "");

const catalogue = {
  version: 0, agents: {}, teams: {}, sites: {}, skills: {}, business_lines: {}, groups: {}, tiers: {}, reasons: {},
  presence_reasons: {}, dispositions: {}, request_reasons: {}, outside: {}, exposure_cap: null,
};

export const readCatalogue = (fresh) => Object.assign(catalogue, fresh);
/** How many severity-minutes an agent may have in the window; null where nobody is rested from wearing work. */
export const exposureCap = () => catalogue.exposure_cap;
export const namesOf = (kind) => catalogue[kind] ?? {};

/** The name of `code` among `kind` of the catalogue; the code itself while the catalogue does not know it. */
export function nameOf(kind, code) {
  if (code === null || code === undefined || code === "") return "";
  const entry = namesOf(kind)[code];
  if (entry) return entry.name ?? inWords(entry);
  const own = `${kind}.${code}`;
  return knows(own) ? t(own) : code;
}

/** A sentence of the router, which knows ids only, with the names of the agents, groups and dispositions in it. */
export const withNames = (sentence) =>
  sentence.replace(/[\w.\-]*\w/g, (word) => {
    const kind = ["agents", "groups", "dispositions", "request_reasons"].find((one) => word in namesOf(one));
    return kind ? nameOf(kind, word) : word;
  });

/** [{code, name}] of a kind, by name. */
export const choices = (kind) =>
  Object.keys(namesOf(kind)).map((code) => ({ code, name: nameOf(kind, code) })).sort((a, b) => a.name.localeCompare(b.name, html.lang));

/** An amount in whole units of its currency, as people read it. */
export const money = (cents, currency) =>
  new Intl.NumberFormat(html.lang, { style: "currency", currency, maximumFractionDigits: 0 }).format(cents / 100);

const ICONS = {
  phone: "phone", web: "message-circle", fax: "printer", sms: "message-square", email: "mail",
  available: "circle-check", not_ready: "circle-pause", signed_out: "log-out",
  idle: "circle-dot", offered: "bell-ring", handling: "headphones", wrapping: "clipboard-list", unreachable: "unplug",
  consulting: "users", parked: "hourglass", self_service: "circle-question-mark", connecting: "rotate-cw", connected: "headphones", ended: "check", waiting: "hourglass", enriching: "hourglass",
  none: "circle-dot", live: "circle-dot",
  sending: "clock", sent: "check", delivered: "check-check", read: "eye", failed: "triangle-alert",
  rona: "bell-ring", over_target: "hourglass", nobody_staffed: "user-x", sequence_broken: "triangle-alert",
  open: "circle-dot", answered: "check", closed: "check-check", reopened: "rotate-cw",
};

export const icon = (name) => `/static/vendor/lucide-icons.svg#${ICONS[name] ?? name}`;
