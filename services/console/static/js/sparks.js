// Service level over today as a small line a group, against the goal: half hours from the reports, read again every minute.

import { get, withQuery } from "./api.js";
import { t } from "./words.js";

const EVERY_MS = 60_000;
const [WIDTH, HEIGHT] = [96, 24];
const MOST_PAGES = 10;

const y = (percent) => (HEIGHT - 1 - (percent / 100) * (HEIGHT - 2)).toFixed(1);

/** Mixed into the board: `spark(group)` is the line's path, `goalY()` where the dashed line runs. */
export const sparksPart = () => ({
  courses: {}, span: null, goal: 80,

  async beginSparks() {
    try {
      this.goal = (await get("/api/router/reports/definitions")).service_level_goal_percent;
    } catch {
      return; // not for this role, or reports are away: the board stands without the lines
    }
    this.readCourses();
    setInterval(() => this.readCourses(), EVERY_MS);
  },
  async readCourses() {
    const courses = {};
    let cursor = null;
    try {
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const answer = await get(withQuery("/api/router/reports/intervals", { interval: 30, split: "group", limit: 1000, cursor }));
        for (const row of answer.items) {
          if (row.service_level !== null) (courses[row.group] ??= []).push([Date.parse(row.start), row.service_level]);
        }
        cursor = answer.next;
        if (!cursor) break;
      }
    } catch {
      return; // the lines of a minute ago stay
    }
    const times = Object.values(courses).flat().map(([at]) => at);
    this.span = times.length ? [Math.min(...times), Math.max(...times)] : null;
    this.courses = courses;
  },
  hasSpark(group) {
    return (this.courses[group]?.length ?? 0) > 0;
  },
  spark(group) {
    if (!this.hasSpark(group)) return "";
    const [from, to] = this.span;
    const x = (at) => (to === from ? WIDTH - 3 : 2 + ((at - from) / (to - from)) * (WIDTH - 5)).toFixed(1);
    const points = this.courses[group].map(([at, level]) => `${x(at)} ${y(level)}`);
    return points.length === 1 ? `M${points[0]}h0.01` : `M${points.join("L")}`;
  },
  goalLine() {
    return `M0 ${y(this.goal)}H${WIDTH}`;
  },
  sparkWords() {
    return t("wall.course", { n: this.goal });
  },
});
