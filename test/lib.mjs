// What the scripts share: numbered steps with one line each, waiting with a
// deadline that says what it waited for, and the address of the server.

import net from "node:net";

// patience is how long anything may take, in ms: a machine may stop a process for
// seconds, or run all of them several times slower. What is wrong lasts so long.
export const patience = 30_000;

export function address() {
  const url = process.argv[2];
  if (!/^https?:\/\//.test(url ?? "")) {
    console.error(`usage: node ${process.argv[1]} http://HOST:PORT`);
    process.exit(2);
  }
  return { http: new URL("/", url).href, ws: new URL("/socket", url).href.replace(/^http/, "ws") };
}

export const unique = (prefix) => `${prefix}-${Math.random().toString(36).slice(2, 10)}`;

export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export async function until(ms, what, condition) {
  const end = performance.now() + ms;
  for (let late = false; !(await condition());) {
    if (late) throw new Error(`${what}: not so after ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    late = performance.now() > end;   // then it looks once more: it may be this process that was stopped
  }
}

// freePort is one that nobody listens on and that the kernel gives to nobody who asks for
// any: a server that is stopped finds it free when it is started again.
const given = new Set();
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (given.has(port)) continue;
    given.add(port);
    const server = net.createServer();
    const free = await new Promise((resolve) => server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true)));
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// run walks through the steps, prints a line for each, and leaves with 1 at the
// first that fails; finish runs in any case.
export async function run(steps, finish = () => {}) {
  let code = 0;
  for (const [what, step] of steps) {
    const begin = performance.now();
    try {
      await step();
      console.log(`ok    ${what} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
    } catch (error) {
      console.log(`FAIL  ${what}`);
      console.error(error.stack ?? error);
      code = 1;
      break;
    }
  }
  await finish();
  process.exit(code);
}
