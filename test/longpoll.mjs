// Unmodified phoenix npm clients on long-poll, beside one on a WebSocket. The server's
// window (phoenix.longpoll_window) is 5 s: longer than a machine may stop a client for.
// usage: node longpoll.mjs http://HOST:PORT [restart]
// With "restart" the server is one that its parent stops and starts: the script
// says "restart" on stdout and waits for a line on stdin.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { LongPoll } from "phoenix";
import { Client, answer } from "./client.mjs";
import { address, patience, pause, run, unique, until } from "./lib.mjs";

const { ws } = address();
const expiry = 5000;
const topic = unique("hist:poll");
const polling = { transport: LongPoll, reconnectAfterMs: () => 50, rejoinAfterMs: () => 50 };

const a = new Client(ws, "ann", polling);
const b = new Client(ws, "bob");
let chanA, chanB, position;

const say = (channel, payload) => answer(channel.push("msg", payload), `push ${JSON.stringify(payload)}`);
const texts = (channel) => channel.log.map(({ payload }) => payload.text);

// recovering joins so that every rejoin brings what was missed into the log.
async function recovering(client, name) {
  const channel = client.socket.channel(name, () => ({ recover: position ?? {} }));
  channel.log = [];
  channel.joins = [];
  channel.on("msg", (payload, offset) => {
    channel.log.push({ payload, ref: offset });
    if (position) position.offset = offset;
  });
  channel.join().receive("ok", (reply) => {
    channel.joins.push(reply);
    for (const { payload, offset } of reply.publications) channel.log.push({ payload, ref: offset });
    position = { offset: reply.offset, epoch: reply.epoch };
  });
  await until(patience, `join ${name}`, () => channel.joins.length > 0);
  return channel;
}

const parent = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const steps = [
  ["a client connects by long-poll, another by WebSocket", async () => {
    await a.connect();
    await b.connect();
    assert.ok(a.socket.conn instanceof LongPoll);
    chanA = await recovering(a, topic);
    chanB = await b.channel(topic, {});
    assert.equal(chanA.joins[0].recoverable, true);
  }],

  ["they chat both ways", async () => {
    await say(chanA, { text: "hello from ann" });
    await say(chanB, { text: "hello from bob" });
    for (const channel of [chanA, chanB]) {
      await until(patience, "two messages", () => channel.log.length === 2);
      assert.deepEqual(texts(channel), ["hello from ann", "hello from bob"]);
    }
  }],

  ["any text comes through", async () => {
    const text = "\"\\\u0000\u0008\t\n\u2028é✓😀</script>&";
    await say(chanA, { text });
    await say(chanB, { text });
    for (const channel of [chanA, chanB]) {
      await until(patience, "the text", () => channel.log.length === 4);
      assert.deepEqual(texts(channel).slice(2), [text, text]);
    }
  }],

  ["a push is answered, and an event on a topic that was not joined is an error", async () => {
    assert.deepEqual(await say(chanA, { text: "reply?" }), {});
    const reply = await a.raw(unique("hist:stranger"), "msg", {});
    assert.deepEqual(reply.payload, { status: "error", response: { reason: "unmatched topic" } });
  }],

  ["three hundred messages of both, sent at once, arrive in one order", async () => {
    const from = chanA.log.length;
    const acks = [];
    for (let i = 0; i < 150; i++) acks.push(say(chanA, { text: `ann ${i}` }), say(chanB, { text: `bob ${i}` }));
    await Promise.all(acks);
    for (const channel of [chanA, chanB]) await until(patience, "all", () => channel.log.length >= from + 300);
    assert.deepEqual(texts(chanA).slice(from), texts(chanB).slice(from));
    assert.deepEqual(chanA.log.map(({ ref }) => ref), Array.from(chanA.log, (_, i) => i + 1));
  }],

  ["bytes arrive as base64, those that the long-poll sends as bytes", async () => {
    const name = unique("room:bytes");
    const fromA = await a.channel(name, {}, ["blob"]);
    const fromB = await b.channel(name, {}, ["blob"]);
    await answer(fromA.push("blob", Uint8Array.of(0, 255, 1).buffer), "push of bytes");
    for (const channel of [fromA, fromB]) await until(patience, "the bytes", () => channel.log.length === 1);
    assert.deepEqual(fromA.log[0].payload, { encoding: "base64", data: "AP8B" });
    assert.deepEqual(new Uint8Array(fromB.log[0].payload), Uint8Array.of(0, 255, 1));
    await answer(fromA.leave(), "leave");
    await until(patience, "closed", () => fromA.isClosed());
  }],

  ["after its session expired the client is back with all that it missed; who polls is not dropped, however long nothing is said", async () => {
    const d = await new Client(ws, "dan", polling).connect();
    const chanD = await d.channel(topic, {});
    const [before, joins, opened] = [chanA.log.length, chanA.joins.length, a.opened];
    const transport = a.socket.conn;
    transport.stop(transport.readyState); // polls no more, and doesn't know it: a laptop that sleeps
    await pause(1.25 * expiry);
    for (let i = 0; i < 3; i++) await say(chanB, { text: `missed ${i}` });
    assert.equal(chanA.log.length, before);
    transport.poll();                     // it wakes up
    await until(patience, "rejoined", () => chanA.joins.length === joins + 1);
    assert.equal(a.opened, opened + 1);
    assert.equal(chanA.joins.at(-1).recovered, true);
    assert.equal(chanA.joins.at(-1).publications.length, 3);
    await say(chanA, { text: "back" });
    await until(patience, "live again", () => texts(chanA).at(-1) === "back");
    assert.deepEqual(texts(chanA).slice(before), ["missed 0", "missed 1", "missed 2", "back"]);
    await until(patience, "who was silent hears it too", () => chanD.log.length >= 4);
    assert.deepEqual(texts(chanD), ["missed 0", "missed 1", "missed 2", "back"]);
    assert.equal(d.opened, 1);
    await d.disconnect();
  }],

  ["who is refused is told so", async () => {
    const c = new Client(ws, "cid", { ...polling, vsn: "9.0.0" });
    let refused = 0;
    c.socket.onError((error) => { if (error === 403) refused++; });
    c.socket.connect();
    await until(patience, "the refusal", () => refused > 0);
    await c.disconnect();
  }],

  ["a client whose WebSocket does not come falls back", async () => {
    class Never { constructor() { setTimeout(() => this.onerror?.("blocked"), 10); } close() {} }
    const c = new Client(ws, "cid", { ...polling, transport: Never, longPollFallbackMs: 100 });
    await c.connect();
    assert.ok(c.socket.conn instanceof LongPoll);
    const channel = await c.channel(unique("room:fallback"), {});
    await say(channel, { text: "over long-poll" });
    await c.disconnect();
  }],

  ["who left hears nothing more", async () => {
    const name = unique("room:left");
    const [left, stays] = [await a.channel(name, {}), await b.channel(name, {})];
    await answer(left.leave(), "leave");
    await until(patience, "closed", () => left.isClosed());
    await say(stays, { text: "to myself" });
    await pause(200);
    assert.deepEqual(left.log, []);
  }],
];

const restart = ["after the server was restarted it rejoins and is told that the history is another one", async () => {
  const joins = chanA.joins.length;
  console.log("restart");
  await parent.next();
  // Not the first word of the new server: the old one, which went, may have taken it once more.
  await until(patience, "rejoined, and told so", () => chanA.joins.length > joins && chanA.joins.at(-1).recovered === false);
  await until(patience, "bob too", () => chanB.state === "joined" && b.opened > 1);
  await say(chanB, { text: "a new life" });
  await until(patience, "heard", () => texts(chanA).at(-1) === "a new life");
}];

if (process.argv[3] === "restart") steps.push(restart);

await run(steps, async () => {
  await Promise.all([a.disconnect(), b.disconnect()]);
});
