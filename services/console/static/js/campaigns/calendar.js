// When a campaign calls, by the clock of who is called: a week with several intervals a day, and days off.

import { t } from "../words.js";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const OFFICE = ["09:00", "18:00"];
const LAST = "24:00";

const interval = ([from, to]) => ({ from, to: to === LAST ? "00:00" : to }); // a time field has no 24:00: midnight ends the day
const hoursOf = ({ from, to }) => [from, to === "00:00" ? LAST : to];
export const officeWeek = () => Object.fromEntries(DAYS.map((day, index) => [day, { on: index < 5, hours: [interval(OFFICE)] }]));

/** The form's week of a calendar as the interface has it. */
export function weekOf(calendar) {
  const days = Object.entries(calendar);
  return Object.fromEntries(
    DAYS.map((day) => {
      const [, hours = []] = days.find(([name]) => name === day) ?? [];
      return [day, { on: hours.length > 0, hours: hours.length ? hours.map(interval) : [interval(OFFICE)] }];
    }),
  );
}

/** Mixed into the form; `draft.week`, `draft.any_time` and `draft.days_off` are its own. */
export const calendarPart = () => ({
  newDayOff: "",

  openDays() {
    return this.draft.any_time ? [] : DAYS.filter((day) => this.draft.week[day].on);
  },
  calendar() {
    return Object.fromEntries(this.openDays().map((day) => [day, this.draft.week[day].hours.map(hoursOf)]));
  },
  addInterval(day) {
    const { hours } = this.draft.week[day];
    const from = hours.length ? hours.at(-1).to : OFFICE[0];
    hours.push({ from, to: from < OFFICE[1] ? OFFICE[1] : "21:00" });
  },
  dropInterval(day, place) {
    this.draft.week[day].hours.splice(place, 1);
    if (!this.draft.week[day].hours.length) Object.assign(this.draft.week[day], { on: false, hours: [interval(OFFICE)] });
  },
  /** A day's hours for every other day that is open. */
  copyHours(day) {
    for (const other of this.openDays()) this.draft.week[other].hours = this.draft.week[day].hours.map((one) => ({ ...one }));
  },
  /** What is wrong with an interval, before anybody is asked. */
  intervalFault(day, place) {
    const { on, hours } = this.draft.week[day];
    if (!on || this.draft.any_time) return "";
    const [from, to] = hoursOf(hours[place]);
    if (!from || !to) return t("campaign_form.hours.missing");
    if (from >= to) return t("campaign_form.hours.order");
    const overlaps = hours.some((other, index) => index !== place && hoursOf(other)[0] < to && from < hoursOf(other)[1]);
    return overlaps ? t("campaign_form.hours.overlap") : this.faultAt(`calendar.${day}.${place}`);
  },
  hasHourFault() {
    return this.openDays().some((day) => this.draft.week[day].hours.some((_, place) => this.intervalFault(day, place)));
  },
  addDayOff() {
    if (this.newDayOff && !this.draft.days_off.includes(this.newDayOff)) this.draft.days_off = [...this.draft.days_off, this.newDayOff].sort();
    this.newDayOff = "";
  },
  dropDayOff(day) {
    this.draft.days_off = this.draft.days_off.filter((one) => one !== day);
  },
  /** The week in words; days with the same hours are named together. */
  hoursWords() {
    if (this.draft.any_time) return t("campaign.whenever");
    const groups = new Map();
    for (const [day, hours] of Object.entries(this.calendar())) {
      const words = hours.map((one) => one.join("–")).join(" ");
      groups.set(words, [...(groups.get(words) ?? []), day]);
    }
    const isRow = (days) => days.length > 2 && DAYS.indexOf(days.at(-1)) - DAYS.indexOf(days[0]) === days.length - 1;
    const daysOf = (days) => (isRow(days) ? [`${t(`weekday.${days[0]}`)}–${t(`weekday.${days.at(-1)}`)}`] : days.map((day) => t(`weekday.${day}`)));
    return [...groups].map(([hours, days]) => `${daysOf(days).join(t("campaign_form.and"))} ${hours}`).join(t("campaign_form.and")) || t("campaign_form.never");
  },
});
