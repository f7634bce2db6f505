// The user's own channel, which all of its tabs and devices share: what it won, and a
// small map of settings. A setting is changed here at once, and is settled when the
// server has said where in the map's order it stands; the other screens follow.

import { randomId } from "./names.js";

export class Own {
  #channel = null;
  #map = { epoch: "", version: 0, entries: new Map() };   // as the server says it
  #pending = [];            // {id, key, value, ttl}: changes that it has not confirmed
  #position = null;
  #client = randomId();
  #count = 0;
  #waiting = 0;
  #changed;

  // changed is called with what is so now: changed({restored, key, note}).
  constructor(changed) {
    this.#changed = changed;
  }

  // of opens a user's channel and returns it, for those who listen there too.
  of(socket, user) {
    this.#channel?.leave();
    this.#map = { epoch: "", version: 0, entries: new Map() };
    this.#pending = [];
    this.#position = null;
    const channel = socket.channel(`@user:${user}`, () => ({
      recover: this.#position ?? {},
      ...(this.#map.epoch && { state: { epoch: this.#map.epoch, version: this.#map.version } }),
    }));
    this.#channel = channel;
    const mine = (act) => (...args) => channel === this.#channel && act(...args);
    channel.on("state", mine((snapshot) => this.#snapshot(snapshot)));
    channel.on("state_diff", mine((diff, offset) => {
      this.#advance(offset);
      this.#diff(diff);
    }));
    for (const event of ["bonus_result", "bonus_offer", "bonus_end"]) channel.on(event, mine((_, offset) => this.#advance(offset)));
    return channel;
  }

  // join returns what the server answered.
  join() {
    const channel = this.#channel;
    channel.join().receive("ok", ({ offset, epoch, publications = [] }) => {
      if (channel !== this.#channel) return;
      for (const { event, payload } of publications) channel.trigger(event, payload);
      if (epoch) this.#position = { offset, epoch };
      this.#resend();
      this.#awaitSnapshot();
    });
  }

  // awaitSnapshot: a map that is complete as it is here is not shown again. No word of
  // the server's says so; a snapshot that does not come for a while does.
  #awaitSnapshot() {
    const patience = 1500;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#changed({ restored: { size: this.size, same: this.#map.epoch !== "" } }), patience);
  }

  #advance(offset) {
    if (this.#position && typeof offset === "number") this.#position.offset = Math.max(this.#position.offset, offset);
  }

  // size is how many entries the server has.
  get size() {
    return this.#map.entries.size;
  }

  // value is what this screen goes by: what it changed last, else what the server has.
  value(key) {
    return (this.#pending.findLast((change) => change.key === key) ?? this.#map.entries.get(key))?.value;
  }

  set(key, value, ttl) {
    const change = { id: `${this.#client}:${++this.#count}`, key, value, ttl };
    this.#pending.push(change);
    this.#changed({ key, note: "saving …" });
    this.#send(change);
  }

  // send may be repeated: a mutation that was done is answered like the first time.
  #send(change) {
    const sent = performance.now();
    const { id, key, value, ttl } = change;
    this.#channel.push("state_set", { key, value, mutation_id: id, ...(ttl && { ttl_ms: ttl }) })
      .receive("ok", ({ version }) => {
        const known = this.#map.entries.get(key);
        if (!known || known.version < version) this.#map.entries.set(key, { value, version });
        this.#settled(change, `on all your screens, ${Math.round(performance.now() - sent)} ms`);
      })
      .receive("error", ({ reason } = {}) => this.#settled(change, `not saved: ${reason ?? "refused"}`));
  }

  #resend() {
    for (const change of this.#pending) this.#send(change);
  }

  #settled(change, note) {
    const place = this.#pending.indexOf(change);
    if (place < 0) return;
    this.#pending.splice(place, 1);
    this.#changed({ key: change.key, note });
  }

  #snapshot({ epoch, version, entries = {} }) {
    clearTimeout(this.#waiting);
    const same = epoch === this.#map.epoch;
    this.#map = { epoch, version, entries: new Map(Object.entries(entries)) };
    this.#changed({ restored: { size: this.size, same } });
  }

  #diff(diff) {
    const { epoch, version, key, value, deleted, mutation_id: id } = diff;
    if (epoch !== this.#map.epoch || version > this.#map.version + 1) {
      this.#channel.push("state_get", {}).receive("ok", (snapshot) => this.#snapshot(snapshot));
      return;
    }
    if (version <= this.#map.version) return;
    this.#map.version = version;
    if (deleted) this.#map.entries.delete(key);
    else this.#map.entries.set(key, { value, version });
    const own = this.#pending.find((change) => change.id === id);
    this.#changed({ key, note: own ? undefined : "changed on another screen" });
  }
}
