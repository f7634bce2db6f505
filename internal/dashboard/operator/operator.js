// The operator's page: who is here, who was and how long, as the server's books say.

import { ask, loadKey, saveKey } from "./api.js";
import { bars, userButton } from "./bars.js";
import { Curve } from "./curve.js";
import { Desk } from "./desk.js";
import { element } from "./element.js";
import { User } from "./user.js";
import { Visits } from "./visits.js";
import { name, number, spent, when } from "./words.js";

const refresh = 5000;
const listed = 50;
const byId = (id) => document.getElementById(id);

let part = null;    // what was dragged over: {from, to} in milliseconds
let timer = 0;
let round = 0;
let chose = false;  // the operator chose a period

const period = () => document.querySelector("input[name=period]:checked").value;
const view = () => ({
  channel: byId("channel").value.trim(), node: byId("node").value.trim(),
  ...(part ?? { from: period() }),
});

const user = new User({ failed });
const chosen = (who) => user.open(who);
const visits = new Visits({ view, chosen, failed });
const desk = new Desk({ failed });
const curve = new Curve(byId("curve"), (from, to) => look({ from, to }));

// ---- the key

function showLogin(message = "") {
  clearTimeout(timer);
  round++;
  byId("main").hidden = byId("leave").hidden = true;
  byId("login").hidden = false;
  desk.close();
  byId("state").textContent = "";
  byId("wrong").textContent = message;
  byId("key").focus();
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  saveKey(byId("key").value.trim());
  byId("key").value = "";
  enter();
});

byId("leave").addEventListener("click", () => {
  saveKey("");
  showLogin();
});

function enter() {
  byId("login").hidden = true;
  byId("main").hidden = byId("leave").hidden = false;
  byId("wrong").textContent = "";
  update();
  visits.first();
  desk.open();
}

function failed(error) {
  if (error.unknown) {
    saveKey("");
    showLogin(error.message);
    return;
  }
  byId("trouble").textContent = error.message;
  byId("trouble").hidden = false;
  byId("state").textContent = "not up to date";
}

// ---- what is shown

function look(at) {
  part = at;
  byId("whole").hidden = !part;
  update();
  visits.first();
}

byId("whole").addEventListener("click", () => look(null));
byId("periods").addEventListener("change", () => {
  chose = true;
  look(null);
});
byId("view").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["channel", "node"]) byId(id).addEventListener("change", () => look(part));
byId("prefix").addEventListener("input", () => update());
document.addEventListener("visibilitychange", () => document.hidden || byId("main").hidden || update());

// update asks for everything but the table, which would move under the reader.
async function update() {
  clearTimeout(timer);
  const mine = ++round;
  const { channel, node, from, to } = view();
  try {
    const [points, top, seen, here] = await Promise.all([
      ask("visits_curve", { channel, node, from, to, points: 600 }),
      ask("visits_top", { channel }),
      ask("visits_top", { channel, kind: "watching", any_channel: !channel }),
      ask("visits_online", { channel, node, prefix: byId("prefix").value, limit: listed }),
    ]);
    if (mine !== round) return;
    if (isYoung(points)) return look(null);
    byId("trouble").hidden = true;
    byId("state").textContent = `as of ${when(points.to)}`;
    curve.draw(points);
    tiles(points.points, top.top, here);
    bars(byId("top"), top.top.map(({ user: label, ms, visits: n }) => ({ label, ms, note: `${n} ${n === 1 ? "visit" : "visits"}` })), chosen);
    bars(byId("watched"), seen.top.map(({ user: label, channel: where, ms }) => ({ label, ms, note: `watched ${where}` })), chosen);
    people(here);
  } catch (error) {
    if (mine === round) failed(error);
  }
  if (mine === round && !document.hidden && !byId("main").hidden) timer = setTimeout(update, refresh);
}

// isYoung looks at the last minutes where there was nothing before: a day of which a
// minute is known is no curve.
function isYoung({ to, points }) {
  const minutes = 10;
  if (chose || part || points.length === 0 || to - points[0].at > minutes * 60_000) return false;
  document.querySelector(`input[name=period][value="-${minutes}m"]`).checked = true;
  chose = true;
  return true;
}

function tiles(points, top, here) {
  byId("online").textContent = number(here.total);
  byId("online-note").textContent = byId("prefix").value ? "users that begin so" : "users";
  byId("connections").textContent = points.length ? number(points.at(-1).connections) : "–";
  const peak = points.reduce((most, p) => (p.users > (most?.users ?? -1) ? p : most), null);
  byId("peak").textContent = peak ? number(peak.users) : "–";
  byId("peak-note").textContent = peak ? `users, ${when(peak.at)}` : "nothing was recorded";
  byId("longest").textContent = top.length ? spent(top[0].ms) : "–";
  byId("longest-note").textContent = top.length ? name(top[0].user) : "nobody yet";
}

function people({ users, total }) {
  byId("here").replaceChildren(...users.map(({ user: who, since, ms, nodes }) => {
    const item = element("li", "person");
    const time = element("span", "time", spent(ms));
    time.title = `since ${when(since)} on ${nodes.map(name).join(", ")}`;
    item.append(userButton(who, chosen), time);
    return item;
  }));
  if (users.length === 0) byId("here").append(element("li", "nobody", "nobody"));
  byId("here-more").textContent = total > users.length ? `and ${number(total - users.length)} more` : "";
}

if (loadKey()) enter();
else showLogin();
