// Plain ways out beside two phoenix npm clients, all on one channel: Chromium's
// EventSource, the npm one, curl, and polls by fetch. What listens is reached
// through a TCP proxy that can cut.
// usage: [CHROMIUM=/path/to/chrome] node events.mjs http://HOST:PORT

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import net from "node:net";
import { EventSource } from "eventsource";
import { chromium } from "playwright-core";
import { Client, answer } from "./client.mjs";
import { address, patience, run, unique, until } from "./lib.mjs";

const { http, ws } = address();
const server = new URL(http);
const topic = unique("hist:events");
const query = `channel=${encodeURIComponent(topic)}&channel=${encodeURIComponent(topic + ":other")}`;

// proxy passes connections on until it is told to cut them; while it is down it
// takes none.
const open = new Set();
let down = false;
const proxy = net.createServer((client) => {
  if (down) return client.destroy();
  const upstream = net.connect(Number(server.port), server.hostname);
  for (const [one, other] of [[client, upstream], [upstream, client]]) {
    open.add(one);
    one.pipe(other);
    one.on("error", () => {});
    one.on("close", () => { open.delete(one); other.destroy(); });
  }
});
await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
const through = `${server.protocol}//127.0.0.1:${proxy.address().port}`;

const ann = new Client(ws, "ann");
const bob = new Client(ws, "bob");
let chanA, chanB, browser, page, source, curl;
let curled = "";
const heard = { node: [], begun: [] };
const said = [];

async function say(channel) {
  said.push(`${said.length + 1} of ${topic}`);
  await answer(channel.push("msg", { text: said.at(-1) }), "push");
}

const inPage = () => page.evaluate(() => window.heard);
const inCurl = () => [...curled.matchAll(/^data: (.*"event".*)\n/gm)].map(([, json]) => JSON.parse(json).data.text);

// all waits until everybody has heard exactly what was said, in order.
async function all() {
  await until(patience, "the npm EventSource hears", () => heard.node.length >= said.length);
  assert.deepEqual(heard.node, said);
  await until(patience, "Chromium hears", async () => (await inPage()).length >= said.length);
  assert.deepEqual(await inPage(), said);
  for (const channel of [chanA, chanB]) {
    await until(patience, "a phoenix client hears", () => channel.log.length >= said.length);
    assert.deepEqual(channel.log.map(({ payload }) => payload.text), said);
  }
}

await run([
  ["two phoenix clients join a channel", async () => {
    await ann.connect();
    await bob.connect();
    chanA = await ann.channel(topic, {});
    chanB = await bob.channel(topic, {});
  }],

  ["Chromium, the npm eventsource and curl listen to it, and to another one", async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      headless: true,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    page.setDefaultTimeout(2 * patience);
    await page.goto(`${through}/nothing`);
    await page.evaluate((path) => {
      Object.assign(window, { heard: [], begun: [], source: new EventSource(path) });
      window.source.onmessage = ({ data }) => window.heard.push(JSON.parse(data).data.text);
      window.source.addEventListener("subscribed", ({ data }) => window.begun.push(JSON.parse(data)));
    }, `/events?${query}`);
    source = new EventSource(`${through}/events?${query}`);
    source.onmessage = ({ data }) => heard.node.push(JSON.parse(data).data.text);
    source.addEventListener("subscribed", ({ data }) => heard.begun.push(JSON.parse(data)));
    curl = spawn("curl", ["-sNk", `${http}events?${query}`], { stdio: ["ignore", "pipe", "inherit"] });
    curl.stdout.on("data", (b) => { curled += b; });
    await until(patience, "the npm client begins", () => heard.begun.length === 2);
    await until(patience, "curl begins", () => curled.split("event: subscribed").length === 3);
    await until(patience, "Chromium begins", async () => (await page.evaluate(() => window.begun)).length === 2);
  }],

  ["all of them hear both clients, in order", async () => {
    for (const channel of [chanA, chanB, chanA]) await say(channel);
    await all();
  }],

  ["cut off, they come back by themselves, and have missed nothing", async () => {
    for (let round = 0; round < 2; round++) {
      down = true;
      for (const socket of open) socket.destroy();
      for (const channel of [chanA, chanB, chanA]) await say(channel);
      down = false;
      await say(chanB);
      await all();
      // The second "subscribed" may follow what was missed: it comes before the next cut.
      const begun = 2 * (round + 2);
      await until(patience, "the npm EventSource has begun again", () => heard.begun.length >= begun);
      await until(patience, "Chromium has begun again", async () => (await page.evaluate(() => window.begun)).length >= begun);
    }
    for (const begun of [heard.begun, await page.evaluate(() => window.begun)]) {
      assert.ok(begun.slice(2).every(({ recovered }) => recovered), JSON.stringify(begun));
    }
  }],

  ["curl heard the same", async () => {
    await until(patience, "curl hears", () => inCurl().length >= said.length);
    assert.deepEqual(inCurl(), said);
  }],

  ["polls get it too, from where each stands", async () => {
    const path = `${http}poll?channel=${encodeURIComponent(topic)}`;
    const first = await (await fetch(`${path}&limit=2`)).json();
    assert.deepEqual(first.publications.map(({ data }) => data.text), said.slice(-2));
    const next = fetch(`${path}&offset=${first.offset}&epoch=${first.epoch}`);
    await say(chanA);
    const second = await (await next).json();
    assert.equal(second.recovered, true);
    assert.deepEqual(second.publications.map(({ data }) => data.text), said.slice(-1));
    await all();
  }],
], async () => {
  source?.close();
  curl?.kill();
  await browser?.close();
  await Promise.all([ann.disconnect(), bob.disconnect()]);
  proxy.close();
});
