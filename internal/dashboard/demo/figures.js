// The four cards: what the server publishes about itself once a second, and
// what this tab measures: the time from its own push to the ok.

import { Spark } from "./spark.js";

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const byId = (id) => document.getElementById(id);

export class Figures {
  #before = null;
  #trips = [];
  #sparks = Object.fromEntries(
    ["connections", "bytes", "deliveries", "latency"].map((id) => [id, new Spark(byId(`${id}-spark`))]));

  update({ connections, bytes_per_connection: bytes, measured, deliveries, uptime_s: uptime }) {
    this.#show("connections", connections, whole.format(connections));
    byId("uptime").textContent = `server up ${duration(uptime)}`;

    this.#show("bytes", bytes, `${whole.format(Math.round(bytes))} B`);
    byId("bytes-note").textContent = measured
      ? "of the process's memory" : "its records (measured from 1,000 on)";

    byId("deliveries-total").textContent = `${short.format(deliveries)} since the start`;
    this.#rate(deliveries, uptime);
  }

  // The server's own clock divides: what arrives late says the same rate. A
  // counter that went back is a server that began anew.
  #rate(deliveries, uptime) {
    const before = this.#before;
    if (before && uptime === before.uptime) return;
    this.#before = { deliveries, uptime };
    if (!before || uptime < before.uptime || deliveries < before.deliveries) return;
    const rate = (deliveries - before.deliveries) / (uptime - before.uptime);
    this.#show("deliveries", rate, whole.format(Math.round(rate)));
  }

  trip(ms) {
    this.#trips.push(ms);
    if (this.#trips.length > 60) this.#trips.shift();
    const sorted = [...this.#trips].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)];
    this.#show("latency", ms, milliseconds(ms));
    byId("latency-note").textContent = `there and back, median ${milliseconds(median)}`;
  }

  #show(id, value, text) {
    if (!Number.isFinite(value)) return;
    byId(id).textContent = text;
    this.#sparks[id].add(value);
  }
}

export const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  return units.slice(first, first + 2)
    .map(([unit, size], i) => [unit, Math.floor((i === 0 ? seconds : seconds % units[first][1]) / size)])
    .filter(([, n], i) => i === 0 || n > 0)
    .map(([unit, n]) => `${n} ${unit}`).join(" ");
}
