// What a customer agreed to and refused: what stands for each number and purpose, all that was said, and a word more of either kind.

import { get, post } from "./api.js";
import { dateOnly } from "./clock.js";
import { attempt, say } from "./shell.js";
import { t } from "./words.js";

const COLOUR = { given: "chip-good", withdrawn: "chip-bad", none: "" };
const asking = (kind, numbers) => ({ kind, identity_id: kind === "given" ? numbers[0]?.identity_id ?? "" : "", purpose: "marketing", proof: "", expires: "" });

export const purposeWords = (purpose) => (purpose ? t(`purpose.${purpose}`) : t("consent.everything"));

/** The strip of one customer; `follow(id)` says whose, again whenever that changes. */
export const consents = () => ({
  of: "", found: null, problem: "", asked: { kind: "" },

  follow(customerId) {
    if (!customerId || customerId === this.of) return;
    Object.assign(this, { of: customerId, found: null, asked: { kind: "" } });
    this.load();
  },
  async load() {
    const wanted = this.of;
    this.problem = "";
    try {
      const found = await get(`/api/profile/customers/${wanted}/consents`);
      if (wanted === this.of) this.found = found;
    } catch (problem) {
      if (wanted === this.of) this.problem = problem.message;
    }
  },
  numbers() {
    return this.found?.numbers ?? [];
  },
  lines() {
    const several = this.numbers().length > 1;
    return (this.found?.standing ?? []).map((line) => ({
      ...line, key: [line.identity_id, line.channel, line.purpose].join("/"), colour: COLOUR[line.consent],
      what: [purposeWords(line.purpose), line.channel === "phone" ? "" : t(`channel.${line.channel}`), several ? line.number : ""].filter(Boolean).join(" · "),
      at: line.consent === "withdrawn" ? line.withdrawn_at : line.given_at,
    }));
  },
  wordsOf(line) {
    return [t(`consent.source.${line.source}`), line.proof, line.expires_at ? t("consent.until", { day: dateOnly(line.expires_at) }) : ""].filter(Boolean).join(" · ");
  },
  history() {
    return this.found?.history ?? [];
  },
  saidWords(row) {
    return [t(`consent.kind.${row.kind}`), purposeWords(row.purpose), row.number, t(`consent.source.${row.source}`), row.proof].filter(Boolean).join(" · ");
  },
  ask(kind) {
    this.asked = this.asked.kind === kind ? { kind: "" } : asking(kind, this.numbers());
    if (kind === "withdrawn") this.asked.purpose = "";
  },
  keep() {
    const { kind, identity_id, purpose, proof, expires } = this.asked;
    return attempt(async () => {
      this.found =
        kind === "given"
          ? await post(`/api/profile/customers/${this.of}/consents`, { identity_id, purpose, proof: proof.trim() || null, expires_at: expires ? new Date(`${expires}T23:59:59`).toISOString() : null })
          : await post(`/api/profile/customers/${this.of}/withdrawals`, { identity_id: identity_id || null, purpose: purpose || null });
      this.asked = { kind: "" };
      say(t("consent.kept"), "done");
    });
  },
});
