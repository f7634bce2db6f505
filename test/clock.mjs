// The demo page's clock, told times as a server would, with a performance.now() that is
// set by hand.
// usage: node clock.mjs

import assert from "node:assert/strict";
import { run } from "./lib.mjs";

const hour = 3_600_000;
let here = 1000;
performance.now = () => here;
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const { ServerClock } = await import("../internal/dashboard/demo/clock.js");

const noSocket = { onOpen() {} };   // nothing is sent: the exchanges are made below
const clock = new ServerClock(noSocket);
let server = Date.now() + hour;     // its clock is an hour ahead of the page's

// pass lets time go by here and there.
function pass(ms) {
  here += ms;
  server += ms;
}

// exchange takes so long on the way there and back.
function exchange(there, back) {
  const sent = here;
  pass(there);
  const time = server;
  pass(back);
  clock.exchange(time, sent);
}

const off = () => Math.abs(clock.now() - server);

await run([
  ["nothing is known at first", () => assert.equal(clock.error, Infinity)],
  ["one exchange is right but for half of what it took", () => {
    exchange(10, 30);
    assert.equal(off(), 10);
    assert.equal(clock.error, 20);
  }],
  ["a quicker one is better, a slower one is not", () => {
    exchange(3, 3);
    exchange(0, 90);
    assert.equal(off(), 0);
    assert.equal(clock.error, 3);
  }],
  ["after a while the last ones count, be they slower", () => {
    pass(6 * 60_000);
    exchange(20, 30);
    assert.equal(off(), 5);
  }],
  ["a clock that stood still while the phone slept is found out by a slow exchange", () => {
    exchange(1, 1);
    server += hour;
    exchange(200, 300);
    assert.equal(off(), 50);
    assert.equal(clock.error, 250);
  }],
  ["what the server says by itself is at least now", () => {
    clock.heard(server + 400);
    assert.equal(Math.round(clock.now() - server), 400);
    clock.heard(server - 400);
    assert.equal(Math.round(clock.now() - server), 400);
  }],
]);
