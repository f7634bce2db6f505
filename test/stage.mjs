// The mission in small, in a real browser: two windows and a phone of one user, another
// user, and the operator's page, through a whole round: watch, offer, claim, too late,
// away and back, and a server that is killed.
// usage: [CHROMIUM=/path/to/chrome] [SCREENSHOT=folder] node stage.mjs /path/to/throng [DSN]
// With the DSN of an empty PostgreSQL database that is the store, without one it is a file.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { freePort, patience, run, until } from "./lib.mjs";

const [, , throng, dsn] = process.argv;
const folder = mkdtempSync(join(tmpdir(), "throng-stage-"));
const store = dsn ? ["--set", "store.kind=postgres", "--set", `store.dsn=${dsn}`] : ["--set", `store.file=${join(folder, "demo.db")}`];

// ---- the server

let server;
const ports = { public: `127.0.0.1:${await freePort()}`, internal: `127.0.0.1:${await freePort()}` };

// serve starts the demo, a second time where it was before.
async function serve(...more) {
  server = spawn(throng, ["demo", "--log-format", "json", "--listen", ports.public, "--internal", ports.internal, ...more],
    { stdio: ["ignore", "ignore", "pipe"], cwd: folder });
  const said = [];
  await new Promise((resolve, reject) => {
    server.once("exit", () => reject(new Error(`throng ended: ${said.join("\n")}`)));
    createInterface(server.stderr).on("line", (line) => {
      said.push(line);
      if (JSON.parse(line).msg === "visits are recorded") resolve();
    });
  });
}

let killed = false;   // which browsers complain about, in whatever they were doing
const kill = () => new Promise((resolve) => {
  killed = true;
  server.removeAllListeners("exit");
  server.once("exit", resolve);
  server.kill("SIGKILL");
});

// ---- the people

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const complaints = [];
const desktop = { width: 1280, height: 900 };
const phone = { width: 360, height: 740 };
let one, two, small, bob, operator;   // ann's windows and phone; bob; the operator

const part = (page, id) => page.locator(`[data-testid="${id}"]`);
const is = (page, what, condition) => until(patience, `${page.who}: ${what}`, condition);
const popup = (page, text) => part(page, "popup").locator(".offer", { hasText: text });
const listed = (page, text) => part(page, "offers").locator(".offer", { hasText: text });
const verdict = (page, text) => listed(page, text).locator(".verdict").textContent();
const online = (page) => is(page, "online", async () => await part(page, "state").textContent() === "online");
const reads = (page, text, words) => is(page, `"${text}" reads ${words}`, async () =>
  await listed(page, text).count() === 1 && words.test(await verdict(page, text)))
  .catch(async (error) => { throw new Error(`${error.message}; it reads "${await verdict(page, text).catch(() => "nothing")}"`); });

async function open(who, url, viewport) {
  const context = await browser.newContext({ viewport, hasTouch: viewport === phone, reducedMotion: "reduce" });
  context.setDefaultTimeout(2 * patience);
  const page = await context.newPage();
  page.who = who;
  page.on("pageerror", (error) => complaints.push(`${who}: ${error.stack}`));
  page.on("console", (message) => message.type() === "error" && !(killed && /Failed to load resource|WebSocket/.test(message.text()))
    && complaints.push(`${who}: ${message.text()}`));
  await page.goto(url);
  return page;
}

async function person(who, name, viewport) {
  const page = await open(who, `http://${ports.public}/?name=${name}`, viewport);
  await online(page);
  return page;
}

async function shot(page, name) {
  if (!process.env.SCREENSHOT) return;
  mkdirSync(process.env.SCREENSHOT, { recursive: true });
  await page.screenshot({ path: join(process.env.SCREENSHOT, `${name}.png`) });
}

// drop makes an offer on the operator's page.
async function drop(text, { quota = "", seconds = "300", who = "all", users = "" } = {}) {
  await part(operator, "offer-text").fill(text);
  await part(operator, "offer-quota").fill(quota);
  await part(operator, "offer-seconds").fill(seconds);
  await part(operator, "offer-who").selectOption(who);
  if (users) await part(operator, "offer-users").fill(users);
  await part(operator, "offer-drop").click();
  // The page empties the field when it has the answer; the list may show the offer before.
  await is(operator, `"${text}" is dropped`, async () => /^Dropped/.test(await part(operator, "offer-told").textContent())
    && await part(operator, "offer-text").inputValue() === "" && await part(operator, "offers").locator(".offer", { hasText: text }).count() === 1);
}

const talk = ["Hello?", "Bob?", "He is away."];
const said = (page, what) => part(page, "messages").locator(what);
const dropped = (text) => part(operator, "offers").locator(".offer", { hasText: text });

await serve(...store);
await run([
  ["two windows and a phone of one user, another user, and the operator", async () => {
    one = await person("ann's window", "ann", desktop);   // one after the other: five at once are much for a slow machine
    two = await person("ann's other window", "ann", desktop);
    small = await person("ann's phone", "ann", phone);
    bob = await person("bob", "bob", desktop);
    operator = await open("the operator", `http://${ports.internal}/dashboard/`, desktop);
    await part(operator, "key").fill("dev");
    await part(operator, "key").press("Enter");
    await is(operator, "the desk", () => part(operator, "desk").isVisible());
    await is(operator, "the demo's channel", async () => await part(operator, "offer-channel").inputValue() === "stream:live");
  }],

  ["they watch, and three screens are one who watches", async () => {
    for (const page of [one, bob]) await is(page, "two watch", async () => /^2 watching/.test(await part(page, "watching").textContent()));
    await is(one, "two are here", async () => /: 2$/.test(await part(one, "here").textContent()));
    for (const page of [one, two, small]) await is(page, "its time", async () => /\d s$/.test(await part(page, "time").textContent()));
  }],

  ["a setting turns on all of a user's screens, and on nobody else's", async () => {
    await one.locator('#lamps input[value="rose"]').check({ force: true });
    await part(small, "theme").selectOption("dark");
    for (const page of [one, two, small]) {
      await is(page, "a rose lamp in the dark", async () => await page.locator('#lamps input[value="rose"]').isChecked()
        && await page.evaluate(() => document.documentElement.dataset.theme) === "dark");
    }
    assert.equal(await bob.evaluate(() => document.documentElement.dataset.theme), "auto");
    assert.ok(await bob.locator('#lamps input[value="warm"]').isChecked());
  }],

  ["an offer pops up everywhere, with one countdown", async () => {
    const before = Date.now();
    await drop("A boat trip", { quota: "2", seconds: "300" });
    const after = Date.now();
    const pages = [one, two, small, bob];
    for (const page of pages) await is(page, "the popup", () => popup(page, "A boat trip").isVisible());
    // When each screen says that it ends: a countdown says whole seconds, five times a second.
    const ends = (page) => page.evaluate(() => {
      const [seconds, minutes = 0] = document.querySelector('#popup [data-testid="left"]').textContent.split(":").reverse().map(Number);
      return Date.now() + 60_000 * minutes + 1000 * seconds;
    });
    let all;
    await is(one, "one countdown", async () => {
      all = await Promise.all(pages.map(ends));
      return Math.max(...all) - Math.min(...all) < 1500 && Math.min(...all) > before + 300_000 - 500 && Math.max(...all) < after + 300_000 + 2000;
    }).catch((error) => { throw new Error(`${error.message}: they end ${all.map((at) => at - before)} ms after it was dropped`); });
    await shot(one, "offer");
    await shot(small, "offer-phone");
  }],

  ["claimed on the phone, it turns on every screen", async () => {
    for (const page of [one, two]) {
      await page.evaluate(() => {   // when this screen turns
        const list = document.getElementById("offers");
        new MutationObserver((_, watch) => {
          if (!list.querySelector('[data-state="mine"]')) return;
          window.__turned = Date.now();
          watch.disconnect();
        }).observe(list, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
      });
    }
    const claimed = await small.evaluate(() => {
      document.querySelector('#popup [data-testid="claim"]').click();
      return Date.now();
    });
    await reads(small, "A boat trip", /^Yours: No\. 1 of 2 at .*, confirmed in /);
    for (const page of [one, two]) await reads(page, "A boat trip", /^Yours: No\. 1 of 2, claimed at .* on another screen of yours\.$/);
    const after = await Promise.all([one, two].map((page) => page.evaluate(() => window.__turned)));
    console.log(`      turned ${after.map((at) => Math.round(at - claimed)).join(" and ")} ms after the click`);
    assert.equal(await popup(bob, "A boat trip").getByText("Claim").isVisible(), true);
    await is(operator, "the claim", async () => /1 ann/.test(await dropped("A boat trip").locator('[data-testid="offer-claims"]').textContent()));
  }],

  ["what is put away on one screen is away on all, and found in the list", async () => {
    await drop("A postcard", { who: "present" });
    assert.match(await dropped("A postcard").getByTestId("offer-state").textContent(), /who was here/);
    for (const page of [one, two, small]) await is(page, "the popup", () => popup(page, "A postcard").isVisible());
    await popup(two, "A postcard").locator('[data-testid="later"]').click();
    for (const page of [one, two, small]) {
      await is(page, "no popup", async () => await popup(page, "A postcard").count() === 0);
      assert.ok(await listed(page, "A postcard").getByText("Claim").isVisible());
    }
    await is(bob, "bob's popup", () => popup(bob, "A postcard").isVisible());
  }],

  ["who is not meant is told so", async () => {
    await drop("For ann alone", { who: "named", users: "ann" });
    await is(bob, "the offer", () => listed(bob, "For ann alone").isVisible());
    await listed(bob, "For ann alone").getByText("Claim").click();
    await reads(bob, "For ann alone", /^This one is for others/);
  }],

  ["who was away finds what it missed, and reads what came before it", async () => {
    await drop("The last seat", { quota: "1" });
    await drop("A few seconds", { seconds: "5" });   // long enough to reach everybody: over, it is not sent any more
    for (const text of ["The last seat", "A few seconds"]) await is(bob, text, async () => await listed(bob, text).count() === 1);
    await part(bob, "network").click();
    await listed(one, "The last seat").getByText("Claim").click();
    await reads(one, "The last seat", /^Yours: No\. 1 of 1/);
    await drop("While bob was away");
    for (const text of talk) {   // behind an open offer: it comes as pushes behind the answer to bob's join
      await part(one, "input").fill(text);
      await part(one, "send").click();
    }
    await is(one, "three messages", async () => await said(one, ".message[data-status=delivered]").count() === 3);
    // He claims offline, at the last moment, and it will go when he is back: a claim waits for 10 s.
    await bob.waitForFunction(() => {
      const card = (text) => [...document.querySelectorAll("#offers .offer")].find((card) => card.textContent.includes(text));
      const few = card("A few seconds"), left = few.querySelector('[data-testid="left"]').textContent;
      if (left !== "–" && Number(left) > 2) return false;
      for (const one of [few, card("The last seat")]) one.querySelector(".claim").click();
      return true;
    }, null, { timeout: patience });
    await is(one, "its end", async () => /^Over since/.test(await verdict(one, "A few seconds")) || /^Its time is over/.test(await verdict(one, "A few seconds")));
    const back = Date.now();
    await part(bob, "network").click();
    await online(bob);
    await is(bob, "what it missed is counted", async () => await said(bob, ".notice").last().textContent() === "Caught up 3 messages, 1 offer")
      .catch(async (error) => { throw new Error(`${error.message}: ${await said(bob, "li").allTextContents()}`); });
    assert.deepEqual(await said(bob, ".text").allTextContents(), talk);
    for (const time of await said(bob, ".message").evaluateAll((nodes) => nodes.map((node) => Number(node.dataset.time)))) {
      assert.ok(time < back, `it was said ${time - back} ms after bob came back`);   // when it was said, not when it was read
    }
    await reads(bob, "The last seat", /^The only one is taken: somebody was faster/);
    await reads(bob, "A few seconds", /^Too late: it ended at .*, and your claim was there \d+(\.\d)? s later\.$/);
    await is(bob, "what it missed", () => listed(bob, "While bob was away").getByText("Claim").isVisible());
    await shot(bob, "too-late");
  }],

  ["the journal says what people were told", async () => {
    const [download] = await Promise.all([operator.waitForEvent("download"), part(operator, "claims-csv").click()]);
    const stream = await download.createReadStream();
    let text = "";
    for await (const piece of stream) text += piece;
    const rows = text.trim().split("\n").slice(1).map((line) => line.split(","));
    assert.deepEqual(rows.map(([, place, user]) => `${place} ${user}`), ["1 ann", "1 ann"]);
    assert.deepEqual(complaints, []);
  }],

  ["killed and begun anew, it says what came back: what was on the disk", async () => {
    await kill();
    await is(one, "away", async () => await part(one, "state").textContent() !== "online");
    await serve(...store);
    await Promise.all([one, small, bob].map(online));
    const facts = async (page) => Object.fromEntries(await part(page, "story-facts").locator(".fact").evaluateAll(
      (nodes) => nodes.map((node) => [node.dataset.what, `${node.dataset.good} ${node.textContent}`])));
    let told;
    await is(one, "all facts", async () => {
      told = await facts(one);
      return ["messages", "settings", "offers", "claims", "watched", "store"].every((what) => told[what]);
    }).catch((error) => { throw new Error(`${error.message}: ${JSON.stringify(told)}`); });
    assert.match(told.messages, /^false Messages: .* 3 messages from before are on this page only; the server has forgotten them/);
    assert.match(told.settings, /^true Settings: all of them/);
    assert.match(told.offers, /^true Offers: (\d+) of \1 open offers are still there/);
    assert.match(told.claims, /^true Claims: 2 of 2 claims of yours are in the journal/);
    // It costs the time since the last beat, and the page calls that good unless something was slow.
    const [, kept, lost = "0"] = /^(?:true|false) Time watched: (?:all of it, )?(\d+) seconds?\.(?: Being away cost about ([\d.]+) s of what was seen here\.)?$/.exec(told.watched) ?? assert.fail(told.watched);
    assert.ok(Number(kept) > Number(lost), told.watched);
    assert.match(told.store, dsn ? /The store is a database/ : /The store is a file/);
    await one.evaluate(() => scrollTo(0, 0));
    await shot(one, "story");
    await listed(bob, "While bob was away").getByText("Claim").click();   // and business goes on
    await reads(bob, "While bob was away", /^Yours: No\. 1 at /);
  }],

  ["with a store that was temporary it says that all is gone", async () => {
    await kill();
    await serve();
    await online(bob);
    const fact = (what) => part(bob, "story-facts").locator(`[data-what="${what}"]`).textContent();
    await is(bob, "the claims", async () => await part(bob, "story-facts").locator('[data-what="claims"]').count() === 1
      && /^Claims: 0 of 1 claim/.test(await fact("claims")));
    assert.match(await fact("offers"), /^Offers: 0 of \d+ open offers are still there/);
    await is(bob, "the store", async () => /temporary: whatever it had is gone/.test(await fact("store")));
    await reads(bob, "While bob was away", /^It was yours \(No\. 1\), but the server began anew and has forgotten it\.$/);
  }],

  ["it fits a phone, and the browser had nothing to complain about", async () => {
    assert.ok(await small.evaluate(() => document.documentElement.scrollWidth) <= 360);
    assert.deepEqual(complaints, []);
  }],
], async () => {
  await browser.close();
  await kill();
  rmSync(folder, { recursive: true, force: true });
});
