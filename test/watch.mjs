// A page of another origin with the EventSource that Chromium has: what it shows it says
// by fetch, and its last word by a beacon; the books of visits say the same.
// usage: [CHROMIUM=/path/to/chrome] node watch.mjs http://HOST:PORT http://INTERNAL

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { address, patience, run, until } from "./lib.mjs";

const { http } = address();
const internal = process.argv[3];

const site = createServer((_, res) => res.setHeader("Content-Type", "text/html").end("<!doctype html><title>show</title>"));
await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
page.setDefaultTimeout(2 * patience);
await page.goto(`http://127.0.0.1:${site.address().port}/`);

async function watched() {
  const answer = await fetch(new URL("/api/visits_online", internal), {
    method: "POST", headers: { "X-API-Key": "dev" }, body: JSON.stringify({ channel: "show:1", kind: "watching" }),
  });
  const { result } = await answer.json();
  return result?.users?.map(({ user }) => user).join();
}

// say is what the documentation tells a page to do.
const say = (visible) => page.evaluate(async ([url, visible]) => {
  const body = JSON.stringify({ stream: window.stream, channel: "show:1", visible });
  const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  return answer.status;
}, [new URL("/events", http).href, visible]);

await run([
  ["a stream says what it is called", async () => {
    await page.evaluate((url) => new Promise((resolve) => {
      window.source = new EventSource(url);
      window.source.addEventListener("stream", ({ data }) => { window.stream = JSON.parse(data).id; resolve(); });
    }), new URL("/events?channel=show:1&user_id=ann", http).href);
    await until(patience, "nobody watches", async () => await watched() === "");
  }],
  ["the page says that it is visible", async () => {
    assert.equal(await say(true), 204);
    await until(patience, "ann watches", async () => await watched() === "ann");
  }],
  ["and that it is not", async () => {
    assert.equal(await say(false), 204);
    await until(patience, "nobody watches", async () => await watched() === "");
  }],
  ["its last word comes by a beacon", async () => {
    assert.equal(await say(true), 204);
    await until(patience, "ann watches", async () => await watched() === "ann");
    assert.equal(await page.evaluate((url) => navigator.sendBeacon(url,
      JSON.stringify({ stream: window.stream, channel: "show:1", visible: false })), new URL("/events", http).href), true);
    await until(patience, "nobody watches", async () => await watched() === "");
    assert.equal(await page.evaluate(() => window.source.readyState), 1);
  }],
  ["what it watches ends with it", async () => {
    assert.equal(await say(true), 204);
    await until(patience, "ann watches", async () => await watched() === "ann");
    await page.close();
    await until(patience, "nobody watches", async () => await watched() === "");
  }],
], async () => {
  await browser.close();
  site.close();
});
