// One offer as people see it: what it is, how long it lasts, the button, the verdict.

import { element } from "./element.js";
import { terms, verdict } from "./verdict.js";

const ns = "http://www.w3.org/2000/svg";
const radius = 20;
const round = 2 * Math.PI * radius;

export class OfferCard {
  #offer;
  #acts;
  #ring = ring();
  #left = element("span", "rest");
  #title = element("p", "offer-title");
  #terms = element("p", "offer-terms");
  #verdict = element("p", "verdict");
  #button = element("button", "claim", "Claim");
  #later = element("button", "later", "Later");

  // acts: claim(id), and dismiss(id) if the card can be put away.
  constructor(tag, offer, acts) {
    this.#offer = offer;
    this.#acts = acts;
    this.node = element(tag, "offer");
    this.node.dataset.id = offer.id;
    this.node.tabIndex = -1;   // where a keyboard goes on when the button is gone
    for (const [button, id] of [[this.#button, "claim"], [this.#later, "later"]]) {
      button.type = "button";
      button.dataset.testid = id;
    }
    this.#verdict.dataset.testid = "verdict";
    this.#left.dataset.testid = "left";
    this.#button.addEventListener("click", () => acts.claim(offer.id));
    this.#later.addEventListener("click", () => acts.dismiss?.(offer.id));
    const countdown = element("div", "countdown");
    countdown.append(this.#ring.svg, this.#left);
    const words = element("div", "offer-words");
    words.append(this.#title, this.#terms, this.#verdict);
    const buttons = element("div", "offer-buttons");
    buttons.append(this.#button);
    if (acts.dismiss) buttons.append(this.#later);
    this.node.append(countdown, words, buttons);
  }

  get id() {
    return this.#offer.id;
  }

  // show draws it as it is now, by the server's time.
  show(now, open) {
    const offer = this.#offer;
    const said = verdict(offer, now);
    const begins = offer.startsAt > now;
    set(this.#title, offer.text);
    set(this.#terms, begins ? `begins soon · ${terms(offer)}` : terms(offer));
    set(this.#verdict, said?.text ?? "");
    this.#verdict.dataset.tone = said?.tone ?? "";
    const done = offer.mine || !open || (offer.answer && said && !said.again && offer.answer.result !== "not_yet");
    const focused = document.activeElement === this.#button;
    this.#button.hidden = Boolean(done);
    if (done && focused) this.node.focus({ preventScroll: true });
    this.#button.ariaDisabled = String(offer.asking);   // disabled would lose the focus
    this.#later.hidden = !this.#acts.dismiss;
    set(this.#later, done ? "Close" : "Later");
    this.node.dataset.state = offer.mine ? "mine" : open ? "open" : "over";
    const rest = Math.max(0, offer.deadline - now);
    const whole = Math.max(1, offer.deadline - offer.startsAt);
    this.#ring.arc.style.strokeDashoffset = String(open ? round * (1 - Math.min(1, rest / whole)) : round);
    set(this.#left, offer.mine ? "✓" : !open ? "–" : begins ? `${Math.ceil((offer.startsAt - now) / 1000)}` : left(rest));
    this.node.dataset.soon = String(open && !offer.mine && rest < 10_000);
  }
}

function left(ms) {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return String(seconds);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h} h` : `${m}:${String(s).padStart(2, "0")}`;
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function ring() {
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 48 48");
  svg.setAttribute("aria-hidden", "true");
  const circle = (name) => {
    const one = document.createElementNS(ns, "circle");
    for (const [key, value] of [["cx", 24], ["cy", 24], ["r", radius], ["class", name]]) one.setAttribute(key, value);
    svg.append(one);
    return one;
  };
  circle("track");
  const arc = circle("arc");
  arc.style.strokeDasharray = String(round);
  return { svg, arc };
}
