// Imports: upload a file, watch its counts, fetch the rejected rows. Only an import under way is asked about, ever more slowly.

import { call, get, List } from "./api.js";
import { start } from "./shell.js";

const FIRST_MS = 300;
const SLOWEST_MS = 4000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

await start({
  imports: () => ({
    kind: "customers", source: "crm", busy: false, problem: "", current: null, list: null,

    init() {
      this.list = new List("/api/profile/imports");
      this.list.load().then(() => {
        const running = this.list.items.find((entry) => ["waiting", "running"].includes(entry.state));
        if (running) this.follow(running);
      });
    },
    async upload(form) {
      Object.assign(this, { busy: true, problem: "" });
      const path = `/api/profile/imports?kind=${this.kind}&source=${encodeURIComponent(this.source)}`;
      try {
        await this.follow(await call("POST", path, undefined, { form: new FormData(form) }));
        form.elements.file.value = "";
      } catch (problem) {
        this.problem = problem.message;
      }
      this.busy = false;
    },
    async follow(started) {
      this.current = started;
      for (let ms = FIRST_MS; ["waiting", "running"].includes(this.current.state); ms = Math.min(SLOWEST_MS, ms * 1.5)) {
        await pause(ms);
        this.current = await get(`/api/profile/imports/${started.import_id}`);
      }
      await this.list.load();
    },
    toneOf: (entry) => ({ done: entry?.rejected ? "chip-warn" : "chip-good", failed: "chip-bad" })[entry?.state] ?? "chip-accent",
  }),
});
