// The unmodified Presence class of the phoenix npm client, in tabs of a few users and
// with more users than are told of each other.
// usage: node presence.mjs http://HOST:PORT

import assert from "node:assert/strict";
import { Presence } from "phoenix";
import { Client, answer } from "./client.mjs";
import { address, patience, pause, run, unique, until } from "./lib.mjs";

const { ws } = address();
const open = [];

// enter joins a channel with a Presence that writes down what it hears.
async function enter(user, topic, options) {
  const client = await new Client(ws, user, { heartbeatIntervalMs: 20_000, ...options }).connect();
  open.push(client);
  const channel = client.socket.channel(topic, {});
  const presence = new Presence(channel);
  const tab = { client, channel, presence, joins: [], leaves: [], syncs: 0, counts: [] };
  presence.onJoin((key, current) => current || tab.joins.push(key)); // for the first time
  presence.onLeave((key, current) => current.metas.length || tab.leaves.push(key)); // for good
  presence.onSync(() => tab.syncs++);
  channel.on("presence_count", (count) => tab.counts.push(count));
  await answer(channel.join(), `join ${topic}`);
  return tab;
}

const keys = (tab) => tab.presence.list((key) => key).sort();
const metas = (tab, key) => tab.presence.list((k, { metas }) => [k, metas]).find(([k]) => k === key)?.[1] ?? [];
const diffs = (tab) => tab.client.frames.filter(({ event }) => event === "presence_diff").map(({ payload }) => payload);
const about = (tab, key) => diffs(tab).filter(({ joins, leaves }) => key in joins || key in leaves).length;
const shows = (tab, ...want) => until(patience, `${want} are shown`, () => keys(tab).join() === want.sort().join());

// enterAll opens many users, some at a time.
async function enterAll(users, topic) {
  const tabs = [];
  for (let i = 0; i < users.length; i += 50) {
    tabs.push(...await Promise.all(users.slice(i, i + 50).map((user) => enter(user, topic))));
  }
  return tabs;
}

// settled waits until a tab was told all that was until now: of a change of its own, which
// comes behind it.
async function settled(tab, user) {
  const mark = unique("mark");
  await answer(tab.channel.push("presence_update", { meta: { mark } }), "update");
  await until(patience, "the mark", () => metas(tab, user)[0]?.mark === mark);
}

const gathered = 250;   // ms that the server gathers differences for
let ann, bob, topic = unique("presence:room");

await run([
  ["who joins sees itself in the first sync, the others see it soon", async () => {
    ann = await enter("ann", topic);
    await until(patience, "a sync", () => ann.syncs > 0);
    assert.deepEqual(keys(ann), ["ann"]);
    bob = await enter("bob", topic);
    await shows(ann, "ann", "bob");
    await shows(bob, "ann", "bob");
    assert.deepEqual(ann.joins, ["ann", "bob"]);
    const [meta] = metas(bob, "ann");
    assert.ok(Math.abs(meta.online_at - Date.now()) < 60_000 && meta.phx_ref.length > 8, JSON.stringify(meta));
  }],

  ["a second tab is no join, and closing one of two is no leave", async () => {
    await settled(bob, "bob");
    const before = about(bob, "ann");
    const second = await enter("ann", topic);
    await shows(second, "ann", "bob");
    await pause(600);
    await second.client.disconnect();
    await pause(600);
    await settled(bob, "bob");
    assert.equal(about(bob, "ann"), before);
    assert.deepEqual(bob.leaves, []);
  }],

  ["an update replaces the meta", async () => {
    await answer(ann.channel.push("presence_update", { meta: { status: "away", phx_ref: "mine" } }), "update");
    await until(patience, "the update", () => metas(bob, "ann")[0]?.status === "away");
    assert.equal(metas(bob, "ann").length, 1);
    assert.notEqual(metas(bob, "ann")[0].phx_ref, "mine");
    assert.deepEqual(bob.leaves, []);
    await assert.rejects(answer(ann.channel.push("presence_update", { meta: 7 }), "update"), (e) => e.response.code === 107);
  }],

  ["a user who flaps a hundred times a second costs four differences", async () => {
    const cid = await enter("cid", topic);
    await shows(bob, "ann", "bob", "cid");
    const before = diffs(bob).length, start = performance.now();
    while (performance.now() < start + 2000) {
      cid.channel.leave();
      cid.channel = cid.client.socket.channel(topic, {});
      cid.channel.join();
      await pause(10);
    }
    await answer(cid.channel.push("presence_update", { meta: { mark: "the last" } }), "update");
    await until(patience, "the last", () => metas(bob, "cid")[0]?.mark === "the last");
    const took = performance.now() - start, more = diffs(bob).length - before;   // the server may be behind its clients
    assert.ok(more <= took / gathered + 2, `${more} differences in ${took} ms`);
    await shows(bob, "ann", "bob", "cid");
    await cid.client.disconnect();
    await shows(bob, "ann", "bob");
  }],

  ["a connection that is cut is a leave, unless it is back at once", async () => {
    // It comes back after 10 ms. Where it takes longer than differences are gathered for,
    // he did leave: once more.
    for (let away = Infinity; away > 0.8 * gathered;) {
      await settled(ann, "ann");
      ann.leaves = [];
      const { opened } = bob.client, cut = performance.now();
      bob.client.socket.conn.terminate();
      await until(patience, "bob is back", () => bob.client.opened > opened && bob.channel.state === "joined");
      away = performance.now() - cut;
      await settled(ann, "ann");
    }
    assert.ok(!ann.leaves.includes("bob"), "bob was told to have left");
    await shows(bob, "ann", "bob");
    const late = await enter("dan", topic, { reconnectAfterMs: () => 100 });
    await shows(ann, "ann", "bob", "dan");
    late.client.cut();
    await shows(ann, "ann", "bob");
    late.client.away = false;
    await shows(ann, "ann", "bob", "dan");
    await shows(late, "ann", "bob", "dan");
  }],

  ["ids of every kind are keys", async () => {
    const room = unique("presence:ids");
    const ids = ["k".repeat(1024), "😀👩‍👩‍👧", `"quoted" {"metas":[]}`, "'; drop table online", "<b>&amp;", "a\\u0000b"];
    const tabs = await enterAll(["viewer", ...ids], room);
    for (const tab of tabs) await shows(tab, "viewer", ...ids);
    const nobody = await enter("", room);
    await until(patience, "an anonymous client", () => keys(nobody).length === ids.length + 2);
    assert.ok(keys(nobody).some((key) => /^[0-9a-f]{32}$/.test(key)), "its key is not its id");
  }],

  ["250 users: lists up to 200, counts above", async () => {
    topic = unique("presence:hall");
    const users = Array.from({ length: 250 }, (_, i) => `u${String(i).padStart(3, "0")}`);
    const few = await enterAll(users.slice(0, 200), topic);
    await shows(few[0], ...users.slice(0, 200));
    await shows(few[199], ...users.slice(0, 200));
    const more = await enterAll(users.slice(200), topic);
    for (const tab of [few[0], few[199], more[49]]) {
      await shows(tab);
      await until(patience, "the count", () => tab.counts.at(-1)?.users === 250);
      assert.equal(tab.counts.at(-1).connections, 250);
      assert.equal(tab.counts.at(-1).newest.length, 10);
    }

    const seen = new Set();
    let cursor;
    do {
      const page = await answer(few[0].channel.push("presence_list", { cursor, limit: 60 }), "list");
      page.members.forEach(({ key }) => seen.add(key));
      ({ cursor } = page);
    } while (cursor);
    assert.deepEqual([...seen].sort(), users);

    const { users: here } = await answer(few[0].channel.push("presence_watch", { users: ["u249", "zoe"] }), "watch");
    assert.deepEqual(Object.keys(here), ["u249"]);
    await shows(few[0], "u249");
    const zoe = await enter("zoe", topic);
    await shows(few[0], "u249", "zoe");
    await zoe.client.disconnect();
    await shows(few[0], "u249");
    assert.deepEqual(keys(few[1]), []);

    await Promise.all(more.map(({ client }) => client.disconnect()));
    await until(patience, "the count falls", () => few[0].counts.at(-1).users === 200);
    assert.deepEqual(keys(few[1]), []);
    await Promise.all(few.slice(160).map(({ client }) => client.disconnect()));
    for (const tab of few.slice(0, 160)) await shows(tab, ...users.slice(0, 160));
  }],
], () => Promise.all(open.map((client) => client.disconnect())));
