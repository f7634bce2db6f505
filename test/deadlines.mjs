// Deadlines and the server's time with unmodified phoenix npm clients, in both versions of
// the wire; the page's clock is an hour off.
// usage: node deadlines.mjs http://HOST:PORT http://INTERNAL

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import WebSocket from "ws";
import { Client } from "./client.mjs";
import { address, patience, pause, run, unique, until, within } from "./lib.mjs";

const { ws, http } = address();
const hour = 3_600_000, rounding = 20, topic = unique("hist:offers");
const wrong = () => Date.now() - hour; // this page's clock

async function publish(request) {
  const answer = await fetch(`${process.argv[3]}/api/publish`, {
    method: "POST", headers: { "X-API-Key": "dev" }, body: JSON.stringify({ channel: topic, event: "offer", ...request }),
  });
  assert.ok((await answer.json()).result);
}

// as docs/phoenix.md has it
const decode = (raw, done) => {
  const [join_ref, ref, topic, event, payload, more] = JSON.parse(raw);
  done({ join_ref, ref: more ? { offset: ref, ...more } : ref, topic, event, payload });
};

const plain = new Client(ws, "plain");
const old = new Client(ws, "old", { vsn: "1.0.0", encode: (m, done) => done(JSON.stringify(m)), decode: (raw, done) => done(JSON.parse(raw)) });
const channels = [];

// The clock is that of docs/deadlines.md, run as it stands there, on a page whose own clock
// is wrong. What comes to it can be held up: then the way back takes longer than that there.
let timed, published, delay = 20;
class Delayed extends WebSocket {
  set onmessage(listener) { super.onmessage = (event) => setTimeout(listener, delay, event); }
}
function TimedSocket(_, options) {
  timed = new Client(ws, "timed", { ...options, decode, transport: Delayed });
  return timed.socket;
}
const [, clock] = /## On the client[^]*?```js\n([^]*?)```/.exec(readFileSync(new URL("../docs/deadlines.md", import.meta.url), "utf8"));
const { measure, left, known } = new Function("Socket", "Date", `${clock}; return { measure, left, known: () => ({ ahead, best }) };`)(
  TimedSocket, { now: wrong });

// off is how far it is from the server's clock, which is this machine's. The two clocks are
// read at one time: this process may be stopped between them.
function off() {
  for (;;) {
    const before = performance.now(), now = Date.now(), after = performance.now();
    if (after - before < 1) return Math.abs(known().ahead - (now - before));
  }
}

await run([
  ["all join", async () => {
    for (const client of [plain, timed, old]) {
      await client.connect();
      channels.push(await client.channel(topic, { recover: {} }, ["offer"]));
    }
    assert.equal(typeof channels[1].reply.time, "number");
    assert.equal(channels[0].reply.time, undefined);
  }],

  ["who asks for it knows the server's time at once", async () => {
    await until(patience, "an answer", () => known().best < Infinity);
    assert.ok(off() <= known().best / 2 + rounding, `${off()} ms off, by an exchange of ${known().best} ms`);
  }],

  ["answers that are held up make it no worse", async () => {
    const answers = () => timed.frames.filter(({ topic }) => topic === "phoenix").length;
    const measured = async () => {
      const before = answers();
      measure();
      await until(patience, "an answer", () => answers() > before);
    };
    for (let i = 0; i < 5; i++) await measured();
    const { best } = known();
    for (; delay < 100; delay *= 1.2) await measured();   // little by little
    delay = 0;
    assert.ok(known().best <= best, `from ${best} to ${known().best} ms`);
    assert.ok(off() <= best / 2 + rounding, `${off()} ms off, by an exchange of ${best} ms`);
  }],

  ["an offer reaches all, its payload as it was", async () => {
    published = performance.now();
    await publish({ data: { text: "now" }, ttl_ms: 60_000, urgent: true });
    await publish({ data: { text: "for ever" } });
    await until(patience, "both", () => channels.every((c) => c.log.length === 2));
    for (const { log } of channels) assert.deepEqual(log.map(({ payload }) => payload.text), ["now", "for ever"]);
    assert.equal(channels[0].log[0].ref, 1);
  }],

  ["the countdown is the server's", () => {
    const [first, second] = channels[1].log;
    assert.equal(first.ref.offset, 1);
    const ms = left(first.ref.expires_at), passed = performance.now() - published, error = known().best / 2 + rounding;
    assert.ok(ms >= 60_000 - passed - error && ms <= 60_000 + error, `${ms} ms are left after ${passed} ms, by an exchange of ${known().best} ms`);
    assert.equal(second.ref, 2);
    const frame = old.frames.find(({ event, payload }) => event === "offer" && payload.text === "now");
    assert.equal(frame.expires_at, first.ref.expires_at);
    assert.equal(frame.ref, 1);
  }],

  ["who comes back gets what is not over, behind the answer", async () => {
    await publish({ data: { text: "soon over" }, ttl_ms: 50 });
    await pause(100);
    const back = await new Client(ws, "back").connect();
    const channel = await back.channel(topic, { recover: { offset: 0, epoch: channels[0].reply.epoch } }, ["offer"]);
    assert.deepEqual([channel.reply.recovered, channel.reply.offset, channel.reply.publications], [true, 0, []]);
    await until(patience, "two pushes", () => channel.log.length === 2);
    assert.deepEqual(channel.log.map(({ payload, ref }) => [payload.text, ref]), [["now", 1], ["for ever", 2]]);
    await back.disconnect();
  }],

  ["a stream of events says the time too", async () => {
    const asked = Date.now() - rounding;
    const stream = await fetch(`${http}events?channel=${topic}`);
    const reader = stream.body.getReader();
    let text = "";
    for (const decoder = new TextDecoder(); !/"time":\d+\D/.test(text);) {   // it may come in pieces
      const { value, done } = await within(patience, "the time", reader.read());
      assert.ok(!done, text);
      text += decoder.decode(value, { stream: true });
    }
    const now = Number(/"time":(\d+)/.exec(text)[1]);
    assert.ok(now >= asked && now <= Date.now() + rounding, text);
    const { time } = await (await fetch(`${http}poll?channel=${topic}`)).json();
    assert.ok(time >= now - rounding && time <= Date.now() + rounding, `${now}, ${time}, ${Date.now()}`);
  }],
], () => Promise.all([plain, timed, old].map((client) => client.disconnect())));
