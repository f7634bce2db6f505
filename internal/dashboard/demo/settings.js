// What a user sets on one screen and has on all: light or dark, the lamp's colour, and
// which offers were put away. It is the user's state on the server; see own.js.

const known = { theme: ["auto", "light", "dark"], lamp: ["warm", "green", "rose"] };
const away = "away:";              // what keys of offers begin with that were put away
const awayFor = 10 * 60_000;
const byId = (id) => document.getElementById(id);

export class Settings {
  #own;
  #acts;
  #noteTimer = 0;

  // acts: picture, dismissed() when an offer may have been put away on another screen, and
  // restored({size, same}) after a join: how many entries the server has, and whether
  // they are those of the same map as before.
  constructor(own, acts) {
    this.#own = own;
    this.#acts = acts;
    byId("theme").addEventListener("change", () => this.#own.set("theme", byId("theme").value));
    byId("lamps").addEventListener("change", (event) => this.#own.set("lamp", event.target.value));
    this.#show();
  }

  // dismissed is which offers were put away.
  dismissed = {
    has: (id) => this.#own.value(away + id) === true,
    add: (id) => this.#own.set(away + id, true, awayFor),
  };

  changed({ restored, key, note }) {
    if (restored) this.#acts.restored(restored);
    if (restored || key.startsWith(away)) this.#acts.dismissed();
    else if (note) this.#note(note);
    this.#show();
  }

  // forget goes back to how a page begins: another user has other settings.
  forget() {
    this.#show();
  }

  // show takes only what it knows: another client may have set anything.
  #show() {
    const value = (key) => (known[key].includes(this.#own.value(key)) ? this.#own.value(key) : known[key][0]);
    byId("theme").value = value("theme");
    document.documentElement.dataset.theme = value("theme");
    for (const input of byId("lamps").querySelectorAll("input")) input.checked = input.value === value("lamp");
    this.#acts.picture.lamp = value("lamp");
  }

  #note(text) {
    const patience = 4000;
    byId("saved").textContent = text;
    clearTimeout(this.#noteTimer);
    this.#noteTimer = setTimeout(() => { byId("saved").textContent = ""; }, patience);
  }
}
