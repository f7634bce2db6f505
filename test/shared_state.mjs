export class SharedState { // the map that a user's tabs share, with this tab's own changes on top
  epoch = ""; version = 0; entries = new Map(); ready = false; at = null; count = 0;
  pending = new Map(); // changes that are not in entries yet: id → {key, value, made?}, made when they are confirmed
  onchange = () => {};

  constructor(socket, user, tab) { // tab is a name that no other tab has
    this.tab = tab;
    this.channel = socket.channel(`@user:${user}`, () => ({ // where it stands, whenever it joins
      recover: this.at ?? {}, state: { epoch: this.epoch, version: this.version } }));
    this.channel.onMessage = (event, payload, ref) => { // a publication's ref is its offset
      if (typeof ref === "number" && this.at) this.at.offset = ref;
      return payload;
    };
    this.channel.on("state", (map) => this.replace(map));
    this.channel.on("state_diff", (diff) => this.apply(diff));
    this.channel.join().receive("ok", ({ offset, epoch, publications }) => {
      this.at = { offset, epoch };
      for (const { event, payload } of publications) this.channel.trigger(event, payload); // what was missed
    });
  }
  values() {
    const all = new Map([...this.entries].map(([key, entry]) => [key, entry.value]));
    for (const { key, value } of this.pending.values()) value === undefined ? all.delete(key) : all.set(key, value);
    return all;
  }
  write(key, value, more = {}) { // without a value the key is deleted; more is {if_version, ttl_ms, …}
    const id = `${this.tab}:${++this.count}`;
    this.pending.set(id, { key, value });
    this.onchange();
    let tries = 0;
    return new Promise((done, failed) => {
      const later = (e) => e.temporary || e.code === 111 || e.reason === "unmatched topic"; // the channel is being joined again
      const send = () => this.channel.push(value === undefined ? "state_del" : "state_set", { key, value, ...more, mutation_id: id })
        .receive("ok", (answer) => { this.made(id, answer); done(answer); })
        .receive("timeout", send) // with the same id: it is made once
        .receive("error", (e) => later(e) ? setTimeout(send, Math.min(++tries, 10) * (e.retry_after_ms ?? 500)) : (this.confirm(id), failed(e)));
      send();
    });
  }
  confirm(id) { if (this.pending.delete(id)) this.onchange(); }
  made(id, answer) { // its diff was there before, or the whole map follows
    if (this.pending.has(id)) this.pending.get(id).made = answer;
    this.settle();
  }
  settle() {
    for (const [id, { made }] of this.pending) if (made && (made.epoch !== this.epoch || made.version <= this.version)) this.confirm(id);
  }
  replace(map) {
    if (map.epoch === this.epoch && map.version < this.version) return;
    Object.assign(this, { epoch: map.epoch, version: map.version, entries: new Map(Object.entries(map.entries)), ready: true });
    this.settle();
    this.onchange();
  }
  apply(diff) {
    if (diff.epoch !== this.epoch && diff.version === 1) this.replace({ epoch: diff.epoch, version: 0, entries: {} }); // a new map
    if (diff.epoch !== this.epoch || diff.version > this.version + 1) { // something is missing
      this.channel.push("state_get", {}).receive("ok", (map) => this.replace(map));
    } else if (diff.version > this.version) {
      this.version = diff.version;
      diff.deleted ? this.entries.delete(diff.key) : this.entries.set(diff.key, diff);
    }
    this.confirm(diff.mutation_id);
    this.settle();
    this.onchange();
  }
}
