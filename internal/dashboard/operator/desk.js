// Offers: dropping them, and their claims as they come.

import { ask, download } from "./api.js";
import { element } from "./element.js";
import { name, number } from "./words.js";

const refresh = 1000;
const shown = 8;         // offers
const newest = 14;       // claims of each
const byId = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export class Desk {
  #form = byId("offer");
  #rows = new Map();     // id → row
  #timer = 0;
  #round = 0;
  #failed;

  constructor({ failed }) {
    this.#failed = failed;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#drop();
    });
    this.#form.elements.who.addEventListener("change", () => this.#fields());
    byId("claims-csv").addEventListener("click", () => this.#export({}));
    document.addEventListener("visibilitychange", () => document.hidden || byId("desk").hidden || this.#update());
  }

  // open shows the desk, if the server has one and the key may use it.
  async open() {
    this.close();
    const mine = this.#round;
    try {
      await ask("bonus_list", { limit: 1 });
    } catch {
      return;
    }
    if (mine !== this.#round) return;   // the operator left meanwhile
    byId("desk").hidden = false;
    this.#fields();
    await this.#suggest();
    if (mine === this.#round) this.#update();
  }

  close() {
    clearTimeout(this.#timer);
    this.#round++;
    byId("desk").hidden = true;
  }

  // suggest fills in the demo's channel where there is one.
  async #suggest() {
    const { channel } = this.#form.elements;
    const demo = "stream:live";
    if (channel.value) return;
    try {
      const { channels } = await ask("channels", { pattern: demo });
      if (channels[demo] && !channel.value) channel.value = demo;
    } catch { /* the key has no right to look */ }
  }

  #fields() {
    const who = this.#form.elements.who.value;
    byId("offer-minutes").hidden = who !== "watched";
    byId("offer-users").hidden = who !== "named";
  }

  async #drop() {
    const { text, quota, seconds, channel, who, minutes, users } = Object.fromEntries(new FormData(this.#form));
    const audience = { channel: channel.trim() };
    if (who === "watched") audience.min_watched_ms = Math.round(Number(minutes) * 60_000);
    if (who === "named") audience.users = users.split(",").map((user) => user.trim()).filter(Boolean);
    const request = { data: { text }, duration_ms: Math.round(Number(seconds) * 1000), audience };
    if (quota) request.quota = Number(quota);
    try {
      if (who === "present") audience.present_at = (await ask("info")).nodes[0].time;   // by the clock that judges claims
      const { id, deadline } = await ask("bonus_create", request);
      this.#told(`Dropped; it ends at ${clock.format(deadline)}.`, "good");
      this.#form.elements.text.value = "";
      await this.#update();
      this.#rows.get(id)?.node.scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (error.unknown) this.#failed(error);
      else this.#told(error.message, "bad");
    }
  }

  #told(text, tone) {
    byId("offer-told").textContent = text;
    byId("offer-told").dataset.tone = tone;
  }

  async #update() {
    if (byId("desk").hidden) return;   // the operator left while something was on its way
    clearTimeout(this.#timer);
    const mine = ++this.#round;
    try {
      const { bonuses } = await ask("bonus_list", { limit: shown });
      if (mine !== this.#round) return;
      this.#draw(bonuses);
      await Promise.all(bonuses.map((bonus) => this.#rows.get(bonus.id).claims(bonus)));
    } catch (error) {
      if (mine === this.#round) this.#failed(error);
    }
    if (mine === this.#round && !document.hidden) this.#timer = setTimeout(() => this.#update(), refresh);
  }

  #draw(bonuses) {
    for (const [id, row] of this.#rows) {
      if (bonuses.some((bonus) => bonus.id === id)) continue;
      row.node.remove();
      this.#rows.delete(id);
    }
    bonuses.forEach((bonus, i) => {
      let row = this.#rows.get(bonus.id);
      if (!row) this.#rows.set(bonus.id, row = new Row(bonus.id, { end: (id) => this.#end(id), export: (id) => this.#export({ id }) }));
      row.show(bonus);
      const list = byId("offers");
      if (list.children[i] !== row.node) list.insertBefore(row.node, list.children[i] ?? null);
    });
  }

  async #end(id) {
    try {
      await ask("bonus_end", { id });
      await this.#update();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #export(filter) {
    try {
      await download("bonus_export", { ...filter, format: "csv" }, "claims.csv");
    } catch (error) {
      this.#failed(error);
    }
  }
}

// Row is one offer.
class Row {
  #title = element("p", "title");
  #state = element("p", "state-word");
  #fill = element("span", "fill");
  #taken = element("span", "time");
  #claims = element("ol", "claims");
  #end = element("button", "quiet", "Withdraw");
  #had = -1;         // how many were claimed when the claims were read

  constructor(id, acts) {
    this.node = element("li", "offer");
    this.node.dataset.id = id;
    this.#state.dataset.testid = "offer-state";
    this.#taken.dataset.testid = "offer-taken";
    this.#claims.dataset.testid = "offer-claims";
    this.#claims.ariaLabel = "The newest claims";
    const csv = element("button", "quiet", "Export");
    csv.type = this.#end.type = "button";
    csv.addEventListener("click", () => acts.export(id));
    this.#end.addEventListener("click", () => acts.end(id));
    const words = element("div");
    words.append(this.#title, this.#state);
    const right = element("div");
    const taken = element("div", "taken");
    const bar = element("span", "bar");
    bar.append(this.#fill);
    taken.append(bar, this.#taken);
    const actions = element("div", "actions");
    actions.append(this.#end, csv);
    right.append(taken, actions);
    this.node.append(words, right, this.#claims);
  }

  show({ data, state, quota = 0, claimed, deadline, starts_at: starts, audience, named = 0 }) {
    this.node.dataset.state = state;
    this.#title.textContent = String(data?.text ?? (typeof data === "string" ? data : JSON.stringify(data))).slice(0, 200);
    const where = audience.channel ? `in ${name(audience.channel)}` : `to ${number(named)} ${named === 1 ? "user" : "users"}`;
    const when = state === "scheduled" ? `begins ${clock.format(starts)}` : `until ${clock.format(deadline)}`;
    const whom = [
      audience.channel && named ? `for ${number(named)} users` : "",
      audience.present_at ? "who was here" : "",
      audience.min_watched_ms ? `who watched ${number(audience.min_watched_ms / 60_000)} min` : "",
    ].filter(Boolean).join(", ");
    this.#state.textContent = [state, when, where, whom].filter(Boolean).join(" · ");
    this.#fill.style.inlineSize = quota ? `${(100 * claimed) / quota}%` : claimed ? "100%" : "0";
    this.#taken.textContent = quota ? `${number(claimed)} of ${number(quota)}` : `${number(claimed)} claimed`;
    this.#end.hidden = state !== "open" && state !== "scheduled";
  }

  // claims reads the newest, if some came since.
  async claims({ id, claimed }) {
    if (claimed === this.#had) return;
    const { claims } = await ask("bonus_claims", { id, after_place: Math.max(0, claimed - newest), limit: 100 });
    this.#had = claimed;
    const last = claims.slice(-newest).reverse();
    this.#claims.replaceChildren(...last.map(({ place, user, at }) => {
      const item = element("li");
      item.title = clock.format(at);
      item.append(element("span", "place", `${number(place)} `), name(user));
      return item;
    }));
  }
}
