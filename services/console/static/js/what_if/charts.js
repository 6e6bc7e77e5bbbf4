// Before and after as pictures: over the hours as two lines (the shaded band is where "after" lies in 95 of 100 runs), by group and
// tier as pairs of dots with whiskers. The tables beside them say the same in numbers.

const HEIGHT = 220;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const axis = () => ({ stroke: colour("--quiet"), font: `12px ${colour("--sans")}`, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } });
const ends = (value, end) => (value === null ? null : value[end] ?? value.mean);

function kept(chart, place) {
  const watch = new ResizeObserver(() => chart.setSize({ width: Math.max(260, place.clientWidth), height: HEIGHT }));
  watch.observe(place);
  return {
    destroy() {
      watch.disconnect();
      chart.destroy();
    },
  };
}

/** `rows`: [{at: seconds, before, after}] with estimates; `unit`: number → text; `most`: top of the scale, or null. */
export function drawHours(place, rows, { zone, unit, most, words }) {
  const { uPlot } = window;
  const of = (side, end) => rows.map((row) => ends(row[side], end));
  const data = [rows.map((row) => row.at + 1800), of("after", "high"), of("after", "low"), of("before", "mean"), of("after", "mean")]; // the band lies under the lines
  const band = { stroke: "transparent", points: { show: false } };
  const options = {
    width: Math.max(260, place.clientWidth), height: HEIGHT, legend: { show: false }, cursor: { y: false, points: { size: 6 } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    scales: { y: { range: (_chart, _low, high) => [0, most ?? Math.max(1, high * 1.1)] } },
    axes: [
      { ...axis(), values: [[86400, "{MM}-{DD}", null, null, null, null, null, null, 1], [1, "{HH}:{mm}", "\n{MM}-{DD}", null, null, null, null, null, 1]] },
      { ...axis(), size: 60, values: (_chart, ticks) => ticks.map(unit) },
    ],
    series: [
      {}, band, band,
      { label: words("before"), stroke: colour("--quiet"), width: 2, dash: [6, 3], points: { show: true, size: 5 } },
      { label: words("after"), stroke: colour("--accent"), width: 2, points: { show: true, size: 5, fill: colour("--accent") } },
    ],
    bands: [{ series: [1, 2], fill: colour("--accent-ground") }],
  };
  return kept(new uPlot(options, data, place), place);
}

/** `rows`: [{name, before, after}]: a pair of dots each, grey before, coloured after, with the interval as a whisker. */
export function drawPairs(place, rows, { unit, most }) {
  const { uPlot } = window;
  const at = rows.map((_, index) => index);
  const all = rows.flatMap((row) => [ends(row.before, "high"), ends(row.after, "high")]).filter((value) => value !== null);
  const top = most ?? Math.max(1, ...all) * 1.1;
  const whiskers = (chart) => {
    const { ctx } = chart;
    ctx.save();
    for (const [index, row] of rows.entries()) {
      for (const [side, shift] of [["before", -0.12], ["after", 0.12]]) {
        const value = row[side];
        if (value === null) continue;
        const x = chart.valToPos(index + shift, "x", true);
        const y = (amount) => chart.valToPos(amount, "y", true);
        ctx.strokeStyle = ctx.fillStyle = colour(side === "before" ? "--quiet" : "--accent");
        ctx.lineWidth = 2 * devicePixelRatio;
        if (value.low !== null) {
          ctx.beginPath();
          ctx.moveTo(x, y(Math.max(0, value.low)));
          ctx.lineTo(x, y(Math.min(top, value.high)));
          ctx.stroke();
        }
        ctx.beginPath();
        ctx.arc(x, y(value.mean), 4.5 * devicePixelRatio, 0, 2 * Math.PI);
        ctx.fill();
      }
    }
    ctx.restore();
  };
  const short = (name) => (name.length > 14 ? `${name.slice(0, 13)}…` : name);
  const options = {
    width: Math.max(260, place.clientWidth), height: HEIGHT, legend: { show: false }, cursor: { show: false },
    padding: [8, rows.length > 4 ? 32 : 8, 0, 0], // the last turned name needs room
    scales: { x: { time: false, range: () => [-0.6, rows.length - 0.4] }, y: { range: () => [0, top] } },
    axes: [
      { ...axis(), grid: { show: false }, splits: () => at, values: (_chart, ticks) => ticks.map((tick) => short(rows[tick]?.name ?? "")), rotate: rows.length > 4 ? -25 : 0, size: rows.length > 4 ? 60 : 40 },
      { ...axis(), size: 60, values: (_chart, ticks) => ticks.map(unit) },
    ],
    series: [{}, { stroke: "transparent", points: { show: false } }],
    hooks: { draw: [whiskers] },
  };
  return kept(new uPlot(options, [at, at.map(() => null)], place), place);
}
