// The cent.js library, as it is, calls a real server, and a phoenix client sees what it
// did.
// usage: node backend.mjs http://HOST:PORT http://INTERNAL

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Client } from "./client.mjs";
import { address, patience, run, unique, until } from "./lib.mjs";

const { CentClient } = createRequire(import.meta.url)("cent.js");

const { ws } = address();
const cent = new CentClient({ url: `${process.argv[3]}/api`, apiKey: "dev" });
const topic = unique("hist:backend");
const ann = new Client(ws, "ann");
let channel;

const texts = () => channel.log.map(({ payload }) => payload.text);

await run([
  ["a client joins", async () => {
    await ann.connect();
    channel = await ann.channel(topic, {}, ["message"]);
  }],

  ["publish and broadcast reach it, in order", async () => {
    const first = await cent.publish({ channel: topic, data: { text: "one" } });
    assert.equal(first.offset, 1);
    assert.equal(first.connections, 1);
    const many = await cent.broadcast({ channels: [topic, unique("room:other")], data: { text: "two" } });
    assert.equal(many.responses[0].result.epoch, first.epoch);
    await until(patience, "both have come", () => texts().length === 2);
    assert.deepEqual(texts(), ["one", "two"]);
  }],

  ["presence, history, channels and info tell of it", async () => {
    const { presence } = await cent.getPresence({ channel: topic });
    assert.equal(Object.keys(presence).length, 1);
    assert.deepEqual(await cent.getPresenceStats({ channel: topic }), { num_clients: 1, num_users: 1 });
    const history = await cent.getHistory({ channel: topic, limit: 10 });
    assert.deepEqual(history.publications.map(({ data }) => data.text), ["one", "two"]);
    assert.deepEqual((await cent.getChannels({ pattern: topic })).channels, { [topic]: { num_clients: 1 } });
    assert.equal((await cent.getInfo()).nodes.length, 1);
  }],

  ["a pipeline answers each command", async () => {
    const [a, b] = await cent.pipeline([
      { method: "publish", params: { channel: topic, data: { text: "three" } } },
      { method: "presence_stats", params: { channel: topic } },
    ]);
    assert.equal(a.offset, 3);
    assert.equal(b.num_clients, 1);
  }],

  ["what is wrong is thrown", async () => {
    await assert.rejects(cent.publish({ channel: topic }), { name: "Error" }); // it keeps no message
  }],

  ["subscribe, unsubscribe and disconnect act on the user", async () => {
    const other = unique("room:server");
    await cent.subscribe({ user: "ann", channel: other });
    assert.equal((await cent.getPresenceStats({ channel: other })).num_clients, 1);
    await cent.unsubscribe({ user: "ann", channel: other });
    assert.equal((await cent.getPresenceStats({ channel: other })).num_clients, 0);
    await cent.removeHistory({ channel: topic });
    assert.equal((await cent.getHistory({ channel: topic, limit: 10 })).publications.length, 0);
    await cent.disconnect({ user: "ann" });
    await until(patience, "the client is back", async () => (await cent.getPresenceStats({ channel: topic })).num_clients === 1);
  }],
], () => ann.disconnect());
