// Unmodified phoenix npm clients whose connections are cut in the middle, by a
// proxy that dies. The script says "cut" on stdout and waits for a line on stdin,
// which comes when there is a proxy again.
// usage: node cut.mjs http://HOST:PORT

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { Client, answer } from "../client.mjs";
import { address, patience, run, unique, until } from "../lib.mjs";

const { ws } = address();
const topic = unique("hist:cut");
const clients = ["ann", "bob", "cid"].map((name) => new Client(ws, name, { reconnectAfterMs: () => 100, rejoinAfterMs: () => 100 }));
const seen = new Map(); // of each client: what it got, live and recovered, by offset
const parent = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const channels = [];

const say = (channel, text) => answer(channel.push("msg", { text }), `push "${text}"`);

// join keeps its position, so that a rejoin brings what was missed.
async function join(client) {
  let position, joined = 0;
  const log = [];
  const channel = client.socket.channel(topic, () => ({ recover: position ?? {} }));
  const take = (text, offset) => {
    log.push([offset, text]);
    position = { ...position, offset };
  };
  channel.on("msg", ({ text }, offset) => take(text, offset));
  channel.join().receive("ok", (reply) => {
    joined++;
    position = { offset: reply.offset, epoch: reply.epoch };
    for (const { payload, offset } of reply.publications) take(payload.text, offset);
  });
  channel.joins = () => joined;
  seen.set(channel, log);
  await until(patience, "join", () => joined === 1);
  return channel;
}

const complete = (n) => until(patience, `${n} messages everywhere`, () => channels.every((c) => seen.get(c).length >= n));

await run([
  ["clients connect and chat", async () => {
    for (const client of clients) {
      await client.connect();
      channels.push(await join(client));
    }
    for (const [i, channel] of channels.entries()) await say(channel, `before ${i}`);
    await complete(3);
  }],

  ["the proxy dies, and all notice", async () => {
    const closed = clients.map(({ socket }) => new Promise((resolve) => socket.onClose(resolve)));
    console.log("cut");
    await Promise.all(closed);
    await parent.next();
  }],

  ["they are back by themselves", async () => {
    await until(patience, "all rejoined", () => channels.every((channel) => channel.joins() === 2));
    for (const client of clients) assert.equal(client.opened, 2);
  }],

  ["nobody missed anything, and nothing came twice", async () => {
    for (const [i, channel] of channels.entries()) await say(channel, `after ${i}`);
    await complete(6);
    const want = [...channels.keys()].map((i) => `before ${i}`).concat([...channels.keys()].map((i) => `after ${i}`));
    for (const channel of channels) {
      assert.deepEqual(seen.get(channel), want.map((text, i) => [i + 1, text]));
    }
  }],
], async () => {
  await Promise.all(clients.map((client) => client.disconnect()));
});
