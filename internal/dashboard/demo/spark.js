// A sparkline: the last values of one figure as a line over a soft area.

const ns = "http://www.w3.org/2000/svg";
const width = 120, height = 32, inset = 2;
const least = 20;   // few values take their part of the width, many all of it

export class Spark {
  #values = [];
  #line = document.createElementNS(ns, "polyline");
  #area = document.createElementNS(ns, "polygon");
  #room;

  constructor(parent, room = 60) {
    this.#room = room;
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("preserveAspectRatio", "none");
    this.#line.setAttribute("vector-effect", "non-scaling-stroke");
    svg.append(this.#area, this.#line);
    parent.append(svg);
  }

  add(value) {
    this.#values.push(value);
    if (this.#values.length > this.#room) this.#values.shift();
    if (this.#values.length > 1) this.#draw();
  }

  // A quiet figure is a flat line, not its noise magnified: the span shown is
  // at least a tenth of the largest value.
  #draw() {
    const max = Math.max(...this.#values);
    const min = Math.min(...this.#values);
    const span = Math.max(max - min, Math.abs(max) / 10, 1e-9);
    const floor = (max + min - span) / 2;
    const step = width / (Math.max(this.#values.length, least) - 1);
    const start = width - step * (this.#values.length - 1);
    const points = this.#values.map((value, i) => {
      const y = height - inset - ((value - floor) / span) * (height - 2 * inset);
      return `${(start + i * step).toFixed(1)},${y.toFixed(1)}`;
    }).join(" ");
    this.#line.setAttribute("points", points);
    this.#area.setAttribute("points", `${start.toFixed(1)},${height} ${points} ${width},${height}`);
  }
}
