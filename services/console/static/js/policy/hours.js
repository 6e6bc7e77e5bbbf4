// A calendar as a week: seven rows of twenty-four hours, and the days to come that differ.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 44;
const HOUR = 22;
const ROW = 24;
const TOP = 18;

const make = (name, attributes, text) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** Draw the week of a calendar (`week`: per weekday, pairs of minutes) with the names of the days given. */
export function drawWeek(svg, week, days) {
  svg.setAttribute("viewBox", `0 0 ${LEFT + 24 * HOUR + 8} ${TOP + 7 * ROW + 2}`);
  const parts = [];
  for (let hour = 0; hour <= 24; hour += 3) {
    parts.push(make("line", { x1: LEFT + hour * HOUR, x2: LEFT + hour * HOUR, y1: TOP - 2, y2: TOP + 7 * ROW, class: "grid" }));
    if (hour < 24) parts.push(make("text", { x: LEFT + hour * HOUR + 2, y: 11, class: "axis" }, clock(hour * 60)));
  }
  week.forEach((spans, n) => {
    const y = TOP + n * ROW;
    parts.push(make("text", { x: 0, y: y + 15, class: "axis" }, days[n]));
    parts.push(make("rect", { x: LEFT, y: y + 3, width: 24 * HOUR, height: ROW - 6, class: "shut" }));
    for (const [opens, closes] of spans) {
      const bar = make("rect", { x: LEFT + (opens * HOUR) / 60, y: y + 3, width: ((closes - opens) * HOUR) / 60, height: ROW - 6, rx: 2, class: "open" });
      bar.append(make("title", {}, `${days[n]} ${clock(opens)}–${clock(closes)}`));
      parts.push(bar);
    }
  });
  svg.replaceChildren(...parts);
}

/** The week in words, for those who do not see the drawing. */
export const weekWords = (week, days, closed) =>
  week.map((spans, n) => `${days[n]} ${spans.map(([a, b]) => `${clock(a)}–${clock(b)}`).join(", ") || closed}`).join("; ");
