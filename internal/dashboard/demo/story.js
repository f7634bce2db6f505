// After a server began anew: what came back and what did not, as the answers show it.
// Nothing here is assumed. An epoch that is another one says that what counted in it is
// gone; a list without an offer, and a claim that is unknown, say so of these.

import { element } from "./element.js";

const byId = (id) => document.getElementById(id);
const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export class Story {
  #facts = new Map();
  #open = false;

  constructor() {
    byId("story-close").addEventListener("click", () => {
      byId("story").hidden = true;
      this.#open = false;
    });
  }

  // begin is called when the server turns out to be another process.
  begin() {
    this.#facts.clear();
    this.#open = true;
    byId("story-title").textContent = "The server began anew. This is what it still knows:";
    this.#draw();
  }

  get open() {
    return this.#open;
  }

  // messages: those on the page are this page's own copies.
  messages(shown) {
    this.#fact("messages", shown === 0, shown === 0
      ? "Messages: there were none."
      : `Messages: history is kept in memory. ${plural(shown, "message")} from before ${shown === 1 ? "is" : "are"} on this page only; the server has forgotten ${shown === 1 ? "it" : "them"}.`);
  }

  offers({ open, kept }) {
    if (open) this.#fact("offers", kept === open, `Offers: ${kept} of ${plural(open, "open offer")} ${kept === 1 ? "is" : "are"} still there.`);
    else this.#fact("offers", true, "Offers: none was open.");
  }

  claims({ mine, kept }) {
    if (mine) this.#fact("claims", kept === mine, `Claims: ${kept} of ${plural(mine, "claim")} of yours ${kept === 1 ? "is" : "are"} in the journal.`);
  }

  books(error) {
    this.#fact("offers", false, `Offers and claims: the books can't be reached (${error?.reason ?? "no answer"}).`);
  }

  // settings: how many there were, and what the server has now: {size, same}.
  settings(before, { size, same }) {
    if (before === 0) this.#fact("settings", true, "Settings: you had none.");
    else if (same || size >= before) this.#fact("settings", true, `Settings: all of them, ${plural(size, "entry", "entries")}.`);
    else if (size) this.#fact("settings", false, `Settings: ${size} of ${before} came back.`);
    else this.#fact("settings", false, `Settings: forgotten (${plural(before, "entry", "entries")}). This page goes back to how it began.`);
  }

  // watched: the time before and after, in milliseconds.
  watched(before, after) {
    const lost = before - after;
    const seconds = (ms) => plural(Math.round(ms / 1000), "second");
    if (lost <= 0) this.#fact("watched", true, `Time watched: all of it, ${seconds(after)}.`);
    else this.#fact("watched", lost < 4000, after < 3000 && before > 6000
      ? `Time watched: forgotten (${seconds(before)}).`
      : `Time watched: ${seconds(after)}. Being away cost about ${(lost / 1000).toFixed(1)} s of what was seen here.`);
  }

  store(kind) {
    const words = {
      temporary: "The demo's store was temporary: whatever it had is gone with the process. --set store.file=demo.db keeps it.",
      file: "The store is a file: what was answered is on the disk.",
      postgres: "The store is a database: what was answered is in it.",
      off: "There is no store, so nothing lasts.",
    };
    if (words[kind]) this.#fact("store", null, words[kind]);
  }

  #fact(what, good, text) {
    if (!this.#open) return;
    this.#facts.set(what, { good, text });
    this.#draw();
  }

  #draw() {
    const order = ["messages", "settings", "offers", "claims", "watched", "store"];
    byId("story").hidden = false;
    byId("story-facts").replaceChildren(...order.filter((what) => this.#facts.has(what)).map((what) => {
      const { good, text } = this.#facts.get(what);
      const item = element("li", "fact", text);
      item.dataset.what = what;
      item.dataset.good = String(good);
      return item;
    }));
  }
}
