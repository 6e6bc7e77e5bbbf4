// Says every 3 s that the agent's page is open. A worker, because browsers slow the timers of pages in the background
// to once a minute, and after 10 s of silence an agent gets no offers.

const EVERY_MS = 3000;

async function beat() {
  try {
    const response = await fetch("/api/agent/heartbeat", {
      method: "POST", headers: { "content-type": "application/json" }, body: "{}", signal: AbortSignal.timeout(EVERY_MS),
    });
    postMessage({ heard: response.ok, status: response.status });
  } catch {
    postMessage({ heard: false, status: 0 });
  }
}

beat();
setInterval(beat, EVERY_MS);
