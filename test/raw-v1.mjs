// A version 1 client on a bare WebSocket, against the exchange that was recorded
// on Phoenix 1.8 ("v1 default"): objects with exactly four keys outbound.
// usage: node raw-v1.mjs http://HOST:PORT

import assert from "node:assert/strict";
import WebSocket from "ws";
import { address, patience, run, unique, within } from "./lib.mjs";

const { ws } = address();
const endpoint = `${ws}/websocket`;
const topic = unique("room");

const socket = new WebSocket(endpoint, { perMessageDeflate: false });
const inbox = [];
let wake = () => {};
socket.on("message", (data) => {
  inbox.push(JSON.parse(data));
  wake();
});

const send = (frame) => socket.send(JSON.stringify(frame));
const ok = (ref, of = topic) => ({ topic: of, event: "phx_reply", payload: { status: "ok", response: {} }, ref });
const unmatched = (ref, of = topic) => ({ topic: of, event: "phx_reply", payload: { status: "error", response: { reason: "unmatched topic" } }, ref });

async function expect(...frames) {
  for (const frame of frames) {
    if (!inbox.length) {
      await within(patience, `waiting for ${JSON.stringify(frame)}`, new Promise((resolve) => { wake = resolve; }));
    }
    assert.deepEqual(inbox.shift(), frame);
  }
}

await run([
  ["connects without vsn", async () => {
    await within(patience, "connect", new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject)));
  }],

  ["join", async () => {
    send({ topic, event: "phx_join", payload: {}, ref: "1" });
    await expect(ok("1"));
  }],

  ["push: the broadcast with a null ref, then the ok", async () => {
    send({ topic, event: "new_msg", payload: { x: 1 }, ref: "2" });
    await expect({ topic, event: "new_msg", payload: { x: 1 }, ref: null }, ok("2"));
  }],

  ["after a join without join_ref, a push with one is stale: dropped; the heartbeat is answered", async () => {
    send({ topic, event: "new_msg", payload: { x: 2 }, ref: "3", join_ref: "1" });
    send({ topic: "phoenix", event: "heartbeat", payload: {}, ref: "4" });
    await expect(ok("4", "phoenix"));
  }],

  ["an event on a topic that was not joined is an error", async () => {
    const stranger = unique("room");
    send({ topic: stranger, event: "new_msg", payload: {}, ref: "5" });
    await expect(unmatched("5", stranger));
  }],

  ["leave: ok, then phx_close", async () => {
    send({ topic, event: "phx_leave", payload: {}, ref: "6" });
    await expect(ok("6"), { topic, event: "phx_close", payload: {}, ref: null });
  }],

  ["after the leave the topic is unmatched", async () => {
    send({ topic, event: "new_msg", payload: {}, ref: "7" });
    await expect(unmatched("7"));
    assert.deepEqual(inbox, []);
  }],

  ["a join with join_ref keeps it: pushes with it pass", async () => {
    send({ topic, event: "phx_join", payload: {}, ref: "8", join_ref: "8" });
    send({ topic, event: "new_msg", payload: { x: 3 }, ref: "9", join_ref: "8" });
    await expect(ok("8"), { topic, event: "new_msg", payload: { x: 3 }, ref: null }, ok("9"));
  }],

  ["an array closes a version 1 connection with 1011", async () => {
    const other = new WebSocket(endpoint, { perMessageDeflate: false });
    other.on("open", () => other.send(JSON.stringify(["1", "1", topic, "phx_join", {}])));
    const code = await within(patience, "close", new Promise((resolve, reject) => other.on("close", resolve).on("error", reject)));
    assert.equal(code, 1011);
  }],

  ["an unknown vsn is refused with 403", async () => {
    const other = new WebSocket(`${endpoint}?vsn=3.0.0`);
    const status = await within(patience, "answer", new Promise((resolve, reject) => {
      other.on("unexpected-response", (_, response) => resolve(response.statusCode))
        .on("open", () => reject(new Error("vsn 3.0.0 was accepted")))
        .on("error", reject);
    }));
    assert.equal(status, 403);
    other.terminate();
  }],
], () => socket.terminate());
