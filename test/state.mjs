// The map that a user's screens share, with the unmodified phoenix npm client: the
// example of docs/users.md in two tabs and a third that comes and goes.
// usage: node state.mjs http://HOST:PORT http://INTERNAL

import assert from "node:assert/strict";
import { Client, answer } from "./client.mjs";
import { address, patience, run, unique, until } from "./lib.mjs";
import { SharedState } from "./shared_state.mjs";

const { ws } = address();
const internal = process.argv[3];
const open = [];
const user = unique("ann");

async function tab(name, who = user) {
  const client = await new Client(ws, who, { reconnectAfterMs: () => 50, rejoinAfterMs: () => 50 }).connect();
  open.push(client);
  const state = new SharedState(client.socket, who, name);
  await until(patience, "the map", () => state.ready);
  return { client, state };
}

async function api(method, body) {
  const response = await fetch(`${internal}/api/${method}`, { method: "POST", headers: { "X-API-Key": "dev" }, body: JSON.stringify(body) });
  return response.json();
}

const shows = (state) => JSON.stringify([...state.values()].sort());
const agree = (...states) => until(patience, `all show the same: ${states.map(shows)}`, () =>
  states.every((s) => shows(s) === shows(states[0]) && s.version === states[0].version && s.pending.size === 0));

let first, second, third;

await run([
  ["a change is shown at once, confirmed, and applied in the other tab", async () => {
    first = await tab("first");
    second = await tab("second");
    const written = first.state.write("volume", 7);
    assert.equal(first.state.values().get("volume"), 7, "not shown at once");
    await written;
    assert.equal(first.state.pending.size, 0, "not confirmed by the diff, which is before the answer");
    await until(patience, "the other tab", () => second.state.values().get("volume") === 7);
  }],

  ["the last write wins, in both tabs", async () => {
    await Promise.all([...Array(50).keys()].map((i) => (i % 2 ? first : second).state.write("volume", i)));
    await agree(first.state, second.state);
  }],

  ["of two who expect the same version one is told of the other", async () => {
    const response = await second.state.write("volume", "mine", { if_version: 1 }).catch((e) => e);
    assert.equal(response.code, 113);
    assert.equal(response.value, first.state.values().get("volume"));
    assert.equal(second.state.values().get("volume"), first.state.values().get("volume"), "what was refused is still shown");
  }],

  ["keys of every kind", async () => {
    const keys = ["__proto__", "constructor", "😀", "a\u0000b", " ", "k".repeat(255)];
    await Promise.all(keys.map((key) => first.state.write(key, { key })));
    await agree(first.state, second.state);
    for (const key of keys) assert.deepEqual(second.state.values().get(key), { key });
    await Promise.all(keys.map((key) => second.state.write(key)));
    await agree(first.state, second.state);
    assert.equal(first.state.values().get("__proto__"), undefined);
    assert.equal({}.key, undefined, "a prototype was written");
  }],

  ["a tab that was away has what it missed, and its own change once", async () => {
    third = await tab("third");
    const { opened } = third.client;
    const snapshots = () => third.client.frames.filter(({ event }) => event === "state").length;
    const before = snapshots();
    third.client.cut();
    await until(patience, "it is away", () => !third.client.socket.isConnected());
    const written = third.state.write("made", "while away"); // the client sends it when it is back
    await first.state.write("theme", "dark");
    await first.state.write("volume");
    third.client.away = false;
    await until(patience, "it is back", () => third.client.opened > opened);
    await written;
    await agree(first.state, second.state, third.state);
    assert.equal(third.state.values().get("theme"), "dark");
    assert.equal(snapshots(), before, "it recovered, and was shown the whole map all the same");
  }],

  ["a tab that was away for too long is shown the whole map", async () => {
    third.client.cut();
    await until(patience, "it is away", () => !third.client.socket.isConnected());
    await api("history_remove", { channel: `@user:${user}` });
    await api("state_set", { user, key: "by", value: "the backend" });
    third.client.away = false;
    await until(patience, "all have it", () => [first, second, third].every(({ state }) => state.values().get("by") === "the backend"));
    await agree(first.state, second.state, third.state);
  }],

  ["a tab that writes too fast is made to wait, and loses nothing", async () => {
    const early = ({ event, payload }) => event === "phx_reply" && payload.response.code === 111;
    // A server that stops in the middle of them lets more of them in.
    let rounds = 0;
    do {
      await Promise.all([...Array(50).keys()].map((i) => third.state.write("fast", i)));
    } while (++rounds < 5 && !third.client.frames.some(early));
    assert.ok(third.client.frames.some(early), "it was not made to wait");
    await agree(first.state, second.state, third.state);
  }],

  ["a change that meets a server where the channel is not joined is not given up", async () => {
    const { client, state } = third, { channel } = state;
    // The server ends the subscription, and what it says of that comes late.
    const member = channel.isMember;
    channel.isMember = (topic, event, ...rest) => event !== "phx_close" && member.call(channel, topic, event, ...rest);
    const left = client.raw(channel.topic, "phx_leave", {}, channel.joinRef());
    const written = state.write("met", "nobody");
    await left;
    await until(patience, "it is refused", () => client.frames.some(({ payload }) => payload.response?.reason === "unmatched topic"));
    channel.trigger("phx_error");
    await written;
    channel.isMember = member;
    await agree(first.state, second.state, third.state);
    assert.equal(first.state.values().get("met"), "nobody");
  }],

  ["a key expires everywhere", async () => {
    await first.state.write("toast", "saved", { ttl_ms: 300 });
    await agree(first.state, second.state, third.state);
    await until(patience, "it is over", () => [first, second, third].every(({ state }) => state.values().get("toast") === undefined));
    await agree(first.state, second.state, third.state);
  }],

  ["the server says what the tabs show; another user has another map", async () => {
    const { result } = await api("state_get", { user });
    assert.equal(result.version, first.state.version);
    const entries = Object.entries(result.entries).map(([key, { value }]) => [key, value]).sort();
    assert.equal(JSON.stringify(entries), shows(first.state));
    const bob = await tab("bob", unique("bob"));
    assert.equal(shows(bob.state), "[]");
    const foreign = bob.client.socket.channel(`@user:${user}`, {});
    await assert.rejects(answer(foreign.join(), "join"), (e) => e.response.code === 103);
    foreign.leave();
  }],
], () => Promise.all(open.map((client) => client.disconnect())));
