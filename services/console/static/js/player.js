// Hearing a recording: its shape as a curve, a slider over it, speed; one recording at a time.

import { get } from "./api.js";
import { duration } from "./clock.js";
import { attempt } from "./shell.js";
import { t } from "./words.js";

const WIDTH = 400; // slices of the shape
const HALF = 24;
const QUIET = 24; // below this, noise is left looking like noise
const LEAST = 0.6; // of silence, so that the line does not vanish

/** The outline of loudnesses (0–255) around the middle of a 400 × 48 picture; a quiet call is drawn larger. */
export function outline(peaks) {
  const loudest = Math.max(...peaks, QUIET);
  const high = (peak) => Math.max((peak / loudest) * HALF, LEAST);
  const up = peaks.map((peak, x) => `${x} ${(HALF - high(peak)).toFixed(1)}`);
  const down = peaks.map((peak, x) => `${x} ${(HALF + high(peak)).toFixed(1)}`).reverse();
  return peaks.length ? `M${up.join("L")}L${down.join("L")}Z` : "";
}

export const playerPart = () => ({
  heard: null,
  shape: "",
  at: 0,
  running: false,
  speed: "1",
  soundProblem: "",

  async hear(recording) {
    if (this.heard?.recording_id === recording.recording_id) return this.stopHearing();
    Object.assign(this, { heard: recording, shape: "", at: 0, running: false, soundProblem: "" });
    await attempt(async () => {
      const { peaks } = await get(`/api/gateway/recordings/${recording.recording_id}/shape`);
      if (this.heard?.recording_id === recording.recording_id) this.shape = outline(peaks);
    });
  },
  stopHearing() {
    this.sound()?.pause();
    Object.assign(this, { heard: null, running: false });
  },
  isHeard(recording) {
    return this.heard?.recording_id === recording.recording_id;
  },
  sound() {
    return this.$root.querySelector("audio");
  },
  soundSource() {
    return this.heard ? `/api/gateway/recordings/${this.heard.recording_id}` : "";
  },
  async playOrPause() {
    const sound = this.sound();
    if (!sound.paused) return sound.pause();
    sound.playbackRate = Number(this.speed);
    try {
      await sound.play();
    } catch {
      this.soundFailed();
    }
  },
  soundFailed() {
    this.running = false;
    if (this.heard) this.soundProblem = t("recordings.cannot_play");
  },
  moved() {
    this.at = this.sound().currentTime;
    this.running = !this.sound().paused;
  },
  /** The place chosen on the curve, in seconds. */
  seek(event) {
    this.at = Number(event.target.value);
    this.sound().currentTime = this.at;
  },
  setSpeed() {
    this.sound().playbackRate = Number(this.speed);
  },
  playedWidth() {
    return this.heard?.seconds ? Math.min((this.at / this.heard.seconds) * WIDTH, WIDTH) : 0;
  },
  pauses() {
    return this.heard?.pauses ?? [];
  },
  pauseMarks() {
    return this.pauses().map((pause) => `M${((pause.at_second / this.heard.seconds) * WIDTH).toFixed(1)} 0V${2 * HALF}`).join("");
  },
  timeWords() {
    return this.heard ? `${seconds(this.at)} / ${seconds(this.heard.seconds)}` : "";
  },
  pauseWords: (pause) => t("recordings.left_out", { at: seconds(pause.at_second), time: seconds(pause.seconds) }),
  lengthWords: (recording) => seconds(recording.seconds),
});

const seconds = (value) => duration(value * 1_000_000);
