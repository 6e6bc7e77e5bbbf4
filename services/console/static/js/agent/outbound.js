// Calls of ours at the desk: the record before it is dialled (dial or skip, with a countdown where the campaign has one), what to say,
// a callback in the customer's own time, a refusal of further calls, and a number dialled by hand. Everything passes the gate.

import { get, newId, post } from "../api.js";
import { now } from "../clock.js";
import { attempt, say } from "../shell.js";
import { knows, language, namesOf, t } from "../words.js";

const TRIES = 6;
const AGAIN_MS = 700; // the gateway's word that the customer answered may reach us before outbound
const HOUR_MS = 3_600_000;
const LATE_MS = 8000; // an allowed call that is not offered by then: its line or routing is away
const FRESH_MS = 60_000; // what comes later than this surprises who typed it: offered like any, and not taken by itself
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
const noDialling = () => ({ number: "", purpose: "promised_reply", group: "", problem: "", busy: false, key: newId() });

/** What a wall clock in `zone` reads at a moment, as a `datetime-local` field wants it. */
function wallClock(milliseconds, zone) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).formatToParts(milliseconds).map((part) => [part.type, part.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** The moment at which a wall clock in `zone` reads `wall` (twice a year there are none or two: the earlier reading then). */
function momentOf(wall, zone) {
  const wished = Date.parse(`${wall}Z`);
  const guess = wished - (Date.parse(`${wallClock(wished, zone)}Z`) - wished);
  return guess - (Date.parse(`${wallClock(guess, zone)}Z`) - wished);
}

export const outboundPart = () => ({
  cards: {}, byHand: {}, refused: {}, booked: {}, callback: { whose: "me", at: "", time_zone: here(), note: "", problem: "" }, dialling: noDialling(),

  card() {
    return this.cards[this.selected] ?? null;
  },
  cardOf(entry) {
    return this.cards[entry?.contact_id] ?? null;
  },
  /** The record of a call of ours, or of the one a customer rings back; nothing for contacts that came by themselves. */
  async loadCard({ contact_id: contactId, attempt: attemptId, called, channel }) {
    if (this.cards[contactId] || (!attemptId && channel !== "phone")) return;
    const path = attemptId ? `/api/outbound/attempts/${attemptId}/card` : `/api/outbound/contacts/${contactId}/card`;
    for (let tries = attemptId || called ? TRIES : 1; tries > 0; tries -= 1) {
      try {
        this.cards[contactId] = await get(path);
        return;
      } catch (problem) {
        if (problem.status !== 404) return;
        await pause(AGAIN_MS);
      }
    }
  },
  isPreview: (offer) => Boolean(offer.attempt),
  /** Passed over for now by everybody: it comes again later. The offer itself is rejected beside. */
  skip: (offer) => attempt(() => post(`/api/outbound/attempts/${offer.attempt}/skip`)),
  /** When a preview dials by itself (µs), or null: it waits for the agent. */
  dialsAt(offer) {
    const seconds = this.cardOf(offer)?.preview_seconds;
    return seconds ? Math.min(offer.made_at + seconds * 1e6, offer.expires_at - 1e6) : null;
  },
  /** Called with every other timer of the page. */
  dialDue() {
    for (const offer of this.shift.offers) {
      const at = this.dialsAt(offer);
      if (at !== null && now() >= at && !this.deciding[offer.offer_id]) this.accept(offer);
    }
  },
  script() {
    const scripts = this.card()?.script ?? {};
    return scripts[this.card()?.language] || scripts[language] || Object.values(scripts).find(Boolean) || "";
  },
  ownFields() {
    return Object.entries(this.card()?.fields ?? {}).map(([name, value]) => ({ name, value }));
  },
  earlierWords() {
    return (this.card()?.earlier ?? []).map((one) => `${this.dateTime(one.at)} ${t(`dial_outcome.${one.outcome}`)}`).join(" · ");
  },
  /** What time it is where the customer is: nobody is told "good morning" at night. */
  localTime() {
    const zone = this.card()?.zones?.[0];
    return zone ? `${wallClock(now() / 1000, zone).slice(11)} ${zone.split("/").pop().replaceAll("_", " ")}` : "";
  },
  isSpeaking() {
    return this.inHand() || Boolean(this.wrapUp());
  },

  // ---- a callback

  openCallback() {
    const zone = this.card().zones?.[0] ?? here();
    const soon = Math.ceil((now() / 1000 + HOUR_MS) / HOUR_MS) * HOUR_MS;
    this.callback = { whose: "me", at: wallClock(soon, zone), time_zone: zone, note: "", problem: "" };
    document.getElementById("callback-booking").showModal();
  },
  callbackHere() {
    const { at, time_zone: zone } = this.callback;
    return at ? t("outbound.callback_here", { when: this.dateTime(momentOf(at, zone) * 1000) }) : "";
  },
  async bookCallback() {
    const contactId = this.selected;
    const { problem: _problem, ...wish } = this.callback;
    try {
      const { at } = await post(`/api/outbound/attempts/${this.card().attempt_id}/callback`, wish, { key: newId() });
      this.booked[contactId] = t("outbound.booked", { when: this.dateTime(at), whose: t(`outbound.whose.${wish.whose}`) });
      this.closeDialog("callback-booking");
    } catch (problem) {
      this.callback.problem = problem.message;
    }
  },

  // ---- a refusal

  openRefusal() {
    document.getElementById("refusal").showModal();
  },
  async refuse(purpose) {
    const contactId = this.selected;
    this.closeDialog("refusal");
    const done = await attempt(() => post(`/api/outbound/attempts/${this.card().attempt_id}/refusal`, { purpose }, { key: newId() }));
    if (!done) return;
    this.refused[contactId] = true;
    say(t("outbound.refusal_kept"), "done");
  },
  /** Who it was: a machine that took the call is called again, and a person taken for one makes the listening better. */
  async sayAnswerer(machine) {
    const card = this.card();
    const done = await attempt(() => post(`/api/outbound/attempts/${card.attempt_id}/answerer`, { machine }));
    if (done) card.said_machine = machine;
  },
  asksAnswerer() {
    return this.isSpeaking() && this.card()?.said_machine === null;
  },
  answererWords() {
    const said = this.card()?.said_machine;
    return said === null || said === undefined ? "" : t(said ? "outbound.was_machine" : "outbound.was_person");
  },
  /** How the conversation ended, for the campaign's own count; the wrap-up itself is the router's. */
  async keepOutcome(contactId, disposition) {
    const card = this.cards[contactId];
    if (card) await attempt(() => post(`/api/outbound/attempts/${card.attempt_id}/disposition`, { disposition }));
  },
  /** The codes a campaign offers, else all. */
  endings() {
    const wanted = this.card()?.dispositions ?? [];
    const all = this.choices("dispositions");
    return wanted.length ? all.filter((choice) => wanted.includes(choice.code)) : all;
  },

  // ---- by hand

  outboundGroups() {
    return this.choices("groups").filter(({ code }) => namesOf("groups")[code].outbound);
  },
  isByHand(offer) {
    return offer.attempt in this.byHand;
  },
  /** Who typed a number has decided already: the offer it comes back as is taken at once. Heard before the answer, it is taken by that. */
  takeByHand(offer) {
    if (!this.isByHand(offer)) return;
    const call = this.byHand[offer.attempt];
    const { number, purpose } = call;
    call.offered = true;
    this.cards[offer.contact_id] = { attempt_id: offer.attempt, record_id: null, title: t("dial_mode.manual"), purpose, name: "", number_masked: number, zones: [], fields: {}, script: {}, dispositions: [], earlier: [] };
    if (Date.now() - call.at < FRESH_MS) this.accept(offer);
  },
  /** Said until it is offered, or nobody wants to read it any more. */
  lateByHand() {
    return Object.values(this.byHand).find((call) => call.late && !call.offered) ?? null;
  },
  lateWords() {
    const call = this.lateByHand();
    return call ? t("outbound.waits", { number: call.number }) : "";
  },
  /** Not every refusal is a rule's: what is only away, or busy, is said with how it ends. */
  whyNotDialled({ code, message }) {
    const [own, rule] = [`outbound.not_dialled.${code}`, `suppression.${code}`];
    if (knows(own)) return t(own);
    return knows(rule) ? t("outbound.not_allowed", { why: t(rule) }) : message;
  },
  openDialling() {
    this.dialling = { ...noDialling(), group: this.outboundGroups()[0]?.code ?? "" };
    document.getElementById("manual-dial").showModal();
  },
  async dialManually() {
    const { number, purpose, group, key } = this.dialling;
    Object.assign(this.dialling, { busy: true, problem: "" });
    try {
      const { attempt_id: attemptId } = await post("/api/outbound/calls", { number, purpose, group, business_line: namesOf("groups")[group]?.business_line }, { key });
      this.byHand[attemptId] = { number, purpose, at: Date.now(), offered: false, late: false };
      this.closeDialog("manual-dial");
      this.shift.offers.forEach((offer) => this.takeByHand(offer));
      say(t("outbound.dialled"), "done");
      setTimeout(() => { this.byHand[attemptId].late = true; }, LATE_MS);
    } catch (problem) {
      Object.assign(this.dialling, { problem: this.whyNotDialled(problem), key: newId() });
    }
    this.dialling.busy = false;
  },
});
