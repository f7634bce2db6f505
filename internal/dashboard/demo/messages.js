// The log of messages: what the channel delivered, in the channel's order, then
// what this tab sent and nobody confirmed yet.

import { element } from "./element.js";
import { hue, initials } from "./names.js";

const kept = 500;              // messages on the page
const together = 3 * 60_000;   // one talker's messages within it share a heading
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const byId = (id) => document.getElementById(id);

export class Messages {
  #list = byId("messages");
  #scroll = byId("scroll");
  #below = byId("below");
  #seen = new Set();       // ids of delivered messages, so that none is shown twice
  #waiting = new Map();    // id → {item, retry}, sent from here and not delivered yet
  #unread = 0;             // arrived while the tab was hidden
  #unseen = 0;             // arrived while the reader was further up

  constructor() {
    this.#below.addEventListener("click", () => this.#toEnd());
    this.#scroll.addEventListener("scroll", () => this.#atEnd() && this.#counted(0), { passive: true });
    document.addEventListener("visibilitychange", () => document.hidden || this.#title(0));
  }

  // send shows an own message at once; delivered or failed follows.
  send(message, note, retry) {
    if (!this.#waiting.has(message.id)) {
      const item = messageItem(message, true);
      this.#waiting.set(message.id, { item, retry });
      this.#append(item);
    }
    this.#status(message.id, "pending", note);
    this.#toEnd();
  }

  // delivered is how many messages of the channel the page shows.
  get delivered() {
    return this.#list.querySelectorAll(".message:not([data-status=pending], [data-status=failed])").length;
  }

  // has says whether the message is on the page, delivered or on its way.
  has(id) {
    return this.#seen.has(id) || this.#waiting.has(id);
  }

  // deliver takes what the channel delivered.
  deliver(message) {
    if (message.id && this.#seen.has(message.id)) return false;
    if (message.id) this.#seen.add(message.id);
    const follow = this.#atEnd();
    const own = this.#waiting.get(message.id)?.item;
    this.#waiting.delete(message.id);
    const item = own ?? messageItem(message, false);
    if (own) own.dataset.status = "delivered";
    // The channel's order is the truth: an own message moves to its place.
    this.#append(item);
    this.#trim();
    if (own || follow) this.#toEnd();
    else this.#counted(this.#unseen + 1);
    if (document.hidden) this.#title(this.#unread + 1);
  }

  // acknowledged: the server said ok to an own push.
  acknowledged(id, note) {
    this.#status(id, "delivered", note);
  }

  // failed: it was refused, or nobody answered. What was delivered stays so.
  failed(id, reason) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#status(id, "failed", reason);
    const again = element("button", "retry", "Try again");
    again.type = "button";
    again.addEventListener("click", waiting.retry);
    waiting.item.querySelector(".status").append(" ", again);
  }

  // notice returns its line, whose text may change.
  notice(text, tone = "plain") {
    const follow = this.#atEnd();
    const item = element("li", "notice", text);
    item.dataset.tone = tone;
    this.#append(item);
    if (follow) this.#toEnd();
    return item;
  }

  #status(id, status, text) {
    const item = this.#list.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (!item) return;
    item.dataset.status = status;
    item.querySelector(".status").textContent = text;
  }

  #append(item) {
    const next = item.nextElementSibling;
    const waits = this.#waiting.has(item.dataset.id);
    const place = waits ? null : this.#list.querySelector('[data-status="pending"], [data-status="failed"]');
    if (!item.isConnected || next !== place) this.#list.insertBefore(item, place);
    byId("empty").hidden = true;
    for (const changed of [next, item, item.nextElementSibling]) group(changed);
  }

  #trim() {
    while (this.#list.childElementCount > kept) {
      const first = this.#list.firstElementChild;
      if (this.#waiting.has(first.dataset.id)) return;
      first.remove();
      group(this.#list.firstElementChild);
    }
    // A replay reaches back a window of messages, not for ever.
    for (const id of this.#seen) {
      if (this.#seen.size <= 2 * kept) break;
      this.#seen.delete(id);
    }
  }

  #atEnd() {
    return this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < 60;
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#counted(0);
  }

  #counted(n) {
    this.#unseen = n;
    this.#below.hidden = n === 0;
    this.#below.textContent = n === 1 ? "1 new message" : `${n} new messages`;
  }

  #title(n) {
    this.#unread = n;
    document.title = n ? `(${n}) throng demo` : "throng demo";
  }
}

function messageItem({ id, from, text, time }, own) {
  const item = element("li", own ? "message own" : "message");
  if (id) item.dataset.id = id;
  item.dataset.from = from;
  item.dataset.time = time;
  item.style.setProperty("--hue", hue(from));
  const avatar = element("span", "avatar", initials(from));
  avatar.ariaHidden = "true";
  const at = element("time", "", clock.format(time));
  at.dateTime = new Date(time).toISOString();
  const heading = element("p", "heading");
  heading.append(element("span", "from", from), " ", at);
  const line = element("p", "line");
  line.append(element("span", "text", text));
  if (own) line.append(" ", element("span", "status", ""));
  item.append(avatar, heading, line);
  return item;
}

// group hides the heading of a message that goes on where the one before ended.
function group(item) {
  if (!item?.classList.contains("message")) return;
  const before = item.previousElementSibling;
  item.classList.toggle("more", Boolean(before?.classList.contains("message"))
    && before.dataset.from === item.dataset.from
    && before.classList.contains("own") === item.classList.contains("own")
    && item.dataset.time - before.dataset.time < together);
}
