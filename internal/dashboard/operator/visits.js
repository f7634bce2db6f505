// The table of visits: filters, pages by key, export.

import { ask, download } from "./api.js";
import { userButton } from "./bars.js";
import { element } from "./element.js";
import { name, spent, when } from "./words.js";

const rows = 25;
const byId = (id) => document.getElementById(id);
const minutes = (text) => (text === "" ? 0 : Math.round(Number(text) * 60_000));

export class Visits {
  #form = byId("filters");
  #body = byId("visits");
  #cursors = [""];     // of the pages up to the one that is shown
  #next = "";
  #asked = 0;
  #view;
  #chosen;
  #failed;

  // view says what the page shows: channel, node, from, to.
  constructor({ view, chosen, failed }) {
    this.#view = view;
    this.#chosen = chosen;
    this.#failed = failed;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.first();
    });
    for (const select of this.#form.querySelectorAll("select")) select.addEventListener("change", () => this.first());
    byId("next").addEventListener("click", () => this.#turn([...this.#cursors, this.#next]));
    byId("previous").addEventListener("click", () => this.#turn(this.#cursors.slice(0, -1)));
    for (const format of ["csv", "jsonl"]) {
      byId(format).addEventListener("click", () => this.#export(format));
    }
  }

  first() {
    return this.#turn([""]);
  }

  #request() {
    const { channel, node, from, to } = this.#view();
    const given = Object.fromEntries(new FormData(this.#form));
    const request = {
      user: given.user, node, kind: given.kind, from, to,
      shortest_ms: minutes(given.shortest), longest_ms: minutes(given.longest),
    };
    if (given.reason === "open") request.open = true;
    else request.reason = given.reason;
    if (given.where === "any" || (given.kind === "watching" && !channel)) request.any_channel = true;
    else if (given.where === "channel" || given.kind === "watching") request.channel = channel;
    return request;
  }

  async #turn(cursors) {
    const turn = ++this.#asked;
    try {
      const { visits, next = "" } = await ask("visits_sessions", { ...this.#request(), limit: rows, cursor: cursors.at(-1) });
      if (turn !== this.#asked) return;   // a later one was asked for
      this.#cursors = cursors;
      this.#next = next;
      this.#show(visits);
    } catch (error) {
      if (turn === this.#asked) this.#failed(error);   // or a key that was wrong would end the session of the next one
    }
  }

  #show(visits) {
    this.#body.replaceChildren(...visits.map((visit) => this.#row(visit)));
    if (visits.length === 0) {
      const cell = element("td", "nobody", "no visits");
      cell.colSpan = 7;
      const row = element("tr");
      row.append(cell);
      this.#body.append(row);
    }
    byId("page").textContent = `page ${this.#cursors.length}`;
    byId("previous").disabled = this.#cursors.length < 2;
    byId("next").disabled = !this.#next;
  }

  #row(visit) {
    const row = element("tr");
    const who = element("td");
    who.append(userButton(visit.user, this.#chosen));
    const time = element("td", "number", spent(visit.ms));
    row.append(
      who, element("td", "clip", visit.channel ? name(visit.channel) : "–"), element("td", "clip", name(visit.node)),
      moment(visit.started_at), moment(visit.ended_at), time,
      element("td", visit.reason ? "" : "open", visit.reason ?? "open"));
    return row;
  }

  async #export(format) {
    const button = byId(format);
    button.disabled = true;
    try {
      await download("visits_export", { ...this.#request(), format }, `visits.${format}`);
    } catch (error) {
      this.#failed(error);
    } finally {
      button.disabled = false;
    }
  }
}

function moment(ms) {
  const cell = element("td");
  if (!ms) return cell;
  const time = element("time", "", when(ms));
  time.dateTime = time.title = new Date(ms).toISOString();
  cell.append(time);
  return cell;
}
