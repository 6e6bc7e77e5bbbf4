// The agent's desk: one page for a whole shift. The parts are separate ideas; this file puts them together and hears the stream.

import { get, withQuery } from "../api.js";
import { everyTick, isOverdue, now } from "../clock.js";
import { consents } from "../consents.js";
import { Alpine, beforeSignOut, merged, page, refreshCatalogue, say, start } from "../shell.js";
import { phonePart } from "../phone.js";
import { listen } from "../stream.js";
import { nameOf, t } from "../words.js";
import { alertFor, notify } from "./alerts.js";
import { casesPart } from "./cases.js";
import { chatPart } from "./chat.js";
import { companyPart } from "./company.js";
import { commandsPart, leaveShift } from "./commands.js";
import { consultPart } from "./consult.js";
import { faxPart } from "./fax.js";
import { listenForKeys } from "./keys.js";
import { outboundPart } from "./outbound.js";
import { quickPart } from "./quick.js";
import { applyFrame, emptyShift, fileAway, inHand } from "./shift.js";
import { talkPart } from "./talk.js";
import { whoPart } from "./who.js";
import { wrapUpPart } from "./wrap_up.js";

const SELECTED = "ucc.selected";
const DEAD_AFTER_BEATS = 2;
const A_DAY_MS = 86_400_000;
const WRAP_UP_FOLLOWS_MS = 800; // the frame of a wrap-up comes right behind the end of the talk

/** What each frame means to a person, beside its effect on the shift. */
const MEANING = {
  offer(desk, offer) {
    desk.missed = "";
    desk.takeByHand(offer);
    desk.loadCard(offer);
    desk.loadPop(offer.contact_id).then(() => {
      desk.announcement = t("agent.offer_announced", { channel: t(`channel.${offer.channel}`), group: nameOf("groups", offer.group), who: desk.whoIs(offer) });
      notify(offer.offer_id, desk.announcement);
    });
    if (!desk.current()) desk.select(offer.contact_id);
  },
  offer_withdrawn(desk, frame) {
    delete desk.deciding[frame.offer_id];
    if (frame.outcome === "timed_out") desk.missed = t("agent.missed");
    else if (!["rejected", "busy"].includes(frame.outcome)) say(t(`outcome.${frame.outcome}`));
    desk.leave(frame.contact_id);
  },
  assigned(desk, interaction) {
    delete desk.deciding[interaction.offer_id];
    if (interaction.channel === "phone") desk.answerPhone();
    desk.loadCard(interaction);
    if (desk.wanted === interaction.contact_id || !desk.current()) desk.select(interaction.contact_id);
    desk.loadTalk(interaction.contact_id);
  },
  interaction_started: (desk, frame) => desk.hear(frame.contact_id),
  interaction_ended(desk, frame) {
    if (!["ended", "consultation_over"].includes(frame.why)) say(t(`interaction_end.${frame.why}`));
    setTimeout(() => { fileAway(desk.shift, frame.interaction_id); desk.leave(frame.contact_id); }, WRAP_UP_FOLLOWS_MS);
  },
  wrap_up_started(desk, wrapUp) {
    if (!desk.current()) desk.select(wrapUp.contact_id);
    else if (desk.selected === wrapUp.contact_id) desk.takeEnding();
  },
  wrap_up_finished(desk, frame) {
    say(t(frame.by_timeout ? "agent.wrapped_by_timeout" : "agent.wrapped"), frame.by_timeout ? "note" : "done");
    desk.leave(frame.contact_id);
  },
  consultation_ended: (desk, frame) => desk.consultationOver(frame),
  transfer_settled: (desk, frame) => desk.transferSettled(frame),
  refused(desk, frame) {
    desk.deciding = {};
    say(t("agent.refused", { why: t(`refusal.${frame.reason}`) }), "bad");
  },
  message: (desk, message) => desk.heard(message),
  message_state: (desk, frame) => desk.stateChanged(frame),
  typing: (desk, frame) => desk.visitorTypes(frame),
  page_viewed: (desk, frame) => desk.visitorMoved(frame),
  pop_changed: (desk, frame) => desk.loadPop(frame.contact_id),
  catalogue_changed: () => refreshCatalogue(),
};

const shiftPart = () => ({
  shift: emptyShift(),
  ready: false,
  selected: sessionStorage.getItem(SELECTED),
  wanted: null,
  missed: "",
  announcement: "",
  promisesDue: [],

  init() {
    this.beat(listen("agent", Alpine.store("line"), (frame) => this.hearFrame(frame)));
    listenForKeys(this);
    beforeSignOut(leaveShift);
    addEventListener("pagehide", () => this.saveNote());
    document.addEventListener("visibilitychange", () => this.tellRead(this.selected));
    this.$watch("draft", () => this.keepDraft());
    this.$watch("ending", () => this.keepEnding());
    this.loadPromises();
    this.openPhone();
    everyTick(() => this.dialDue());
  },
  /** A heartbeat that does not get through shows a dead line before the stream does; several in a row make it begin anew. */
  beat(stream) {
    const line = Alpine.store("line");
    let missed = 0;
    new Worker("/static/js/agent/heartbeat_worker.js").onmessage = ({ data }) => {
      if (data.status === 0) {
        missed += 1;
        line.state = "reconnecting";
        return;
      }
      if (missed >= DEAD_AFTER_BEATS) stream.reopen();
      else if (missed && stream.isOpen()) line.state = "live";
      missed = 0;
    };
  },
  hearFrame(frame) {
    applyFrame(this.shift, frame);
    if (frame.type === "snapshot") this.begin();
    MEANING[frame.type]?.(this, frame);
    alertFor(this.shift.offers.map((offer) => offer.offer_id));
  },
  /** A snapshot replaces everything, also after a break of the line: who and what was said is read again. */
  begin() {
    const first = !this.ready;
    this.ready = true;
    this.deciding = {};
    for (const entry of [...this.shift.offers, ...this.rows()]) {
      this.loadPop(entry.contact_id);
      this.loadCard(entry);
    }
    for (const row of this.rows()) this.loadTalk(row.contact_id);
    const known = [...this.rows(), ...this.shift.offers].map((entry) => entry.contact_id);
    this.select(known.includes(this.selected) ? this.selected : known[0] ?? null);
    if (first && !this.shift.agent) this.beginShift();
  },

  rows() {
    return inHand(this.shift);
  },
  present: () => now(),
  /** The contact or offer looked at. */
  current() {
    const of = (list) => list.find((entry) => entry.contact_id === this.selected);
    const offer = of(this.shift.offers);
    return of(this.rows()) ?? (offer ? { ...offer, state: "offered", since: offer.made_at } : null);
  },
  select(contactId) {
    this.saveNote();
    this.keepEnding();
    this.selected = contactId;
    if (!contactId) return sessionStorage.removeItem(SELECTED);
    sessionStorage.setItem(SELECTED, contactId);
    if (!this.pops[contactId]) this.loadPop(contactId);
    if (!this.talks[contactId]) this.loadTalk(contactId);
    else this.hear(contactId);
    this.readNote();
    this.takeDraft();
    this.takeEnding();
    this.showFax();
    this.closeCase();
  },
  /** A contact is gone from the hand: if it was looked at, go on to the next, else stay where the agent is. */
  leave(contactId) {
    if (contactId !== this.selected || this.current()) return;
    this.select(this.rows()[0]?.contact_id ?? this.shift.offers[0]?.contact_id ?? null);
  },
  inHand() {
    return this.shift.contacts.some((contact) => contact.contact_id === this.selected && !["ended", "consulting"].includes(contact.state));
  },
  isConnected() {
    return this.shift.contacts.some((contact) => contact.contact_id === this.selected && contact.state === "connected");
  },
  isHeld() {
    return Boolean(this.held[this.selected]);
  },
  stateWords(row) {
    return row.state === "connected" && this.held[row.contact_id] ? t("contact_state.held") : t(`contact_state.${row.state}`);
  },

  isSignedIn() {
    return this.shift.agent !== null;
  },
  presence() {
    return this.shift.agent?.presence ?? "signed_out";
  },
  presenceWords() {
    const reason = this.shift.agent?.presence_reason;
    return reason ? `${t(`presence.${this.presence()}`)} · ${nameOf("presence_reasons", reason)}` : t(`presence.${this.presence()}`);
  },
  pendingWords() {
    const { pending_presence: presence, pending_reason: reason } = this.shift.agent ?? {};
    const words = reason ? nameOf("presence_reasons", reason) : t(`presence.${presence}`);
    return presence ? t("agent.pending", { presence: words }) : "";
  },
  /** One press leads back to work after a missed offer or a lost line. */
  canReturn() {
    return this.presence() === "not_ready" && ["no_answer", "disconnected", "signed_in"].includes(this.shift.agent.presence_reason);
  },

  async loadPromises() {
    const me = Alpine.store("me").agent_id;
    const before = new Date(now() / 1000 + A_DAY_MS).toISOString();
    const path = withQuery("/api/profile/promises", { owner: me, due_before: before, limit: 50 });
    this.promisesDue = (await get(path).catch(() => ({ items: [] }))).items;
  },
  overdueCount() {
    return this.promisesDue.filter((promise) => isOverdue(promise.due_at)).length;
  },
});

await start({ consents }, {
  desk: () => merged(page(), shiftPart(), commandsPart(), talkPart(), quickPart(), chatPart(), whoPart(), wrapUpPart(), faxPart(), casesPart(), phonePart(), consultPart(), companyPart(), outboundPart()),
});
