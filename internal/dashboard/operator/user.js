// One user: where it is now, and its time by day and by channel.

import { ask } from "./api.js";
import { bars } from "./bars.js";
import { name, number, spent, when } from "./words.js";

const byId = (id) => document.getElementById(id);

export class User {
  #dialog = byId("user");
  #failed;

  constructor({ failed }) {
    this.#failed = failed;
    byId("user-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
  }

  async open(user) {
    try {
      const [all, { sums }] = await Promise.all([
        ask("visits_user", { user }),
        ask("visits_watched", { user, days: true, from: "-14d" }),
      ]);
      byId("user-name").textContent = name(user);
      byId("user-where").textContent = where(all);
      byId("user-sum").textContent = `${spent(all.ms)} here in the last 30 days, in ${number(all.visits)} ${all.visits === 1 ? "visit" : "visits"}`;
      bars(byId("user-days"), sums.map(({ day, ms, visits }) => ({ label: day, ms, note: `${visits} ${visits === 1 ? "visit" : "visits"}` })));
      bars(byId("user-channels"), all.channels.slice(0, 20).map(({ channel, ms, watching_ms: watching }) => (
        { label: channel, ms, note: watching ? `watching ${spent(watching)}` : "" })));
      byId("user-channels").hidden = all.channels.length === 0;
      if (!this.#dialog.open) this.#dialog.showModal();
    } catch (error) {
      this.#failed(error);
    }
  }
}

function where({ online, since, nodes, here }) {
  if (!online) return "Not here now.";
  const places = nodes.map((node) => {
    const n = here[node];
    return n ? `${name(node)} (${number(n)} ${n === 1 ? "connection" : "connections"})` : name(node);
  });
  return `Here since ${when(since)}, on ${places.join(", ")}.`;
}
