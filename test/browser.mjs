// The demo page in a real browser, in two tabs.
// usage: [CHROMIUM=/path/to/chrome] [SCREENSHOT=page.png] node browser.mjs http://HOST:PORT

import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { address, patience, pause, run, unique, until } from "./lib.mjs";

const { http } = address();

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: "reduce", viewport: { width: 1180, height: 760 } });
context.setDefaultTimeout(2 * patience);
const complaints = [];
const mark = unique("m");   // the lobby may hold what others said before
let ann, bob;

const part = (page, id) => page.locator(`[data-testid="${id}"]`);
const texts = (page) => part(page, "messages").locator(".text").allTextContents();
const marked = async (page) => (await texts(page)).filter((text) => text.includes(mark));
const here = (page, name) => part(page, "people").locator(`.person[data-name="${name}"]`);
const figure = async (page, id) => Number((await part(page, id).textContent()).replace(/\D/g, "") || NaN);

// seconds is a user's own time as a page shows it.
async function seconds(page) {
  let text;
  await until(patience, "one's own time", async () => {
    text = await part(page, "time").textContent();
    return text !== "";
  });
  const sizes = { h: 3600, min: 60, s: 1 };
  return [...text.matchAll(/(\d+) (h|min|s)/g)].reduce((sum, [, n, unit]) => sum + n * sizes[unit], 0);
}

// fresh is a user's own time as a page has just been told it, with the time of this
// machine at that, in seconds.
async function fresh(page) {
  const before = await seconds(page);
  let shown;
  await until(patience, "that one's own time goes on", async () => (shown = await seconds(page)) !== before);
  return { shown, at: performance.now() / 1000 };
}

function watch(page, name) {
  page.on("console", (message) => message.type() === "error" && complaints.push(`${name}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`${name}: ${error.stack}`));
  page.on("requestfailed", (request) => complaints.push(`${name}: ${request.url()} ${request.failure()?.errorText}`));
}

async function open(name) {
  const page = await context.newPage();
  watch(page, name);
  const response = await page.goto(http);
  assert.equal(response.status(), 200);
  if (http.startsWith("https:")) {
    const [entry] = await page.evaluate(() => performance.getEntriesByType("navigation"));
    assert.equal(entry.nextHopProtocol, "h2");
  }
  assert.match(response.headers()["content-security-policy"] ?? "", /default-src 'self'/);
  await online(page);   // a WebSocket that is closed before it was open is a complaint of Chromium's
  await part(page, "name").fill(name);
  await part(page, "name").press("Enter");
  await online(page);
  return page;
}

const state = (page, want) => until(patience, `state "${want}"`, async () => (await part(page, "state").textContent()) === want);
const online = (page) => state(page, "online");

async function say(page, text) {
  await part(page, "input").fill(text);
  await part(page, "send").click();
}

// seen waits until all the pages show exactly these of our messages, in order.
async function seen(pages, want) {
  for (const page of pages) {
    let got;
    await until(patience, `messages ${JSON.stringify(want)}`, async () => {
      got = await marked(page);
      return got.length >= want.length;
    }).catch((error) => { throw new Error(`${error.message}; shown: ${JSON.stringify(got)}`); });
    assert.deepEqual(got, want);
  }
}

const said = [];
async function tell(page, text) {
  said.push(`${mark} ${text}`);
  await say(page, said.at(-1));
}

await run([
  ["two tabs open the demo and are online", async () => {
    ann = await open("Ann Tester");
    bob = await open("Bob Tester");
  }],

  ["they chat both ways", async () => {
    await tell(ann, "hello Bob");
    await seen([ann, bob], said);
    await tell(bob, "hello Ann");
    await seen([ann, bob], said);
  }],

  ["own messages are confirmed with their latency", async () => {
    const status = part(ann, "messages").locator(".own .status").last();
    await until(patience, "latency beside the message", async () => / ms$/.test(await status.textContent()));
    assert.ok(await figure(ann, "latency") >= 0);
  }],

  ["markup in a message stays text", async () => {
    await tell(bob, "<img src=x onerror=alert(1)><b>bold</b>");
    await seen([ann, bob], said);
    assert.equal(await part(ann, "messages").locator("img, b").count(), 0);
  }],

  ["both see who is here, and since when", async () => {
    for (const page of [ann, bob]) {
      let names;
      await until(patience, "both are here", async () => {
        names = await part(page, "people").locator(".who").allTextContents();
        return names.includes("Ann Tester") && names.includes("Bob Tester");
      }).catch((error) => { throw new Error(`${error.message}; here: ${names}`); });
      assert.match(await here(page, "Bob Tester").locator(".ago").textContent(), /^since \d/);
    }
    assert.equal(await here(ann, "Ann Tester").locator(".me").count(), 1);
    assert.equal(await here(ann, "Bob Tester").locator(".me").count(), 0);
  }],

  ["a second tab of the same user is nobody new, and its time is the same", async () => {
    const [again] = await Promise.all([context.waitForEvent("page"), part(ann, "again").click()]);
    watch(again, "Ann again");
    await online(again);
    assert.equal(await part(again, "name").inputValue(), "Ann Tester");
    assert.equal(new URL(again.url()).search, "");
    await until(patience, "both are here", async () => await part(again, "people").locator(".who").count() >= 2);
    assert.equal(await here(bob, "Ann Tester").count(), 1);
    // Both show the same number of the server's, which goes by the clock: not twice as fast.
    let times;
    await until(patience, "both tabs show the same", async () => {
      times = await Promise.all([seconds(ann), seconds(again)]);
      return times[0] === times[1];
    }).catch((error) => { throw new Error(`${error.message}; shown: ${times}`); });
    let went;   // a page or this script that was stopped when it read a clock reads it once more
    await until(3 * patience, "the time goes by the clock", async () => {
      const begin = await fresh(ann);
      await pause(5000);
      went = [];
      for (const page of [ann, again]) {
        const end = await fresh(page);
        went.push({ more: end.shown - begin.shown, passed: end.at - begin.at });
      }
      return went.every(({ more, passed }) => Math.abs(more - passed) <= 2.5);
    }).catch((error) => { throw new Error(`${error.message}; seconds: ${JSON.stringify(went)}`); });
    await again.close();
    await pause(1500);
    assert.equal(await here(bob, "Ann Tester").count(), 1, "one of two tabs closed is no leave");
  }],

  ["a user who is markup is shown as text", async () => {
    const evil = `<img src=x onerror=alert(1)>`;
    const page = await open(evil);
    await until(patience, "the name among those who are here", async () => await here(ann, evil).count() === 1);
    assert.equal(await ann.locator("img:not(.logo)").count(), 0);
    await page.close();
    await until(patience, "that it is gone", async () => await here(ann, evil).count() === 0);
  }],

  ["the figures are live: two connections at least, and bytes for each", async () => {
    await until(patience, "connections ≥ 2", async () => await figure(ann, "connections") >= 2);
    await until(patience, "bytes per connection", async () => await figure(ann, "bytes") > 0);
    await until(patience, "deliveries per second", async () => await figure(ann, "deliveries") >= 0);
  }],

  ["who was offline catches up", async () => {
    await part(bob, "network").click();
    await state(bob, "offline");
    for (const text of ["one", "two", "three"]) await tell(ann, text);
    await seen([ann], said);
    assert.equal((await marked(bob)).length, said.length - 3);
    await part(bob, "network").click();
    await online(bob);
    await seen([bob], said);
    await bob.getByText("Caught up 3 messages").waitFor({ timeout: patience });
  }],

  ["what was written offline is sent at the return", async () => {
    await part(bob, "network").click();
    await state(bob, "offline");
    await tell(bob, "written offline");
    await part(bob, "network").click();
    await seen([ann, bob], said);
  }],

  ["a cut connection comes back by itself and nothing is lost", async () => {
    const notices = ann.locator(".notice");
    const before = await notices.count();
    await ann.evaluate(() => window.__demo.drop());
    await tell(bob, "while Ann was cut off");
    const last = part(bob, "messages").locator(".own").last();   // ahead of what Ann says next
    await until(patience, "it is delivered", async () => await last.getAttribute("data-status") === "delivered");
    await until(patience, "Ann is told that she is back", async () => await notices.count() > before);
    await online(ann);
    await tell(ann, "Ann again");
    await seen([ann, bob], said);
  }],

  ["a newcomer sees the last messages", async () => {
    const cid = await open("Cid Tester");
    await seen([cid], said);
    await cid.close();
  }],

  ["a reload keeps the name, and the messages come back", async () => {
    await bob.reload();
    await online(bob);
    assert.equal(await part(bob, "name").inputValue(), "Bob Tester");
    await seen([bob], said);
  }],

  ["the browser had nothing to complain about", async () => {
    assert.deepEqual(complaints, []);
  }],

  ...(process.env.SCREENSHOT ? [[`screenshot ${process.env.SCREENSHOT}`, () => ann.screenshot({ path: process.env.SCREENSHOT })]] : []),
], () => browser.close());
