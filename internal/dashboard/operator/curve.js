// How many were here over time. The chart is uPlot; what is dragged over is looked at
// more closely.

import uPlot from "./uplot.js";
import { number, when } from "./words.js";

const height = 280;

export class Curve {
  #parent;
  #zoomed;
  #plot = null;
  #from = 0;
  #to = 1;

  // zoomed is called with the part that was dragged over.
  constructor(parent, zoomed) {
    this.#parent = parent;
    this.#zoomed = zoomed;
    new ResizeObserver(() => this.#plot?.setSize({ width: parent.clientWidth, height })).observe(parent);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#renew());
  }

  draw({ from, to, points }) {
    [this.#from, this.#to] = [from, to];
    const data = withGaps(points);
    if (this.#plot) this.#plot.setData(data);
    else this.#plot = this.#make(data);
    this.#parent.ariaLabel = describe(points);
  }

  #renew() {
    if (!this.#plot) return;
    const data = this.#plot.data;
    this.#plot.destroy();
    this.#plot = this.#make(data);
  }

  #make(data) {
    const colour = (property) => getComputedStyle(document.documentElement).getPropertyValue(property).trim();
    const axis = {
      stroke: colour("--soft"), font: "12px system-ui, sans-serif",
      grid: { stroke: colour("--edge"), width: 1 }, ticks: { stroke: colour("--edge"), width: 1, size: 5 },
    };
    return new uPlot({
      width: this.#parent.clientWidth, height, ms: 1,
      scales: {
        x: { time: true, range: () => [this.#from, this.#to] },
        y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
      },
      axes: [axis, { ...axis, size: 64, incrs: steps, values: (_, ticks) => ticks.map(number) }],
      series: [
        { label: "time", value: (_, v) => (v === null ? "–" : when(v)) },
        {
          label: "users", stroke: colour("--accent"), fill: colour("--accent-soft"), width: 2,
          points: { show: data[0].length < 3 }, value: (_, v) => (v === null || v === undefined ? "–" : number(v)),
        },
        {
          label: "connections", stroke: colour("--soft"), width: 1.25, dash: [4, 3],
          points: { show: false }, value: (_, v) => (v === null || v === undefined ? "–" : number(v)),
        },
      ],
      cursor: { drag: { x: true, y: false, setScale: false } },
      hooks: {
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          this.#zoomed(Math.floor(plot.posToVal(left, "x")), Math.ceil(plot.posToVal(left + width, "x")));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
      },
    }, data, this.#parent);
  }
}

// People are whole.
const steps = [1, 2, 5].flatMap((n) => Array.from({ length: 9 }, (_, e) => n * 10 ** e)).sort((a, b) => a - b);

// withGaps puts nothing where nothing was recorded for longer than usual, so that no
// line is drawn through a night without a server.
function withGaps(points) {
  const distances = points.slice(1).map((p, i) => p.at - points[i].at).sort((a, b) => a - b);
  const usual = distances[Math.floor(distances.length / 2)] ?? Infinity;
  const data = [[], [], []];
  points.forEach((point, i) => {
    if (i > 0 && point.at - points[i - 1].at > 3 * usual) {
      data[0].push(points[i - 1].at + usual);
      data[1].push(null);
      data[2].push(null);
    }
    data[0].push(point.at);
    data[1].push(point.users);
    data[2].push(point.connections);
  });
  return data;
}

function describe(points) {
  if (points.length === 0) return "Nothing was recorded in this period";
  const peak = points.reduce((most, p) => (p.users > most.users ? p : most));
  return `Users over time: at most ${number(peak.users)}, on ${when(peak.at)}; ${number(points.at(-1).users)} at the end`;
}
