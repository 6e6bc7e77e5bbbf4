// Contacts: those open at this moment (as the console sees them), and all that were (as profile keeps them).

import { List } from "./api.js";
import { start } from "./shell.js";

const GOOD = ["served", "self_served", "callback_accepted"];
const wished = new URLSearchParams(location.search);

await start({
  contacts: () => ({
    tab: "live",
    filter: { group: wished.get("group") ?? "", state: "" },
    live: null,
    before: null,

    init() {
      this.live = new List("/api/live/contacts", () => this.filter, 200);
      this.before = new List("/api/profile/contacts");
      this.live.load();
    },
    show(tab) {
      this.tab = tab;
      if (tab === "before" && !this.before.loaded) this.before.load();
    },
    other() {
      this.show(this.tab === "live" ? "before" : "live");
      document.getElementById(`tab-${this.tab}`).focus();
    },
    toneOf: (end) => (!end ? "chip-accent" : GOOD.includes(end) ? "chip-good" : "chip-warn"),
  }),
});
