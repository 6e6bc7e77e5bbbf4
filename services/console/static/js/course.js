// The course of a day: offered and abandoned as bars, service level as a line against its goal. Drawn by uPlot (a plain
// script, loaded before this module); the table under it says the same in words.

const HEIGHT = 220;
const FEWEST = 12;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Draw into `place`; `tell` is called with the row under the pointer, or null. Answers something to destroy. */
export function drawCourse(place, answer, { goal, words, tell }) {
  const { uPlot } = window;
  const rows = answer.items;
  const step = new Date(rows[0].end) - new Date(rows[0].start);
  const at = rows.map((row) => (new Date(row.start).getTime() + step / 2) / 1000);
  const spare = (Math.max(0, FEWEST - rows.length) * step) / 1000; // a morning's first bar is no wall
  const reach = [at[0] - step / 1000, at.at(-1) + step / 1000 + spare];
  const course = (name) => [null, ...rows.map((row) => row[name]), null]; // the ends carry the goal's line alone
  const data = [[reach[0], ...at, reach[1]], course("offered"), course("abandoned"), course("service_level"), [goal, ...rows.map(() => goal), goal]];
  const axis = { stroke: colour("--quiet"), font: `12px ${colour("--sans")}`, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const bars = uPlot.paths.bars({ size: [0.8, 48], align: 0 });
  const options = {
    width: Math.max(280, place.clientWidth), height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), answer.time_zone),
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { range: () => reach },
      y: { range: (_chart, _low, high) => [0, Math.max(4, high * 1.1)] },
      level: { range: [0, 100] },
    },
    axes: [
      { ...axis, values: [[86400, "{MM}-{DD}", null, null, null, null, null, null, 1], [1, "{HH}:{mm}", "\n{MM}-{DD}", null, null, null, null, null, 1]] },
      { ...axis, size: 44 },
      { ...axis, scale: "level", side: 1, size: 52, values: (_chart, ticks) => ticks.map((tick) => `${tick} %`), grid: { show: false } },
    ],
    series: [
      {},
      { label: words("offered"), paths: bars, fill: colour("--accent-ground"), stroke: colour("--accent"), width: 1, points: { show: false } },
      { label: words("abandoned"), paths: bars, fill: colour("--warn-ground"), stroke: colour("--warn"), width: 1, points: { show: false } },
      { label: words("service_level"), scale: "level", stroke: colour("--good"), width: 2, spanGaps: false, points: { show: true, size: 5, fill: colour("--good") } },
      { scale: "level", stroke: colour("--line-strong"), width: 1, dash: [4, 4], points: { show: false } },
    ],
    hooks: { setCursor: [(chart) => tell(rows[(chart.cursor.idx ?? 0) - 1] ?? null)] },
  };
  const chart = new uPlot(options, data, place);
  const watch = new ResizeObserver(() => chart.setSize({ width: Math.max(280, place.clientWidth), height: HEIGHT }));
  watch.observe(place);
  return {
    destroy() {
      watch.disconnect();
      chart.destroy();
    },
  };
}
