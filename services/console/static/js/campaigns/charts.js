// The two charts of a campaign, drawn by uPlot (a plain script, loaded before this module): how many are dialled and why not more, and
// the answer rate of each hour with its interval. What they show is said in words beside them.

const HEIGHT = 220;
const LEAST_SPAN = 300; // seconds: the first minutes of a chart are no wall

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const axisStyle = () => ({ stroke: colour("--quiet"), font: `12px ${colour("--sans")}`, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } });

function fitted(place, chart) {
  const watch = new ResizeObserver(() => { if (place.clientWidth) chart.setSize({ width: Math.max(260, place.clientWidth), height: HEIGHT }); });
  watch.observe(place);
  return () => { watch.disconnect(); chart.destroy(); };
}

const columns = (points) => [
  points.map((point) => point.at / 1e6), ...["dial", "supply", "demand"].map((name) => points.map((point) => point[name] ?? null)),
  ...["risk", "tolerance"].map((name) => points.map((point) => (point[name] === undefined ? null : 100 * point[name]))),
];

/** Dials, expected agents and answers, and the risk against the tolerated one; `tell` hears the point under the pointer. */
export function drawPacing(place, points, isPaced, tell) {
  const { uPlot } = window;
  let shown = points;
  const axis = axisStyle();
  const line = (label, name, more = {}) => ({ label, stroke: colour(name), width: 2, points: { show: false }, ...more });
  const options = {
    width: Math.max(260, place.clientWidth), height: HEIGHT, legend: { show: false }, cursor: { y: false, points: { size: 6 } },
    scales: { x: { range: (_chart, low, high) => [Math.min(low, high - LEAST_SPAN), high] }, y: { range: (_chart, _low, high) => [0, Math.max(4, high * 1.1)] }, share: { range: (_chart, _low, high) => [0, Math.max(10, Math.min(100, high * 1.2))] } },
    axes: [
      { ...axis, size: 30, values: [[60, "{HH}:{mm}", null, null, null, null, null, null, 1], [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1]], space: 70 },
      { ...axis, size: 40 }, { ...axis, show: isPaced, scale: "share", side: 1, size: 48, grid: { show: false }, values: (_chart, ticks) => ticks.map((tick) => `${tick} %`) },
    ],
    series: [
      {}, { label: "dial", paths: uPlot.paths.stepped({ align: -1 }), fill: colour("--accent-ground"), stroke: colour("--accent"), width: 1, points: { show: false } },
      line("supply", "--good", { paths: uPlot.paths.stepped({ align: 1 }) }), line("demand", "--text"), line("risk", "--warn", { scale: "share", width: 1 }),
      line("tolerance", "--line-strong", { scale: "share", width: 1, dash: [4, 4] }),
    ],
    hooks: { setCursor: [(chart) => tell(shown[chart.cursor.idx] ?? null)] },
  };
  const chart = new uPlot(options, columns(points), place);
  const destroy = fitted(place, chart);
  return { destroy, show(fresh) { shown = fresh; chart.setData(columns(fresh)); } };
}

/** The answer rate by hour of the callee's day as bars, with its interval as a line in each. */
export function drawHours(place, rows, tell) {
  const { uPlot } = window;
  const axis = axisStyle();
  const of = (name) => rows.map((row) => (row[name] === null || row[name] === undefined ? null : 100 * row[name]));
  const hours = rows.map((row) => row.hour);
  const options = {
    width: Math.max(260, place.clientWidth), height: HEIGHT, legend: { show: false }, cursor: { y: false, points: { show: false } },
    scales: { x: { time: false, range: () => [Math.min(...hours) - 1, Math.max(...hours) + 1] }, y: { range: (_chart, _low, high) => [0, Math.min(100, Math.max(20, high * 1.1))] } },
    axes: [{ ...axis, size: 30, values: (_chart, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? `${String(tick).padStart(2, "0")}` : "")), incrs: [1, 2, 3, 6] }, { ...axis, size: 48, values: (_chart, ticks) => ticks.map((tick) => `${tick} %`) }],
    series: [
      {}, { label: "rate", paths: uPlot.paths.bars({ size: [0.6, 40] }), fill: colour("--accent-ground"), stroke: colour("--accent"), width: 1, points: { show: false } },
      { label: "low", stroke: "transparent", points: { show: false } }, { label: "high", stroke: "transparent", points: { show: false } },
    ],
    hooks: { setCursor: [(chart) => tell(rows[chart.cursor.idx] ?? null)], draw: [(chart) => whiskers(chart, rows)] },
  };
  const chart = new uPlot(options, [hours, of("rate"), of("low"), of("high")], place);
  return { destroy: fitted(place, chart) };
}

function whiskers(chart, rows) {
  const { ctx } = chart;
  ctx.save();
  ctx.strokeStyle = colour("--quiet");
  ctx.lineWidth = devicePixelRatio;
  for (const row of rows.filter((one) => one.low !== null && one.low !== undefined)) {
    const x = chart.valToPos(row.hour, "x", true);
    const [low, high] = [row.low, row.high].map((share) => chart.valToPos(100 * share, "y", true));
    ctx.beginPath();
    ctx.moveTo(x, low);
    ctx.lineTo(x, high);
    ctx.stroke();
  }
  ctx.restore();
}
