// Two unmodified phoenix npm clients on a real server.
// usage: node chat.mjs http://HOST:PORT

import assert from "node:assert/strict";
import { Client, answer } from "./client.mjs";
import { address, patience, pause, run, unique, until, within } from "./lib.mjs";

const { ws } = address();
const topic = unique("hist:chat");

const a = new Client(ws, "ann", { reconnectAfterMs: () => 100 });
const b = new Client(ws, "bob");
let chanA, chanB, position;

const say = (channel, text) => answer(channel.push("msg", { text }), `push "${text}"`);
const texts = (channel) => channel.log.map(({ payload }) => payload.text);
const offsets = (channel) => channel.log.map(({ ref }) => ref);

await run([
  ["two clients connect", async () => {
    await Promise.all([a.connect(), b.connect()]);
  }],

  ["a join with an empty recover is answered with a position and no publications", async () => {
    chanA = await a.channel(topic, () => ({ recover: position ?? {} }));
    chanB = await b.channel(topic, { recover: {} });
    for (const { reply } of [chanA, chanB]) {
      assert.equal(typeof reply.recovered, "boolean");
      assert.equal(reply.offset, 0);
      assert.ok(typeof reply.epoch === "string" && reply.epoch !== "", `epoch is ${JSON.stringify(reply.epoch)}`);
      assert.deepEqual(reply.publications, []);
    }
    assert.equal(chanA.reply.epoch, chanB.reply.epoch);
  }],

  ["each sees the messages of both, the sender its own too", async () => {
    await say(chanA, "hello from ann");
    await say(chanB, "hello from bob");
    for (const channel of [chanA, chanB]) {
      await until(patience, "two messages", () => channel.log.length >= 2);
      assert.deepEqual(texts(channel), ["hello from ann", "hello from bob"]);
    }
  }],

  ["the ok comes after the own broadcast", async () => {
    const seen = chanA.log.length;
    await within(patience, "ok", new Promise((resolve, reject) => {
      chanA.push("msg", { text: "mine first" }).receive("ok", () => {
        if (chanA.log.length === seen + 1 && texts(chanA).at(-1) === "mine first") resolve();
        else reject(new Error("ok arrived before the own broadcast"));
      });
    }));
    await until(patience, "b has it too", () => chanB.log.length === chanA.log.length);
  }],

  ["forty messages sent at once arrive everywhere, in one order", async () => {
    const before = chanA.log.length;
    const acks = [];
    for (let i = 0; i < 20; i++) {
      acks.push(say(chanA, `ann ${i}`), say(chanB, `bob ${i}`));
    }
    await Promise.all(acks);
    for (const channel of [chanA, chanB]) {
      await until(patience, "all forty", () => channel.log.length >= before + 40);
    }
    assert.deepEqual(texts(chanA), texts(chanB));
    for (const who of ["ann", "bob"]) {
      assert.deepEqual(texts(chanA).slice(before).filter((text) => text.startsWith(who)),
        Array.from({ length: 20 }, (_, i) => `${who} ${i}`));
    }
  }],

  ["each push has its offset as second argument, a number, one more each time", async () => {
    for (const channel of [chanA, chanB]) {
      assert.deepEqual(offsets(channel), Array.from(channel.log, (_, i) => i + 1));
    }
  }],

  ["a binary push arrives as the same bytes, in an ArrayBuffer", async () => {
    const name = unique("hist:bytes");
    const fromA = await a.channel(name, {}, ["blob"]);
    const fromB = await b.channel(name, {}, ["blob"]);
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await answer(fromA.push("blob", bytes.buffer), "push of bytes");
    for (const channel of [fromA, fromB]) {
      await until(patience, "the bytes", () => channel.log.length === 1);
      assert.ok(channel.log[0].payload instanceof ArrayBuffer, "payload is not an ArrayBuffer");
      assert.deepEqual(new Uint8Array(channel.log[0].payload), bytes);
    }
    await answer(fromA.leave(), "leave");
    await answer(fromB.leave(), "leave");
  }],

  ["a client that was cut off rejoins by itself and gets what it missed in the reply", async () => {
    position = { offset: chanA.log.at(-1).ref, epoch: chanA.reply.epoch };
    const live = chanA.log.length;
    const closed = new Promise((resolve) => a.socket.onClose(resolve));
    const replies = [];   // the client calls back at once with the first join's reply
    chanA.joinPush.receive("ok", (reply) => replies.push(reply));
    a.cut();
    await within(patience, "close", closed);
    const missed = ["one", "two", "three"];
    for (const text of missed) await say(chanB, text);
    assert.equal(a.opened, 1, "a was back before b had spoken: the step proves nothing");
    a.away = false;

    await until(patience, "rejoin", () => replies.length === 2);
    const reply = replies[1];
    assert.equal(reply.recovered, true);
    assert.equal(reply.epoch, position.epoch);
    assert.equal(reply.offset, position.offset + 3);
    assert.deepEqual(reply.publications.map(({ event, payload }) => [event, payload.text]), missed.map((text) => ["msg", text]));
    assert.deepEqual(reply.publications.map(({ offset }) => offset), [1, 2, 3].map((n) => position.offset + n));
    for (const { time } of reply.publications) {
      assert.ok(Math.abs(time - Date.now()) < 60_000, `time ${time} is not now in milliseconds`);
    }
    await say(chanB, "after");
    await until(patience, "live again", () => chanA.log.length > live);
    assert.deepEqual(texts(chanA).slice(live), ["after"], "recovered messages came twice or live ones are missing");
    assert.equal(chanA.log.at(-1).ref, position.offset + 4);
  }],

  ["a newcomer who asks for history gets the window in order", async () => {
    const c = await new Client(ws, "cid").connect();
    const channel = await c.channel(topic, { recover: { history: 100 } });
    assert.deepEqual(channel.reply.publications.map(({ payload }) => payload.text), texts(chanB));
    assert.deepEqual(channel.reply.publications.map(({ offset }) => offset), offsets(chanB));
    await c.disconnect();
  }],

  ["a position of another epoch is not recovered, and the server says so", async () => {
    const c = await new Client(ws, "cid").connect();
    const channel = await c.channel(topic, { recover: { offset: 1, epoch: "another" } });
    assert.equal(channel.reply.recovered, false);
    assert.equal(channel.reply.epoch, chanB.reply.epoch);
    await c.disconnect();
  }],

  ["who joins without recover gets plain Phoenix: an empty reply and a null ref", async () => {
    const c = await new Client(ws, "cid").connect();
    const channel = await c.channel(topic, {});
    assert.deepEqual(channel.reply, {});
    await say(chanB, "plain");
    await until(patience, "the message", () => channel.log.length === 1);
    assert.equal(channel.log[0].ref, null);
    await until(patience, "a has it too", () => texts(chanA).at(-1) === "plain");
    await c.disconnect();
  }],

  ["a second channel object for the same topic takes over from the first", async () => {
    const name = unique("hist:twice");
    const first = await a.channel(name, {});
    const second = await a.channel(name, {});
    await until(patience, "the first is closed", () => first.isClosed());
    await say(second, "to the second");
    assert.deepEqual([texts(first), texts(second)], [[], ["to the second"]]);
    await answer(second.leave(), "leave");
  }],

  ["a duplicate join on the wire: first its reply, then the close of the old channel", async () => {
    const name = unique("hist:dup");
    const old = await a.channel(name, {});
    const oldRef = old.joinRef();
    const from = a.frames.length;
    const reply = await a.raw(name, "phx_join", {});
    assert.equal(reply.payload.status, "ok");
    assert.equal(reply.join_ref, reply.ref);
    await until(patience, "phx_close", () => old.isClosed());
    const got = a.frames.slice(from).filter((frame) => frame.topic === name).map((frame) => [frame.join_ref, frame.ref, frame.event]);
    assert.deepEqual(got, [[reply.ref, reply.ref, "phx_reply"], [oldRef, oldRef, "phx_close"]]);
    await a.raw(name, "phx_leave", {}, reply.ref);
  }],

  ["an event on a topic that was not joined is an error", async () => {
    const reply = await a.raw(unique("hist:stranger"), "msg", { text: "?" });
    assert.equal(reply.join_ref, null);
    assert.deepEqual(reply.payload, { status: "error", response: { reason: "unmatched topic" } });
  }],

  ["a topic longer than 255 bytes cannot be joined", async () => {
    const channel = a.socket.channel(`hist:${"x".repeat(251)}`);
    await assert.rejects(answer(channel.join(), "join"), (error) => typeof error.response?.reason === "string");
    await answer(channel.leave(), "leave");
  }],

  ["who left hears nothing more", async () => {
    const before = chanA.log.length;
    const from = a.frames.length;
    await answer(chanA.leave(), "leave");
    await until(patience, "closed", () => chanA.isClosed());
    // phoenix.js takes its own word for the leave; the server's comes later.
    await until(patience, "phx_close", () => a.frames.slice(from).some((frame) => frame.topic === topic && frame.event === "phx_close"));
    const stray = a.frames.length;
    await say(chanB, "to myself");
    await pause(100);
    assert.equal(chanA.log.length, before);
    assert.deepEqual(a.frames.slice(stray).filter((frame) => frame.topic === topic && frame.event === "msg"), []);
  }],

  ["every heartbeat is answered, and no connection was lost but the one that was cut", async () => {
    const answered = (client) => client.frames.filter((frame) => frame.topic === "phoenix" && frame.payload.status === "ok").length;
    for (const client of [a, b]) {
      for (let i = 0; i < 3; i++) {   // not by the clock: a client whose heartbeat is not answered before the next one gives up
        const before = answered(client);
        client.socket.sendHeartbeat();
        await until(patience, "the answer", () => answered(client) > before);
      }
    }
    assert.deepEqual([a.opened, b.opened], [2, 1]);

    const c = new Client(ws, "cid", { heartbeatIntervalMs: 250 });   // by itself
    await c.connect();
    await until(patience, "three heartbeats", () => answered(c) >= 3);
    await c.disconnect();
  }],
], async () => {
  await Promise.all([a.disconnect(), b.disconnect()]);
});
