// Deadlines and the server's time with unmodified phoenix npm clients, in both versions of
// the wire; the page's clock is an hour off.
// usage: node deadlines.mjs http://HOST:PORT http://INTERNAL

import assert from "node:assert/strict";
import { Client } from "./client.mjs";
import { address, pause, run, unique, until } from "./lib.mjs";

const { ws, http } = address();
const patience = 5000, hour = 3_600_000, topic = unique("hist:offers");
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
const timed = new Client(ws, "timed", { params: { time: 1 }, decode, heartbeatIntervalMs: 300 });
const old = new Client(ws, "old", { vsn: "1.0.0", encode: (m, done) => done(JSON.stringify(m)), decode: (raw, done) => done(JSON.parse(raw)) });
const channels = [];

// as docs/deadlines.md has it
let offset = 0, best = Infinity, asked = 0;
const push = timed.socket.push.bind(timed.socket);
timed.socket.push = (m) => { if (m.event === "heartbeat") asked = performance.now(); push(m); };
timed.socket.onMessage(({ topic, payload }) => {
  if (topic !== "phoenix" || !payload.response?.time) return;
  const took = performance.now() - asked;
  if (took <= best * 1.5) [best, offset] = [took, payload.response.time + took / 2 - wrong()];
});
const left = (expiresAt) => expiresAt - (wrong() + offset);

await run([
  ["all join", async () => {
    for (const client of [plain, timed, old]) {
      await client.connect();
      channels.push(await client.channel(topic, { recover: {} }, ["offer"]));
    }
    assert.equal(typeof channels[1].reply.time, "number");
    assert.equal(channels[0].reply.time, undefined);
  }],

  ["who asked for it knows the server's time", () => until(patience, "an offset", () => Math.abs(offset - hour) < 250)],

  ["an offer reaches all, its payload as it was", async () => {
    await publish({ data: { text: "now" }, ttl_ms: 60_000, urgent: true });
    await publish({ data: { text: "for ever" } });
    await until(patience, "both", () => channels.every((c) => c.log.length === 2));
    for (const { log } of channels) assert.deepEqual(log.map(({ payload }) => payload.text), ["now", "for ever"]);
    assert.equal(channels[0].log[0].ref, 1);
  }],

  ["the countdown is the server's", () => {
    const [first, second] = channels[1].log;
    assert.equal(first.ref.offset, 1);
    assert.ok(left(first.ref.expires_at) > 55_000 && left(first.ref.expires_at) <= 60_250, `${left(first.ref.expires_at)} ms are left`);
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
    const stream = await fetch(`${http}events?channel=${topic}`);
    const { value } = await stream.body.getReader().read();
    const text = new TextDecoder().decode(value);
    assert.ok(Math.abs(Number(/"time":(\d+)/.exec(text)?.[1]) - Date.now()) < 1000, text);
    const { time } = await (await fetch(`${http}poll?channel=${topic}`)).json();
    assert.ok(Math.abs(time - Date.now()) < 1000);
  }],
], () => Promise.all([plain, timed, old].map((client) => client.disconnect())));
