// Unmodified phoenix npm clients with tokens, made here as a backend would.
// usage: SECRET=… node tokens.mjs http://HOST:PORT

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { LongPoll } from "phoenix";
import { Client, answer } from "./client.mjs";
import { address, patience, pause, run, until } from "./lib.mjs";

const { ws, http } = address();
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);

function sign(claims) {
  const text = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url({ iat: now() - 1, exp: now() + 3600, ...claims })}`;
  return `${text}.${createHmac("sha256", process.env.SECRET).update(text).digest("base64url")}`;
}

const quick = { reconnectAfterMs: () => 100, rejoinAfterMs: () => 100 };
const byParam = (token, options = {}) => new Client(ws, undefined, { params: () => ({ token: token() }), ...quick, ...options });
const clients = [], refreshed = {};
const open = async (client) => (clients.push(client), client.connect());

// refusedBy resolves when a client was refused twice, and has never been open.
async function refused(client) {
  let errors = 0;
  client.socket.onError(() => errors++);
  client.socket.connect();
  await until(patience, "two refusals", () => errors >= 2);
  assert.equal(client.opened, 0);
  await client.disconnect();
}

await run([
  ["without a token, and with a bad or expired one, nobody gets in", async () => {
    await refused(new Client(ws, "ann", quick));
    await refused(byParam(() => "x.y.z"));
    await refused(byParam(() => sign({ sub: "ann", exp: now() - 60 })));
  }],

  ["the token as a parameter", async () => {
    const ann = await open(byParam(() => sign({ sub: "ann" })));
    await ann.channel("users:1", {});
  }],

  ["the token as the option authToken", async () => {
    const bob = await open(new Client(ws, undefined, { authToken: sign({ sub: "bob" }), params: {}, ...quick }));
    await bob.channel("users:1", {});
  }],

  ["the same over long-poll", async () => {
    const eve = await open(new Client(http.replace(/\/$/, "") + "/socket", undefined, { transport: LongPoll, authToken: sign({ sub: "eve" }), params: {}, ...quick }));
    await eve.channel("users:1", {});
  }],

  ["a client whose token expires comes back with a newer one, and joins again", async () => {
    const fleeting = await open(byParam(() => sign({ sub: "ann", exp: now() + 2 })));
    const channel = await fleeting.channel("users:1", {});
    await until(patience, "a second connection", () => fleeting.opened >= 2);
    await until(patience, "a second join", () => channel.state === "joined");
  }],

  ["refresh is answered", async () => {
    refreshed.exp = now() + 8;   // time enough for the refresh
    refreshed.client = await open(byParam(() => sign({ sub: "ann", exp: refreshed.exp })));
    const reply = await refreshed.client.raw("phoenix", "refresh", { token: sign({ sub: "ann" }) }, null);
    assert.equal(reply.payload.status, "ok");
    assert.ok(reply.payload.response.ttl > 3000, JSON.stringify(reply));
    const other = await refreshed.client.raw("phoenix", "refresh", { token: sign({ sub: "bob" }) }, null);
    assert.deepEqual(other.payload.response, { reason: "unauthorized", code: 101 });
  }],

  ["a channel's token lets in, until it expires, and then a newer one does", async () => {
    const ann = await open(byParam(() => sign({ sub: "ann" })));
    await assert.rejects(ann.channel("secret:9", {}), /permission denied/);
    let asked = 0;
    const channel = await ann.channel("secret:1", () => (asked++, { token: sign({ sub: "ann", channel: "secret:1", publish: true, exp: now() + 6 }) }));   // time enough for the pushes
    await answer(channel.push("msg", { n: 1 }), "push");
    await until(patience, "the own message", () => channel.log.length === 1);
    await until(patience, "a second join", () => asked >= 2 && channel.state === "joined");
    assert.equal(ann.opened, 1);
    await answer(channel.push("msg", { n: 2 }), "push after the second join");
  }],

  ["channels of the token come without a join, and a join takes over silently", async () => {
    const ann = await open(byParam(() => sign({ sub: "ann", channels: ["secret:2"] })));
    const bob = await open(byParam(() => sign({ sub: "bob", subs: { "secret:2": { publish: true } } })));
    const speaker = await bob.channel("secret:2", {});
    await answer(speaker.push("msg", { n: 1 }), "push");
    const pushed = () => ann.frames.filter((f) => f.topic === "secret:2" && f.event === "msg");
    await until(patience, "a push that nobody joined for", () => pushed().length === 1);
    const channel = await ann.channel("secret:2", {});
    await answer(speaker.push("msg", { n: 2 }), "push");
    await until(patience, "a push after the join", () => channel.log.length === 1);
    assert.equal(pushed().length, 2);
    assert.ok(!ann.frames.some((f) => f.event === "phx_close"), "a phx_close came");
  }],

  ["refresh has kept the connection", async () => {
    await pause(1000 * refreshed.exp + 1500 - Date.now());
    assert.equal(refreshed.client.opened, 1);
    await refreshed.client.channel("users:1", {});
  }],
], () => Promise.all(clients.map((c) => c.disconnect())));
