// Where offers are seen: the popup over the stream, with one at a time, and the list
// below it, with all of them, so that a missed popup is found again.

import { OfferCard } from "./offer-card.js";

const linger = 7000;   // how long a verdict stays in the popup
const tick = 200;
const byId = (id) => document.getElementById(id);

export class OfferViews {
  #offers;
  #clock;
  #dismissed;
  #cards = new Map();     // id → card in the list
  #popup = null;          // the card in the popup
  #until = 0;             // when the popup goes away by itself; 0: not
  #timer = 0;

  // dismissed: {has(id), add(id)}: what was put away, on any screen of the user's.
  constructor(offers, clock, dismissed) {
    this.#offers = offers;
    this.#clock = clock;
    this.#dismissed = dismissed;
  }

  // changed is told what happened to an offer.
  changed(offer, why) {
    const now = this.#clock.now();
    if ((why === "new" || why === "found") && this.#offers.isOpen(offer) && !offer.mine && !this.#dismissed.has(offer.id)) this.#pop(offer);
    if (why === "new" || (why === "found" && this.#popup?.id === offer.id)) {
      announce(`${why === "new" ? "New" : "Open"} offer: ${offer.text}. ${Math.ceil((offer.deadline - now) / 1000)} seconds.`);
    }
    if (this.#popup?.id === offer.id) {
      this.#until = why === "result" || why === "end" ? performance.now() + linger : why === "asking" ? 0 : this.#until;
    }
    this.draw();
    if (why === "result" || why === "end") announce(this.#said(offer));
  }

  #said({ id, text }) {
    const verdict = this.#cards.get(id)?.node.querySelector(".verdict").textContent;
    return verdict ? `${text}: ${verdict}` : "";
  }

  #pop(offer) {
    this.#popup = new OfferCard("div", offer, {
      claim: (id) => this.#offers.claim(id),
      dismiss: (id) => {
        this.#close();
        this.#dismissed.add(id);
      },
    });
    this.#until = 0;
    byId("popup").replaceChildren(this.#popup.node);
    byId("popup").hidden = false;
  }

  #close() {
    const inside = byId("popup").contains(document.activeElement);
    this.#popup = null;
    byId("popup").hidden = true;
    byId("popup").replaceChildren();
    if (inside) byId("play").focus();   // or a keyboard would begin at the top
  }

  // draw shows all as they are now.
  draw() {
    clearTimeout(this.#timer);
    const now = this.#clock.now();
    const all = this.#offers.all;
    const list = byId("offers");
    byId("no-offers").hidden = all.length > 0;
    for (const [id, card] of this.#cards) {
      if (all.some((offer) => offer.id === id)) continue;
      card.node.remove();
      this.#cards.delete(id);
    }
    all.forEach((offer, i) => {
      let card = this.#cards.get(offer.id);
      if (!card) this.#cards.set(offer.id, card = new OfferCard("li", offer, { claim: (id) => this.#offers.claim(id) }));
      card.show(now, this.#offers.isOpen(offer));
      if (list.children[i] !== card.node) list.insertBefore(card.node, list.children[i] ?? null);
    });
    this.#drawPopup(now, all);
    if (all.some((offer) => this.#offers.isOpen(offer)) || this.#popup) this.#timer = setTimeout(() => this.draw(), tick);
  }

  #drawPopup(now, all) {
    if (!this.#popup) return;
    const offer = all.find(({ id }) => id === this.#popup.id);
    const away = this.#dismissed.has(offer?.id) && !this.#until;   // on this screen or another
    if (!offer || away || (this.#until && performance.now() > this.#until)) {
      this.#close();
      return;
    }
    const open = this.#offers.isOpen(offer);
    if (!open && !this.#until) this.#until = performance.now() + linger;
    this.#popup.show(now, open);
  }
}

function announce(text) {
  byId("announce").textContent = text;
}
