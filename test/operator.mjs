// The operator's page in a real browser, over books with visits in them.
// usage: [CHROMIUM=/path/to/chrome] [SCREENSHOT=folder] node operator.mjs http://HOST:PORT/dashboard/ KEY

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { patience, run, until } from "./lib.mjs";

const [, , url, key] = process.argv;
const evil = `<img src=x onerror="document.title='owned'">`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ viewport: { width: 1240, height: 1400 }, acceptDownloads: true });
context.setDefaultTimeout(2 * patience);
const complaints = [];
const asked = [];
let refuse = () => {};
const page = await context.newPage();
page.on("console", (message) => message.type() === "error" && !/status of 401/.test(message.text()) && complaints.push(message.text()));
page.on("response", (response) => response.status() === 401 && response.request().headers()["x-api-key"] === key
  && complaints.push(`${response.url()} does not know the key`));
page.on("pageerror", (error) => complaints.push(error.stack));
page.on("request", (request) => asked.push(request.url()));

const part = (id) => page.locator(`[data-testid="${id}"]`);
const number = async (id) => Number((await part(id).textContent()).replace(/\D/g, "") || NaN);
const users = () => part("visits").locator("tbody button.who").allTextContents();
const shows = (what, condition) => until(patience, what, condition);
const shot = async (name) => {
  if (!process.env.SCREENSHOT) return;
  mkdirSync(process.env.SCREENSHOT, { recursive: true });
  await page.screenshot({ path: `${process.env.SCREENSHOT}/${name}.png` });
};

async function filter(values) {
  for (const [id, value] of Object.entries(values)) {
    const field = part(`filter-${id}`);
    if (await field.evaluate((node) => node.tagName) === "SELECT") await field.selectOption(value);
    else await field.fill(value);
  }
  const answered = page.waitForResponse((response) => response.url().endsWith("/visits_sessions"));
  await part("filter").click();
  await answered;
}

await run([
  ["the page comes with a policy that allows its own files only", async () => {
    const response = await page.goto(url);
    assert.equal(response.status(), 200);
    const policy = response.headers()["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    await shows("the login", () => part("login").isVisible());
    await shot("login");
  }],

  ["a wrong key is refused in words", async () => {
    await page.route("**/api/visits_sessions", async (route) => {   // one of the refusals is late
      await new Promise((resolve) => { refuse = resolve; });
      await route.continue();
    }, { times: 1 });
    await part("key").fill("wrong-wrong-wrong");
    await part("key").press("Enter");
    await shows("that the key is unknown", async () => /does not know this key/.test(await part("wrong").textContent()));
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  }],

  ["with the key there are figures, a curve, people and visits", async () => {
    await part("key").fill(key);
    await part("key").press("Enter");
    await shows("users who are here", async () => await number("online") >= 2);
    await shows("a chart", async () => await part("curve").locator("canvas").count() === 1);
    await shows("who was here longest", async () => await part("top").locator(".bar-row").count() > 0);
    const late = page.waitForResponse((response) => response.status() === 401);
    refuse();   // only now: it is for the key before
    await (await late).finished();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    assert.equal(await part("login").isVisible(), false, "a late answer to a wrong key ended the session of the right one");
    await page.getByText("30 days", { exact: true }).click();
    await shows("visits", async () => (await users()).length === 25);
    const box = await part("curve").locator("canvas").boundingBox();
    assert.ok(box.width > 600 && box.height > 150, "the chart can be seen");
    assert.match(await part("curve").getAttribute("aria-label"), /^Users over time: at most \d/);
    await shot("operator");
  }],

  ["the table turns pages, forth and back", async () => {
    const first = await users();
    await part("next").click();
    await shows("page 2", async () => await part("page").textContent() === "page 2");
    const second = await users();
    assert.notDeepEqual(second, first);
    await part("previous").click();
    await shows("page 1", async () => await part("page").textContent() === "page 1");
    assert.deepEqual(await users(), first);
    assert.ok(await part("previous").isDisabled());
  }],

  ["it filters by user, by reason, by length", async () => {
    await filter({ user: "anna" });
    await shows("anna's visits only", async () => {
      const all = await users();
      return all.length > 0 && all.every((user) => user === "anna");
    });
    await filter({ user: "", reason: "crashed" });
    await shows("crashes only", async () => {
      const all = await part("visits").locator("tbody tr td:last-child").allTextContents();
      return all.length > 0 && all.every((reason) => reason === "crashed");
    });
    await filter({ reason: "open" });
    await shows("open ones only", async () => {
      const all = await part("visits").locator("tbody tr td:last-child").allTextContents();
      return all.length > 0 && all.every((reason) => reason === "open");
    });
    await filter({ reason: "", shortest: "100000" });
    await shows("none", async () => await part("visits").locator("td.nobody").count() === 1);
    await filter({ shortest: "", user: "nobody at all" });
    await shows("none", async () => await part("visits").locator("td.nobody").count() === 1);
    await filter({ user: "" });
    await shows("all again", async () => (await users()).length === 25);
  }],

  ["a user who is markup stays text", async () => {
    await filter({ user: evil });
    await shows("the user's visits only", async () => {
      const all = await users();
      return all.length > 0 && all.every((user) => user === evil);
    });
    await part("visits").locator("tbody button.who").first().click();
    await shows("the user", () => part("user").isVisible());
    assert.equal(await page.locator("#user-name").textContent(), evil);
    await shot("markup");
    await part("user-close").click();
    assert.equal(await page.locator("img:not(.logo)").count(), 0);
    assert.notEqual(await page.title(), "owned");
    await filter({ user: "" });
  }],

  ["a user's time is shown by day and by channel", async () => {
    await filter({ user: "anna" });
    await shows("anna's visits only", async () => {
      const all = await users();
      return all.length > 0 && all.every((user) => user === "anna");
    });
    await part("visits").locator("tbody button.who").first().click();
    await shows("anna", async () => await part("user").isVisible() && await page.locator("#user-name").textContent() === "anna");
    await shows("where anna is", async () => /^Here since /.test(await part("user-where").textContent()));
    assert.match(await part("user-sum").textContent(), /here in the last 30 days, in \d+ visits?$/);
    await shows("days", async () => await part("user-days").locator(".bar-row").count() >= 2);
    await shot("user");
    await part("user-close").click();
    await filter({ user: "" });
  }],

  ["a part of the curve is looked at more closely, and left again", async () => {
    await shows("the way back", async () => {   // the chart may be drawn anew, or move, in the middle of it
      const box = await part("curve").locator(".u-over").boundingBox();
      await page.mouse.move(box.x + box.width * 0.3, box.y + 50);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 5 });
      await page.mouse.up();
      return part("whole").waitFor({ timeout: 5000 }).then(() => true, () => false);
    });
    await part("whole").click();
    await shows("the whole", async () => !(await part("whole").isVisible()));
  }],

  ["the visits are saved as CSV and as JSON lines", async () => {
    for (const [id, first] of [["csv", /^user,channel,kind,/], ["jsonl", /^\{"user":/]]) {
      const [download] = await Promise.all([page.waitForEvent("download"), part(id).click()]);
      const text = readFileSync(await download.path(), "utf8");
      assert.match(text, first);
      assert.ok(text.trim().split("\n").length > 25, "all pages");
    }
  }],

  ["a reload keeps the key in this tab, and in no other", async () => {
    await page.reload();
    await shows("figures", async () => await number("online") >= 2);
    const other = await context.newPage();
    await other.goto(url);
    await until(patience, "the login", () => other.locator('[data-testid="login"]').isVisible());
    await other.close();
  }],

  ["it fits a phone", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    let wide;
    await shows("that all fits, when the chart has followed", async () => {
      wide = await page.evaluate(() => [...document.querySelectorAll("body *")]
        .filter((node) => node.getBoundingClientRect().right > 392 && !node.closest(".wide"))
        .map((node) => `${node.tagName}.${node.className} ${Math.round(node.getBoundingClientRect().right)}`));
      return wide.length === 0;
    }).catch((error) => { throw new Error(`${error.message}: ${wide}`); });
    await shot("phone");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 400);
    await page.setViewportSize({ width: 1240, height: 1400 });
  }],

  ["in the dark too", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await shows("a chart", async () => await part("curve").locator("canvas").count() === 1);
    await page.waitForTimeout(300);
    await shot("dark");
  }],

  ["the key is forgotten", async () => {
    await part("leave").click();
    await shows("the login", () => part("login").isVisible());
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  }],

  ["it asked nobody else, and the browser had nothing to complain about", async () => {
    const origin = new URL(url).origin;
    assert.deepEqual(asked.filter((one) => !one.startsWith(origin) && !one.startsWith(`blob:${origin}`)), []);
    assert.deepEqual(complaints, []);
  }],
], () => browser.close());
