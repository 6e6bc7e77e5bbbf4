// The push: one EventSource, whose browser-kept Last-Event-ID resumes without loss; a visible state of the line; no polling.

import { get } from "./api.js";
import { setClock } from "./clock.js";

const AGAIN_MS = 2000;

/**
 * Listen to `channels`. `onFrame(frame)` gets every frame, a snapshot first (and again whenever the log could not resume).
 * `line` is the reactive record {state} the page shows. Returns {reopen, isOpen}: drop the connection and
 * start from a snapshot; whether the browser believes it is there.
 */
export function listen(channels, line, onFrame) {
  let source = null;
  let again = null;

  function open() {
    clearTimeout(again);
    source?.close();
    source = new EventSource(`/api/stream?channels=${channels}`);
    source.onopen = () => { line.state = "live"; };
    source.onmessage = (event) => {
      const frame = JSON.parse(event.data);
      line.state = "live";
      if (frame.type === "snapshot") setClock(frame.now, frame.clock_rate);
      if (frame.type === "reconnect") line.state = "reconnecting";
      else onFrame(frame);
    };
    source.onerror = () => {
      line.state = "reconnecting";
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself, with Last-Event-ID
      again = setTimeout(reopen, AGAIN_MS); // refused: a new connection brings a new snapshot
    };
  }

  async function reopen() {
    try {
      await get("/api/session"); // leads to the sign-in page when the session is over
    } catch {
      again = setTimeout(reopen, AGAIN_MS);
      return;
    }
    open();
  }

  line.state = "connecting";
  addEventListener("offline", () => { line.state = "reconnecting"; });
  addEventListener("online", open);
  open();
  return { reopen: open, isOpen: () => source.readyState === EventSource.OPEN };
}
