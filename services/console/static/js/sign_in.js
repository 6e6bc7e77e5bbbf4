// Signing in. Goes on to where one wanted to be (`?next=`, only within the console), else to the role's first page.

import { post } from "./api.js";
import { start } from "./shell.js";

const wished = new URLSearchParams(location.search).get("next") ?? "/";
const next = wished.startsWith("/") && !wished.startsWith("//") && !wished.includes("\\") ? wished : "/";
const TENANT = "ucc.tenant"; // remembered by the browser: the same desk is the same organisation tomorrow

await start({
  signIn: () => ({
    tenant: localStorage.getItem(TENANT) ?? "", user: "", password: "", problem: "", busy: false,

    submit() {
      return this.enter({ tenant: this.tenant, user: this.user, password: this.password });
    },
    async enter({ tenant, user, password }) {
      this.busy = true;
      this.problem = "";
      try {
        const me = await post("/api/session", { tenant, user, password });
        localStorage.setItem(TENANT, tenant);
        if (!document.cookie.includes("ucc_lang=")) document.cookie = `ucc_lang=${me.language}; path=/; max-age=31536000; samesite=strict`;
        location.assign(next);
      } catch (problem) {
        this.problem = problem.message;
        this.busy = false;
      }
    },
  }),
});
