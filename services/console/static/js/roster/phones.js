// Where agents' phones ring: one line an agent, changed by administrators.

import { call, get, put } from "../api.js";
import { say } from "../shell.js";
import { choices, t } from "../words.js";

const KINDS = ["softphone", "sip", "extension", "outside"];

export const phonesPart = () => ({
  phones: {}, phone: null, phonesProblem: "",

  phoneKinds: KINDS,
  async loadPhones() {
    try {
      const { items } = await get("/api/gateway/endpoints");
      this.phones = Object.fromEntries(items.map((phone) => [phone.agent_id, phone]));
      this.phonesProblem = "";
    } catch (problem) {
      this.phonesProblem = problem.message;
    }
  },
  phoneRows() {
    const wished = this.query.trim().toLowerCase();
    return choices("agents").filter((agent) => !wished || agent.name.toLowerCase().includes(wished) || agent.code.includes(wished))
      .map((agent) => ({ ...agent, phone: this.phones[agent.code] ?? null }));
  },
  phoneWords: (row) => (row.phone ? t(`phone_kind.${row.phone.kind}`) : t("phones.none")),
  editPhone(row) {
    this.phone = { agent_id: row.code, name: row.name, there: Boolean(row.phone), kind: "softphone", address: row.code, auto_answer: false, problem: "", ...row.phone };
    document.getElementById("phone-of").showModal();
  },
  closePhone() {
    document.getElementById("phone-of").close();
  },
  async savePhone() {
    const { agent_id: agentId, kind, address, auto_answer: auto } = this.phone;
    await this.changePhone(() => put(`/api/gateway/agents/${agentId}/endpoint`, { kind, address: address.trim(), auto_answer: auto && kind !== "softphone" }));
  },
  async removePhone() {
    await this.changePhone(() => call("DELETE", `/api/gateway/agents/${this.phone.agent_id}/endpoint`));
  },
  async changePhone(act) {
    try {
      await act();
      const { name } = this.phone;
      this.closePhone();
      say(t("phones.saved", { name }), "done");
      await this.loadPhones();
    } catch (problem) {
      this.phone.problem = problem.message;
    }
  },
});
