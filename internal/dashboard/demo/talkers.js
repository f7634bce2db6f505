// Who talks, derived from the messages alone: the newest voice first.

import { element } from "./element.js";
import { hue, initials } from "./names.js";

const shown = 24;

export class Talkers {
  #last = new Map();
  #list;
  #queued = false;

  constructor(list) {
    this.#list = list;
    list.append(element("li", "nobody", "nobody yet"));
    setInterval(() => this.#last.size && this.#draw(), 10_000);
  }

  spoke(name, time) {
    if (time < (this.#last.get(name) ?? 0)) return;
    this.#last.set(name, time);
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      this.#draw();
    });
  }

  #draw() {
    const newest = [...this.#last].sort(([, a], [, b]) => b - a).slice(0, shown);
    this.#list.replaceChildren(...newest.map(([name, time]) => talker(name, time)));
  }
}

function talker(name, time) {
  const item = element("li", "talker");
  item.dataset.name = name;
  item.style.setProperty("--hue", hue(name));
  const avatar = element("span", "avatar", initials(name));
  avatar.ariaHidden = "true";
  item.append(avatar, element("span", "who", name), element("span", "ago", ago(time)));
  return item;
}

function ago(time) {
  const seconds = (Date.now() - time) / 1000;
  if (seconds < 20) return "just now";
  if (seconds < 60) return "<1 min";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}
