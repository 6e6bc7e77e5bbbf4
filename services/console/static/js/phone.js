// The softphone as a page shows it: ready or not with icon and word, microphone and loudspeaker, mute, meters, failures in plain words.

import { get } from "./api.js";
import { say } from "./shell.js";
import { Softphone } from "./softphone.js";
import { t } from "./words.js";

const MICROPHONE = "ucc.microphone";
const SPEAKER = "ucc.speaker";
const AGAIN_MS = 5000;
const WANTED_MS = 20_000; // between accepting on the page and the ring of the own phone
const SPREAD_MS = 20_000; // so that not every page asks at the same moment
const ICONS = {
  connecting: "rotate-cw", ready: "phone", lost: "unplug", refused: "unplug", ringing: "bell-ring", talking: "phone-call", no_microphone: "mic-off",
};
const PLAIN_ENDS = ["Terminated", "Canceled", "User Denied Media Access"];

// The one telephone of the page; no state of it is drawn but what it tells.
let line = null;
let renewal = null;
let wantedUntil = 0;
let stopTrying = () => {};

export const phonePart = () => ({
  phone: { there: false, state: "connecting", muted: false, mine: 0, theirs: 0, allowed: "granted" },
  sounds: { microphones: [], speakers: [], microphone: "", speaker: "" },
  trying: false,

  /** Register, where the one who looks has such a telephone. */
  async openPhone() {
    let account;
    try {
      account = await get("/api/gateway/agents/me/softphone");
    } catch (problem) {
      if (problem.status === 404 || problem.status === 403) return; // another kind of phone, or none
      if (this.phone.there) this.phone.state = "lost";
      setTimeout(() => this.openPhone(), AGAIN_MS);
      return;
    }
    this.phone.there = true;
    line ??= new Softphone((state, more) => this.phoneTells(state, more), (mine, theirs) => Object.assign(this.phone, { mine, theirs }));
    Object.assign(this.sounds, { microphone: localStorage.getItem(MICROPHONE) ?? "", speaker: localStorage.getItem(SPEAKER) ?? "" });
    line.microphone = this.sounds.microphone;
    clearTimeout(renewal);
    const left = Math.max(Date.parse(account.expires_at) - Date.now(), 0);
    renewal = setTimeout(() => this.renewPhone(), left + Math.random() * SPREAD_MS);
    this.watchPermission();
    await line.register(account).catch(() => { this.phone.state = "lost"; });
  },
  /** A call is never cut for a new password. */
  renewPhone() {
    if (line.call) renewal = setTimeout(() => this.renewPhone(), AGAIN_MS);
    else this.openPhone();
  },
  async watchPermission() {
    const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
    if (!permission) return;
    const look = () => { this.phone.allowed = permission.state; if (permission.state === "granted") this.listDevices(); };
    permission.onchange = look;
    look();
  },
  async listDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const of = (kind) => devices.filter((device) => device.kind === kind && device.deviceId).map(({ deviceId, label }) => ({ id: deviceId, name: label || t("phone.device") }));
    Object.assign(this.sounds, { microphones: of("audioinput"), speakers: of("audiooutput") });
  },

  phoneTells(state, { atOnce, cause } = {}) {
    if (state === "over") {
      Object.assign(this.phone, { muted: false });
      if (cause && !PLAIN_ENDS.includes(cause)) say(t("phone.failed", { why: this.causeWords(cause) }), "bad");
      return;
    }
    this.phone.state = state;
    if (state === "no_microphone") say(t("phone.no_microphone_long"), "bad");
    if (state === "refused") setTimeout(() => this.openPhone(), AGAIN_MS);
    if (state === "ringing" && (atOnce || this.isCallWanted())) line.answer();
  },
  causeWords(cause) {
    const code = cause.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
    const words = t(`phone.cause.${code}`);
    return words === code ? cause : words;
  },
  isCallWanted() {
    return Date.now() < wantedUntil;
  },
  /** The contact was accepted on the page: answer the own phone, which rings already or will in a moment. */
  answerPhone() {
    wantedUntil = Date.now() + WANTED_MS;
    line?.answer();
  },

  phoneIcon() {
    return this.phone.allowed === "denied" ? "mic-off" : ICONS[this.phone.state];
  },
  phoneWords() {
    if (this.phone.allowed !== "granted" && this.phone.state === "ready") return t(`phone.allowed.${this.phone.allowed}`);
    return t(`phone.${this.phone.state}`);
  },
  phoneTone() {
    if (this.phone.allowed === "denied" || ["lost", "refused", "no_microphone"].includes(this.phone.state)) return "chip-bad";
    if (this.phone.allowed === "prompt" || this.phone.state === "connecting") return "chip-warn";
    return this.phone.state === "ready" ? "chip-good" : "chip-accent";
  },
  isTalking() {
    return this.phone.state === "talking";
  },
  mutePhone() {
    this.phone.muted = !this.phone.muted;
    line.mute(this.phone.muted);
  },
  setMicrophone() {
    localStorage.setItem(MICROPHONE, this.sounds.microphone);
    line.microphone = this.sounds.microphone;
    if (this.trying) this.tryMicrophone().then(() => this.tryMicrophone());
  },
  async setSpeaker() {
    localStorage.setItem(SPEAKER, this.sounds.speaker);
    await line.useSpeaker(this.sounds.speaker).catch(() => say(t("phone.no_speaker"), "bad"));
  },
  /** Show the meter move before a call comes; also what asks the browser for the microphone. */
  async tryMicrophone() {
    if (this.trying) {
      this.trying = false;
      stopTrying();
      return;
    }
    try {
      stopTrying = await line.listenToMicrophone();
      this.trying = true;
      this.phone.allowed = "granted";
      await this.listDevices();
    } catch {
      say(t("phone.no_microphone_long"), "bad");
    }
  },
});
