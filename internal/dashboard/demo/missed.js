// What this page missed while it was away, and the line in the log that says how much.
//
// The answer to a join has what was missed up to the first publication with a deadline,
// such as an open offer. What came behind that follows as pushes, and the answer names
// them. So the line counts on until the last of them is here, and promises nothing before.

const words = {
  message: (n) => (n === 1 ? "1 message" : `${n} messages`),
  offer: (n) => (n === 1 ? "1 offer" : `${n} offers`),
  gone: (n) => (n === 1 ? "1 offer that came and went" : `${n} offers that came and went`),
};

export class Missed {
  #log;
  #line = null;         // null for who was not away
  #times = new Map();   // offset → when it was published, of what is still to follow
  #counts = {};         // kind of words → how many

  // log is a Messages.
  constructor(log) {
    this.#log = log;
  }

  // begin takes what follows a join's answer; count begins the line, if there shall be one.
  begin(following = []) {
    this.#line = null;
    this.#times = new Map(following.map(({ offset, time }) => [offset, time]));
  }

  count(kinds) {
    this.#counts = {};
    for (const kind of kinds) this.#add(kind);
    this.#line = this.#log.notice(this.#words(), "good");
  }

  // follows is told of each push. It returns when one was published that is old, and
  // undefined for one that is new.
  follows(offset) {
    if (this.#times.size === 0) return undefined;
    const time = this.#times.get(offset);
    for (const before of this.#times.keys()) if (before <= offset) this.#times.delete(before);
    this.#say();
    return time;
  }

  // one more was missed, of a kind or of none that counts.
  one(kind) {
    this.#add(kind);
    this.#say();
  }

  // settle is called when all that follows is here: what is not has expired on the way.
  settle() {
    this.#times.clear();
    this.#say();
  }

  #add(kind) {
    if (kind) this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
  }

  #say() {
    if (this.#line) this.#line.textContent = this.#words();
  }

  #words() {
    const kinds = Object.keys(words).filter((kind) => this.#counts[kind]);
    if (kinds.length) return `Caught up ${kinds.map((kind) => words[kind](this.#counts[kind])).join(", ")}`;
    return this.#times.size ? "Back online" : "Back online, nothing missed";
  }
}
