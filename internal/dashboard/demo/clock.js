// The server's clock, as far as this page can know it. A countdown that went by the
// browser's would be wrong by as much as that one is.
//
// A heartbeat's reply says the server's time. It was read somewhere between the sending
// and the answer's coming, so the middle is wrong by half of that at most: of what was
// measured lately, the quickest exchange is believed. The clock in between is
// performance.now(), which nobody sets, but which may stand still while a phone sleeps:
// what an exchange contradicts was before that.

const remembered = 5 * 60_000;   // quartz drifts: older measurements count no more
const drift = 50;                // ms that it may be off by then
const every = 15_000;

export class ServerClock {
  #samples = [];
  #offset = Date.now() - performance.now();   // until something is known
  #socket;

  constructor(socket) {
    this.#socket = socket;
    socket.onOpen(() => this.#measure(4));
    setInterval(() => this.#measure(1), every);
    document.addEventListener("visibilitychange", () => document.hidden || this.#measure(2));
  }

  // now is the server's time in milliseconds since 1970.
  now() {
    return performance.now() + this.#offset;
  }

  // error is by how much now may be wrong, Infinity as long as nothing is known.
  get error() {
    return this.#samples[0]?.error ?? Infinity;
  }

  // exchange takes the server's time of an answer to what was sent at a time, by
  // performance.now().
  exchange(time, sent) {
    const received = performance.now();
    if (!Number.isFinite(time)) return;
    const offset = time - (sent + received) / 2;
    const error = (received - sent) / 2;
    this.#samples = this.#samples.filter((one) => received - one.at < remembered
      && Math.abs(one.offset - offset) <= one.error + error + drift);
    this.#samples.push({ offset, error, at: received });
    this.#samples.sort((a, b) => a.error - b.error);
    this.#offset = this.#samples[0].offset;
  }

  // heard takes the server's time of what it said by itself: it is at least that now.
  heard(time) {
    if (Number.isFinite(time) && this.now() < time) this.#offset = time - performance.now();
  }

  // forget is for a server that began anew: its clock may be another one.
  forget() {
    this.#samples = [];
  }

  // measure sends heartbeats, one after the other.
  #measure(times) {
    if (times === 0 || !this.#socket.isConnected()) return;
    const ref = this.#socket.makeRef();
    const sent = performance.now();
    const listener = this.#socket.onMessage((message) => {
      if (message.ref !== ref) return;
      this.#socket.off([listener]);
      this.exchange(message.payload?.response?.time, sent);
      this.#measure(times - 1);
    });
    this.#socket.push({ topic: "phoenix", event: "heartbeat", payload: {}, ref });
  }
}
