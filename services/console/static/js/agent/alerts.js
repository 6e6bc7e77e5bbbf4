// How an offer is noticed: it rings, tells the desktop, and marks the tab. All three stop with the last offer.

import { t } from "../words.js";

const RING_MS = 3000; // 1 s of ring, 2 s of pause, as a telephone
const TONES = [880, 1108];

let sound = null;
let ringing = null;
const shown = new Map();
const title = document.title;
const mark = document.querySelector('link[rel="icon"]');

/** Browsers allow sound and notices only after a gesture: call this from one (going available). */
export function allowAlerts() {
  sound ??= new AudioContext();
  sound.resume();
  if ("Notification" in window && Notification.permission === "default") Notification.requestPermission();
}

function ringOnce() {
  if (!sound || sound.state !== "running") return;
  for (const [i, pitch] of TONES.entries()) {
    const [tone, volume] = [sound.createOscillator(), sound.createGain()];
    const start = sound.currentTime + i * 0.5;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.12, start + 0.03);
    volume.gain.setValueAtTime(0.12, start + 0.38);
    volume.gain.linearRampToValueAtTime(0, start + 0.45);
    tone.connect(volume).connect(sound.destination);
    tone.start(start);
    tone.stop(start + 0.5);
  }
}

/** Tell the desktop of one offer; a click on the notice brings the page to the front. */
export function notify(offerId, text) {
  if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  const notice = new Notification(t("agent.notice"), { body: text, tag: offerId, requireInteraction: true });
  notice.onclick = () => { window.focus(); notice.close(); };
  shown.set(offerId, notice);
}

/** Ring and mark the tab while there are offers. `open`: ids of the offers there are. */
export function alertFor(open) {
  for (const [id, notice] of shown) {
    if (open.includes(id)) continue;
    notice.close();
    shown.delete(id);
  }
  document.title = open.length ? `☎ (${open.length}) ${t("agent.notice")}` : title;
  mark.href = open.length ? "/static/favicon-offer.svg" : "/static/favicon.svg";
  if (open.length && ringing === null) {
    ringOnce();
    ringing = setInterval(ringOnce, RING_MS);
  } else if (!open.length && ringing !== null) {
    clearInterval(ringing);
    ringing = null;
  }
}
