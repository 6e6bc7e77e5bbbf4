// Alarms as a short list with their age and the next thing to do; a cleared one leaves, the others keep their places.

import { nameOf, t } from "./words.js";

export const alarmsPart = () => ({
  alarms: [],

  hearAlarm(alarm) {
    const others = this.alarms.filter((other) => other.alarm_id !== alarm.alarm_id);
    if (alarm.state === "cleared") this.alarms = others;
    else if (others.length === this.alarms.length) this.alarms = [...this.alarms, alarm];
    else this.alarms = this.alarms.map((other) => (other.alarm_id === alarm.alarm_id ? alarm : other));
  },
  alarmWords(alarm) {
    const who = alarm.agent_id ? nameOf("agents", alarm.agent_id) : nameOf("groups", alarm.group);
    return alarm.count ? t("alarms.of_count", { who, n: alarm.count }) : who;
  },
  alarmLink(alarm) {
    if (alarm.kind === "rona") return `/floor?agent=${alarm.agent_id}`;
    if (alarm.kind === "over_target") return `/contacts?group=${alarm.group}`;
    return alarm.kind === "nobody_staffed" ? "/roster?tab=skills" : null;
  },
});
