// What is offered, and what became of it. Times are the server's. Whether somebody has
// something is the server's word alone: this page asks, and shows the answer.

import { randomId } from "./names.js";

const kept = 12;                  // offers that are over and still shown
const claimStore = "throng.claims";

export class Offers {
  #all = new Map();     // id → offer
  #listed = new Map();  // what the server said last of those that are open
  #clock;
  #changed;
  #channel = null;
  #claims = loadClaims();

  // changed is called when something did: changed(offer, why). why is "new", "found",
  // "result", "end" or "asking".
  constructor(clock, changed) {
    this.#clock = clock;
    this.#changed = changed;
  }

  // by asks and claims by a channel.
  by(channel) {
    this.#channel = channel;
  }

  // hear listens for offers and their ends in the user's own channel.
  hear(channel) {
    for (const event of ["bonus_offer", "bonus_end"]) channel.on(event, (payload) => this.told(event, payload, "new"));
  }

  // told takes what was published: "new" now, "found" while this page was away. It returns
  // what this page did not know: "offer", or "gone" for the end of one that it never saw.
  told(event, payload, why) {
    const known = this.#all.has(payload?.id);
    if (event === "bonus_offer") this.#offered(payload, why);
    if (event === "bonus_end") this.#ended(payload);
    if (known || !event.startsWith("bonus_")) return undefined;
    return event === "bonus_end" ? "gone" : "offer";
  }

  // all are those to be shown, the one that ends next first, what is over last.
  get all() {
    return [...this.#all.values()].sort((a, b) =>
      this.isOpen(b) - this.isOpen(a) || (this.isOpen(a) ? a.deadline - b.deadline : b.deadline - a.deadline));
  }

  isOpen(offer) {
    return !offer.end && this.#clock.now() < offer.deadline;
  }

  // missed asks for the list: after a join, so that an offer whose popup was missed is
  // found. It returns {open, kept}: how many this page knew as open, and how many of
  // them the server knows.
  async missed() {
    const before = [...this.#all.values()].filter((offer) => this.isOpen(offer));
    const { bonuses = [] } = await this.#patiently("bonus_list", {});
    this.#listed = new Map(bonuses.map((bonus) => [bonus.id, bonus]));
    for (const bonus of bonuses) this.#offered(bonus, "found");
    const lost = before.filter((offer) => !this.#listed.has(offer.id) && this.isOpen(offer));
    for (const offer of lost) this.#unknown(offer);
    return { open: before.length, kept: before.length - lost.length };
  }

  // proven asks whether the server still knows what this user has, on whatever screen it
  // was claimed. Of what is open the list says so. Of what is over the same claim again
  // finds out: it is answered like the first time, and no other can be granted any more.
  // It returns {mine, kept}.
  async proven() {
    const mine = [...this.#all.values()].filter((offer) => offer.mine);
    let kept = 0;
    for (const offer of mine) {
      if (this.#listed.has(offer.id) ? this.#listed.get(offer.id).mine : await this.#granted(offer.id)) kept++;
      else this.#unknown(offer);
    }
    return { mine: mine.length, kept };
  }

  async #granted(id) {
    try {
      const { result } = await this.#patiently("bonus_claim", { id, claim_id: this.#claims[id] });
      return result === "won" || result === "already";
    } catch (error) {
      if (error.code === 102) return false;
      throw error;
    }
  }

  #unknown(offer) {
    offer.end = { reason: "unknown" };
    this.#changed(offer, "end");
  }

  // patiently asks again while a server that has just begun opens its books.
  async #patiently(event, payload) {
    const tries = 20, pause = 500;
    for (let i = 1; ; i++) {
      try {
        return await this.#ask(event, payload);
      } catch (error) {
        if (!error.temporary || i === tries) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  #ask(event, payload) {
    const sent = performance.now();
    return new Promise((resolve, reject) => {
      this.#channel.push(event, payload)
        .receive("ok", (answer) => {
          this.#clock.exchange(answer.time, sent);
          resolve(answer);
        })
        .receive("error", reject)
        .receive("timeout", () => reject({ reason: "no answer" }));
    });
  }

  #offered({ id, data, quota = 0, starts_at: startsAt, deadline, time, mine }, why) {
    if (typeof id !== "string" || !Number.isFinite(deadline)) return;
    this.#clock.heard(time);   // so what is announced has begun here too
    const known = this.#all.get(id);
    const offer = known ?? { id, answer: null, mine: null, end: null, asking: false };
    Object.assign(offer, { text: textOf(data), quota, startsAt: startsAt ?? time, deadline });
    if (mine) this.#has(offer, mine);
    this.#all.set(id, offer);
    this.#trim();
    if (!known || why === "found") this.#changed(offer, known ? "known" : why);
  }

  #ended({ id, reason, claimed }) {
    const offer = this.#all.get(id);
    if (!offer || offer.end) return;
    offer.end = { reason, claimed };
    this.#changed(offer, "end");
  }

  // won takes a result from the user's own channel: won on this screen or another.
  won({ id, result, place, at }) {
    const offer = this.#all.get(id);
    if (!offer || result !== "won") return;
    const here = offer.asking || offer.answer?.result === "won";
    if (offer.mine) return;
    this.#has(offer, { place, at });
    offer.elsewhere = !here;
    this.#changed(offer, "result");
  }

  #has(offer, { place, at }) {
    offer.mine = { place, at };
  }

  // claim asks for it. A claim has an id, so that one whose answer was lost can be
  // repeated, and is answered like the first time.
  claim(id) {
    const offer = this.#all.get(id);
    if (!offer || offer.asking) return;
    offer.asking = true;
    offer.asked = performance.now();
    this.#changed(offer, "asking");
    const claimId = this.#claims[id] ??= randomId();
    saveClaims(this.#claims);
    this.#channel.push("bonus_claim", { id, claim_id: claimId })
      .receive("ok", (answer) => this.#answered(offer, answer))
      .receive("error", (error) => this.#answered(offer, { result: "error", ...error }))
      .receive("timeout", () => this.#answered(offer, { result: "unanswered" }));
  }

  #answered(offer, answer) {
    const sent = offer.asked;
    offer.asking = false;
    offer.answer = answer;
    offer.took = performance.now() - sent;
    this.#clock.exchange(answer.time, sent);
    if (answer.result === "won" || answer.result === "already") {
      offer.elsewhere = answer.result === "already";
      this.#has(offer, answer);
    }
    this.#changed(offer, "result");
  }

  // forget drops all: another user has other ones.
  forget() {
    this.#all.clear();
  }

  #trim() {
    const over = this.all.filter((offer) => !this.isOpen(offer));
    for (const offer of over.slice(kept)) this.#all.delete(offer.id);
  }
}

// textOf judges what somebody wrote: only text comes out.
function textOf(data) {
  const text = typeof data === "string" ? data : data?.text ?? data?.title ?? JSON.stringify(data ?? "");
  return String(text).slice(0, 200) || "An offer";
}

function loadClaims() {
  try {
    return JSON.parse(sessionStorage.getItem(claimStore)) ?? {};
  } catch {
    return {};
  }
}

function saveClaims(claims) {
  try {
    sessionStorage.setItem(claimStore, JSON.stringify(claims));
  } catch { /* storage is blocked */ }
}
