// Lists that are charts: a bar for each name.

import { element } from "./element.js";
import { name, spent } from "./words.js";

// bars draws times, each as long as it is beside the longest. chosen, if there is one,
// is called with the name that was clicked.
export function bars(list, times, chosen) {
  const most = Math.max(1, ...times.map(({ ms }) => ms));
  list.replaceChildren(...times.map(({ label, ms, note }) => {
    const item = element("li", "bar-row");
    const who = chosen ? userButton(label, chosen) : element("span", "who", name(label));
    const bar = element("span", "bar");
    const fill = element("span", "fill");
    fill.style.inlineSize = `${(100 * ms) / most}%`;
    bar.append(fill);
    const time = element("span", "time", spent(ms));
    if (note) time.title = note;
    item.append(who, bar, time);
    return item;
  }));
  if (times.length === 0) list.append(element("li", "nobody", "nothing yet"));
}

// userButton is a user's name, to click on.
export function userButton(user, chosen) {
  const button = element("button", "who", name(user));
  button.type = "button";
  button.title = name(user);
  button.addEventListener("click", () => chosen(user));
  return button;
}
