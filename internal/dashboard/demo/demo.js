// The demo: the unmodified phoenix client on a throng server.
//
// What throng adds to Phoenix Channels is used here with nothing but the
// client's own callbacks: a join whose params have "recover" is answered with
// the missed publications, or says which of the first pushes are such, and each push
// carries its offset as the second argument of the callback. A position is offset and
// epoch, always together.

import { Socket } from "./phoenix.mjs";
import { ServerClock } from "./clock.js";
import { Figures, milliseconds } from "./figures.js";
import { Messages } from "./messages.js";
import { Missed } from "./missed.js";
import { loadName, saveName, randomId, hue } from "./names.js";
import { Offers } from "./offers.js";
import { OfferViews } from "./offer-views.js";
import { Own } from "./own.js";
import { People } from "./people.js";
import { Picture } from "./picture.js";
import { Settings } from "./settings.js";
import { Story } from "./story.js";
import { longest, OwnTime } from "./time.js";
import { Watching } from "./watching.js";

const byId = (id) => document.getElementById(id);
const messages = new Messages();
const missed = new Missed(messages);
const figures = new Figures();
const story = new Story();

let name = loadName();
let position = null;     // where in the channel's stream this tab is; null when new
let wantsOffline = false;
let renamed = false;     // the socket comes back only because it has another name
let watched = 0;         // milliseconds, as the server said last
let store = "";          // what kind the server has

const socket = new Socket("/socket", { params: () => ({ user_id: name, time: 1 }) });   // time: heartbeats say the server's
const clock = new ServerClock(socket);
const stream = socket.channel("stream:live", () => ({ recover: position ?? { history: 100 } }));
const live = socket.channel("demo:figures");
const people = new People(stream, { list: byId("people"), count: byId("people-title"), me: () => name });

const picture = new Picture(byId("picture"), clock);
const watching = new Watching(stream, picture);
const own = new Own((change) => settings.changed(change));
const settings = new Settings(own, { picture, dismissed: () => views.draw(), restored });
const offers = new Offers(clock, (offer, why) => views.changed(offer, why));
const views = new OfferViews(offers, clock, settings.dismissed);
const ownTime = new OwnTime(socket, timeTold);
offers.by(stream);

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

stream.join()
  .receive("ok", (reply) => {
    showState("online");
    recover(reply);
    watching.tell();
    lookAtOffers();
  })
  .receive("error", ({ reason }) => messages.notice(`The server refused the channel: ${reason}`, "bad"));

function recover({ recovered, offset, epoch, publications = [], following }) {
  const returning = position !== null && !renamed;
  const anew = position !== null && position.epoch !== epoch;
  renamed = false;
  position = { offset, epoch };
  known.messages = anew ? messages.delivered : 0;
  known.anew = anew;
  missed.begin(following);
  const replayed = publications.map(({ event, payload, time }) => read(event, payload, time)).filter(Boolean);
  const news = replayed.filter((message) => !messages.has(message.id)).map(() => "message");
  for (const { event, payload } of publications) news.push(offers.told(event, payload, "found"));
  if (returning && anew) messages.notice("The history began anew: messages above this line are on this page only", "bad");
  else if (returning && !recovered) messages.notice("Some messages could not be recovered", "bad");
  else if (returning) missed.count(news);
  for (const message of replayed) messages.deliver(message);
}

// ---- a server that began anew

// known is what this page knew when the connection began, and what came since: in which
// order the channels answer is nobody's promise. Whether the server is another process
// its figures say: a history may begin anew for other reasons.
let known = { settings: 0, watched: 0 };
let told = null;         // what of a connection is told in the story
let started = 0;         // when the server's process began

socket.onOpen(() => {
  known = { settings: own.size, watched };
});

function processOf(began) {
  if (!began || began === started) return;
  const another = started !== 0;
  started = began;
  if (!another) return;
  clock.forget();
  told = known;
  story.begin();
  tellStory();
}

// tellStory tells what is known by now.
function tellStory() {
  if (!story.open || known !== told) return;
  if (told.anew) story.messages(told.messages);
  if (told.restored) story.settings(told.settings, told.restored);
  if (told.offers) story.offers(told.offers);
  if (told.claims) story.claims(told.claims);
  if (told.failed) story.books(told.failed);
  if (Number.isFinite(told.after) && told.watched) story.watched(told.watched, told.after);
  story.store(store);
}

async function lookAtOffers() {
  const mine = known;   // of this connection
  try {
    mine.offers = await offers.missed();
    if (mine.anew) mine.claims = await offers.proven();
  } catch (error) {
    mine.failed = error;
  }
  if (mine === known) missed.settle();   // its answer comes behind all that was missed
  tellStory();
}

// restored is called when it is known what the server has of the settings.
function restored(what) {
  known.restored ??= what;
  tellStory();
}

function timeTold(ms) {
  known.after ??= ms;
  watched = ms;
  tellStory();
}

// ---- messages

function advance(offset) {
  if (typeof offset !== "number" || !position) return true;
  if (offset <= position.offset) return false;
  position.offset = offset;
  return true;
}

for (const event of ["msg", "message"]) {
  stream.on(event, (payload, offset) => {
    if (!advance(offset)) return;
    const before = missed.follows(offset);
    const message = read(event, payload, before ?? clock.now());
    if (!message) return;
    if (before && !messages.has(message.id)) missed.one("message");
    messages.deliver(message);
  });
}
for (const event of ["bonus_offer", "bonus_end"]) {
  stream.on(event, (payload, offset) => {
    advance(offset);
    const before = missed.follows(offset);
    const news = offers.told(event, payload, before ? "found" : "new");
    if (before) missed.one(news);
  });
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
  const straight = socket.isConnected() && stream.isJoined();
  const start = performance.now();
  messages.send(message, straight ? "sending" : "waiting to send", () => send(message));
  stream.push("msg", { from: message.from, text: message.text, id: message.id })
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
  send({ id: randomId(), from: name, text, time: clock.now() });
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

// ---- who one is

// be opens what is the user's own.
function be() {
  const channel = own.of(socket, name);
  offers.hear(channel);
  channel.on("bonus_result", (result) => offers.won(result));
  own.join();
  ownTime.of(name);
}

// rename connects anew: the server knows a socket by the name that it came with.
function rename() {
  watched = 0;
  known = { settings: 0, watched: 0 };
  offers.forget();
  be();
  settings.forget();
  if (wantsOffline) return;
  renamed = position !== null;
  showState("connecting");
  socket.disconnect(() => wantsOffline || socket.connect());
}
byId("name").addEventListener("keydown", (event) => event.key === "Enter" && byId("input").focus());

// ---- the server's figures

live.on("figures", (payload) => {
  store = payload.store ?? "";
  figures.update(payload);
  processOf(payload.started);
});
live.on("watched", ({ watching: n = 0, users = [] }) => {
  byId("watching").textContent = `${new Intl.NumberFormat("en").format(n)} watching`;
  people.watched(users);
  longest(users, name);
});
live.join();
be();

const hms = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
setInterval(() => {
  byId("server-time").textContent = hms.format(clock.now());
}, 1000);

showName();
socket.connect();

// For tests: a cut without goodbye, and being away on purpose.
window.__demo = { drop: () => socket.conn?.close(), setOffline, position: () => ({ ...position }), clock };
