// How long this user watched in the last 24 hours, and who watched longest today, as the
// server's books say: once, however many tabs. No clock of the browser's has a part in it.

import { element } from "./element.js";
import { hue, initials } from "./names.js";

const byId = (id) => document.getElementById(id);

export class OwnTime {
  #socket;
  #channel = null;
  #told;

  // told is called with the milliseconds watched.
  constructor(socket, told = () => {}) {
    this.#socket = socket;
    this.#told = told;
  }

  // of begins to show a user's time.
  of(user) {
    this.#channel?.leave();
    byId("own").hidden = true;
    const channel = this.#socket.channel(`demo:you:${user}`);
    channel.on("time", ({ watched_ms: ms }) => {
      if (channel !== this.#channel || !Number.isFinite(ms)) return;
      byId("own").hidden = false;
      byId("time").textContent = spent(ms);
      this.#told(ms);
    });
    this.#channel = channel;
    channel.join();
  }
}

export function spent(ms) {
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h) return `${h} h ${m} min`;
  return m ? `${m} min ${s} s` : `${s} s`;
}

// longest draws those who watched longest.
export function longest(users, me, most = 5) {
  byId("longest-title").hidden = users.length === 0;
  byId("longest").replaceChildren(...users.slice(0, most).map(({ user, ms }) => {
    const row = element("li", "person");
    row.dataset.name = user;
    row.style.setProperty("--hue", hue(user));
    const avatar = element("span", "avatar", initials(user));
    avatar.ariaHidden = "true";
    row.append(avatar, element("span", "who", user));
    if (user === me) row.append(element("span", "me", "you"));
    row.append(element("span", "ago", spent(ms)));
    return row;
  }));
}
