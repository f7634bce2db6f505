// The demo: the unmodified phoenix client on a throng server.
//
// What throng adds to Phoenix Channels is used here with nothing but the
// client's own callbacks: a join whose params have "recover" is answered with
// the missed publications, and each later push carries its offset as the second
// argument of the callback. A position is offset and epoch, always together.

import { Socket } from "./phoenix.mjs";
import { Figures, milliseconds } from "./figures.js";
import { Messages } from "./messages.js";
import { loadName, saveName, randomId, hue } from "./names.js";
import { People } from "./people.js";
import { OwnTime } from "./time.js";

const byId = (id) => document.getElementById(id);
const messages = new Messages();
const figures = new Figures();

let name = loadName();
let position = null;     // where in the channel's stream this tab is; null when new
let wantsOffline = false;
let renamed = false;     // the socket comes back only because it has another name

const socket = new Socket("/socket", { params: () => ({ user_id: name }) });
const lobby = socket.channel("hist:lobby", () => ({ recover: position ?? { history: 100 } }));
const live = socket.channel("demo:figures");
const own = new OwnTime(socket);
const here = socket.channel("presence:lobby");   // a namespace with presence
new People(here, { list: byId("people"), count: byId("people-title"), me: () => name });

// ---- the connection

function showState(state) {
  byId("state").dataset.state = state;
  byId("state").textContent = state;
}

socket.onOpen(() => showState("connecting"));
socket.onClose(() => showState(wantsOffline || !navigator.onLine ? "offline" : "connecting"));

function setOffline(offline) {
  wantsOffline = offline;
  byId("network").textContent = offline ? "Go online" : "Go offline";
  byId("network").ariaPressed = String(offline);
  showState(offline ? "offline" : "connecting");
  if (offline) socket.disconnect();
  else socket.connect();
}

byId("network").addEventListener("click", () => setOffline(!wantsOffline));
window.addEventListener("online", () => wantsOffline || socket.isConnected() || socket.connect());

// ---- the channel

lobby.join()
  .receive("ok", (reply) => {
    showState("online");
    recover(reply);
  })
  .receive("error", ({ reason }) => messages.notice(`The server refused the channel: ${reason}`, "bad"));

function recover({ recovered, offset, epoch, publications = [] }) {
  const returning = position !== null && !renamed;
  renamed = false;
  position = { offset, epoch };
  const replayed = publications.map(({ event, payload, time }) => read(event, payload, time)).filter(Boolean);
  const news = replayed.filter((message) => !messages.has(message.id));
  if (returning && !recovered) messages.notice("Some messages could not be recovered", "bad");
  else if (returning && news.length) messages.notice(`Caught up ${news.length} ${news.length === 1 ? "message" : "messages"}`, "good");
  else if (returning) messages.notice("Back online, nothing missed", "good");
  replayed.forEach(deliver);
}

for (const event of ["msg", "message"]) {
  lobby.on(event, (payload, offset) => {
    if (typeof offset === "number" && position) {
      if (offset <= position.offset) return;
      position.offset = offset;
    }
    const message = read(event, payload, Date.now());
    if (message) deliver(message);
  });
}

function deliver(message) {
  messages.deliver(message);
}

// read judges what came from somebody else: only text comes out. "message" is
// what the server's API publishes without an event of its own.
function read(event, payload, time) {
  if (payload === null || typeof payload !== "object") payload = { text: String(payload) };
  if (event === "message") return { from: "server", text: limited(payload.text ?? JSON.stringify(payload), 2000), time };
  if (event !== "msg" || typeof payload.text !== "string" || typeof payload.from !== "string") return null;
  const id = typeof payload.id === "string" ? payload.id : undefined;
  return { id, from: limited(payload.from, 32) || "somebody", text: limited(payload.text, 2000), time };
}

const limited = (text, most) => String(text).slice(0, most);

// ---- talking

function send(message) {
  const straight = socket.isConnected() && lobby.isJoined();
  const start = performance.now();
  messages.send(message, straight ? "sending" : "waiting to send", () => send(message));
  lobby.push("msg", { from: message.from, text: message.text, id: message.id })
    .receive("ok", () => {
      const ms = performance.now() - start;
      messages.acknowledged(message.id, straight ? milliseconds(ms) : "sent");
      if (straight) figures.trip(ms);
    })
    .receive("error", ({ reason } = {}) => messages.failed(message.id, `refused: ${reason ?? "no reason given"}`))
    .receive("timeout", () => messages.failed(message.id, "no answer"));
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("input").value.trim();
  if (!text) return;
  byId("input").value = "";
  byId("input").focus();
  send({ id: randomId(), from: name, text, time: Date.now() });
});

function showName() {
  byId("name").value = name;
  byId("you-dot").style.setProperty("--hue", hue(name));
  byId("again").href = `./?name=${encodeURIComponent(name)}`;
}

byId("name").addEventListener("change", () => {
  const before = name;
  name = byId("name").value.trim() || name;
  saveName(name);
  showName();
  if (name !== before) rename();
});

// rename connects anew: the server knows a socket by the name that it came with.
function rename() {
  own.of(name);
  if (wantsOffline) return;
  renamed = position !== null;
  showState("connecting");
  socket.disconnect(() => wantsOffline || socket.connect());
}
byId("name").addEventListener("keydown", (event) => event.key === "Enter" && byId("input").focus());

// ---- the server's figures

live.on("figures", (payload) => figures.update(payload));
live.join();
here.join();
own.of(name);

showName();
socket.connect();

// For tests: a cut without goodbye, and being away on purpose.
window.__demo = { drop: () => socket.conn?.close(), setOffline, position: () => ({ ...position }) };
