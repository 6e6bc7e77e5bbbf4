// One campaign: what it does in a sentence, start, pause and stop at once, and four views of it. The parts are separate ideas; this
// file puts them together.

import { get, newId, post, withQuery } from "../api.js";
import { attempt, merged, start } from "../shell.js";
import { inWords, nameOf, t } from "../words.js";
import { attemptsPart } from "./attempts.js";
import { listsPart } from "./lists.js";
import { livePart } from "./live.js";
import { recordsPart } from "./records.js";
import { AFTER, campaignWords } from "./words.js";

const TABS = ["live", "records", "attempts", "lists"];
const campaignId = location.pathname.split("/")[2];
const wished = new URLSearchParams(location.search);

const campaignPart = () => ({
  campaign: null, rulesets: [], fault: "", busy: false, hoped: null,
  tab: TABS.includes(wished.get("tab")) ? wished.get("tab") : "live",

  init() {
    this.initRecords();
    this.initAttempts();
    this.initLists();
    this.begin();
  },
  path: (rest = "") => `/api/outbound/campaigns/${campaignId}${rest}`,
  async begin() {
    this.fault = "";
    try {
      const [campaign, rulesets] = await Promise.all([get(this.path()), get("/api/outbound/rulesets")]);
      Object.assign(this, { campaign, rulesets: rulesets.items });
    } catch (problem) {
      this.fault = problem.message;
      return;
    }
    document.title = `${this.campaign.title} · UCC`;
    this.beginLive();
    this.open(this.tab);
  },
  /** What was asked for is shown at once; the live answer confirms it. */
  state() {
    return this.hoped ?? this.live?.state ?? this.campaign.state;
  },
  current() {
    return { ...this.campaign, state: this.state() };
  },
  sentence() {
    const { campaign } = this;
    return t("campaign.sentence", {
      mode: t(`dial_mode.${campaign.mode}`), purpose: t(`purpose.${campaign.purpose}`), group: nameOf("groups", campaign.group),
      hours: this.calendarWords(campaign.choices.calendar), rules: campaign.rulesets.map((one) => this.rulesetWords(one)).join(t("campaign_form.and")) || t("campaign_form.no_rules"),
    });
  },
  calendarWords(calendar) {
    const days = Object.entries(calendar ?? {});
    if (!days.length) return t("campaign.whenever");
    const parts = days.map(([day, hours]) => `${t(`weekday.${day}`)} ${hours.map((one) => one.join("–")).join(" ")}`);
    const same = new Set(days.map(([, hours]) => JSON.stringify(hours))).size === 1 && days.length > 2;
    return same ? `${t(`weekday.${days[0][0]}`)}–${t(`weekday.${days.at(-1)[0]}`)} ${days[0][1].map((one) => one.join("–")).join(" ")}` : parts.join(t("campaign_form.and"));
  },
  rulesetWords(code) {
    const known = this.rulesets.find((one) => one.ruleset === code);
    return known ? inWords(known.name) : code;
  },

  // ---- steps

  async act(step) {
    this.busy = true;
    this.hoped = AFTER[step];
    const done = await attempt(async () => { this.campaign = { ...this.campaign, ...(await post(this.path(`/${step}`), {}, { key: newId() })) }; });
    this.busy = false;
    if (!done) this.hoped = null;
    await this.readLive();
    this.hoped = null;
  },
  askStop() {
    document.getElementById("stopping").showModal();
  },
  close(id) {
    document.getElementById(id).close();
  },
  stop() {
    this.close("stopping");
    return this.act("stop");
  },

  // ---- tabs

  show(tab) {
    this.tab = tab;
    history.replaceState(null, "", withQuery(location.pathname, { tab: tab === "live" ? "" : tab }));
    this.open(tab);
  },
  step(by) {
    const next = TABS[(TABS.indexOf(this.tab) + by + TABS.length) % TABS.length];
    this.show(next);
    document.getElementById(`tab-${next}`).focus();
  },
  open(tab) {
    ({ live: () => this.openLive(), records: () => this.records.load(), attempts: () => this.openAttempts(), lists: () => this.openLists() })[tab]();
  },
});

await start({ campaign: () => merged(campaignWords(), campaignPart(), livePart(), recordsPart(campaignId), attemptsPart(campaignId), listsPart(campaignId)) });
