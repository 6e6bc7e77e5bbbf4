// Policy time and its forms: the console says what time it is and how fast it runs; between two messages the page counts on.

import { language, t } from "./words.js";

const LOCALE = language === "zh" ? "zh-CN" : "en-GB";
const base = { now: Date.now() * 1000, heard: Date.now(), rate: 1 };

/** Set by every snapshot: `now` in µs of policy time, `rate` policy seconds per second. */
export function setClock(now, rate) {
  Object.assign(base, { now, heard: Date.now(), rate: rate || 1 });
}

export const now = () => base.now + (Date.now() - base.heard) * 1000 * base.rate;

/** µs → "0:31", "12:41", "1:02:09". */
export function duration(microseconds) {
  const seconds = Math.max(0, Math.floor(microseconds / 1e6));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** µs number or RFC 3339 string → Date. */
const dateOf = (at) => new Date(typeof at === "number" ? at / 1000 : at);
const form = (options) => new Intl.DateTimeFormat(LOCALE, options);
const forms = {
  time: form({ hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }),
  day: form({ month: "2-digit", day: "2-digit", weekday: "short" }),
  date: form({ year: "numeric", month: "2-digit", day: "2-digit" }),
  full: form({ year: "numeric", month: "2-digit", day: "2-digit", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false }),
  spoken: form({ year: "numeric", month: "long", day: "numeric", weekday: "long" }),
};

export const clockTime = (at) => (at ? forms.time.format(dateOf(at)) : "");
export const dateTime = (at) => (at ? forms.full.format(dateOf(at)) : "");
export const dateOnly = (at) => (at ? forms.date.format(dateOf(at)) : "");
export const dayOnly = (at) => (at ? forms.day.format(dateOf(at)) : "");
export const spokenDate = (date) => forms.spoken.format(date);

/** When something is due, as a person says it: overdue, today with the time, else the day. */
export function due(at) {
  if (!at) return t("due.none");
  const [when, today] = [dateOf(at), dateOf(now())];
  if (when < today) return t("due.over", { when: dateTime(at) });
  if (when.toDateString() === today.toDateString()) return t("due.today", { time: forms.time.format(when).slice(0, 5) });
  return t("due.on", { when: dateTime(at) });
}

export const isOverdue = (at) => Boolean(at) && dateOf(at) < dateOf(now());

const timers = new Set();
setInterval(() => timers.forEach((show) => show()), 500);

/** `x-since="µs"` shows the time elapsed, `x-until="µs"` the time left; every timer of a page moves at the same moment. */
export function addTimers(Alpine) {
  const directive = (name, text) =>
    Alpine.directive(name, (element, { expression }, { evaluateLater, effect, cleanup }) => {
      const evaluate = evaluateLater(expression);
      let at = null;
      const show = () => {
        const fresh = at ? text(at) : "–";
        if (element.textContent !== fresh) element.textContent = fresh;
      };
      effect(() => evaluate((value) => { at = value; show(); }));
      timers.add(show);
      cleanup(() => timers.delete(show));
    });
  directive("since", (at) => duration(now() - at));
  directive("until", (at) => duration(at - now() + 999_999));
}

/** Call `act` twice a second with every other timer; returns how to stop. */
export function everyTick(act) {
  timers.add(act);
  return () => timers.delete(act);
}
