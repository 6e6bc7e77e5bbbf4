// Finding a customer: part of a name, last digits of a number, e-mail or key. Numbers stay masked.

import { List } from "./api.js";
import { start } from "./shell.js";
import { t } from "./words.js";

const SHOWN = 3;

await start({
  customers: () => ({
    query: "",
    list: null,

    init() {
      this.list = new List("/api/profile/customers", () => ({ query: this.query.trim() }));
      this.$watch("query", () => this.list.load());
      this.list.load();
    },
    identitiesWords: (customer) => customer.identities.slice(0, SHOWN).map((identity) => `${t(`identity.${identity.kind}`)} ${identity.masked}`).join(" · "),
  }),
});
