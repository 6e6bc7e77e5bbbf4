// How groups stand (open, closed, until when), and closing them at one button.

import { newId, post } from "./api.js";
import { clockTime } from "./clock.js";
import { attempt, say } from "./shell.js";
import { knows, nameOf, t } from "./words.js";

export const closingPart = () => ({
  closing: { group: "", then: "" },

  /** Nothing where a group is open and has no hours. */
  standingWords({ standing }) {
    if (!standing) return "";
    const at = standing.until === null ? "" : clockTime(standing.until).slice(0, 5);
    if (standing.why === "emergency" && !standing.open) return t("wall.closed_emergency");
    if (standing.open) return at ? t("wall.closes", { at }) : "";
    const closed = t(standing.serving && standing.drain_until ? "wall.draining" : "wall.closed");
    return at ? `${closed} · ${t("wall.opens", { at })}` : closed;
  },
  standingTone({ standing }) {
    if (standing?.why === "emergency") return "chip-bad";
    return standing?.open ? "" : "chip-warn";
  },
  standingWhy({ standing }) {
    if (!standing?.reason) return "";
    const why = knows(`closure_why.${standing.reason}`) ? t(`closure_why.${standing.reason}`) : standing.reason;
    return standing.by ? `${why} · ${nameOf("agents", standing.by) || standing.by}` : why;
  },
  closedNow() {
    const concerned = this.rows.filter((row) => !this.closing.group || row.group === this.closing.group);
    return concerned.some((row) => row.standing?.why === "emergency" && !row.standing.open);
  },
  askClosing() {
    this.closing = { group: "", then: "" };
    document.getElementById("closing").showModal();
  },
  shutDialog() {
    document.getElementById("closing").close();
  },
  async closeGroups(why) {
    const { group, then } = this.closing;
    await this.askRouter("close", { group: group || null, why, then: then || null });
  },
  async reopenGroups(why) {
    await this.askRouter("reopen", { group: this.closing.group || null, why });
  },
  async askRouter(what, body) {
    this.shutDialog();
    if (await attempt(() => post(`/api/groups/${what}`, body, { key: newId() }))) say(t("wall.asked"), "done");
  },
});
