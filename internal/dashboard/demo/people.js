// Who is here and since when, as the server says it: the unmodified Presence class of
// the phoenix client. In a crowd the server sends how many there are, and the newest.

import { Presence } from "./phoenix.mjs";
import { element } from "./element.js";
import { hue, initials } from "./names.js";
import { spent } from "./time.js";

const shown = 24;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const whole = new Intl.NumberFormat("en");

export class People {
  #presence;
  #crowd = null;      // how many and who came last, when they are too many for a list
  #list;
  #count;
  #me;
  #watched = new Map();
  #queued = false;

  // me says what this tab's user is called.
  constructor(channel, { list, count, me }) {
    this.#list = list;
    this.#count = count;
    this.#me = me;
    this.#presence = new Presence(channel);
    this.#presence.onSync(() => {
      if (this.#presence.list().length) this.#crowd = null;
      this.#soon();
    });
    channel.on("presence_count", (crowd) => {
      this.#crowd = crowd;
      this.#soon();
    });
    this.#draw();
  }

  // watched says how long people watched, of those of whom it is known.
  watched(times) {
    this.#watched = new Map(times.map(({ user, ms }) => [user, ms]));
    this.#soon();
  }

  #soon() {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      this.#draw();
    });
  }

  #draw() {
    const person = (key, { metas }) => ({ name: key, since: Math.min(...metas.map((meta) => meta.online_at)) });
    const people = this.#crowd
      ? (this.#crowd.newest ?? []).map((one) => person(one.key, one))
      : this.#presence.list(person);
    const me = this.#me();
    people.sort((a, b) => (b.name === me) - (a.name === me) || b.since - a.since);
    const users = this.#crowd?.users ?? people.length;
    this.#count.textContent = users ? `Here now: ${whole.format(users)}` : "Here now";
    this.#list.replaceChildren(...people.slice(0, shown).map((one) => item(one, one.name === me, this.#watched.get(one.name))));
    if (people.length === 0) this.#list.append(element("li", "nobody", "nobody yet"));
  }
}

function item({ name, since }, me, watched) {
  const row = element("li", "person");
  row.dataset.name = name;
  row.style.setProperty("--hue", hue(name));
  const avatar = element("span", "avatar", initials(name));
  avatar.ariaHidden = "true";
  row.append(avatar, element("span", "who", name));
  if (me) row.append(element("span", "me", "you"));
  if (Number.isFinite(since)) {
    const came = `since ${clock.format(since)}`;
    const ago = element("span", "ago", watched ? `${came} · watched ${spent(watched)} today` : came);
    ago.title = ago.textContent;
    row.append(ago);
  }
  return row;
}
