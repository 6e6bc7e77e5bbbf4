// What every page has: words, names, theme, language, toasts, the state of the line, shortcuts, signing out.

import { Alpine } from "../vendor/alpine-csp-3.17.4.esm.min.js";
import { call, get } from "./api.js";
import * as clock from "./clock.js";
import { choices, icon, inWords, nameOf, readCatalogue, t } from "./words.js";

const YEAR = 31_536_000;
const TOAST_MS = 8000;
const ENDING_SHIFT = [];

/** Names and forms every expression may use: `t('…')`, `name('groups', g)`, `icon('phone')`, `due(at)` … */
export const page = () => ({
  t, inWords, icon,
  name: (kind, code) => watchNames() && nameOf(kind, code),
  choices: (kind) => watchNames() && choices(kind),
  duration: clock.duration, clockTime: clock.clockTime, dateTime: clock.dateTime, dayOnly: clock.dayOnly, dateOnly: clock.dateOnly, due: clock.due,
  isOverdue: clock.isOverdue,
});

/** Names read through here are drawn again when the catalogue changes. */
const watchNames = () => Alpine.store("names").version > 0;

function remember(cookie, value) {
  document.cookie = `${cookie}=${value}; path=/; max-age=${YEAR}; samesite=strict`;
}

const shell = () => ({
  theme: document.documentElement.dataset.theme,

  switchLanguage() {
    remember("ucc_lang", document.documentElement.lang.startsWith("zh") ? "en" : "zh");
    location.reload();
  },
  themeIcon() {
    return { auto: "sun-moon", light: "sun", dark: "moon" }[this.theme];
  },
  switchTheme() {
    this.theme = { auto: "light", light: "dark", dark: "auto" }[this.theme];
    document.documentElement.dataset.theme = this.theme;
    remember("ucc_theme", this.theme);
  },
  help() {
    document.getElementById("shortcuts").showModal();
  },
  async signOut() {
    for (const end of ENDING_SHIFT) await end();
    await call("DELETE", "/api/session").catch(() => null);
    location.assign("/sign-in");
  },
});

/** Something to do before the session ends (an agent signs out of the shift). */
export const beforeSignOut = (act) => ENDING_SHIFT.push(act);

/** Say something in the corner; `kind`: "done", "note" or "bad". Bad news stays until dismissed. */
export function say(text, kind = "note") {
  const toasts = Alpine.store("toasts");
  const toast = { id: crypto.getRandomValues(new Uint32Array(1))[0], text, kind };
  toasts.items.push(toast);
  if (kind !== "bad") setTimeout(() => toasts.drop(toast.id), TOAST_MS);
}

/** Run an action and say in words when it was refused. Returns whether it was done. */
export async function attempt(act) {
  try {
    await act();
    return true;
  } catch (problem) {
    if (!(problem instanceof Error) || problem.code === undefined) throw problem;
    say(problem.message, "bad");
    return false;
  }
}

export async function refreshCatalogue() {
  readCatalogue(await get("/api/catalogue"));
  Alpine.store("names").version += 1;
}

/** `true` while somebody types, so that letters stay letters. */
const isTyping = (target) => target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);

function listenForHelp() {
  addEventListener("keydown", (event) => {
    if (event.key !== "?" || isTyping(event.target)) return;
    event.preventDefault();
    document.getElementById("shortcuts")?.showModal();
  });
}

/** Several parts as one component; methods and getters are kept as they are. */
export const merged = (...parts) =>
  Object.defineProperties({}, Object.assign({}, ...parts.map((part) => Object.getOwnPropertyDescriptors(part))));

/**
 * Start the page: `components` are Alpine data by name, `root` the one (instead of `page`) that holds the whole page.
 * Names and *Me* are there before anything is drawn.
 */
export async function start(components = {}, root = {}) {
  const signedIn = document.documentElement.dataset.signedIn === "yes";
  Alpine.store("line", { state: "none", icon() { return this.state === "live" ? "circle-dot" : "wifi-off"; } });
  Alpine.store("toasts", { items: [], drop(id) { this.items = this.items.filter((toast) => toast.id !== id); } });
  Alpine.store("names", { version: 0 });
  Alpine.store("me", { display_name: "", roles: [] });
  if (signedIn) {
    const [me] = await Promise.all([get("/api/session"), refreshCatalogue()]);
    Alpine.store("me", me);
    clock.setClock(me.now, me.clock_rate);
  }
  clock.addTimers(Alpine);
  Alpine.data("page", page);
  Alpine.data("shell", shell);
  for (const [name, component] of Object.entries({ ...components, ...root })) Alpine.data(name, component);
  listenForHelp();
  Alpine.start();
  document.documentElement.dataset.drawn = "yes";
}

export { Alpine };
