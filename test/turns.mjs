// How long it takes until a claim turns on the user's other screens: measured in the pages
// of the demo, all windows in one browser on one machine, whose clock they share.
// usage: [CHROMIUM=/path/to/chrome] node turns.mjs /path/to/throng [ROUNDS] [DEMO ARGUMENT...]

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { pause, within } from "./lib.mjs";

const [, , throng, rounds = "50", ...more] = process.argv;
const patience = 30_000;
const folder = mkdtempSync(join(tmpdir(), "throng-turns-"));

const server = spawn(resolve(throng), ["demo", "--log-format", "json", "--listen", "127.0.0.1:0", "--internal", "127.0.0.1:0",
  "--set", `store.file=${join(folder, "demo.db")}`, ...more], { stdio: ["ignore", "ignore", "pipe"], cwd: folder });
process.once("exit", () => {   // however it ends
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
process.once("SIGTERM", () => process.exit(1));
const ports = {};
await within(patience, "throng", new Promise((resolve, reject) => {
  server.once("exit", (code) => reject(new Error(`throng ended with ${code}`)));
  createInterface(server.stderr).on("line", (line) => {
    const { msg, listener, address } = JSON.parse(line);
    if (msg === "listening") ports[listener] = address;
    if (msg === "visits are recorded") resolve();
  });
}));

async function ask(method, params) {
  const answer = await fetch(`http://${ports.internal}/api/${method}`,
    { method: "POST", headers: { "X-API-Key": "dev" }, body: JSON.stringify(params) });
  const { result, error } = await answer.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// screen opens one of ann's. It notes when offers turn, and when that is on the glass.
async function screen(viewport) {
  const page = await (await browser.newContext({ viewport, hasTouch: viewport.width < 500 })).newPage();
  await page.addInitScript(() => {
    const now = () => performance.timeOrigin + performance.now();
    window.__turned = {};
    document.addEventListener("click", (event) => { window.__pressed = performance.timeOrigin + event.timeStamp; }, true);
    document.addEventListener("DOMContentLoaded", () => new MutationObserver((changes) => {
      for (const { target: { dataset: { id, state } } } of changes) {
        if (state !== "mine" || window.__turned[id]) continue;
        const turned = window.__turned[id] = { changed: now() };
        requestAnimationFrame(() => setTimeout(() => { turned.painted = now(); }));
      }
    }).observe(document.getElementById("offers"), { subtree: true, attributes: true, attributeFilter: ["data-state"] }));
  });
  await page.goto(`http://${ports.public}/?name=ann`, { timeout: 2 * patience });
  await page.waitForFunction(() => document.getElementById("state").textContent === "online", null, { timeout: patience });
  return page;
}

const turned = async (page, id) => {
  await page.waitForFunction((id) => window.__turned[id]?.painted, id, { timeout: patience });
  return page.evaluate((id) => window.__turned[id], id);
};

const desktop = { width: 1280, height: 900 }, phone = { width: 360, height: 740 };
const here = await screen(phone);
const others = [await screen(desktop), await screen(desktop), await screen(phone)];
await pause(2000);   // the browser has things to do after opening

const times = { here: [], changed: [], painted: [], published: [] };
for (let i = 0; i < Number(rounds); i++) {
  const id = `turn-${i}`;
  await ask("bonus_create", { id, data: { text: `No. ${i}` }, quota: 10, duration_ms: 60_000, audience: { channel: "stream:live" } });
  const claim = here.locator(`#popup [data-id="${id}"] .claim`);
  await claim.waitFor({ timeout: patience });
  await pause(200 + 600 * Math.random());   // at any point of what the page does in turns
  await claim.click({ timeout: patience });
  times.here.push((await turned(here, id)).changed - await here.evaluate(() => window.__pressed));
  const pressed = await here.evaluate(() => window.__pressed);
  const { publications } = await ask("history", { channel: "@user:ann", limit: -1 });
  const { time } = publications.find(({ event, data }) => event === "bonus_result" && data.id === id);
  for (const page of others) {
    const { changed, painted } = await turned(page, id);
    times.changed.push(changed - pressed);
    times.painted.push(painted - pressed);
    times.published.push(changed - time);
  }
  await ask("bonus_end", { id });
}
await browser.close();

const column = (ms) => ms.toFixed(1).padStart(8);
const row = (what, list) => {
  const sorted = list.toSorted((a, b) => a - b);
  const part = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  console.log(`${what.padEnd(54)}${[part(0.5), part(0.99), sorted.at(-1)].map(column).join("")}${String(list.length).padStart(6)}`);
};
console.log(`${"milliseconds".padEnd(54)}     p50     p99     max     n`);
row("press to the change, on the screen that claims", times.here);
row("press to the change, on the user's three others", times.changed);
row("press to the painted change, on the three others", times.painted);
row("publication of bonus_result to the change, on these", times.published);
process.exit(0);
