// The pages of throng bench in a real browser: the live page while a run goes on,
// and the report that it leaves when it is interrupted.
// usage: [CHROMIUM=/path/to/chrome] node pages.mjs http://LIVE/ FILE.html PID

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { address, patience, run, until } from "./lib.mjs";

const { http } = address();
const [file, pid] = process.argv.slice(3);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext();
context.setDefaultTimeout(2 * patience);
const complaints = [];
const asked = [];
let page;

async function open(url) {
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.stack));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(url);
}

const charts = () => page.locator("svg[role=img]").count();
const text = () => page.locator("body").innerText();

await run([
  ["the live page draws the run", async () => {
    await open(http);
    await until(patience, "charts", async () => (await charts()) >= 3);
    assert.match(await text(), /users/);
  }],
  ["and goes on drawing it", async () => {
    const before = await page.content();
    await until(patience, "another second", async () => (await page.content()) !== before);
    assert.deepEqual(complaints, []);
    // What the report shall have, an interrupted run has when its phase goes on for a while.
    await until(2 * patience, "deliveries", async () => (await charts()) >= 6 && /Deliveries/i.test(await text()));
  }],
  ["the report is one page that asks nobody for anything", async () => {
    process.kill(Number(pid), "SIGINT");
    await until(2 * patience, `all of ${file}`, () => existsSync(file) && readFileSync(file, "utf8").trimEnd().endsWith("</html>"));
    asked.length = 0;
    await page.close();
    complaints.length = 0;
    await open(pathToFileURL(file).href);
    assert.ok((await charts()) >= 6, `${await charts()} charts`);
    for (const heading of [/Phases/i, /Latencies/i, /Deliveries/i]) assert.match(await text(), heading);
    for (const chart of await page.locator("svg[role=img]").all()) {
      const box = await chart.boundingBox();
      assert.ok(box.width > 100 && box.height > 50, "a chart can be seen");
    }
    assert.deepEqual(asked.filter((url) => !url.startsWith("file:") && !url.startsWith("data:")), []);
    assert.deepEqual(complaints, []);
  }],
  ["and fits a phone", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 400, `${width} pixels wide`);
  }],
], () => browser.close());
